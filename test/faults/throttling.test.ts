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
import { IS_TORTURE, note, SEED } from './figures.js';
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

type Work = (context: OperationContext, here: Stage, count: number, maxUnits: number | null) => Promise<number>;

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
  backup: async (context, { target }, _count, maxReadUnits) => {
    const { tables } = await archiveTo(context, target, `${tempFolder()}/archive`, { events: false, maxReadUnits });
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
    (IS_TORTURE ? Object.keys(WORK).filter((name) => name !== 'backup') : ['purge by statements', 'seed']).flatMap(
      (name) =>
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

/** Units a second that the flags allow, and those of the largest call: it may fall on either side of a second's end. */
const LIMITS = { write: { limit: 400, call: 25 * UNITS_EACH }, read: { limit: 200, call: 32 } } as const;

const LIMITED = {
  'purge by statements': 'write',
  'purge by items': 'write',
  clear: 'write',
  restore: 'write',
  backup: 'read',
} as const;

/** All that was spent, from the first call to the last, and how much of it was turned away. */
async function spendWithin(name: keyof typeof LIMITED, seconds: number) {
  const way = LIMITED[name];
  const { limit, call } = LIMITS[way];
  const work = WORK[name];
  if (work === undefined) throw new Error(`no ${name}`);
  // A session takes a sixteenth of a read unit, or three write units.
  const count = Math.round(limit * seconds * (way === 'read' ? 16 : 1 / UNITS_EACH));
  const here = await stage(engine.endpoint, { count, events: 0, expired: 1 });
  // Together they bear twice the budget, and one of them not its share of that.
  const bucket = { ...PARTITION, [`${way}Units`]: limit / 4, partitions: 8, hot: 0.3 };
  const proxy = await startFaultProxy({ engineEndpoint: engine.endpoint, seed: SEED, rate: 0, kinds: [], bucket });
  try {
    expect(await work(contextFor(proxy.endpoint), here, count, limit)).toBe(count);
    const { spent, refused } = proxy.buckets ?? { spent: { read: [], write: [] }, refused: { read: 0, write: 0 } };
    const [first, ...others] = spent[way];
    const units = others.reduce((total, each) => total + each.units, 0);
    const took = ((others.at(-1)?.at ?? 0) - (first?.at ?? 0)) / 1000;
    return { limit, call, rate: units / took, refused: refused[way], most: settledOf(spent[way], 0).most };
  } finally {
    await proxy.stop();
  }
}

describe('where a hot partition throttles below a budget', () => {
  const names: readonly (keyof typeof LIMITED)[] = IS_TORTURE
    ? ['purge by statements', 'purge by items', 'clear', 'restore', 'backup']
    : ['purge by statements', 'backup'];

  it.each(names)(
    '%s keeps to it within five percent',
    async (name) => {
      const { limit, call, rate, refused, most } = await spendWithin(name, IS_TORTURE ? 20 : 5);
      note({ kind: 'limited', operation: name, limit, rate, refused, most });
      expect(refused).toBeGreaterThan(0);
      expect({ rate, isWithin: rate <= limit * 1.05 && rate > limit * 0.4 }).toMatchObject({ isWithin: true });
      expect(most).toBeLessThanOrEqual(limit * 1.05 + call);
    },
    120_000,
  );
});
