import { mkdirSync } from 'node:fs';
import type { EngineInfo } from './find.js';

export interface EngineCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** The container to remove should the engine have to be killed; '' where killing the process is enough. */
  readonly container: string;
}

const IMAGE = 'amazon/dynamodb-local';

/** Docker may have to download the image first; the embedded engine listens after some milliseconds. Milliseconds. */
export function startPatience(engine: EngineInfo): number {
  return engine.kind === 'dynoxide' ? 5000 : 120_000;
}

/** DynamoDB Local names its file itself, so that each data file has a folder of its own for it. */
function dockerFolder(dataFile: string): string {
  return `${dataFile}-dynamodb-local`;
}

/** The program and arguments that serve `dataFile` (null: memory) on 127.0.0.1:`port`. */
export function engineCommand(engine: EngineInfo, dataFile: string | null, port: number): EngineCommand {
  if (engine.kind === 'dynoxide') {
    const data = dataFile === null ? [] : ['--db-path', dataFile];
    return { program: engine.command, args: ['--port', String(port), '--host', '127.0.0.1', ...data], container: '' };
  }
  const container = `mcp-sessions-${process.pid}-${port}`;
  const args = ['run', '--rm', '--init', '--name', container, '--publish', `127.0.0.1:${port}:8000`];
  const serve = ['-jar', 'DynamoDBLocal.jar', '-sharedDb'];
  if (dataFile === null) return { program: engine.command, args: [...args, IMAGE, ...serve, '-inMemory'], container };
  const folder = dockerFolder(dataFile);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // --mount, as --volume cannot take a path with a colon.
  args.push('--mount', `type=bind,"source=${folder.replaceAll('"', '""')}",target=/data`);
  const user = process.getuid?.();
  if (user !== undefined) args.push('--user', `${user}:${process.getgid?.() ?? user}`);
  return { program: engine.command, args: [...args, IMAGE, ...serve, '-dbPath', '/data'], container };
}

/** The data of one data file, all of it, as its engines name it. */
export function dataPaths(dataFile: string): string[] {
  return [dataFile, `${dataFile}-wal`, `${dataFile}-shm`, `${dataFile}-journal`, dockerFolder(dataFile)];
}
