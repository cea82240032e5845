import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CliError, errorCode } from '../errors.js';
import { makeFolder } from '../files/make-folder.js';
import { syncFolder } from '../files/sync-folder.js';

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Its folder is none: there is nothing to remove.
  }
}

/**
 * Writes a file that its owner alone can read, whole or not at all, and onto the disk. Throws FILE_ERROR with the hint.
 */
export function writePrivate(file: string, text: string, hint: string): void {
  const partial = `${file}.${randomBytes(4).toString('hex')}.partial`;
  const folder = path.dirname(file);
  try {
    makeFolder(folder);
    writeFileSync(partial, text, { mode: 0o600, flush: true });
    renameSync(partial, file);
    syncFolder(folder);
  } catch (cause) {
    removeQuietly(partial);
    throw new CliError('FILE_ERROR', `cannot write '${file}': ${reasonOf(cause)}`, { hint, cause });
  }
}

/** A file's text; null when there is no such file. Throws FILE_ERROR. */
export function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(cause))) return null;
    throw new CliError('FILE_ERROR', `cannot read '${file}': ${reasonOf(cause)}`, { cause });
  }
}

/** Removes a file that nobody else writes, and what a kill -9 has left of an earlier write of it. */
export function removePrivate(file: string): void {
  const [folder, name] = [path.dirname(file), path.basename(file)];
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder))
    if (entry === name || (entry.startsWith(`${name}.`) && entry.endsWith('.partial')))
      removeQuietly(path.join(folder, entry));
}
