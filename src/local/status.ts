import { findDataFile } from './data-file.js';
import { connectTo, within } from './link.js';
import { type LockRecord, readLock } from '../files/lock.js';
import type { EngineState } from './protocol.js';

const PATIENCE_MS = 2000;

/**
 * The engine that runs on a data file, and who uses it; null when none does, or none that this user may ask. Starts,
 * creates and clears away nothing.
 * @throws CliError FILE_ERROR when the path cannot be looked at
 */
export async function engineStatus(options: {
  readonly dataFile: string;
  readonly env: NodeJS.ProcessEnv;
}): Promise<EngineState | null> {
  const file = findDataFile(options.dataFile);
  const record = file === null ? null : readLock(file.lock);
  return record === null ? null : askState(record);
}

export async function askState(record: LockRecord): Promise<EngineState | null> {
  if (record.socket === null) return null;
  const link = await connectTo(record.socket);
  if (typeof link === 'string') return null;
  link.channel.send({ type: 'status' });
  const reply = await within(link.first, PATIENCE_MS, null);
  link.channel.destroy();
  return reply?.type === 'ready' ? reply.state : null;
}
