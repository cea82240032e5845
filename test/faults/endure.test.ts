import { describe, it } from 'vitest';
import { useEngine } from '../support/engine.js';
import { FAULTS, type FaultKind } from '../support/fault-proxy.js';
import { IS_TORTURE, SEED } from './figures.js';
import { OPERATIONS } from './operations.js';
import { endure, withStage } from './runs.js';

const engine = useEngine();

/** What can befall any call is tried together with all the rest, and in the long run by itself too. */
const SETS: readonly (readonly [string, readonly FaultKind[]])[] = [
  ['everything at once', FAULTS.filter((kind) => kind !== 'expired')],
  ['throttling', ['throughput', 'throttling', 'request-limit', 'unprocessed', 'statement']],
  ['lost answers', ['reset-before', 'reset-after', 'half-body', 'server-error']],
  ['credentials that expire', ['expired']],
  ['a clock that is wrong', ['skew']],
  ...(IS_TORTURE ? FAULTS.map((kind) => [kind, [kind]] as const) : []),
];

const RATES = IS_TORTURE ? [0.01, 0.1, 0.4] : [0.1, 0.4];

describe.each(SETS)('under faults: %s', (_name, kinds) => {
  describe.each(OPERATIONS)('$name', (operation) => {
    it.concurrent.each(RATES)('ends right, or says truly how far it came and how to go on: %d of the calls', async (rate) => {
      const count = IS_TORTURE ? 300 : 60;
      await withStage(engine, count, (stage) => endure(stage, { operation, kinds, rate, seed: SEED, count }));
    }, 300_000);
  });
});
