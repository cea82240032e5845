import { describe, expect, it, vi } from 'vitest';
import { getItems } from '../../src/dynamodb/batch-get.js';
import type * as wait from '../../src/dynamodb/wait.js';
import type { Item } from '../../src/schema/attribute-value.js';
import { closeAll, startDouble } from '../operations/harness.js';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { numbered, tableOf } from './delete-harness.js';

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

const keysOf = (items: readonly Item[]): readonly Item[] => items.map(({ id = { S: '' } }) => ({ id }));
const idsOf = (items: readonly Item[]): readonly string[] => items.map(({ id }) => JSON.stringify(id)).toSorted();

describe('getItems', () => {
  it('asks for a hundred keys a call, strongly consistent, and leaves out what is not there', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const items = numbered(230);
    const table = await tableOf(engine.raw, items.slice(0, 205));
    double.forgetCalls();
    const got = await getItems(context().dynamo, table, keysOf(items));
    expect(idsOf(got.items)).toEqual(idsOf(items.slice(0, 205)));
    expect(got.items[0]).toHaveProperty('v');
    expect(got.readUnits).toBeGreaterThanOrEqual(205);
    const asked = double.calls.map(({ body }) => Object(body['RequestItems'])[table]);
    expect(asked.map(({ Keys: keys, ConsistentRead: consistent }) => [keys.length, consistent])).toEqual([
      [100, true],
      [100, true],
      [30, true],
    ]);
  });

  it('asks again for the keys that came back unprocessed, and for no others', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const items = numbered(5);
    const table = await tableOf(engine.raw, items);
    double.forgetCalls();
    double.inject({
      operation: 'BatchGetItem',
      times: 1,
      answer: () => ({
        Responses: { [table]: items.slice(0, 2) },
        UnprocessedKeys: { [table]: { Keys: keysOf(items.slice(2)), ConsistentRead: true } },
      }),
    });
    double.inject({ operation: 'BatchGetItem', times: 5, error: awsFaults.throughputExceeded });
    expect(idsOf((await getItems(context().dynamo, table, keysOf(items))).items)).toEqual(idsOf(items));
    const last = Object(double.calls.at(-1)?.body['RequestItems'])[table];
    expect(last.Keys).toEqual(keysOf(items.slice(2)));
  });

  it('gives up after growing pauses when nothing comes any more', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, []);
    pauses.length = 0;
    double.inject({
      operation: 'BatchGetItem',
      answer: ({ RequestItems: requests }) => ({ Responses: {}, UnprocessedKeys: requests }),
    });
    await expect(getItems(context().dynamo, table, keysOf(numbered(3)))).rejects.toMatchObject({ code: 'THROTTLED' });
    // Each is the half of these at least: what was refused together is not to come again together.
    for (const [at, most] of [50, 100, 200, 400, 800, 1600, 2000, 2000].entries())
      expect([pauses[at], (pauses[at] ?? 0) >= most / 2 && (pauses[at] ?? 0) <= most]).toEqual([pauses[at], true]);
  });
});
