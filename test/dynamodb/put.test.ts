import { expect, it, vi, describe } from 'vitest';
import { Budget, Governor, UnitCost } from '../../src/dynamodb/governor.js';
import type { Dynamo } from '../../src/dynamodb/client.js';
import type { WritePace } from '../../src/dynamodb/batch-write.js';
import { putAll, putIfAbsent } from '../../src/dynamodb/put.js';
import type * as wait from '../../src/dynamodb/wait.js';
import { itemFromWire, type WireItem } from '../../src/schema/index.js';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { contentOf } from '../operations/archive/harness.js';
import { closeAll, freshName, type RunningDouble, startDouble } from '../operations/harness.js';

// The pauses between tries grow to seconds: here they are counted, and short.
const pauses = vi.hoisted((): number[] => []);
vi.mock('../../src/dynamodb/wait.js', async (original) => ({
  ...(await original<typeof wait>()),
  pause: async (ms: number) => {
    pauses.push(ms);
    await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)));
  },
}));

closeAll();
const engine = useEngine();

const paceOf = (maxUnits: number | null = null): WritePace => {
  const { signal } = new AbortController();
  return {
    governor: new Governor({ concurrency: 8, signal }),
    budget: new Budget(maxUnits, signal),
    cost: new UnitCost(1),
  };
};

async function withTable(): Promise<RunningDouble & { readonly table: string }> {
  const running = await startDouble(engine.endpoint);
  const table = freshName('put');
  await engine.raw.call('CreateTable', {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  });
  return { ...running, table };
}

const items = (count: number): readonly WireItem[] =>
  Array.from({ length: count }, (_, at) => ({ id: { S: `s${at}` }, n: { N: String(at) } }));

const textsOf = (wanted: readonly WireItem[]): readonly string[] =>
  wanted.map((item) => JSON.stringify(item)).toSorted();

const write = (dynamo: Dynamo, table: string, wanted: readonly WireItem[], pace: WritePace): Promise<void> =>
  putAll(dynamo, table, wanted.map(itemFromWire), pace, 'go on with --resume');

describe('putAll', () => {
  it('writes again what came back, and nothing else, until all is written', async () => {
    const { double, context, table } = await withTable();
    double.inject({ operation: 'BatchWriteItem', times: 5, unprocessedAfter: 4 });
    await write(context().dynamo, table, items(25), paceOf());
    expect(await contentOf(engine.raw, table)).toEqual(textsOf(items(25)));
    const sent = double.calls
      .filter(({ operation }) => operation === 'BatchWriteItem')
      .map(({ body }) => JSON.stringify(body).split('PutRequest').length - 1);
    expect(sent).toEqual([25, 21, 17, 13, 9, 5]);
  });

  it('outlasts a table that takes nothing for a while, and gives up on one that takes nothing at all', async () => {
    const { double, context, table } = await withTable();
    double.inject({ operation: 'BatchWriteItem', times: 6, unprocessedAfter: 0 });
    await write(context().dynamo, table, items(3), paceOf());
    expect(await contentOf(engine.raw, table)).toEqual(textsOf(items(3)));
    double.inject({ operation: 'BatchWriteItem', unprocessedAfter: 0 });
    await expect(write(context().dynamo, table, items(3), paceOf())).rejects.toMatchObject({
      code: 'THROTTLED',
      hint: expect.stringContaining('go on with --resume'),
    });
  });

  it('spends no more than its budget', async () => {
    const { context, table } = await withTable();
    const pace = paceOf(10_000);
    await write(context().dynamo, table, items(25), pace);
    expect(pace.budget.spent).toBe(25);
  });
});

describe('putIfAbsent', () => {
  it('writes where nothing is, and tells what is there: the same item, or another', async () => {
    const { context, table } = await withTable();
    const put = (item: WireItem) => putIfAbsent(context().dynamo, table, item, 'id', paceOf());
    const item = { id: { S: 'x' }, n: { N: '1.50' }, s: { SS: ['b', 'a'] }, b: { B: 'AAE=' } };
    expect(await put(item)).toBe('put');
    expect(await put(item)).toBe('same');
    expect(await put({ ...item, n: { N: '1.5' }, s: { SS: ['a', 'b'] } })).toBe('same');
    expect(await put({ ...item, b: { B: 'AAI=' } })).toBe('conflict');
    expect(await put({ id: { S: 'x' } })).toBe('conflict');
    expect(await contentOf(engine.raw, table)).toHaveLength(1);
  });

  it('tries again what was throttled, and throws what is refused', async () => {
    const { double, context, table } = await withTable();
    double.inject({ operation: 'PutItem', times: 5, error: awsFaults.throttling });
    expect(await putIfAbsent(context().dynamo, table, { id: { S: 'x' } }, 'id', paceOf())).toBe('put');
    double.inject({ operation: 'PutItem', error: awsFaults.accessDenied('PutItem', table) });
    await expect(putIfAbsent(context().dynamo, table, { id: { S: 'y' } }, 'id', paceOf())).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
  });
});
