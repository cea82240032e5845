import type { WritePace } from '../../src/dynamodb/batch-write.js';
import { Budget, Governor, UnitCost } from '../../src/dynamodb/governor.js';
import type { Item } from '../../src/schema/attribute-value.js';
import { itemToWire } from '../../src/schema/wire.js';
import { freshName } from '../operations/harness.js';
import type { RawClient } from '../support/engine.js';

export const paceOf = (unitsPerDelete = 1): WritePace => {
  const { signal } = new AbortController();
  return {
    governor: new Governor({ concurrency: 8, signal }),
    budget: new Budget(null, signal),
    cost: new UnitCost(unitsPerDelete),
  };
};

export async function tableOf(raw: RawClient, items: readonly Item[], key = 'id'): Promise<string> {
  const table = freshName('delete');
  await raw.call('CreateTable', {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
  });
  for (const item of items) await raw.call('PutItem', { TableName: table, Item: itemToWire(item) });
  return table;
}

export const numbered = (count: number): readonly Item[] =>
  Array.from({ length: count }, (_, at) => ({ id: { S: `s${at}` }, v: { N: String(at) } }));
