import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { endProcess, freePort, waitUntilListening } from './engine.js';

export interface Moto {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);

function without(reason: string): null {
  process.stderr.write(`moto cross-checks are left out: ${reason}\n`);
  return null;
}

/**
 * Starts `moto_server`, a second implementation of DynamoDB, for optional cross-checks. Where it is not installed or
 * does not start, says so on stderr and gives null: tests that use it must skip then.
 */
export async function startMoto(): Promise<Moto | null> {
  const command = onPath('moto_server');
  if (command === undefined) return without('moto_server is not on PATH');
  const port = await freePort();
  const child = spawn(command, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  child.on('error', () => undefined);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill);
    await endProcess(child);
  };
  if (await waitUntilListening(child, port, 25_000)) return { endpoint: `http://127.0.0.1:${port}`, stop };
  await stop();
  return without('moto_server did not start');
}
