import { connect, type Socket } from 'node:net';
import { errorCode } from '../errors.js';
import { Channel, isReply, type Reply, type Request } from './protocol.js';

/** A command's end of the connection to a supervisor. */
export interface Link {
  readonly channel: Channel<Reply, Request>;
  /** The first reply; null when the connection closed without one. */
  readonly first: Promise<Reply | null>;
  /** Resolves when the connection has closed, with the reason. */
  readonly ended: Promise<string>;
}

export function openLink(socket: Socket): Link {
  const channel = new Channel<Reply, Request>(socket, isReply);
  let reason = 'the connection to the supervisor of the local engine closed';
  const first = new Promise<Reply | null>((resolve) => {
    channel.onMessage = (reply) => {
      if (reply.type === 'gone') reason = reply.reason;
      resolve(reply);
    };
    void channel.closed.then(() => resolve(null));
  });
  return { channel, first, ended: channel.closed.then(() => reason) };
}

/** 'absent': nobody listens there (any more); 'forbidden': another user's. */
export async function connectTo(path: string): Promise<Link | 'absent' | 'forbidden'> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', (error) => resolve(['EACCES', 'EPERM'].includes(errorCode(error)) ? 'forbidden' : 'absent'));
    socket.once('connect', () => resolve(openLink(socket)));
  });
}

/** What `promise` gives, or `otherwise` after `patienceMs` or once `signal` is aborted. */
export async function within<T, O>(
  promise: Promise<T>,
  patienceMs: number,
  otherwise: O,
  signal?: AbortSignal,
): Promise<T | O> {
  const gaveUp = new AbortController();
  const giveUp = (): void => gaveUp.abort();
  const late = new Promise<O>((resolve) => {
    gaveUp.signal.addEventListener('abort', () => resolve(otherwise), { once: true });
  });
  const timer = setTimeout(giveUp, patienceMs);
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted === true) giveUp();
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}
