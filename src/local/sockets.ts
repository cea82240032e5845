import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../errors.js';
import type { DataFile } from './data-file.js';
import { errorCode } from '../errors.js';

/** sockaddr_un holds 104 bytes on macOS, 108 on Linux, the closing NUL included. */
const SOCKET_PATH_BYTES = 100;
const NAME_BYTES = '/0123456789ab-01234567.sock'.length;
/** Sockets of data files that nobody uses any more; a week, as a suspended machine does not touch any. */
const FORGOTTEN_MS = 7 * 24 * 3_600_000;

/**
 * Where the supervisor that gets the lock with this token listens. Below the folder for temporary files, as the path of
 * a Unix socket is limited to about a hundred bytes.
 * @throws CliError FILE_ERROR when the folder for sockets is not ours alone
 */
export function socketPath(file: DataFile, token: string): string {
  const name = `${prefix(file)}${token.slice(0, 8)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\mcp-sessions-${name}`;
  const folder = socketFolder();
  requirePrivate(folder);
  return join(folder, `${name}.sock`);
}

/** Removes what killed supervisors left behind. Only for who holds the lock of the data file. */
export function clearSockets(file: DataFile): void {
  if (process.platform === 'win32') return;
  const folder = socketFolder();
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    try {
      // A running supervisor touches its socket every few seconds.
      if (name.startsWith(prefix(file)) || Date.now() - statSync(path).mtimeMs > FORGOTTEN_MS) unlinkSync(path);
    } catch {
      // Another command cleared it.
    }
  }
}

function prefix(file: DataFile): string {
  return `${createHash('sha256').update(file.path).digest('hex').slice(0, 12)}-`;
}

function socketFolder(): string {
  const name = `mcp-sessions-${process.getuid?.() ?? userInfo().username}`;
  const folder = join(tmpdir(), name);
  return Buffer.byteLength(folder) + NAME_BYTES <= SOCKET_PATH_BYTES ? folder : join('/tmp', name);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function requirePrivate(folder: string): void {
  let why = 'it belongs to another user, or is not a folder';
  let hint = 'Remove it, or set TMPDIR to a folder of your own.';
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    // Whoever else can write here could put a socket of theirs in the engine's place.
    if (stat.isDirectory() && stat.uid === process.getuid?.()) {
      if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
      return;
    }
  } catch (error) {
    why = errorCode(error);
    hint = 'Set TMPDIR to a folder that is there and that you can write.';
  }
  throw new CliError('FILE_ERROR', `cannot use '${folder}' for the local engine's socket: ${why}`, { hint });
}
