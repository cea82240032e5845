import type { OutputStream } from './io.js';

/**
 * The same stream, its width from elsewhere: a terminal that was given no size says that it has 0 columns, by which
 * libraries divide.
 */
export function sized(stream: OutputStream, width: () => number | undefined): OutputStream {
  return new Proxy(stream, {
    get: (target, name): unknown => (name === 'columns' ? width() : Reflect.get(target, name, target)),
  });
}
