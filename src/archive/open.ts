import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { CliError, errorCode } from '../errors.js';
import type { TableRecord, TableRole } from '../schema/index.js';
import { Cipher, type Secret } from './cipher.js';
import { type ArchiveDamage, damaged, diskError, onDisk, pathBelow, readSmall, requireOnce, sha256 } from './disk.js';
import { openExport } from './export.js';
import { type ArchiveList, FILES, JOURNAL, LIST, LIST_SEAL, LIST_SUM, parseList, sumOf } from './format.js';
import { Journal } from './journal.js';
import type { Source } from './lines.js';
import { linesIn, requireShape } from './shape.js';

/** A data file with what was said of it. */
export interface SummedFile extends Source {
  /** null where it was not said. */
  readonly bytes: number | null;
  /** Hexadecimal for sha256, base64 for md5. */
  readonly sum: { readonly algorithm: 'sha256' | 'md5'; readonly value: string };
}

export interface OpenTable {
  readonly role: TableRole;
  /** The table's name when it was archived. */
  readonly name: string;
  /** null for an export of AWS's, which holds items only. */
  readonly record: TableRecord | null;
  readonly items: number;
  readonly files: readonly SummedFile[];
  /** Where its files are, and no others are to be. */
  readonly dataFolder: string;
}

/** An archive that is whole by its lists; its data files have yet to be looked at. */
export interface OpenArchive {
  readonly folder: string;
  /** Tells what is in this archive from what is in all others: a checksum of its list. */
  readonly content: string;
  /** ISO 8601; null where it is not known. */
  readonly startedAt: string | null;
  readonly isPartOfTables: boolean;
  readonly cipher: Cipher | null;
  readonly tables: readonly OpenTable[];
}

/** Opens an archive, or an export of AWS's that was downloaded. Throws ARCHIVE_PARTIAL, ARCHIVE_INVALID, ARCHIVE_LOCKED. */
export function openArchive(folder: string, secret: Secret | null): OpenArchive {
  const found = onDisk('read', folder, () => {
    try {
      return statSync(folder, { throwIfNoEntry: false });
    } catch (error) {
      // A part of the path is a file.
      if (errorCode(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  });
  if (found === undefined)
    throw new CliError('FILE_ERROR', `there is no folder '${folder}'`, {
      hint: "name an archive's folder; `mcp-sessions backup list` shows those below .mcp-sessions/backups/",
    });
  if (!found.isDirectory())
    throw new CliError('FILE_ERROR', `'${folder}' is a file: an archive is a folder`, {
      hint: `name the folder, '${path.dirname(folder)}' perhaps`,
    });
  const names = onDisk('read', folder, () => readdirSync(folder));
  if (names.includes(LIST)) return openOwn(folder, secret);
  if (names.includes(JOURNAL)) throw unfinished(folder);
  if (secret !== null) throw notEncrypted(folder, secret);
  return openExport(folder);
}

/** An archive that is to be finished first, and how: by the command that began it, with all of its flags. */
export function unfinished(folder: string): CliError {
  const command = Journal.commandOf(folder);
  return new CliError('ARCHIVE_PARTIAL', `the archive in '${folder}' was not finished`, {
    hint:
      command === null
        ? 'remove the folder, and begin again'
        : `finish it, or remove the folder. This finishes it: ${command}`,
  });
}

/** Who gives a key means to be sure of who wrote the archive: a plain one in its place is not what was asked for. */
const notEncrypted = (folder: string, { kind }: Secret): CliError =>
  new CliError(
    'ARCHIVE_LOCKED',
    `a ${kind === 'passphrase' ? 'passphrase' : 'key'} was given, and what is in '${folder}' is not encrypted: it may not be what you wrote`,
    {
      hint:
        kind === 'passphrase'
          ? 'leave --passphrase-file out and unset MCP_SESSIONS_PASSPHRASE, if it was never encrypted'
          : 'leave --key-file out, if it was never encrypted',
    },
  );

function openOwn(folder: string, secret: Secret | null): OpenArchive {
  const { list, content } = readList(folder);
  const cipher = openCipher(folder, list, secret);
  for (const { manifests } of list.tables)
    for (const { path: name, bytes, sha256: sum } of manifests) {
      const manifest = readSmall(pathBelow(folder, name));
      const file = path.join(folder, name);
      if (manifest === null) throw damaged(file, null, 'is missing');
      if (manifest.length !== bytes || sha256(manifest) !== sum) throw manifestDamage(file, manifest.toString());
    }
  requireOnce(
    path.join(folder, LIST),
    list.tables.flatMap(({ files }) => files.map(({ path: name }) => name)),
  );
  return {
    folder,
    content,
    startedAt: list.startedAt,
    isPartOfTables: list.filter !== null,
    cipher,
    tables: list.tables.map(({ record, items, files, manifests, sha256: sum }) => {
      const total = files.reduce((count, file) => count + file.items, 0);
      if (total !== items || sumOf(files) !== sum)
        throw damaged(path.join(folder, LIST), null, `contradicts itself on the table '${record.name}'`);
      const data = `${path.posix.dirname(manifests[0]?.path ?? record.role)}/data`;
      return {
        role: record.role,
        name: record.name,
        record,
        items,
        dataFolder: pathBelow(folder, data),
        files: files.map((file) => ({
          file: dataFile(folder, data, file.path),
          name: file.path,
          items: file.items,
          bytes: file.bytes,
          rawBytes: file.rawBytes,
          sum: { algorithm: 'sha256', value: file.sha256 },
        })),
      };
    }),
  };
}

/** Where a data file is: beside those of its table, where an import looks, and nowhere else. */
function dataFile(root: string, data: string, name: string): string {
  const file = pathBelow(root, name);
  if (path.posix.dirname(name) === data) return file;
  throw damaged(path.join(root, LIST), null, `names the file '${name}', which is not in '${data}'`);
}

const OTHER_SUM = 'its checksum is not what archive.json says';

/** Where a manifest of JSON lines is damaged so that a line is no JSON any more, the line is told. */
function manifestDamage(file: string, text: string): ArchiveDamage {
  if (!file.endsWith(FILES)) return damaged(file, null, OTHER_SUM);
  let at = 0;
  for (const line of linesIn(text)) {
    at += 1;
    try {
      requireShape(line, 'list', file, at);
      JSON.parse(line);
    } catch {
      return damaged(file, at, OTHER_SUM);
    }
  }
  return damaged(file, null, OTHER_SUM);
}

/** What `archive.json` says, once its checksum is right, and that checksum. Throws ARCHIVE_INVALID. */
export function readList(folder: string): { readonly list: ArchiveList; readonly content: string } {
  const file = path.join(folder, LIST);
  const content = readSmall(file);
  const sum = readSmall(path.join(folder, LIST_SUM), 4096);
  if (content === null) throw damaged(file, null, 'is missing');
  if (sum === null) throw damaged(path.join(folder, LIST_SUM), null, 'is missing');
  const found = sha256(content);
  if (sum.toString() !== `${found}  ${LIST}\n`) throw damaged(file, null, `its checksum is not what ${LIST_SUM} says`);
  const text = content.toString();
  requireShape(text, 'list', file, null);
  const parsed = parseList(text);
  if (!parsed.ok) throw damaged(file, null, parsed.reason);
  return { list: parsed.list, content: found };
}

function openCipher(folder: string, list: ArchiveList, secret: Secret | null): Cipher | null {
  if (list.encryption === null) {
    if (secret !== null) throw notEncrypted(folder, secret);
    return null;
  }
  if (secret === null)
    throw new CliError('ARCHIVE_LOCKED', `the archive in '${folder}' is encrypted`, {
      hint:
        list.encryption.key.from === 'passphrase'
          ? 'give its passphrase: --passphrase-file <file>, or MCP_SESSIONS_PASSPHRASE'
          : 'give its key: --key-file <file>',
    });
  const cipher = Cipher.open(secret, list.encryption);
  const seal = readSmall(path.join(folder, LIST_SEAL), 4096);
  const content = readSmall(path.join(folder, LIST));
  if (content === null || seal?.toString() !== `${cipher.seal(content)}\n`)
    throw damaged(path.join(folder, LIST_SEAL), null, 'the list of files was not written with this key');
  return cipher;
}

export interface FileProblem {
  readonly reason: string;
  /** Whether there is a file to read at all. */
  readonly isReadable: boolean;
}

/** Why a data file's bytes are not those that were written, or null. */
export async function fileProblem({ file, bytes, sum }: SummedFile): Promise<FileProblem | null> {
  const found = onDisk('read', file, () => lstatSync(file, { throwIfNoEntry: false }));
  if (found === undefined) return { reason: 'is missing', isReadable: false };
  if (!found.isFile()) return { reason: 'is not a plain file', isReadable: false };
  if (bytes !== null && found.size !== bytes)
    return { reason: `has ${found.size} bytes in place of ${bytes}`, isReadable: true };
  const hash = createHash(sum.algorithm);
  try {
    const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: 1024 * 1024 });
    for await (const chunk of chunks) hash.update(chunk);
  } catch (error) {
    throw diskError(error, 'read', file);
  }
  const value = hash.digest(sum.algorithm === 'md5' ? 'base64' : 'hex');
  const name = sum.algorithm === 'md5' ? 'MD5' : 'SHA-256';
  return value === sum.value ? null : { reason: `its ${name} is not what was written down`, isReadable: true };
}
