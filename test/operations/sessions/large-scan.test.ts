import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OperationContext } from '../../../src/operations/context.js';
import type { LargeScan } from '../../../src/operations/sessions/large-scan.js';
import { list, streamSessions } from '../../../src/operations/sessions/list.js';
import { purgeFiles } from '../../../src/operations/purge/files.js';
import { planOrphans } from '../../../src/operations/purge/orphans.js';
import { planPurge } from '../../../src/operations/purge/plan.js';
import { stats } from '../../../src/operations/stats/stats.js';
import type { Target } from '../../../src/operations/target.js';
import { useEngine } from '../../support/engine.js';
import { describeAs } from '../described.js';
import { closeAll, setUp, startDouble, targetOf } from '../harness.js';
import { ALL, item, names, NOW, put, ROWS } from './list-rows.js';
import { REQUEST } from '../purge/harness.js';

closeAll();
const engine = useEngine();

const GIGABYTE = 2 ** 30;
const STATS = { filter: {}, events: true, segments: null, concurrency: 4, maxReadUnits: null };

interface Stage {
  readonly context: OperationContext;
  readonly target: Target;
  readonly sessions: string;
  readonly events: string;
  readonly told: LargeScan[];
}

/** A few rows in tables that are said to be large; what is told before they are read. */
async function stage(itemCount: number, sizeBytes: number): Promise<Stage> {
  const running = await startDouble(engine.endpoint);
  const tables = names();
  await setUp(running.context(), { ...tables, overrides: { stream: false } });
  await put(engine.raw, tables.sessions, ROWS.map(item));
  const indexes = { LastActivityIndex: { ItemCount: itemCount, IndexSizeBytes: itemCount * 60 } };
  await describeAs(running, tables.sessions, { itemCount, sizeBytes, indexes });
  await describeAs(running, tables.events, { itemCount: 10 * itemCount, sizeBytes });
  const told: LargeScan[] = [];
  const context = { ...running.context({ now: () => NOW }), onLargeScan: (scan: LargeScan) => void told.push(scan) };
  return { context, ...tables, target: await targetOf(context, tables), told };
}

function files() {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return purgeFiles(folder, 'test');
}

const THREE_GIGABYTES = {
  items: 2_000_000,
  bytes: 3 * GIGABYTE,
  // Half a unit for each 4 KB.
  readUnits: (3 * GIGABYTE) / 8192,
  seconds: null,
  prices: { asOf: expect.stringMatching(/^\d{4}-\d{2}$/), region: 'us-east-1' },
};

describe('before a large table is read whole', () => {
  it('list tells what that takes, and which index would do', async () => {
    const { context, target, sessions, told } = await stage(2_000_000, 3 * GIGABYTE);
    await list(context, target, { ...ALL, segments: 1 });
    expect(told).toMatchObject([
      { ...THREE_GIGABYTES, table: sessions, cheaper: { index: 'LastActivityIndex', readUnits: expect.any(Number) } },
    ]);
    // A dollar is eight million units.
    expect(told[0]?.dollars).toBeCloseTo((0.125 * 393_216) / 1e6, 6);
    expect(told[0]?.cheaper?.readUnits).toBeCloseTo(120_000_000 / 8192 + 50, 0);
    await list(context, target, { ...ALL, segments: 1, limit: 5, sort: 'size', maxReadUnits: 1_000_000 });
    expect(told[1]).toMatchObject({ cheaper: null, seconds: 0.393216 });
    await streamSessions(context, target, { filter: {} }, async () => {});
    expect(told).toHaveLength(3);
    expect(told[2]?.cheaper).toMatchObject({ index: 'LastActivityIndex' });
  });

  it('list says nothing where the index does, and nothing of a small table', async () => {
    const large = await stage(2_000_000, 3 * GIGABYTE);
    expect((await list(large.context, large.target, { ...ALL, limit: 5, segments: 1 })).index).not.toBeNull();
    expect(large.told).toEqual([]);
    const small = await stage(999_999, GIGABYTE - 1);
    await list(small.context, small.target, { ...ALL, segments: 1, index: false });
    expect(small.told).toEqual([]);
  });

  it.each([
    [1_000_000, 1_000_000],
    [1000, GIGABYTE],
  ])('%i items of %i bytes are large', async (itemCount, sizeBytes) => {
    const { context, target, told } = await stage(itemCount, sizeBytes);
    await list(context, target, { ...ALL, segments: 1 });
    expect(told).toHaveLength(1);
  });

  it('stats tells it of both tables', async () => {
    const { context, target, sessions, events, told } = await stage(2_000_000, 3 * GIGABYTE);
    await stats(context, target, { ...STATS, segments: 1 });
    expect(told).toMatchObject([
      { ...THREE_GIGABYTES, table: sessions },
      { table: events, items: 20_000_000 },
    ]);
  });

  it('purge tells it of its share of the table, of the events where it looks for orphans, and not of ids', async () => {
    const { context, target, sessions, events, told } = await stage(8_000_000, 12 * GIGABYTE);
    const request = { ...REQUEST, segments: 1 };
    await planPurge(context, target, { ...request, shard: { index: 1, count: 4 } }, files());
    expect(told).toMatchObject([{ ...THREE_GIGABYTES, table: sessions }]);
    await planPurge(context, target, { ...request, ids: ['past'] }, files());
    expect(told).toHaveLength(1);
    await planOrphans(context, target, request, files());
    expect(told[1]).toMatchObject({ table: events });
  });
});
