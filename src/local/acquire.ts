import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.js';
import { busyError, stuckError } from './busy.js';
import { type DataFile, prepareDataFile } from './data-file.js';
import { startPatience } from './engine-command.js';
import { fileError } from './file-errors.js';
import { type EngineInfo, findEngine } from './find.js';
import { launchSupervisor } from './launch.js';
import { connectTo, type Link, within } from './link.js';
import { isHeld, type Lock, type LockRecord, readLock, takeLock } from '../files/lock.js';
import { type EngineState, failureError } from './protocol.js';
import { clearSockets, socketPath } from './sockets.js';

/** A running engine, held: it runs at least until `release`, or until this process ends in whatever way. */
export interface LocalEngine {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  /** The real path of the data file; `:memory:` for an engine in memory. */
  readonly dataFile: string;
  /** The engine's process id. */
  readonly pid: number;
  readonly info: EngineInfo;
  /** False when another command's engine was found running and is shared. */
  readonly startedByUs: boolean;
  /** Resolves, with the reason, when the engine is gone: after the release, or before it when something ended it. */
  readonly ended: Promise<string>;
  /** Gives it back. If nobody else holds it, waits until it is stopped, for at most 2 s. Never rejects. */
  release(): Promise<void>;
}

export interface AcquireOptions {
  /** Created when missing, its folder as well. */
  readonly dataFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** What others are told who wait: `mcp-sessions list`. */
  readonly label: string;
  readonly signal?: AbortSignal | undefined;
}

export interface HoldOptions extends AcquireOptions {
  /** The engine must be on this port. */
  readonly port?: number | undefined;
  /** The held engine alone keeps this process alive. */
  readonly keepsAlive: boolean;
}

/** How long commands wait for one another where a moment is enough: another one's start or stop. */
const CONTENTION_MS = 10_000;
const RELEASE_MS = 2000;

/**
 * The engine on a data file, shared by all commands that use it at once: found running, or started; the last one to
 * release it stops it. Does not keep the process alive.
 * @throws CliError ENGINE_NOT_FOUND, ENGINE_FAILED, ENGINE_BUSY (the file cannot be shared: in use by another user,
 * another machine, or a process that does not answer), FILE_ERROR; the signal's reason when it is aborted
 */
export async function acquireEngine(options: AcquireOptions): Promise<LocalEngine> {
  return holdEngine({ ...options, keepsAlive: false });
}

export async function holdEngine(options: HoldOptions): Promise<LocalEngine> {
  const { env, label, signal } = options;
  signal?.throwIfAborted();
  const file = prepareDataFile(options.dataFile);
  const give = (link: Link, state: EngineState, startedByUs: boolean): LocalEngine =>
    held(file, link, state, { startedByUs, keepsAlive: options.keepsAlive });
  let engine: EngineInfo | null = null;
  const end = Date.now() + CONTENTION_MS;
  for (let pause = 4; ; pause = Math.min(pause * 1.5, 40)) {
    signal?.throwIfAborted();
    const record = readRecord(file);
    const joined = record === null ? null : await join(file, record, options);
    if (joined !== null) return give(joined.link, joined.state, false);
    if (record === null || !isHeld(file.lock, record)) {
      engine ??= await findEngine(env);
      const details = { label, socket: null, patienceMs: CONTENTION_MS };
      const attempt = takeRecord(file, details);
      if (attempt.kind === 'taken') {
        const started = await start(file, engine, attempt.lock, options);
        if (started !== null) return give(started.link, started.state, true);
      }
    }
    if (Date.now() > end) throw stuckError(file, record);
    await sleep(pause * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal });
  }
}

interface Greeted {
  readonly link: Link;
  readonly state: EngineState;
}

/** null: nobody there, or on the way out. */
async function join(file: DataFile, record: LockRecord, options: HoldOptions): Promise<Greeted | null> {
  if (record.socket === null) return null;
  const link = await connectTo(record.socket);
  if (link === 'absent') return null;
  if (link === 'forbidden') throw busyError(file, record, null);
  const { port, label, signal } = options;
  link.channel.send(port === undefined ? { type: 'lease', pid: process.pid, label } : { type: 'status' });
  const reply = await within(link.first, record.patienceMs, 'silent' as const, signal);
  if (reply === 'silent') {
    link.channel.destroy();
    signal?.throwIfAborted();
    throw stuckError(file, record);
  }
  if (reply?.type === 'ready' && port !== undefined) {
    link.channel.destroy();
    if (portOf(reply.state) !== port) throw busyError(file, record, reply.state);
    return join(file, record, { ...options, port: undefined });
  }
  if (reply?.type === 'ready') return { link, state: reply.state };
  // A start that failed was made with another's options, such as a port: ours may do.
  link.channel.destroy();
  return null;
}

/** null: the lock was lost on the way, or the engine stopped at once; to be tried again. */
async function start(file: DataFile, engine: EngineInfo, lock: Lock, options: HoldOptions): Promise<Greeted | null> {
  const { env, label, port, signal } = options;
  const patienceMs = startPatience(engine) + 5000;
  let link: Link | null = null;
  let isOver = false;
  try {
    const { token } = lock.record;
    clearSockets(file);
    const socket = socketPath(file, token);
    const files = { dataFile: file.path, lock: file.lock, token, socket };
    link = launchSupervisor({ ...files, engine, port: port ?? null, patienceMs, pid: process.pid, label }, env);
    void link.ended.finally(() => {
      isOver = true;
    });
    const reply = await within(link.first, patienceMs + 1000, 'silent' as const, signal);
    if (reply !== 'silent' && reply?.type === 'ready') return { link, state: reply.state };
    signal?.throwIfAborted();
    // What failed is cleared away before it is reported.
    await within(link.ended, RELEASE_MS, null, signal);
    if (reply === 'silent') throw new CliError('ENGINE_FAILED', 'the supervisor of the local engine does not answer');
    if (reply?.type === 'failed') throw failureError(reply);
    link.channel.destroy();
    if (reply !== null) return null;
    throw new CliError('ENGINE_FAILED', 'the supervisor of the local engine ended before the engine was up', {
      hint: 'Try again. If it stays so, run "mcp-sessions doctor".',
    });
  } catch (error) {
    link?.channel.destroy();
    throw error;
  } finally {
    // Mostly it is the supervisor's by now, or released by it; what is not passed on must not stay behind.
    if (isOver) lock.release();
    else lock.abandon();
  }
}

function held(
  file: DataFile,
  link: Link,
  state: EngineState,
  how: { readonly startedByUs: boolean; readonly keepsAlive: boolean },
): LocalEngine {
  if (!how.keepsAlive) link.channel.unref();
  let released: Promise<void> | null = null;
  const release = async (): Promise<void> => {
    link.channel.ref();
    link.channel.send({ type: 'bye' });
    await within(link.ended, RELEASE_MS, null);
    link.channel.destroy();
  };
  return {
    endpoint: state.endpoint,
    dataFile: file.path,
    pid: state.pid,
    info: state.info,
    startedByUs: how.startedByUs,
    ended: link.ended,
    release: async () => {
      released ??= release();
      await released;
    },
  };
}

function portOf(state: EngineState): number {
  return Number(new URL(state.endpoint).port);
}

function readRecord(file: DataFile): LockRecord | null {
  try {
    return readLock(file.lock);
  } catch (error) {
    throw fileError(error, file.lock, 'read the lock');
  }
}

function takeRecord(file: DataFile, details: Parameters<typeof takeLock>[1]): ReturnType<typeof takeLock> {
  try {
    return takeLock(file.lock, details);
  } catch (error) {
    throw fileError(error, file.lock, 'take the lock');
  }
}
