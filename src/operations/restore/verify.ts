import { createHash } from 'node:crypto';
import { itemsOf } from '../../archive/lines.js';
import type { OpenArchive, OpenTable } from '../../archive/open.js';
import { Budget, Governor } from '../../dynamodb/governor.js';
import { UNREADABLE } from '../../dynamodb/items.js';
import { scanSegments, type ScannedPage } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import { canonicalItem, itemToWire, type WireItem } from '../../schema/index.js';
import { readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';

const READS_AT_ONCE = 4;

/** Reads a table that was just written, so strongly consistent: a count that lags would look like a loss. */
async function readAll(
  context: OperationContext,
  table: string,
  items: number,
  countOnly: boolean,
  onPage: (page: ScannedPage) => void,
): Promise<void> {
  let done = 0;
  await scanSegments(
    context.dynamo,
    {
      table,
      ...readingOf(context.dynamo, { itemCount: items, sizeBytes: 0 }, { segments: null, maxReadUnits: null }),
      consistent: true,
      countOnly,
      governor: new Governor({ concurrency: READS_AT_ONCE, signal: context.signal }),
      budget: new Budget(null, context.signal),
    },
    async (page) => {
      onPage(page);
      done += page.count;
      context.onProgress({ step: 'comparing', table, done, total: items, unit: 'items' });
    },
  );
}

/** How many items a table holds, counted one by one; about as many as `expected`. */
export async function countItems(context: OperationContext, table: string, expected: number): Promise<number> {
  let count = 0;
  await readAll(context, table, expected, true, (page) => {
    count += page.count;
  });
  return count;
}

/** An item as far as the SDK can read it back. */
const readable = (item: WireItem): WireItem =>
  Object.hasOwn(item, UNREADABLE)
    ? Object.fromEntries(Object.entries(item).filter(([name]) => name !== UNREADABLE))
    : item;

/** Of many items in any order: their number, and the sum of their checksums. */
class Digest {
  count = 0;
  #sum = 0n;

  add(item: WireItem): void {
    this.count += 1;
    this.#sum += BigInt(
      `0x${createHash('sha256')
        .update(canonicalItem(readable(item)))
        .digest('hex')}`,
    );
  }

  get sum(): bigint {
    return this.#sum % 2n ** 256n;
  }
}

/** Compares every item of a table with those of an archive, without holding either in memory. */
export async function verifyItems(
  context: OperationContext,
  archive: OpenArchive,
  source: OpenTable,
  target: string,
  change: (item: WireItem) => WireItem,
): Promise<void> {
  const expected = new Digest();
  for (const file of source.files)
    for await (const found of itemsOf(file, archive.cipher)) for (const { item } of found) expected.add(change(item));
  const actual = new Digest();
  await readAll(context, target, source.items, false, (page) => {
    for (const item of page.items) actual.add(itemToWire(item));
  });
  if (actual.count === expected.count && actual.sum === expected.sum) return;
  throw new CliError(
    'RESTORE_MISMATCH',
    actual.count === expected.count
      ? `an item of table '${target}' is not as it was written`
      : `table '${target}' holds ${actual.count} items, and the archive ${expected.count}`,
    { hint: 'somebody else writes to it, or has removed items; TTL and stream were left off' },
  );
}
