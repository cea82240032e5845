import { describe, it } from 'vitest';
import { useEngine } from '../support/engine.js';
import { FAULTS, type FaultKind } from '../support/fault-proxy.js';
import { IS_TORTURE, SEED } from './figures.js';
import { OPERATIONS } from './operations.js';
import { type Case, endure, withStage } from './runs.js';

const engine = useEngine();

interface FaultSet {
  readonly title: string;
  readonly kinds: readonly FaultKind[];
  readonly rates: readonly number[];
}

const ALL_RATES = [0.01, 0.1, 0.4];

/** Credentials that expired stay so: the other faults would have little to do. */
const TOGETHER = FAULTS.filter((kind) => kind !== 'expired');

/** In the long run each fault also by itself; a table that refuses four calls in ten takes its time. */
const SETS: readonly FaultSet[] = IS_TORTURE
  ? [
      { title: 'all faults', kinds: TOGETHER, rates: ALL_RATES },
      ...FAULTS.map((kind) => ({ title: kind, kinds: [kind], rates: ALL_RATES })),
    ]
  : [
      { title: 'all faults', kinds: TOGETHER, rates: [0.01, 0.4] },
      {
        title: 'throttling',
        kinds: ['throughput', 'throttling', 'request-limit', 'unprocessed', 'statement'],
        rates: [0.1],
      },
      { title: 'lost answers', kinds: ['reset-before', 'reset-after', 'half-body', 'server-error'], rates: [0.1, 0.4] },
      { title: 'credentials that expire', kinds: ['expired'], rates: [0.4] },
      { title: 'a clock that is wrong', kinds: ['skew'], rates: [0.1] },
    ];

const COUNT = IS_TORTURE ? 150 : 60;

const cases = SETS.flatMap(({ title, kinds, rates }) =>
  OPERATIONS.flatMap((operation) =>
    rates.map((rate): Case & { title: string } => ({
      title: `${operation.name}, ${title}, ${rate * 100} % of the calls`,
      operation,
      kinds,
      rate,
      seed: SEED,
      count: COUNT,
    })),
  ),
);

describe(`under faults, by the seed ${SEED}, ends right, or says truly how far it came and how to go on`, () => {
  it.concurrent.each(cases)('$title', (each) => withStage(engine, each.count, (stage) => endure(stage, each)), 300_000);
});
