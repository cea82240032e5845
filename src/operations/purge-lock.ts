import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.js';
import { takeLock } from '../local/lock.js';
import { onDisk, PRIVATE_FOLDER, type PurgeFiles } from './purge-files.js';

/** How often the lock says to other machines and containers that its owner lives. */
const TOUCH_MS = 5000;

/**
 * Makes this process the only one that works with a purge's files. The lock of a process that is gone is taken over.
 * Throws PURGE_RUNNING while another process holds it, FILE_ERROR where the folder cannot be written.
 * Answers the function that gives the lock back.
 */
export function lockPurge(files: PurgeFiles): () => void {
  const attempt = onDisk(files.lock, () => {
    mkdirSync(path.dirname(files.lock), { recursive: true, mode: PRIVATE_FOLDER });
    return takeLock(files.lock, { label: 'mcp-sessions purge', socket: null, patienceMs: 0 });
  });
  if (attempt.kind === 'held') {
    const { owner, since } = attempt.record;
    throw new CliError(
      'PURGE_RUNNING',
      `this purge is running (process ${owner.pid}${owner.host === '' ? '' : ` on ${owner.host}`}, since ${since})`,
      { hint: 'wait for it to end, or stop it with Ctrl-C and go on with --resume' },
    );
  }
  const { lock } = attempt;
  const timer = setInterval(() => {
    try {
      lock.touch();
    } catch {
      // Someone removed the folder: the purge itself will say so.
    }
  }, TOUCH_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    lock.release();
  };
}
