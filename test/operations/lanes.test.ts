import { describe, expect, it } from 'vitest';
import { Lanes } from '../../src/operations/lanes.js';

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Lanes', () => {
  it('runs no more than so many at once, whoever starts them', async () => {
    const lanes = new Lanes(2);
    let running = 0;
    let most = 0;
    let done = 0;
    const task = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await soon();
      running -= 1;
      done += 1;
    };
    await Promise.all(
      [1, 2, 3].map(async () => {
        for (let at = 0; at < 5; at += 1) await lanes.start(task);
      }),
    );
    await lanes.end();
    expect([most, done]).toEqual([2, 15]);
  });

  it('after a failure starts nothing, and lets everybody know who waits', async () => {
    const lanes = new Lanes(1);
    const failure = new Error('no room');
    await lanes.start(async () => {
      await soon();
      throw failure;
    });
    let started = 0;
    const starters = [1, 2, 3, 4].map(() =>
      lanes.start(async () => {
        started += 1;
      }),
    );
    expect(await Promise.allSettled(starters)).toEqual(starters.map(() => ({ status: 'rejected', reason: failure })));
    expect(started).toBe(0);
    await expect(lanes.end()).rejects.toBe(failure);
  });

  it('ends by a failure from elsewhere as by that of a task, once what runs has ended', async () => {
    const lanes = new Lanes(3);
    const ended: number[] = [];
    await lanes.start(async () => {
      await soon();
      ended.push(1);
    });
    const failure = new Error('a file cannot be read');
    lanes.fail(failure);
    lanes.fail(new Error('a later one'));
    await expect(lanes.start(soon)).rejects.toBe(failure);
    await expect(lanes.end()).rejects.toBe(failure);
    expect(ended).toEqual([1]);
  });
});
