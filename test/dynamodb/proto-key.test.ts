import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getItems } from '../../src/dynamodb/batch-get.js';
import { keepProtoKeys } from '../../src/dynamodb/proto-key.js';
import { getItem, queryPages, samplePage } from '../../src/dynamodb/items.js';
import { Budget, Governor, UnitCost } from '../../src/dynamodb/governor.js';
import { putAll, putIfAbsent } from '../../src/dynamodb/put.js';
import type { Item } from '../../src/schema/attribute-value.js';
import { itemFromWire, itemToWire } from '../../src/schema/index.js';
import type { WireItem } from '../../src/schema/wire-check.js';
import { closeAll, startDouble } from '../operations/harness.js';
import { useEngine } from '../support/engine.js';
import { tableOf } from './delete-harness.js';

closeAll();
const engine = useEngine();

const name = fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', 'a');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', maxDepth: 6 },
    fc.constantFrom({ S: '__proto__' }, { S: '{"__proto__":1}' }, { N: '1' }, { B: 'AQID' }, { SS: ['__proto__'] }),
    fc.array(tie('value'), { maxLength: 2 }).map((L) => ({ L })),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map((entries) => ({ M: Object.fromEntries(entries) })),
  ),
}));

/** An item as text: what is parsed of it has `__proto__` as a key. */
const itemText = fc
  .array(fc.tuple(name, value), { maxLength: 4 })
  .map((entries) => JSON.stringify(Object.fromEntries([...entries, ['id', { S: 'x' }]])));

const fromText = (text: string): WireItem => JSON.parse(text);

/** Keys in one order, without a word of the product's own code. */
function ordered(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(ordered);
  if (typeof part !== 'object' || part === null) return part;
  return Object.entries(part)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, ordered(inner)]);
}

const same = (a: unknown, b: unknown): void => expect(JSON.stringify(ordered(a))).toBe(JSON.stringify(ordered(b)));

const RUNS = { numRuns: 60, seed: 20261120 };

describe('attributes called __proto__, constructor, toString', () => {
  it('are read as a raw client reads them, at any depth, by every kind of read', async () => {
    const { context } = await startDouble(engine.endpoint);
    const { dynamo } = context();
    const table = await tableOf(engine.raw, []);
    const id = { id: { S: 'x' } };
    await fc.assert(
      fc.asyncProperty(itemText, async (text) => {
        await engine.raw.call('PutItem', { TableName: table, Item: fromText(text) });
        const { Item: raw } = await engine.raw.call('GetItem', { TableName: table, Key: id, ConsistentRead: true });
        same(raw, fromText(text));
        const pages = [];
        for await (const { items } of queryPages(dynamo, table, { name: 'id', value: id.id })) pages.push(...items);
        const read: readonly (Item | undefined)[] = [
          (await getItem(dynamo, table, id)).item,
          (await samplePage(dynamo, table, 1, { segment: 0, of: 1 }))[0],
          (await getItems(dynamo, table, [id])).items[0],
          pages[0],
        ];
        for (const item of read) same(itemToWire(item ?? {}), raw);
      }),
      RUNS,
    );
  });

  it('are written as they are, and told apart from an item that is in the way', async () => {
    const { context } = await startDouble(engine.endpoint);
    const { dynamo, signal } = context();
    const table = await tableOf(engine.raw, []);
    const pace = {
      governor: new Governor({ concurrency: 8, signal }),
      budget: new Budget(null, signal),
      cost: new UnitCost(1),
    };
    const stored = async (): Promise<unknown> => (await engine.raw.call('Scan', { TableName: table })).Items?.[0];
    await fc.assert(
      fc.asyncProperty(itemText, async (text) => {
        await putAll(dynamo, table, [itemFromWire(fromText(text))], pace, 'go on');
        same(await stored(), fromText(text));
        // The item that is in the way comes with the error, which the SDK reads by other means.
        expect(await putIfAbsent(dynamo, table, fromText(text), 'id', pace)).toBe('same');
        const other = fromText(text.replace(/^\{/, '{"__proto__":{"M":{"other":{"S":"x"}}},'));
        if (Object.hasOwn(fromText(text), '__proto__')) return;
        expect(await putIfAbsent(dynamo, table, other, 'id', pace)).toBe('conflict');
        await engine.raw.call('DeleteItem', { TableName: table, Key: { id: { S: 'x' } } });
        expect(await putIfAbsent(dynamo, table, other, 'id', pace)).toBe('put');
        same(await stored(), other);
      }),
      RUNS,
    );
    expect(({} as Record<string, unknown>)['other']).toBeUndefined();
  });

  it('is refused to read with an SDK whose reading is not known', () => {
    expect(() => keepProtoKeys({ config: {} })).toThrow('reads its answers by other means');
  });
});
