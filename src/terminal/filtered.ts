import type { OutputStream } from './io.js';

/** The same stream, but what is written to it passes through a filter first, piece by piece. */
export function filtered(stream: OutputStream, filter: (text: string) => string): OutputStream {
  // A spinner puts a `write` of its own in the place of this one while it moves, and calls this one.
  let write: unknown = (chunk: string | Uint8Array, ...encodingAndCallback: []): boolean =>
    stream.write(typeof chunk === 'string' ? filter(chunk) : chunk, ...encodingAndCallback);
  return new Proxy(stream, {
    get: (target, name) => {
      if (name === 'write') return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => {
      if (name !== 'write') return Reflect.set(target, name, value, target);
      write = value;
      return true;
    },
  });
}
