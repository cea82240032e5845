import path from 'node:path';
import { CliError } from '../errors.js';
import { holdLock, ownerText } from '../files/hold.js';
import { onDisk } from './disk.js';
import { LOCK } from './format.js';

/**
 * Makes this process the only one that writes into the folder of an archive. The lock of a process that is gone is taken
 * over. Throws ARCHIVE_BUSY while another process holds it. Answers the function that gives the lock back.
 */
export function lockArchive(root: string): () => void {
  const file = path.join(root, LOCK);
  const hold = onDisk('write', file, () => holdLock(file, 'mcp-sessions backup'));
  if (hold.kind === 'taken') return hold.release;
  throw new CliError('ARCHIVE_BUSY', `the archive in '${root}' is being written by ${ownerText(hold.record)}`, {
    hint: `wait for it to end; if that is no mcp-sessions, remove '${file}'`,
  });
}
