import { type IndexSpec, type Item, itemSize, type KeySchema, type ObservedIndex } from '../schema/index.js';
import { averageItemBytes, PRICES } from './capacity.js';
import type { ObservedStructure } from './target.js';

/** DynamoDB bills so many bytes more for each item, in a table and in each of its indexes (Developer Guide). */
const OVERHEAD_BYTES = 100;

const keyNames = ({ partitionKey, sortKey }: KeySchema): readonly string[] =>
  sortKey === undefined ? [partitionKey.name] : [partitionKey.name, sortKey.name];

/** Bytes that an item takes in an index; 0 where it lacks the index's keys and so is not in it. */
function indexedBytes(index: IndexSpec, item: Item, tableKeys: readonly string[], itemBytes: number): number {
  const keys = keyNames(index);
  if (keys.some((name) => item[name] === undefined)) return 0;
  const { type, nonKeyAttributes = [] } = index.projection;
  if (type === 'ALL') return itemBytes + OVERHEAD_BYTES;
  const names = new Set([...tableKeys, ...keys, ...(type === 'INCLUDE' ? nonKeyAttributes : [])]);
  const projected = [...names].flatMap((name) => {
    const value = item[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return itemSize(Object.fromEntries(projected)) + OVERHEAD_BYTES;
}

/** Bytes that an item takes in its table and all indexes, as they are billed. */
export function storedBytes({ keys, indexes }: ObservedStructure, item: Item, itemBytes: number): number {
  const tableKeys = keyNames(keys);
  return indexes.reduce(
    (sum, index) => sum + indexedBytes(index, item, tableKeys, itemBytes),
    itemBytes + OVERHEAD_BYTES,
  );
}

/** The same for an average item by DynamoDB's own count, for items of which only the keys were read. */
export function averageStoredBytes(table: ObservedStructure): number {
  const itemBytes = averageItemBytes(table);
  const inIndex = (index: ObservedIndex): number => {
    // An index may hold fewer items than the table.
    if (index.itemCount > 0 && table.itemCount > 0)
      return (index.sizeBytes + index.itemCount * OVERHEAD_BYTES) / table.itemCount;
    return index.projection.type === 'ALL' ? itemBytes + OVERHEAD_BYTES : 0;
  };
  return table.indexes.reduce((sum, index) => sum + inIndex(index), itemBytes + OVERHEAD_BYTES);
}

export interface StorageCost {
  /** With what is billed for each item and with the indexes. */
  readonly sessionBytes: number;
  /** An estimate, by the average event; null where events were not counted. */
  readonly eventBytes: number | null;
  readonly dollarsPerMonth: number;
  readonly prices: Pick<typeof PRICES, 'asOf' | 'region' | 'perGigabyteMonth'>;
}

const GIGABYTE = 2 ** 30;

/** What keeping so much costs a month at list price, without the free tier; backups and replicas come on top. */
export function storageCost(sessionBytes: number, eventBytes: number | null): StorageCost {
  const { asOf, region, perGigabyteMonth } = PRICES;
  return {
    sessionBytes,
    eventBytes,
    dollarsPerMonth: ((sessionBytes + (eventBytes ?? 0)) / GIGABYTE) * perGigabyteMonth,
    prices: { asOf, region, perGigabyteMonth },
  };
}
