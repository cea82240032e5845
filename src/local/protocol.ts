import type { Socket } from 'node:net';
import { CliError, ERROR_CODES } from '../errors.js';
import type { EngineInfo } from './find.js';

/** One command that uses the engine. */
export interface Lease {
  readonly pid: number;
  readonly label: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** What a running engine's supervisor tells about it. */
export interface EngineState {
  readonly endpoint: string;
  /** The engine's process, not the supervisor's. */
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly info: EngineInfo;
  readonly leases: readonly Lease[];
}

export type Request =
  | { readonly type: 'lease'; readonly pid: number; readonly label: string }
  | { readonly type: 'status' }
  | { readonly type: 'bye' };

export type Reply =
  | { readonly type: 'ready'; readonly state: EngineState }
  /** Stopping, or not the owner of the data file after all: ask again, there will be another. */
  | { readonly type: 'retry' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string | null }
  | { readonly type: 'gone'; readonly reason: string };

/** JSON lines over a socket. The connection itself is the lease: the system closes it for a process that was killed. */
export class Channel<In, Out> {
  readonly #socket: Socket;
  readonly closed: Promise<void>;
  onMessage: (message: In) => void = () => undefined;

  constructor(socket: Socket, accepts: (value: unknown) => value is In) {
    this.#socket = socket;
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message = parseLine(line);
        if (accepts(message)) this.onMessage(message);
      }
    });
    // A broken connection is a closed one; 'close' follows.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  send(message: Out): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends what was written, then closes. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The connection alone no longer keeps this process alive. */
  unref(): void {
    this.#socket.unref();
  }

  ref(): void {
    this.#socket.ref();
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Both ends are of this package and the socket is the user's alone: the type stands for the shape. */
export function isRequest(value: unknown): value is Request {
  return hasType(value, ['lease', 'status', 'bye']);
}

export function isReply(value: unknown): value is Reply {
  return hasType(value, ['ready', 'retry', 'failed', 'gone']);
}

function hasType(value: unknown, types: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && types.includes(String(value.type));
}

export function failure(error: unknown): Reply {
  const known = error instanceof CliError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'failed', code: known?.code ?? 'ENGINE_FAILED', message, hint: known?.hint ?? null };
}

export function failureError(reply: { code: string; message: string; hint: string | null }): CliError {
  const code = ERROR_CODES.find((known) => known === reply.code) ?? 'ENGINE_FAILED';
  return new CliError(code, reply.message, reply.hint === null ? {} : { hint: reply.hint });
}
