import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyError } from './busy.js';
import { type DataFile, findDataFile, requireDatabase } from './data-file.js';
import { dataPaths } from './engine-command.js';
import { fileError } from './file-errors.js';
import { isHeld, type Lock, readLock, takeLock } from '../files/lock.js';
import { ensureGone } from '../files/processes.js';
import { clearSockets } from './sockets.js';
import { askState } from './status.js';

/** How long to wait for a command that is just starting or ending. */
const PATIENCE_MS = 3000;

/**
 * Removes the data of a data file: the file, its write-ahead log and index. Holds the file's lock meanwhile, so that no
 * engine starts on half of it. Returns the real paths removed, none when there was nothing.
 * @throws CliError ENGINE_BUSY naming who uses it; FILE_ERROR when it is no database, or cannot be removed
 */
export async function resetData(options: {
  readonly dataFile: string;
  readonly env: NodeJS.ProcessEnv;
}): Promise<{ removed: string[] }> {
  const file = findDataFile(options.dataFile);
  if (file === null) return { removed: [] };
  if (existsSync(file.path)) requireDatabase(file.path);
  const lock = await lockForReset(file);
  const removed: string[] = [];
  try {
    if (lock.record.engine !== null) await ensureGone(lock.record.engine, PATIENCE_MS);
    clearSockets(file);
    for (const path of dataPaths(file.path)) {
      if (!existsSync(path)) continue;
      try {
        rmSync(path, { recursive: true });
      } catch (error) {
        throw fileError(error, path, 'remove');
      }
      removed.push(path);
    }
  } finally {
    lock.release();
  }
  return { removed };
}

async function lockForReset(file: DataFile): Promise<Lock> {
  const end = Date.now() + PATIENCE_MS;
  const details = { label: 'mcp-sessions local reset', socket: null, patienceMs: PATIENCE_MS };
  for (;;) {
    try {
      const record = readLock(file.lock);
      if (record === null || !isHeld(file.lock, record)) {
        const attempt = takeLock(file.lock, details);
        if (attempt.kind === 'taken') return attempt.lock;
      } else {
        const state = await askState(record);
        if ((state !== null && state.leases.length > 0) || Date.now() > end) throw busyError(file, record, state);
      }
    } catch (error) {
      throw fileError(error, file.lock, 'lock');
    }
    await sleep(20);
  }
}
