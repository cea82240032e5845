import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { type RawClient, rawClient } from './raw-client.js';

export { type RawClient, rawClient } from './raw-client.js';

export interface TestEngine {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly pid: number;
  /** Ends the engine and waits until its process is gone. May be called twice. */
  readonly stop: () => Promise<void>;
}

export interface TestEngineOptions {
  /** File that keeps the tables; in memory when absent. */
  readonly dbPath?: string;
}

/** Path of the engine's binary for this machine, from the optional npm package. */
function engineBinary(): string {
  const name = process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide';
  return createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/${name}`);
}

/** A TCP port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no TCP port');
  return address.port;
}

/** True when something on this machine takes connections on the port. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Waits until the child takes connections; false when it ended, as it does when another process took the port. */
export async function waitUntilListening(child: ChildProcess, port: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (hasEnded(child)) return false;
    if (await isListening(port)) {
      // A child that lost the port to somebody else ends within a few milliseconds: give it time to do so.
      await sleep(10);
      return !hasEnded(child);
    }
    await sleep(5);
  }
  return false;
}

/** Asks a child to end, and makes it end when it does not within two seconds. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 2000);
  await ended;
  clearTimeout(killer);
}

/** Starts the real engine on a free port. Each call is an engine of its own. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const binary = engineBinary();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await freePort();
    const args = ['--port', String(port), '--host', '127.0.0.1'];
    if (options.dbPath !== undefined) args.push('--db-path', options.dbPath);
    const child = spawn(binary, args, { stdio: 'ignore' });
    child.on('error', () => undefined);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    if (await waitUntilListening(child, port, 10_000)) {
      return {
        endpoint: `http://127.0.0.1:${port}`,
        pid: child.pid ?? 0,
        stop: async () => {
          process.removeListener('exit', kill);
          await endProcess(child);
        },
      };
    }
    process.removeListener('exit', kill);
    await endProcess(child);
  }
  throw new Error(`the test engine did not start: ${binary}`);
}

/** What {@link useEngine} gives a test file; readable from `beforeAll` on. */
export interface EngineInFile {
  readonly endpoint: string;
  readonly pid: number;
  /** A client that knows nothing of the product, to set tables up and to read them back. */
  readonly raw: RawClient;
}

/** One engine for the test file: started before its first test, stopped after its last. */
export function useEngine(options: TestEngineOptions = {}): EngineInFile {
  let engine: TestEngine | undefined;
  const running = (): TestEngine => {
    if (engine === undefined) throw new Error('the test engine is there from beforeAll on');
    return engine;
  };
  beforeAll(async () => {
    engine = await startTestEngine(options);
  });
  afterAll(async () => {
    await engine?.stop();
  });
  return {
    get endpoint() {
      return running().endpoint;
    },
    get pid() {
      return running().pid;
    },
    get raw() {
      return rawClient(running().endpoint);
    },
  };
}
