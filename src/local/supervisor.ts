import { rmSync, utimesSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { CliError, errorCode } from '../errors.js';
import { aborted, type EngineProcess, startProcess } from './engine-process.js';
import { fileError } from './file-errors.js';
import type { EngineInfo } from './find.js';
import { adoptLock, type Lock } from '../files/lock.js';
import { ensureGone, identify } from '../files/processes.js';
import { Channel, type EngineState, failure, isRequest, type Lease, type Reply, type Request } from './protocol.js';

/** What a command tells the supervisor that it starts. */
export interface SupervisorConfig {
  /** The real path. */
  readonly dataFile: string;
  readonly lock: string;
  /** The lock that the command took, to be passed on. */
  readonly token: string;
  readonly socket: string;
  readonly engine: EngineInfo;
  readonly port: number | null;
  readonly patienceMs: number;
  readonly pid: number;
  readonly label: string;
}

type Client = Channel<Request, Reply>;

const HEARTBEAT_MS = 2000;

/**
 * Owns the engine of one data file while there are leases on it: starts it, tells every command where it is, and stops
 * it when the last lease closes. One thread decides between "the last one left" and "a new one came", so there is
 * nothing to race.
 */
export class Supervisor {
  readonly #config: SupervisorConfig;
  readonly #leases = new Map<Client, Lease>();
  readonly #waiting = new Set<Client>();
  readonly #server: Server = createServer((socket) => this.#accept(socket));
  readonly #stopping = new AbortController();
  #engine: EngineProcess | null = null;
  #startedAt = '';

  constructor(config: SupervisorConfig) {
    this.#config = config;
  }

  /** Resolves when the engine is stopped and the lock released; the process ends then, and the connections with it. */
  async run(first: Socket): Promise<void> {
    const { lock: path, token, label, socket, patienceMs, pid } = this.#config;
    const client = this.#open(first);
    let lock: Lock | null;
    try {
      lock = adoptLock(path, token, { label, socket, patienceMs });
    } catch (error) {
      client.send(failure(fileError(error, path, 'write the lock')));
      return;
    }
    if (lock === null) {
      client.send({ type: 'retry' });
      return;
    }
    this.#lease(client, pid, label);
    const heartbeat = setInterval(() => this.#beat(lock), HEARTBEAT_MS);
    try {
      await this.#listen();
      await this.#start(lock);
      await aborted(this.#stopping.signal);
    } catch (error) {
      for (const each of this.#waiting)
        each.send(failure(errorCode(error) === '' ? error : fileError(error, this.#config.dataFile, 'use')));
      this.shutDown('the local engine did not start');
    } finally {
      clearInterval(heartbeat);
      this.#server.close();
      await this.#engine?.stop();
      if (process.platform !== 'win32') rmSync(socket, { force: true });
      lock.release();
    }
  }

  shutDown(reason: string): void {
    if (this.#stopping.signal.aborted) return;
    for (const client of this.#leases.keys()) client.send({ type: 'gone', reason });
    this.#stopping.abort();
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', reject);
      this.#server.listen(this.#config.socket, resolve);
    });
  }

  async #start(lock: Lock): Promise<void> {
    const { dataFile, engine, port } = this.#config;
    const previous = lock.record.engine;
    if (previous !== null && !(await ensureGone(previous, 5000))) {
      throw new CliError('ENGINE_BUSY', `an engine that was left behind holds '${dataFile}': process ${previous.pid}`, {
        hint: `End it: kill ${previous.pid}`,
      });
    }
    this.#engine = await startProcess({
      engine,
      dataFile,
      port: port ?? undefined,
      signal: this.#stopping.signal,
      onSpawn: (pid) => lock.update({ engine: identify(pid) }),
    });
    this.#startedAt = new Date().toISOString();
    void this.#engine.ended.then((how) => this.shutDown(`the local engine ended: ${how}`));
    for (const client of this.#waiting) this.#greet(client);
  }

  #accept(socket: Socket): void {
    const client = this.#open(socket);
    if (!this.#stopping.signal.aborted) return;
    client.send({ type: 'retry' });
    client.end();
  }

  #open(socket: Socket): Client {
    const client: Client = new Channel(socket, isRequest);
    client.onMessage = (request) => this.#answer(client, request);
    void client.closed.then(() => this.#leave(client));
    return client;
  }

  #answer(client: Client, request: Request): void {
    if (request.type === 'bye') {
      this.#leave(client);
      // The last one's connection stays open until all is stopped: that is what it waits for.
      if (!this.#stopping.signal.aborted) client.end();
    } else if (this.#stopping.signal.aborted) {
      client.send({ type: 'retry' });
      client.end();
    } else {
      if (request.type === 'lease') this.#lease(client, request.pid, request.label);
      if (this.#engine === null) this.#waiting.add(client);
      else this.#greet(client);
    }
  }

  #lease(client: Client, pid: number, label: string): void {
    this.#leases.set(client, { pid, label, since: new Date().toISOString() });
    if (this.#engine === null) this.#waiting.add(client);
  }

  #leave(client: Client): void {
    this.#waiting.delete(client);
    if (this.#leases.delete(client) && this.#leases.size === 0) this.shutDown('nobody uses the engine');
  }

  #greet(client: Client): void {
    this.#waiting.delete(client);
    if (this.#engine === null) return;
    const { pid, port } = this.#engine;
    const state: EngineState = {
      endpoint: `http://127.0.0.1:${port}`,
      pid,
      startedAt: this.#startedAt,
      info: this.#config.engine,
      leases: [...this.#leases.values()],
    };
    client.send({ type: 'ready', state });
  }

  /** Tells other machines that we live; and stops when the data was removed under the engine, lock and all. */
  #beat(lock: Lock): void {
    try {
      if (!lock.isOurs()) {
        this.shutDown(`the folder of '${this.#config.dataFile}' was removed`);
        return;
      }
      lock.touch();
      // What cleans the folder for temporary files goes by age.
      const now = new Date();
      if (process.platform !== 'win32') utimesSync(this.#config.socket, now, now);
    } catch {
      // A network file system that is away for a moment; the next beat will tell.
    }
  }
}
