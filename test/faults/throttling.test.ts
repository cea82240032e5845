import { describe, expect, it } from 'vitest';
import { clearItems } from '../../src/operations/clear/clear.js';
import type { OperationContext } from '../../src/operations/context.js';
import { planPurge } from '../../src/operations/purge/plan.js';
import { purge } from '../../src/operations/purge/purge.js';
import { seed } from '../../src/operations/sessions/seed.js';
import { closeAll, contextFor, targetOf } from '../operations/harness.js';
import { archiveTo, restoreFrom } from '../operations/archive/harness.js';
import { REQUEST, type Stage, stage } from '../operations/purge/harness.js';
import { PACE } from '../operations/teardown/harness.js';
import { tempFolder } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { IS_TORTURE, note } from './figures.js';
import { settledOf } from './settle.js';

closeAll();
const engine = useEngine();

/** What a partition bears on AWS. */
const PARTITION = { writeUnits: 1000, readUnits: 3000 };
/** A session is in two indexes. */
const UNITS_EACH = 3;
/** In which the second's worth that a partition has gathered is spent, and the pace is found. */
const WARM_UP_MS = 2000;
/** In which the last items come in, after their pauses. */
const TAIL_MS = 1500;

type Work = (context: OperationContext, here: Stage, count: number, maxWriteUnits: number | null) => Promise<number>;

const purgeBy =
  (shape: 'statements' | 'items'): Work =>
  async (context, here, _count, maxWriteUnits) => {
    const request = { ...REQUEST, concurrency: 16, keepEvents: true, maxWriteUnits };
    const summary = await planPurge(context, here.target, request, here.files);
    return (await purge(context, here.target, request, summary, here.files, shape)).deleted;
  };

const WORK: Readonly<Record<string, Work>> = {
  'purge by statements': purgeBy('statements'),
  'purge by items': purgeBy('items'),
  clear: async (context, here, _count, maxWriteUnits) => {
    const { sessions: table } = await targetOf(context, here);
    if (table === null) throw new Error('no table');
    return (await clearItems(context, table, null, { ...PACE, maxWriteUnits })).deleted;
  },
  seed: async (context, { target }, count) =>
    (await seed(context, target, { count, events: 0, expired: 0, randomSeed: 1 })).sessions,
  restore: async (context, here, _count, maxWriteUnits) => {
    const folder = `${tempFolder()}/archive`;
    await archiveTo(here.context, here.target, folder, { events: false });
    const { tables } = await restoreFrom(context, folder, {
      toTable: `${here.sessions}-copy`,
      verify: 'count',
      concurrency: 16,
      maxWriteUnits,
    });
    return tables[0]?.items ?? 0;
  },
};

async function settle(name: string, partitions: number, seconds: number, maxWriteUnits: number | null = null) {
  const work = WORK[name];
  if (work === undefined) throw new Error(`no ${name}`);
  const rate = maxWriteUnits ?? PARTITION.writeUnits * partitions;
  const count = Math.round((rate * seconds) / UNITS_EACH);
  const here = await stage(engine.endpoint, { count: name === 'seed' ? 0 : count, events: 0, expired: 1 });
  const bucket = { ...PARTITION, partitions };
  const proxy = await startFaultProxy({ engineEndpoint: engine.endpoint, seed: 1, rate: 0, kinds: [], bucket });
  try {
    const done = await work(contextFor(proxy.endpoint), here, count, maxWriteUnits);
    expect(done).toBe(count);
    return { rate, ...settledOf(proxy.buckets?.spent.write ?? [], WARM_UP_MS, TAIL_MS) };
  } finally {
    await proxy.stop();
  }
}

const SECONDS = IS_TORTURE ? 20 : 8;

describe('where partitions bear 1,000 write units a second', () => {
  it.each(
    (IS_TORTURE ? Object.keys(WORK) : ['purge by statements', 'seed']).flatMap((name) =>
      // One DeleteItem for each of 1,300 sessions a second is bound by the machine, not by the table.
      (IS_TORTURE && name !== 'purge by items' ? [1, 4] : [1]).map((partitions) => [name, partitions] as const),
    ),
  )(
    '%s spends what they bear, and goes on doing so: partitions: %i',
    async (name, partitions) => {
      const { rate, mean, least, most } = await settle(name, partitions, SECONDS);
      note({ kind: 'settled', operation: name, rate, mean, least, most });
      expect({ mean, isWithin: mean < rate * 1.1 && mean > rate * (IS_TORTURE ? 0.9 : 0.75) }).toMatchObject({
        isWithin: true,
      });
      // A machine that is busy with other tests stands still for half a second now and then.
      if (IS_TORTURE) expect({ mean, least, isSteady: least > rate * 0.8 }).toMatchObject({ isSteady: true });
    },
    120_000,
  );

  it('a budget below that is held, and used', async () => {
    const { mean, most } = await settle('purge by statements', 1, 6, 400);
    note({ kind: 'settled', operation: 'purge with --max-wcu 400', rate: 400, mean, least: 0, most });
    expect({ mean, isWithin: mean < 440 && mean > 300 }).toMatchObject({ isWithin: true });
    expect(most).toBeLessThan(400 * 1.25);
  }, 60_000);
});
