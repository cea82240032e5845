import { createHash } from 'node:crypto';
import { itemsOf } from '../../archive/lines.js';
import type { OpenArchive, OpenTable } from '../../archive/open.js';
import { type Budget, Governor } from '../../dynamodb/governor.js';
import { scanSegments, type ScannedPage } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import { canonicalItem, itemToWire, type WireItem } from '../../schema/index.js';
import { readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';

export const READS_AT_ONCE = 4;

/** A table that was restored, and what it is compared with. */
export interface Comparison {
  readonly context: OperationContext;
  readonly archive: OpenArchive;
  readonly source: OpenTable;
  readonly target: string;
  /** An item as it was written. */
  readonly change: (item: WireItem) => WireItem;
  /** Takes down the read units. */
  readonly reads: Budget;
}

/** Reads a table that was just written, so strongly consistent: a count that lags would look like a loss. */
async function readAll(
  { context, source: { items }, target: table, reads }: Comparison,
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
      budget: reads,
    },
    async (page) => {
      onPage(page);
      done += page.count;
      context.onProgress({ step: 'comparing', table, done, total: items, unit: 'items' });
    },
  );
}

/** Counts the items of a new table one by one. Throws RESTORE_MISMATCH. */
export async function verifyCount(request: Comparison): Promise<void> {
  const { source, target } = request;
  let count = 0;
  await readAll(request, true, (page) => {
    count += page.count;
  });
  if (count !== source.items) throw otherCount(target, count, source.items);
}

const HINT = 'somebody else writes to it, or has removed items; TTL and stream were left off';

const otherCount = (target: string, count: number, expected: number): CliError =>
  new CliError('RESTORE_MISMATCH', `table '${target}' holds ${count} items, and the archive ${expected}`, {
    hint: HINT,
  });

/** Of many items in any order: their number, and the sum of their checksums. */
class Digest {
  count = 0;
  #sum = 0n;

  add(item: WireItem): void {
    this.count += 1;
    this.#sum += BigInt(`0x${createHash('sha256').update(canonicalItem(item)).digest('hex')}`);
  }

  get sum(): bigint {
    return this.#sum % 2n ** 256n;
  }
}

/** Compares every item of a new table with those of an archive, without holding either in memory. Throws RESTORE_MISMATCH. */
export async function verifyItems(request: Comparison): Promise<void> {
  const { archive, source, target, change } = request;
  const expected = new Digest();
  for (const file of source.files)
    for await (const found of itemsOf(file, archive.cipher)) for (const { item } of found) expected.add(change(item));
  const actual = new Digest();
  await readAll(request, false, (page) => {
    for (const item of page.items) actual.add(itemToWire(item));
  });
  if (actual.count !== expected.count) throw otherCount(target, actual.count, expected.count);
  if (actual.sum !== expected.sum)
    throw new CliError('RESTORE_MISMATCH', `an item of table '${target}' is not as it was written`, { hint: HINT });
}
