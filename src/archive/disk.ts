import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { CliError, errorCode } from '../errors.js';
import { makeFolder } from '../files/make-folder.js';
import { syncFolder } from '../files/sync-folder.js';

/** An archive holds sessions: it is its owner's alone. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A failure of the disk as FILE_ERROR, with the path and what to do; other errors as they are. */
export function diskError(cause: unknown, doing: 'read' | 'write', file: string): unknown {
  if (cause instanceof CliError || errorCode(cause) === '') return cause;
  const reason = cause instanceof Error ? cause.message : '';
  return FULL.has(errorCode(cause))
    ? new CliError('FILE_ERROR', `there is no room to write '${file}': ${reason}`, {
        hint: 'make room, or choose another place; --resume goes on with what is there',
        cause,
      })
    : new CliError('FILE_ERROR', `cannot ${doing} '${file}': ${reason}`, {
        ...(doing === 'write' && { hint: 'choose a place that you can write: --to <folder>' }),
        cause,
      });
}

export function onDisk<T>(doing: 'read' | 'write', file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw diskError(cause, doing, file);
  }
}

/** Makes a private folder, and those above it. */
export const makePrivate = (folder: string): void => onDisk('write', folder, () => void makeFolder(folder));

/** Writes a file so that it is there whole or not at all, also after a loss of power. */
export function writeWhole(file: string, text: string): void {
  onDisk('write', file, () => {
    const partial = `${file}.partial`;
    const handle = openSync(partial, 'w', PRIVATE_FILE);
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(partial, file);
    syncFolder(path.dirname(file));
  });
}

/** Appends to a file that stays open, and does not return before the disk has it. */
export function appendSynced(handle: number, file: string, text: string): void {
  onDisk('write', file, () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
    fsyncSync(handle);
  });
}

/** A small file, null when it is not there. Manifests of a thousand files take 200 KB. */
export function readSmall(file: string, mostBytes = 64 * 1024 * 1024): Buffer | null {
  return onDisk('read', file, () => {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) return null;
    if (!found.isFile()) throw damaged(file, null, 'is not a plain file');
    if (found.size > mostBytes) throw damaged(file, null, `has ${found.size} bytes, which is more than it can have`);
    return readFileSync(file);
  });
}

/** What is wrong with an archive, and where. */
export class ArchiveDamage extends CliError {
  readonly file: string;
  /** From 1; null where it is the file as a whole. */
  readonly line: number | null;
  readonly reason: string;

  constructor(file: string, line: number | null, reason: string) {
    super('ARCHIVE_INVALID', `${file}${line === null ? '' : `, line ${line}`}: ${reason}`, {
      hint: 'the archive is not as it was written: restore from another one',
    });
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}

export const damaged = (file: string, line: number | null, reason: string): ArchiveDamage =>
  new ArchiveDamage(file, line, reason);

/**
 * A path out of a list of files, below the archive's folder. Nothing leads out of that: neither `..` nor a symbolic link.
 */
export function pathBelow(root: string, relative: string, list = 'archive.json'): string {
  const parts = relative.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\:\0]/.test(part)))
    throw damaged(path.join(root, list), null, `names the file '${relative}', which is not below the archive`);
  let file = root;
  for (const part of parts) {
    file = path.join(file, part);
    if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw damaged(file, null, 'is a symbolic link');
  }
  return file;
}

/** Throws where a list names a file twice: its items would be counted, and written, twice. */
export function requireOnce(list: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw damaged(list, null, `names the file '${name}' twice`);
    seen.add(name);
  }
}

export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
