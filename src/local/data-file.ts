import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { CliError } from '../errors.js';
import { errorCode, fileError } from './file-errors.js';

/** A data file by its real path: however it is written, one file has one lock and one engine. */
export interface DataFile {
  readonly path: string;
  readonly lock: string;
}

const SQLITE_HEADER = 'SQLite format 3\0';
/** sockaddr_un holds 104 bytes on macOS, 108 on Linux, the closing NUL included. */
const SOCKET_PATH_BYTES = 100;
/** Sockets of data files that nobody uses any more; a week, as a suspended machine does not touch any. */
const FORGOTTEN_MS = 7 * 24 * 3_600_000;

/**
 * Makes sure that the data file is there (its folder 0700, itself 0600: it holds bearer session ids) and can be a database.
 * @throws CliError FILE_ERROR that names the path and what to do
 */
export function prepareDataFile(given: string): DataFile {
  const path = resolve(given);
  const folder = dirname(path);
  try {
    const created = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (created !== undefined && basename(folder) === '.mcp-sessions') writeFileSync(join(folder, '.gitignore'), '*\n');
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
  const path = resolve(given);
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

function identifyFile(path: string): DataFile {
  try {
    const real = realpathSync.native(path);
    return { path: real, lock: `${real}.lock` };
  } catch (error) {
    throw fileError(error, path, 'find the data file');
  }
}

/**
 * Where the supervisor that gets the lock with this token listens. Below the folder for temporary files, as the path of
 * a Unix socket is limited to about a hundred bytes. Clears away what killed predecessors left: the caller holds the lock.
 * @throws CliError FILE_ERROR when the folder for sockets is not ours alone
 */
export function socketPath(file: DataFile, token: string): string {
  const hash = createHash('sha256').update(file.path).digest('hex').slice(0, 12);
  const name = `${hash}-${token.slice(0, 8)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\mcp-sessions-${name}`;
  const user = String(process.getuid?.() ?? userInfo().username);
  const path = join(tmpdir(), `mcp-sessions-${user}`, `${name}.sock`);
  const short = Buffer.byteLength(path) <= SOCKET_PATH_BYTES;
  const socket = short ? path : join('/tmp', `mcp-sessions-${user}`, `${name}.sock`);
  requirePrivateFolder(dirname(socket));
  sweepSockets(dirname(socket), hash);
  return socket;
}

function sweepSockets(folder: string, hash: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    try {
      // A running supervisor touches its socket every few seconds.
      if (name.startsWith(`${hash}-`) || Date.now() - statSync(path).mtimeMs > FORGOTTEN_MS) unlinkSync(path);
    } catch {
      // Another command cleared it.
    }
  }
}

function requirePrivateFolder(folder: string): void {
  try {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const stat = lstatSync(folder);
    // Others who can write here could put a socket of theirs in the engine's place.
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) {
      throw new CliError('FILE_ERROR', `'${folder}' exists and belongs to another user`, {
        hint: 'Remove it, or set TMPDIR to a folder of your own.',
      });
    }
    if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  } catch (error) {
    throw fileError(error, folder, 'use the folder');
  }
}
