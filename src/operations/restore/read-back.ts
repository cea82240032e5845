import { GET_BATCH, getItems } from '../../dynamodb/batch-get.js';
import { type ArchivedItem, itemsOf } from '../../archive/lines.js';
import { CliError } from '../../errors.js';
import {
  canonicalItem,
  isTtlDue,
  itemFromWire,
  itemToWire,
  type KeySchema,
  type WireItem,
} from '../../schema/index.js';
import { Lanes } from '../lanes.js';
import { batchesOf } from './load.js';
import { type Comparison, READS_AT_ONCE } from './verify.js';

export interface ReadBack extends Comparison {
  readonly keys: KeySchema;
  /** The attribute that TTL reads; null where TTL is off. */
  readonly ttlAttribute: string | null;
  /** Items that were left out: another one is under their key. */
  readonly skipped: number;
  /** `count`: each key is there. `full`: each item is as it was written. */
  readonly verify: 'count' | 'full';
}

interface Found {
  done: number;
  missing: number;
  different: number;
  /** The first that is missing or another one; of those that are read at once, any. */
  first: string | null;
}

/**
 * Looks up every item of an archive in a table that held others before, so that counting the table tells nothing.
 * BatchGetItem, strongly consistent, some hundred items in memory. What TTL may have removed meanwhile is no loss.
 * Throws RESTORE_MISMATCH.
 */
export async function readBack(request: ReadBack): Promise<void> {
  const { archive, source, target, skipped } = request;
  const found: Found = { done: 0, missing: 0, different: 0, first: null };
  const lanes = new Lanes(READS_AT_ONCE);
  try {
    for (const file of source.files)
      for await (const batch of batchesOf(itemsOf(file, archive.cipher), 0, GET_BATCH))
        await lanes.start(() => lookUp(request, file.name, batch, found));
  } finally {
    await lanes.settle();
  }
  await lanes.end();
  const where = found.first === null ? '' : `; the first: ${found.first}`;
  if (found.missing > 0)
    throw mismatch(`${found.missing} of ${source.items} items are not in table '${target}'${where}`);
  // Which were skipped is not kept: only that no more are other ones than were left out.
  if (found.different > skipped)
    throw mismatch(
      `${found.different - skipped} items of table '${target}' are not as they were written${skipped === 0 ? where : ''}`,
    );
}

const mismatch = (message: string): CliError =>
  new CliError('RESTORE_MISMATCH', message, {
    hint: 'somebody else writes to it, or removes items; --on-conflict overwrite, without --resume, writes them again',
  });

async function lookUp(
  { context, source, target, keys, change, ttlAttribute, verify, reads }: ReadBack,
  file: string,
  batch: readonly ArchivedItem[],
  found: Found,
): Promise<void> {
  const names = [keys.partitionKey.name, ...(keys.sortKey === undefined ? [] : [keys.sortKey.name])];
  const keyOf = (item: WireItem): WireItem =>
    Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
  const expected = new Map(batch.map(({ item, line }) => [canonicalItem(keyOf(item)), { item: change(item), line }]));
  const wanted = [...expected.values()].map(({ item }) => itemFromWire(keyOf(item)));
  const { items, readUnits } = await getItems(context.dynamo, target, wanted, ...(verify === 'count' ? [names] : []));
  reads.settle(0, readUnits);
  const there = new Map(items.map(itemToWire).map((item) => [canonicalItem(keyOf(item)), item]));
  const now = context.now();
  for (const [key, { item, line }] of expected) {
    const actual = there.get(key);
    if (actual === undefined) {
      if (ttlAttribute !== null && isTtlDue(item, ttlAttribute, now)) continue;
      found.missing += 1;
    } else if (verify === 'count' || canonicalItem(actual) === canonicalItem(item)) continue;
    else found.different += 1;
    found.first ??= `line ${line} of ${file}`;
  }
  found.done += batch.length;
  context.onProgress({ step: 'comparing', table: target, done: found.done, total: source.items, unit: 'items' });
}
