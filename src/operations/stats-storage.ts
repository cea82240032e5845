import { attributesSize, type Item, type KeySchema, type ObservedIndex } from '../schema/index.js';
import { averageItemBytes, PRICES } from './capacity.js';
import type { ObservedStructure } from './target.js';

/** DynamoDB bills so many bytes more for each item, in a table and in each of its indexes (Developer Guide). */
const OVERHEAD_BYTES = 100;

const keyNames = ({ partitionKey, sortKey }: KeySchema): readonly string[] =>
  sortKey === undefined ? [partitionKey.name] : [partitionKey.name, sortKey.name];

/** Bytes that an item takes in a table and all its indexes, as they are billed. Made once a table, asked for each item. */
export function storedBytesOf({ keys, indexes }: ObservedStructure): (item: Item, itemBytes: number) => number {
  const tableKeys = keyNames(keys);
  const projections = indexes.map(({ projection: { type, nonKeyAttributes = [] }, ...index }) => {
    const own = keyNames(index);
    const names = [...new Set([...tableKeys, ...own, ...(type === 'INCLUDE' ? nonKeyAttributes : [])])];
    return { own, names: type === 'ALL' ? null : names };
  });
  return (item, itemBytes) => {
    let total = itemBytes + OVERHEAD_BYTES;
    for (const { own, names } of projections) {
      // An item without the index's keys is not in it.
      if (own.some((name) => item[name] === undefined)) continue;
      total += (names === null ? itemBytes : attributesSize(item, names)) + OVERHEAD_BYTES;
    }
    return total;
  };
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
