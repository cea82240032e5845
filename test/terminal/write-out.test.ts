import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { writeOut } from '../../src/terminal/write-out.js';

/** A stream that has room for little, and a reader that does not read yet. */
const narrow = (): PassThrough => new PassThrough({ highWaterMark: 4 });
const never = new AbortController().signal;

/** Whether a promise is settled by the next turn. */
async function isSettled(work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const watch = work.then(
    () => (settled = true),
    () => (settled = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  void watch;
  return settled;
}

describe('writeOut', () => {
  it('goes on at once where there is room', async () => {
    const stream = narrow();
    expect(await isSettled(writeOut(stream, 'ab', never))).toBe(true);
    expect(await isSettled(writeOut(stream, '', never))).toBe(true);
    expect(String(stream.read())).toBe('ab');
  });

  it('waits until the reader has caught up, and leaves no listener behind', async () => {
    const stream = narrow();
    const work = writeOut(stream, 'abcdefgh', never);
    expect(await isSettled(work)).toBe(false);
    stream.read();
    await work;
    expect([stream.listenerCount('drain'), stream.listenerCount('close')]).toEqual([0, 0]);
  });

  it('ends when the stream is closed', async () => {
    const stream = narrow();
    const work = writeOut(stream, 'abcdefgh', never);
    stream.destroy();
    await work;
    stream.on('error', () => {});
    await writeOut(stream, 'more', never);
  });

  it('ends with INTERRUPTED, before it writes or while it waits', async () => {
    const interruption = new AbortController();
    const stream = narrow();
    const work = writeOut(stream, 'abcdefgh', interruption.signal);
    interruption.abort();
    await expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(writeOut(stream, 'x', interruption.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(String(stream.read())).toBe('abcdefgh');
  });
});
