import { describe, expect, it, vi } from 'vitest';
import { Budget, Governor, UnitCost } from '../../src/dynamodb/governor.js';
import { CliError } from '../../src/errors.js';

const signal = new AbortController().signal;
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const calm = async (): Promise<{ value: number; throttled: boolean }> => ({ value: 1, throttled: false });
const throttled = async (): Promise<{ value: number; throttled: boolean }> => ({ value: 1, throttled: true });

const fail = (code: 'THROTTLED' | 'AWS_ERROR') => async (): Promise<never> => {
  throw new CliError(code, code);
};

async function grown(concurrency: number): Promise<Governor> {
  const governor = new Governor({ concurrency, signal });
  for (let calls = 0; calls < concurrency * concurrency; calls += 1) await governor.run(calm);
  expect(governor.limit).toBe(concurrency);
  return governor;
}

describe('Governor', () => {
  it('begins small and grows by one a round of calls, up to the most', async () => {
    const governor = new Governor({ concurrency: 6, signal });
    const limits: number[] = [];
    for (let calls = 0; calls < 16; calls += 1) {
      limits.push(governor.limit);
      await governor.run(calm);
    }
    expect(limits).toEqual([4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6]);
    expect(new Governor({ concurrency: 1, signal }).limit).toBe(1);
  });

  it('halves when calls were throttled to the end, once for those in flight together, and never below one', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const governor = await grown(16);
    const failed = fail('THROTTLED');
    await Promise.allSettled([failed, failed, failed].map((call) => governor.run(call)));
    expect(governor.limit).toBe(8);
    for (const limit of [4, 2, 1, 1]) {
      clock.mockReturnValue(performance.now() + 200);
      await governor.run(failed).catch(() => {});
      expect(governor.limit).toBe(limit);
    }
  });

  it('does not grow while calls are throttled, nor shrink for that or for another failure', async () => {
    const governor = new Governor({ concurrency: 8, signal });
    for (let calls = 0; calls < 32; calls += 1) await governor.run(calls % 4 === 3 ? throttled : calm);
    expect(governor.limit).toBe(4);
    await expect(governor.run(fail('AWS_ERROR'))).rejects.toThrow('AWS_ERROR');
    expect(governor.limit).toBe(4);
  });

  it('has never more in flight than it allowed when each began, and wakes everybody', async () => {
    const governor = new Governor({ concurrency: 12, signal });
    let [running, most, done] = [0, 0, 0];
    const call = async (at: number): Promise<{ value: number; throttled: boolean }> => {
      running += 1;
      most = Math.max(most, running);
      expect(running).toBeLessThanOrEqual(governor.limit);
      for (let turns = 0; turns < (at * 7) % 5; turns += 1) await tick();
      running -= 1;
      done += 1;
      if (at % 50 === 49) throw new Error('another failure');
      return { value: at, throttled: at % 97 === 96 };
    };
    const results = await Promise.allSettled(Array.from({ length: 600 }, (_, at) => governor.run(() => call(at))));
    expect(done).toBe(600);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(12);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(12);
  });

  it('lets nobody wait after an abort', async () => {
    const abort = new AbortController();
    const governor = new Governor({ concurrency: 2, signal: abort.signal });
    const opening = new AbortController();
    const gate = new Promise<void>((resolve) => {
      opening.signal.addEventListener('abort', () => resolve());
    });
    const calls = Array.from({ length: 20 }, () =>
      governor.run(async () => {
        if (abort.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted');
        await gate;
        return { value: 1, throttled: false };
      }),
    );
    await tick();
    abort.abort();
    opening.abort();
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });
});

/** Eight callers, each with calls that take a few milliseconds; answers units a second. */
async function rateOf(
  budget: Budget,
  options: { seconds: number; each: number; guess: number; callMs: number },
): Promise<number> {
  const started = performance.now();
  const cost = new UnitCost(options.guess);
  let [spent, ended] = [0, started];
  const caller = async (): Promise<void> => {
    for (;;) {
      const expected = cost.of(25);
      await budget.reserve(expected);
      if (spent >= 400 * options.seconds) return;
      await new Promise((resolve) => setTimeout(resolve, options.callMs));
      const actual = options.each * 25;
      budget.settle(expected, actual);
      cost.learn(actual, 25);
      spent += actual;
      ended = performance.now();
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  expect(budget.spent).toBe(spent);
  return (spent * 1000) / (ended - started);
}

describe('Budget', () => {
  it.each([
    ['as expected', { each: 1, guess: 1, callMs: 3 }],
    ['a third of what was expected', { each: 1, guess: 3, callMs: 3 }],
    ['by slow calls', { each: 0.4, guess: 0.4, callMs: 40 }],
  ])('is honoured within 5 %%, where calls cost %s', async (_, options) => {
    const rate = await rateOf(new Budget(400, signal), { seconds: 2.5, ...options });
    expect(Math.abs(rate / 400 - 1)).toBeLessThan(0.05);
  });

  it('makes up for calls that cost more than was expected', async () => {
    const rate = await rateOf(new Budget(400, signal), { seconds: 3, each: 0.6, guess: 0.1, callMs: 3 });
    expect(Math.abs(rate / 400 - 1)).toBeLessThan(0.05);
  });

  it('saves nothing up in a pause', async () => {
    const budget = new Budget(1000, signal);
    await budget.reserve(10);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const started = performance.now();
    for (let calls = 0; calls < 11; calls += 1) await budget.reserve(20);
    expect(performance.now() - started).toBeGreaterThan(190);
  });

  it('lets go of all that wait when it is interrupted', async () => {
    const abort = new AbortController();
    const budget = new Budget(1, abort.signal);
    budget.settle(0, 1000);
    const waiting = Promise.allSettled([budget.reserve(1), budget.reserve(1), budget.reserve(1)]);
    abort.abort();
    for (const result of await waiting) expect(result).toMatchObject({ reason: { code: 'INTERRUPTED' } });
  });

  it('counts, and never waits, where there is none', async () => {
    const budget = new Budget(null, signal);
    await budget.reserve(1e9);
    budget.settle(1e9, 7);
    expect(budget.spent).toBe(7);
  });
});

describe('UnitCost', () => {
  it('believes the first answer, then moves towards what later ones say', () => {
    const cost = new UnitCost(5);
    expect(cost.of(10)).toBe(50);
    cost.learn(30, 10);
    expect(cost.of(1)).toBe(3);
    cost.learn(0, 10);
    expect(cost.of(1)).toBe(3);
    for (let answers = 0; answers < 100; answers += 1) cost.learn(20, 10);
    expect(cost.of(1)).toBeCloseTo(2, 1);
  });
});
