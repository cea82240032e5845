import type { ObservedTable } from '../schema/index.js';

/**
 * What DynamoDB's list prices were for on-demand tables of the standard class in us-east-1, in US dollars, when this
 * was written; other regions cost up to twice as much.
 */
export const PRICES = {
  asOf: '2026-11',
  region: 'us-east-1',
  perMillionReadUnits: 0.125,
  perMillionWriteUnits: 0.625,
  perGigabyteMonth: 0.25,
} as const;

/** Dollars for capacity units at on-demand list prices. */
export const costOf = ({
  readUnits,
  writeUnits,
}: {
  readonly readUnits: number;
  readonly writeUnits: number;
}): number => (readUnits * PRICES.perMillionReadUnits + writeUnits * PRICES.perMillionWriteUnits) / 1e6;

type Sized = Pick<ObservedTable, 'itemCount' | 'sizeBytes'>;

const TYPICAL_ITEM_BYTES = 500;

/** Bytes of an average item by DynamoDB's own count, which some engines do not keep. */
export const averageItemBytes = ({ itemCount, sizeBytes }: Sized): number =>
  itemCount > 0 && sizeBytes > 0 ? sizeBytes / itemCount : TYPICAL_ITEM_BYTES;

/** Write units to delete an average item: one a kilobyte begun, and at least one more for each index that holds it. */
export function deleteUnits(table: Sized & Pick<ObservedTable, 'indexes'>): number {
  return Math.max(1, Math.ceil(averageItemBytes(table) / 1024)) + table.indexes.length;
}

/** Read units to scan a whole table: half a unit for each 4 KB, eventually consistent. */
export function scanUnits(table: Sized): number {
  return Math.max(1, (averageItemBytes(table) * table.itemCount) / 8192);
}

const PAGE_BYTES = 1_048_576;

/** Segments in flight hold pages in memory; more than eight are faster than one process reads. */
const MOST_SEGMENTS = 8;

/** Parts that a scan is worth being split in: one until a table has a few pages of 1 MB, then more. */
function segmentsFor(table: Sized): number {
  const pages = (averageItemBytes(table) * table.itemCount) / PAGE_BYTES;
  return Math.min(MOST_SEGMENTS, Math.max(1, Math.ceil(pages / 4)));
}

export interface Reading {
  readonly segments: number;
  /** Units that the first page is expected to cost. */
  readonly expectedUnits: number;
  readonly pageItems?: number;
}

/**
 * Engines in one process go through all that is left of a table for a page without a limit, and through the whole table
 * for a page of a segment: by this many items, one after the other, a million rows are read ten times as fast.
 */
const ENGINE_PAGE_ITEMS = 1000;

/**
 * How a table is read to its end: in how many parts, and in what pages. Under a small budget pages are small, for whole
 * ones of 1 MB (128 units) would come in bursts. `segments` is null for as many as the table is worth.
 */
export function readingOf(
  { isAws }: { readonly isAws: boolean },
  table: Sized,
  { segments, maxReadUnits }: { readonly segments: number | null; readonly maxReadUnits: number | null },
): Reading {
  const parts = segments ?? (isAws ? segmentsFor(table) : 1);
  const itemBytes = averageItemBytes(table);
  const wholePage = Math.min(128, 1 + (itemBytes * table.itemCount) / 8192 / parts);
  const most = isAws ? Number.POSITIVE_INFINITY : ENGINE_PAGE_ITEMS;
  const paced =
    maxReadUnits === null || maxReadUnits >= 1280
      ? Number.POSITIVE_INFINITY
      : Math.max(1, Math.floor(((maxReadUnits / 10) * 8192) / itemBytes));
  const pageItems = Math.min(most, paced);
  if (!Number.isFinite(pageItems)) return { segments: parts, expectedUnits: wholePage };
  // A guess that is far too high would be waited for, under a budget, before the first page.
  return { segments: parts, expectedUnits: Math.min(wholePage, (pageItems * itemBytes) / 8192), pageItems };
}
