import { averageItemBytes, costOf, PRICES, scanUnits } from '../capacity.js';
import type { OperationContext } from '../context.js';
import type { ObservedStructure } from '../target.js';

/** What reading a whole table is about to take; by DynamoDB's own counts, which are up to six hours old. */
export interface LargeScan {
  readonly table: string;
  readonly items: number;
  readonly bytes: number;
  readonly readUnits: number;
  /** At on-demand list prices. */
  readonly dollars: number;
  readonly prices: Pick<typeof PRICES, 'asOf' | 'region'>;
  /** How long it takes under a budget; null without one. */
  readonly seconds: number | null;
  /** What would answer for less; null where nothing does. */
  readonly cheaper: CheaperRead | null;
}

/** An index that could be read instead, if the answer may be cut to the first few. */
export interface CheaperRead {
  readonly index: string;
  readonly readUnits: number;
}

export interface ScanTerms {
  /** The part of the table that is read, 0 to 1; all of it when left out. */
  readonly share?: number;
  /** Read units a second at the most; null for no limit. */
  readonly maxReadUnits: number | null;
  readonly cheaper?: CheaperRead | null;
}

const LARGE_BYTES = 2 ** 30;
const LARGE_ITEMS = 1_000_000;

/** Tells the context's `onLargeScan` when what is about to be read passes 1 GB or a million items. */
export function warnOfScan(context: OperationContext, table: ObservedStructure, terms: ScanTerms): void {
  const { share = 1, maxReadUnits, cheaper = null } = terms;
  const items = Math.round(table.itemCount * share);
  const bytes = Math.round(averageItemBytes(table) * items);
  if (items < LARGE_ITEMS && bytes < LARGE_BYTES) return;
  const readUnits = Math.ceil(scanUnits(table) * share);
  const { asOf, region } = PRICES;
  context.onLargeScan?.({
    table: table.name,
    items,
    bytes,
    readUnits,
    dollars: costOf({ readUnits, writeUnits: 0 }),
    prices: { asOf, region },
    seconds: maxReadUnits === null ? null : readUnits / maxReadUnits,
    cheaper,
  });
}
