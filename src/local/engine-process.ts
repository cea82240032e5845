import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer, Socket } from 'node:net';
import { parse } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.js';
import { type EngineCommand, engineCommand, startPatience } from './engine-command.js';
import type { EngineInfo } from './find.js';

export interface EngineProcess {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process has ended, with how it did. Never rejects. */
  readonly ended: Promise<string>;
  /** SIGTERM, and SIGKILL after 1.5 s; resolves when the process has ended. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly engine: EngineInfo;
  /** null: in memory. */
  readonly dataFile: string | null;
  /** Without one: any that is free. */
  readonly port?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether it keeps this process alive once it runs; true unless given. */
  readonly keepsAlive?: boolean | undefined;
  /** Called as soon as the process exists. */
  readonly onSpawn?: (pid: number) => void;
}

/**
 * Runs the program named after it under a guard that kills it once the starter's end of descriptor 3 closes, be it by
 * kill -9. The shell becomes the program by exec, so `$$` is the program's own process id, and it ends by itself when
 * the starter writes a line: then the program is gone already, and its number perhaps another's. The mask keeps files
 * that the engine makes to their owner.
 */
const GUARD = `umask 077
( read -r _ <&3 && exit
  kill -9 $$
  [ -z "$0" ] || "$1" rm -f "$0"
) >/dev/null 2>&1 &
exec "$@" 3<&-`;

const STOP_PATIENCE_MS = 1500;
const PORT_ATTEMPTS = 5;
const TAIL = 2000;

/**
 * Starts an engine and waits until it answers.
 * @throws CliError ENGINE_BUSY when the port asked for is taken, ENGINE_FAILED with what the engine said otherwise
 */
export async function startProcess(options: StartOptions): Promise<EngineProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(options.port);
    const started = await startOn(port, options);
    if (typeof started !== 'string') return started;
    // Someone was faster between our look at the port and the engine's.
    if (!/already in use|EADDRINUSE|already allocated/i.test(started)) throw startFailed(options.dataFile, started);
    if (options.port !== undefined) throw portTaken(options.port);
    if (attempt === PORT_ATTEMPTS) throw startFailed(options.dataFile, started);
  }
}

/** The process, or what it said when it did not come up. */
async function startOn(port: number, options: StartOptions): Promise<EngineProcess | string> {
  const { engine, dataFile, signal } = options;
  const child = spawnGuarded(engineCommand(engine, dataFile, port));
  let said = '';
  const listening = new Promise<void>((resolve) => {
    const hear = (chunk: unknown): void => {
      said = (said + String(chunk)).slice(-TAIL);
      const line = /listening.*\n/.exec(said);
      if (line === null) return;
      said = said.slice(line.index + line[0].length);
      resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', () => releaseGuard(child));
    // 'close' comes after the last output and the end of the guard.
    child.once('close', (code, killer) => {
      const how = killer === null ? `exit code ${code}` : `killed by ${killer}`;
      resolve(killer === null && said.trim() !== '' ? said.trim() : `${how} ${said}`.trim());
    });
  });
  const { pid } = child;
  if (pid === undefined) return ended;
  options.onSpawn?.(pid);

  const running: EngineProcess = { pid, port, ended, stop: async () => stop(child, ended) };
  const patience = AbortSignal.timeout(startPatience(engine));
  const given = signal === undefined ? patience : AbortSignal.any([patience, signal]);
  // The embedded engine says so itself: a bare look at the port could meet another program that got it first.
  const up = engine.kind === 'dynoxide' ? listening.then(async () => answers(port, given)) : answers(port, given);
  const first = await Promise.race([up, ended, aborted(given)]);
  if (first === true && options.keepsAlive === false) for (const each of handlesOf(child)) each.unref();
  if (first === true) return running;
  if (typeof first === 'string') return first;
  await running.stop();
  signal?.throwIfAborted();
  return `it did not answer on port ${port} within ${startPatience(engine) / 1000} s. ${said.trim()}`;
}

function spawnGuarded({ program, args, container }: EngineCommand): ChildProcess {
  // The root folder, so that no folder of the user's is held; a session of its own, so that Ctrl-C does not reach it.
  const common = { cwd: parse(process.execPath).root, detached: true, windowsHide: true } as const;
  if (process.platform === 'win32') {
    // Windows ends a child that is not detached together with its parent.
    return spawn(program, args, { ...common, detached: false, stdio: ['ignore', 'pipe', 'pipe'] });
  }
  return spawn('/bin/sh', ['-c', GUARD, container, program, ...args], {
    ...common,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
}

function releaseGuard(child: ChildProcess): void {
  const guard = child.stdio[3];
  if (guard === null || guard === undefined || !('write' in guard)) return;
  guard.on('error', () => undefined);
  guard.end('\n');
}

/** All of a child that keeps this process alive. */
const handlesOf = (child: ChildProcess): readonly Pick<ChildProcess, 'ref' | 'unref'>[] => [
  child,
  ...child.stdio.filter((stream) => stream instanceof Socket),
];

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  for (const each of handlesOf(child)) each.ref();
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}

export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** Resolves to true once something answers HTTP on the port. */
async function answers(port: number, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await answersOnce(port)) return true;
    await sleep(3);
  }
  return false;
}

async function answersOnce(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000 });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write('GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n'));
    socket.once('data', () => done(true));
    for (const event of ['error', 'timeout', 'close']) socket.once(event, () => done(false));
  });
}

async function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(wanted === 0 ? error : portTaken(wanted, error)));
    probe.listen({ port: wanted, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : wanted;
      probe.close(() => resolve(port));
    });
  });
}

function portTaken(port: number, cause?: Error): CliError {
  if (cause !== undefined && 'code' in cause && cause.code === 'EACCES') {
    return new CliError('ENGINE_FAILED', `port ${port} needs more rights than this user has`, {
      hint: 'Choose a port above 1023, or leave the port out to get a free one.',
      cause,
    });
  }
  return new CliError('ENGINE_BUSY', `port ${port} on 127.0.0.1 is taken by another program`, {
    hint: 'Choose another port, or leave the port out to get a free one.',
    cause,
  });
}

function startFailed(dataFile: string | null, said: string): CliError {
  const what = dataFile === null ? 'the local engine did not start' : `the local engine could not open '${dataFile}'`;
  return new CliError('ENGINE_FAILED', `${what}: ${said}`, { hint: cure(said) });
}

function cure(said: string): string {
  if (/not a (valid )?(SQLite )?database|encrypted|malformed/i.test(said)) {
    return 'Move the file away, or choose another: --local <file>.';
  }
  if (/full|no space|quota|disk I\/O/i.test(said))
    return 'Check that the disk has space left, or choose a file elsewhere: --local <file>.';
  if (/unable to open|permission|read-?only|denied/i.test(said)) {
    return 'Check the permissions of the file and its folder, or choose another: --local <file>.';
  }
  return 'Run "mcp-sessions doctor" to check the engine, or set MCP_SESSIONS_ENGINE to another dynoxide program.';
}
