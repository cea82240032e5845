import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { CliError } from '../errors.js';
import { damaged, onDisk, pathBelow, readSmall, requireOnce, sha256 } from './disk.js';
import { EXPORTS, FILES, FILES_SUM, SUMMARY, SUMMARY_SUM } from './format.js';
import type { OpenArchive, SummedFile } from './open.js';
import { linesIn, requireShape } from './shape.js';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const SUMMARY_TEXT = v.object({
  tableArn: v.string(),
  exportTime: v.nullish(v.string()),
  itemCount: count,
  outputFormat: v.string(),
  exportType: v.nullish(v.string()),
});

const FILE_LINE = v.object({ itemCount: count, md5Checksum: v.string(), dataFileS3Key: v.string() });

/** The folder with the manifests: the one that was named, or the one export below `AWSDynamoDB/` in it. */
function manifestFolder(folder: string): string {
  if (existsSync(path.join(folder, SUMMARY))) return folder;
  const place = path.basename(folder) === EXPORTS ? folder : path.join(folder, EXPORTS);
  const exports = existsSync(place)
    ? onDisk('read', place, () => readdirSync(place)).filter((name) => existsSync(path.join(place, name, SUMMARY)))
    : [];
  const [only, second] = exports;
  if (only === undefined)
    throw new CliError('FILE_ERROR', `there is no archive in '${folder}': neither archive.json nor ${SUMMARY}`, {
      hint: 'name the folder that `mcp-sessions backup` wrote, or that of an export that was downloaded from S3',
    });
  if (second !== undefined)
    throw new CliError('USAGE', `there are ${exports.length} exports in '${place}'`, {
      hint: `name one of them: ${exports
        .slice(0, 5)
        .map((name) => path.join(place, name))
        .join(', ')}`,
    });
  return pathBelow(folder, path.posix.join(path.basename(folder) === EXPORTS ? '' : EXPORTS, only), SUMMARY);
}

function readManifest(folder: string, name: string, sumName: string): { readonly file: string; readonly text: string } {
  const file = path.join(folder, name);
  const content = readSmall(file);
  if (content === null) throw damaged(file, null, 'is missing');
  const sum = readSmall(path.join(folder, sumName), 4096)?.toString().trim();
  if (sum !== undefined && sum !== createHash('md5').update(content).digest('base64'))
    throw damaged(file, null, `its checksum is not what ${sumName} says`);
  return { file, text: content.toString() };
}

function parsed<S extends v.GenericSchema>(
  schema: S,
  file: string,
  line: number | null,
  text: string,
): v.InferOutput<S> {
  requireShape(text, 'list', file, line);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(file, line, 'is no JSON');
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw damaged(file, line, `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
}

/** Opens a full export of AWS's, downloaded to a folder with its names kept. It holds items, and none of the settings. */
export function openExport(named: string): OpenArchive {
  const folder = manifestFolder(named);
  const { file, text } = readManifest(folder, SUMMARY, SUMMARY_SUM);
  const summary = parsed(SUMMARY_TEXT, file, null, text);
  if (summary.outputFormat !== 'DYNAMODB_JSON' || (summary.exportType ?? 'FULL_EXPORT') !== 'FULL_EXPORT')
    throw new CliError(
      'NOT_SUPPORTED',
      `the export in '${folder}' is ${summary.exportType ?? ''} in ${summary.outputFormat}: only full exports in DYNAMODB_JSON are read`,
    );
  const lists = readManifest(folder, FILES, FILES_SUM);
  const files: SummedFile[] = [];
  let at = 0;
  for (const line of linesIn(lists.text)) {
    at += 1;
    if (line.trim() === '') continue;
    const { itemCount, md5Checksum, dataFileS3Key } = parsed(FILE_LINE, lists.file, at, line);
    // The key is one of the bucket's; here the file is beside the manifest, whatever prefix it had.
    const name = `data/${dataFileS3Key.split('/').at(-1) ?? ''}`;
    files.push({
      file: pathBelow(folder, name, FILES),
      name,
      items: itemCount,
      bytes: null,
      rawBytes: null,
      sum: { algorithm: 'md5', value: md5Checksum },
    });
  }
  requireOnce(
    lists.file,
    files.map(({ name }) => name),
  );
  const total = files.reduce((sum, { items }) => sum + items, 0);
  if (total !== summary.itemCount)
    throw damaged(lists.file, null, `its files hold ${total} items, and ${SUMMARY} says ${summary.itemCount}`);
  return {
    folder: named,
    content: sha256(`${text}\n${lists.text}`),
    startedAt: summary.exportTime ?? null,
    isPartOfTables: false,
    cipher: null,
    tables: [
      {
        role: 'sessions',
        name: summary.tableArn.split(':table/').at(-1)?.split('/')[0] ?? '',
        record: null,
        items: summary.itemCount,
        dataFolder: pathBelow(folder, 'data', FILES),
        files,
      },
    ],
  };
}
