import type { Item, ObservedIndex } from '../../schema/index.js';
import { averageItemBytes, PRICES } from '../capacity.js';
import { entryBytesOf } from '../archive/entry-bytes.js';
import type { ObservedStructure } from '../target.js';

/** DynamoDB bills so many bytes more for each item, in a table and in each of its indexes (Developer Guide). */
const OVERHEAD_BYTES = 100;

/** Bytes that an item takes in a table and all its indexes, as they are billed. Made once a table, asked for each item. */
export function storedBytesOf(table: ObservedStructure): (item: Item, itemBytes: number) => number {
  const entriesOf = entryBytesOf(table);
  return (item, itemBytes) => entriesOf(item, itemBytes).reduce((sum, bytes) => sum + bytes + OVERHEAD_BYTES, 0);
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
