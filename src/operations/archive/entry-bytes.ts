import { samplePage } from '../../dynamodb/items.js';
import { attributesSize, type Item, itemSize, type KeySchema } from '../../schema/index.js';
import { deleteUnits } from '../capacity.js';
import type { OperationContext } from '../context.js';
import type { ObservedStructure } from '../target.js';

const keyNames = ({ partitionKey, sortKey }: KeySchema): readonly string[] =>
  sortKey === undefined ? [partitionKey.name] : [partitionKey.name, sortKey.name];

/** Bytes of an item in its table, and then in each index that holds it. Made once a table, asked for each item. */
export function entryBytesOf({
  keys,
  indexes,
}: Pick<ObservedStructure, 'keys' | 'indexes'>): (item: Item, itemBytes: number) => readonly number[] {
  const tableKeys = keyNames(keys);
  const projections = indexes.map(({ projection: { type, nonKeyAttributes = [] }, ...index }) => {
    const own = keyNames(index);
    const names = [...new Set([...tableKeys, ...own, ...(type === 'INCLUDE' ? nonKeyAttributes : [])])];
    return { own, names: type === 'ALL' ? null : names };
  });
  return (item, itemBytes) => {
    const entries = [itemBytes];
    for (const { own, names } of projections) {
      // An item without the index's keys is not in it.
      if (own.some((name) => item[name] === undefined)) continue;
      entries.push(names === null ? itemBytes : attributesSize(item, names));
    }
    return entries;
  };
}

/** Write units to delete an item that was read whole: in the table and in each index, one for each kilobyte begun. */
export function deleteUnitsOf(table: Pick<ObservedStructure, 'keys' | 'indexes'>): (item: Item) => number {
  const entriesOf = entryBytesOf(table);
  return (item) =>
    entriesOf(item, itemSize(item)).reduce((sum, bytes) => sum + Math.max(1, Math.ceil(bytes / 1024)), 0);
}

const SAMPLE = 100;

/** Write units to delete an average item; a few of them tell where the table does not know its bytes. */
export async function averageDeleteUnits(context: OperationContext, table: ObservedStructure): Promise<number> {
  const isKnown = table.sizeBytes > 0;
  const few = isKnown ? [] : await samplePage(context.dynamo, table.name, SAMPLE, { segment: 0, of: 1 });
  if (few.length === 0) return deleteUnits(table);
  const unitsOf = deleteUnitsOf(table);
  return few.reduce((sum, item) => sum + unitsOf(item), 0) / few.length;
}
