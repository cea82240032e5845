import { describe, expect, it, vi } from 'vitest';
import { deleteKeys } from '../../src/dynamodb/delete-keys.js';
import type * as wait from '../../src/dynamodb/wait.js';
import type { Item } from '../../src/schema/attribute-value.js';
import { closeAll, startDouble } from '../operations/harness.js';
import { itemsOf } from '../operations/purge/harness.js';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { numbered, paceOf, tableOf } from './delete-harness.js';

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

describe('deleteKeys', () => {
  it('counts what comes back for ever, after growing pauses', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, numbered(25));
    let tries = 0;
    pauses.length = 0;
    double.inject({ operation: 'BatchWriteItem', unprocessedAfter: 5, times: 1 });
    double.inject({
      operation: 'BatchWriteItem',
      answer: ({ RequestItems: requests }) => {
        tries += 1;
        return { UnprocessedItems: requests };
      },
    });
    const { dynamo } = context();
    const keys = numbered(25).map(({ id = { S: '' } }): Item => ({ id }));
    expect(await deleteKeys(dynamo, table, keys, paceOf())).toEqual({ failed: 20 });
    expect(tries).toBe(20);
    for (const [at, most] of [50, 100, 200, 400, 800, 1600, 2000].entries())
      expect([pauses[at], (pauses[at] ?? 0) >= most / 2 && (pauses[at] ?? 0) <= most]).toEqual([pauses[at], true]);
  });

  it('takes a batch that was refused whole as one that came back', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, numbered(5));
    double.inject({ operation: 'BatchWriteItem', times: 5, error: awsFaults.throughputExceeded });
    const keys = numbered(5).map(({ id = { S: '' } }): Item => ({ id }));
    expect(await deleteKeys(context().dynamo, table, keys, paceOf())).toEqual({ failed: 0 });
    expect(await itemsOf(engine.raw, table)).toEqual([]);
  });
});
