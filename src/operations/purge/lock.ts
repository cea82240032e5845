import path from 'node:path';
import { CliError } from '../../errors.js';
import { makeFolder } from '../../files/make-folder.js';
import { holdLock, ownerText } from '../../files/hold.js';
import { onDisk, type PurgeFiles } from './files.js';

/**
 * Makes this process the only one that works with a purge's files. The lock of a process that is gone is taken over.
 * Throws PURGE_RUNNING while another process holds it, FILE_ERROR where the folder cannot be written.
 * Answers the function that gives the lock back.
 */
export function lockPurge(files: PurgeFiles): () => void {
  const hold = onDisk(files.lock, () => {
    makeFolder(path.dirname(files.lock));
    return holdLock(files.lock, 'mcp-sessions purge');
  });
  if (hold.kind === 'taken') return hold.release;
  throw new CliError('PURGE_RUNNING', `this purge is running (${ownerText(hold.record)})`, {
    hint: 'wait for it to end, or stop it with Ctrl-C and go on with --resume',
  });
}
