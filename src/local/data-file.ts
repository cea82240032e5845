import { chmodSync, closeSync, lstatSync, openSync, readSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CliError, errorCode } from '../errors.js';
import { makeFolder } from '../files/make-folder.js';
import { fileError } from './file-errors.js';

/** A data file by its real path: however it is written, one file has one lock and one engine. */
export interface DataFile {
  readonly path: string;
  readonly lock: string;
}

const SQLITE_HEADER = 'SQLite format 3\0';

/**
 * Makes sure that the data file is there (its folder 0700, itself 0600: it holds bearer session ids) and can be a database.
 * @throws CliError FILE_ERROR that names the path and what to do
 */
export function prepareDataFile(given: string): DataFile {
  const path = absolute(given);
  const folder = dirname(path);
  try {
    if (makeFolder(folder) && basename(folder) === '.mcp-sessions')
      writeFileSync(join(folder, '.gitignore'), '*\n', { mode: 0o600 });
    try {
      closeSync(openSync(path, 'ax', 0o600));
      // The umask may have taken the owner's own rights.
      chmodSync(path, 0o600);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      // There already, or a symbolic link to a file that is not.
      closeSync(openSync(path, 'a', 0o600));
    }
  } catch (error) {
    throw fileError(error, path, 'use the data file');
  }
  const file = identifyFile(path);
  requireDatabase(file.path);
  return file;
}

/** The data file as it is; null when there is none, nor a folder that could hold it. Creates nothing. */
export function findDataFile(given: string): DataFile | null {
  const path = absolute(given);
  try {
    return identifyFile(path);
  } catch (error) {
    if (!(error instanceof CliError) || errorCode(error.cause) !== 'ENOENT') throw error;
  }
  try {
    const real = join(realpathSync.native(dirname(path)), basename(path));
    return { path: real, lock: `${real}.lock` };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return null;
    throw fileError(error, path, 'find the data file');
  }
}

/** Whether there is no file at the path, as far as can be seen: what else is wrong with it, its use will tell. */
export function isMissing(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return errorCode(error) === 'ENOENT';
  }
}

/** @throws CliError FILE_ERROR when the path is something else than an empty file or a SQLite database */
export function requireDatabase(path: string): void {
  let descriptor: number | undefined;
  try {
    if (!lstatSync(path).isFile()) {
      throw new CliError('FILE_ERROR', `the data file '${path}' is not a regular file`, {
        hint: 'Name a file: --local <file>.',
      });
    }
    descriptor = openSync(path, 'r');
    const head = Buffer.alloc(SQLITE_HEADER.length);
    const length = readSync(descriptor, head, 0, head.length, 0);
    if (length === 0 || head.toString('latin1') === SQLITE_HEADER) return;
  } catch (error) {
    throw fileError(error, path, 'read the data file');
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  throw new CliError('FILE_ERROR', `'${path}' is not a SQLite database, so it cannot be the data file`, {
    hint: 'Move it away, or choose another file: --local <file>.',
  });
}

function absolute(given: string): string {
  try {
    return resolve(given);
  } catch (error) {
    // The working folder was removed.
    throw fileError(error, given, 'find the data file');
  }
}

function identifyFile(path: string): DataFile {
  try {
    const real = realpathSync.native(path);
    return { path: real, lock: `${real}.lock` };
  } catch (error) {
    throw fileError(error, path, 'find the data file');
  }
}
