import { CliError } from '../errors.js';
import type { OutputStream } from './io.js';

/**
 * Writes text and waits while the stream has no room for more, so that what is read no faster than it is made does not
 * pile up in memory. Also goes on when the stream is closed: what becomes of that is not for the writer to say.
 * Throws INTERRUPTED when the signal fires.
 */
export async function writeOut(stream: OutputStream, text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted');
  if (text === '' || stream.write(text) || !stream.writable) return;
  await new Promise<void>((resolve, reject) => {
    const end = (): void => {
      stream.removeListener('drain', done);
      stream.removeListener('close', done);
      signal.removeEventListener('abort', abort);
    };
    const done = (): void => {
      end();
      resolve();
    };
    const abort = (): void => {
      end();
      reject(new CliError('INTERRUPTED', 'interrupted'));
    };
    stream.once('drain', done);
    stream.once('close', done);
    signal.addEventListener('abort', abort, { once: true });
  });
}
