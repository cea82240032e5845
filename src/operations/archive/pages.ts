import type { ScannedPage } from '../../dynamodb/parallel-scan.js';
import { type AttributeValue, type Item, itemToWire } from '../../schema/index.js';
import { averageItemBytes, readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import type { ObservedStructure } from '../target.js';
import type { ArchiveRequest } from './archive.js';

const PAGE_BYTES = 262_144;

/** Whole pages of 1 MB, several at once, would take 350 MB of memory; a quarter of that costs no time. */
export function smallPages(
  { dynamo }: OperationContext,
  table: ObservedStructure,
  segments: number,
  { maxReadUnits, sizes }: ArchiveRequest,
): { readonly pageItems: number; readonly expectedUnits: number } {
  const { expectedUnits, pageItems = Number.POSITIVE_INFINITY } = readingOf(dynamo, table, { segments, maxReadUnits });
  const most = sizes?.pageItems ?? Math.max(1, Math.floor(PAGE_BYTES / averageItemBytes(table)));
  return { pageItems: Math.min(pageItems, most), expectedUnits: Math.min(expectedUnits, PAGE_BYTES / 8192) };
}

/** The items of a page that are wanted, as the lines of an export. */
export function linesOf(
  { items }: ScannedPage,
  wants: (item: Item) => boolean,
): { readonly lines: string; readonly count: number } {
  let lines = '';
  let count = 0;
  for (const item of items) {
    if (!wants(item)) continue;
    lines += lineOf(item);
    count += 1;
  }
  return { lines, count };
}

/** An item as a line of an export. Only binary values differ from what the SDK answers: the others are not copied. */
const lineOf = (item: Item): string =>
  `${JSON.stringify({ Item: Object.values(item).some(holdsBinary) ? itemToWire(item) : item })}\n`;

function holdsBinary(value: AttributeValue): boolean {
  if ('B' in value || 'BS' in value) return true;
  if ('M' in value) return Object.values(value.M).some(holdsBinary);
  return 'L' in value && value.L.some(holdsBinary);
}
