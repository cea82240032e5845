import type { Spent } from '../support/faults/bucket.js';

export interface Settled {
  /** Units a second from the end of the warm-up to the last call. */
  readonly mean: number;
  /** The least and the most of any whole second. */
  readonly least: number;
  readonly most: number;
  readonly seconds: number;
}

/** How units were spent over time, but for the seconds in which the pace is found. */
export function settledOf(spent: readonly Spent[], warmUpMs: number, tailMs = 0): Settled {
  const from = (spent[0]?.at ?? 0) + warmUpMs;
  const end = (spent.at(-1)?.at ?? 0) - tailMs;
  const units = (begin: number, until: number): number =>
    spent.reduce((sum, { at, units: each }) => sum + (at >= begin && at < until ? each : 0), 0);
  const seconds: number[] = [];
  for (let at = from; at + 1000 <= end; at += 250) seconds.push(units(at, at + 1000));
  return {
    mean: (units(from, end) * 1000) / (end - from),
    least: Math.min(...seconds),
    most: Math.max(...seconds),
    seconds: (end - from) / 1000,
  };
}
