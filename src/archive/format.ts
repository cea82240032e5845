import { createHash, randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { parseRecord, type TableRecord } from '../schema/index.js';
import { ENCRYPTION, type Encryption } from './cipher.js';
import { sha256 } from './disk.js';

/** The list of all that an archive holds; written last: a folder without it is no archive. */
export const LIST = 'archive.json';
/** The list's own checksum. */
export const LIST_SUM = 'archive.json.sha256';
/** The list's keyed checksum, where the archive is encrypted. */
export const LIST_SEAL = 'archive.json.hmac';
/** What is finished of an archive that is being written. */
export const JOURNAL = 'archive.partial.jsonl';
/** Who is writing the archive. */
export const LOCK = 'archive.lock';

export const SUMMARY = 'manifest-summary.json';
export const SUMMARY_SUM = 'manifest-summary.md5';
export const FILES = 'manifest-files.json';
export const FILES_SUM = 'manifest-files.md5';
export const EXPORTS = 'AWSDynamoDB';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const hex256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

export const RECORD = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseRecord(dataset.value);
    if (parsed.ok) return parsed.record;
    addIssue({ message: parsed.reason });
    return NEVER;
  }),
);

export const DATA_FILE = v.object({
  /** Below the archive's folder. */
  path: v.string(),
  items: count,
  bytes: count,
  /** Before it was compressed. */
  rawBytes: count,
  sha256: hex256,
  /** Base64, as manifests have it. */
  md5: v.string(),
});

const PLAIN_FILE = v.object({ path: v.string(), bytes: count, sha256: hex256 });

const ARCHIVE = v.object({
  format: v.literal('mcp-sessions archive'),
  version: v.literal(1),
  tool: v.string(),
  id: v.string(),
  /** ISO 8601. The tables were read between the two: an archive is no point in time. */
  startedAt: v.string(),
  endedAt: v.string(),
  /** Which sessions were chosen; null for the whole tables. */
  filter: v.nullable(v.unknown()),
  encryption: v.nullable(ENCRYPTION),
  tables: v.pipe(
    v.array(
      v.object({
        record: RECORD,
        arn: v.nullable(v.string()),
        items: count,
        /** Over the list of data files. */
        sha256: hex256,
        files: v.array(DATA_FILE),
        manifests: v.array(PLAIN_FILE),
      }),
    ),
    v.minLength(1),
    v.maxLength(2),
    v.check((tables) => new Set(tables.map(({ record }) => record.role)).size === tables.length, 'two are of one role'),
  ),
});

export type DataFile = v.InferOutput<typeof DATA_FILE>;
export type PlainFile = v.InferOutput<typeof PLAIN_FILE>;

export interface ArchivedTable {
  readonly record: TableRecord;
  readonly arn: string | null;
  readonly items: number;
  readonly sha256: string;
  readonly files: readonly DataFile[];
  readonly manifests: readonly PlainFile[];
}

/** What `archive.json` says. */
export interface ArchiveList {
  readonly format: 'mcp-sessions archive';
  readonly version: 1;
  readonly tool: string;
  readonly id: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly filter: unknown;
  readonly encryption: Encryption | null;
  readonly tables: readonly ArchivedTable[];
}

/** The list out of its text, or what is wrong with it. */
export function parseList(
  text: string,
): { readonly ok: true; readonly list: ArchiveList } | { readonly ok: false; readonly reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `is no JSON: ${error instanceof Error ? error.message : ''}` };
  }
  const result = v.safeParse(ARCHIVE, json);
  if (!result.success) {
    const [issue] = result.issues;
    return { ok: false, reason: `${v.getDotPath(issue) ?? 'it'}: ${issue.message}` };
  }
  return { ok: true, list: result.output };
}

/** One checksum for all data files of a table. */
export const sumOf = (files: readonly DataFile[]): string =>
  sha256(files.map((file) => `${file.sha256}  ${file.path}\n`).join(''));

/** The id of an export as AWS forms it: milliseconds in 14 digits, and 8 hexadecimal ones. */
export const exportId = (now: number): string => `${String(now).padStart(14, '0')}-${randomBytes(4).toString('hex')}`;

const md5 = (text: string): string => createHash('md5').update(text).digest('base64');

export interface ExportFacts {
  readonly record: TableRecord;
  readonly arn: string | null;
  /** Folder of the export, below the archive's: `sessions/AWSDynamoDB/<id>`. */
  readonly folder: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly files: readonly DataFile[];
}

/** The manifests of an export as ExportTableToPointInTime writes them, by name. Keys of S3 begin at AWSDynamoDB/. */
export function manifestsOf(facts: ExportFacts): Readonly<Record<string, string>> {
  const { record, folder, startedAt, endedAt, files } = facts;
  const key = folder.slice(folder.indexOf(EXPORTS));
  const arn = facts.arn ?? `arn:aws:dynamodb:${record.region}:000000000000:table/${record.name}`;
  const lines = files.map(({ path, items, md5: sum }) =>
    JSON.stringify({
      itemCount: items,
      md5Checksum: sum,
      etag: `${Buffer.from(sum, 'base64').toString('hex')}-1`,
      dataFileS3Key: path.slice(path.indexOf(EXPORTS)),
    }),
  );
  const filesText = lines.map((line) => `${line}\n`).join('');
  const summary = JSON.stringify({
    version: '2020-06-30',
    exportArn: `${arn}/export/${key.slice(EXPORTS.length + 1)}`,
    startTime: startedAt,
    endTime: endedAt,
    tableArn: arn,
    tableId: null,
    exportTime: startedAt,
    s3Bucket: '',
    s3Prefix: null,
    s3SseAlgorithm: 'AES256',
    s3SseKmsKeyId: null,
    manifestFilesS3Key: `${key}/${FILES}`,
    billedSizeBytes: 0,
    itemCount: files.reduce((total, { items }) => total + items, 0),
    outputFormat: 'DYNAMODB_JSON',
    exportType: 'FULL_EXPORT',
  });
  return {
    _started: '',
    [FILES]: filesText,
    [FILES_SUM]: md5(filesText),
    [SUMMARY]: summary,
    [SUMMARY_SUM]: md5(summary),
  };
}
