import { getItem } from '../../dynamodb/items.js';
import { scanSegments, type ScannedPage, type ScanRequest } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import type { Item, KeySchema } from '../../schema/index.js';
import type { OperationContext } from '../context.js';

type OnPage = (page: ScannedPage) => Promise<void>;

/**
 * Reads a whole table in segments while it is in use. The embedded engine takes a segment for ended when the row at which
 * a page ended is deleted before the next one is asked for: there the segment is taken up at a row before it that is still
 * there, and what was read already is passed over. No segment ends early and says nothing.
 */
export async function scanWhole(
  context: OperationContext,
  keys: KeySchema,
  request: Omit<ScanRequest, 'filter' | 'attributes' | 'index'>,
  onPage: OnPage,
): Promise<void> {
  if (context.dynamo.isAws || request.segments === 1) return scanSegments(context.dynamo, request, onPage);
  const last = new Map<number, readonly Item[]>();
  for (const [segment, key] of request.from ?? []) if (key !== null) last.set(segment, [key]);
  await scanSegments(context.dynamo, request, async (page) => {
    const before = last.get(page.segment) ?? [];
    const isSuspect = page.next === null && page.items.length === 0 && before.length > 0;
    if (!isSuspect) {
      if (page.items.length > 0)
        last.set(
          page.segment,
          page.items.map((item) => keyOf(item, keys)),
        );
      return onPage(page);
    }
    const start = await lastPresent(context, request.table, before);
    if (start === before.at(-1)) return onPage(page);
    if (start === undefined) throw lostPlace(request.table);
    const read = new Set(before.map((key) => JSON.stringify(key)));
    const again = { ...request, only: [page.segment], from: new Map([[page.segment, start]]) };
    await scanWhole(context, keys, again, (next) =>
      onPage({ ...next, items: next.items.filter((item) => !read.has(JSON.stringify(keyOf(item, keys)))) }),
    );
  });
}

/** An item's key, its attributes in the order of the table's keys. */
function keyOf(item: Item, { partitionKey, sortKey }: KeySchema): Item {
  const names = sortKey === undefined ? [partitionKey.name] : [partitionKey.name, sortKey.name];
  return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
}

/** The last of the keys whose item is still there. */
async function lastPresent(context: OperationContext, table: string, keys: readonly Item[]): Promise<Item | undefined> {
  for (const key of keys.toReversed()) if ((await getItem(context.dynamo, table, key)).item !== undefined) return key;
  return undefined;
}

const lostPlace = (table: string): CliError =>
  new CliError('TABLE_BUSY', `items of table '${table}' are deleted faster than this engine lets it be read in parts`, {
    hint: 'begin another archive, with --segments 1',
  });
