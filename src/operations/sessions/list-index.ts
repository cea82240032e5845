import type { KeyAttribute, KeySchema, Layout, ObservedIndex, SessionFilter, TimeField } from '../../schema/index.js';
import { averageItemBytes, scanUnits } from '../capacity.js';
import type { ObservedStructure } from '../target.js';

/** An index whose key alone orders and chooses sessions, and what reading it is expected to cost. */
export interface IndexChoice {
  readonly index: ObservedIndex;
  /** The attribute that orders: without it a row is not in the index. */
  readonly attribute: string;
  readonly field: TimeField;
  /** With the rows that are then fetched. */
  readonly readUnits: number;
}

interface Question {
  readonly filter: SessionFilter;
  readonly sort: string;
  readonly limit: number;
}

/** Tables up to a page are read at once: an index would only cost a second call. */
const WORTH_BYTES = 1_048_576;

/**
 * The index that answers a question for less than its table; null when none does. Its rows have the table's key and the
 * index's own, so that the order and every condition must go by that attribute; and it lacks the rows that lack the
 * attribute, so that it must hold as many as the table, by counts that may have been taken at different moments.
 */
export function indexFor(layout: Layout, table: ObservedStructure, question: Question): IndexChoice | null {
  const field = deciding(layout, question);
  const tableBytes = averageItemBytes(table) * table.itemCount;
  if (field === null || layout.session.filter.length > 0 || tableBytes <= WORTH_BYTES) return null;
  const [first] = field.paths;
  if (first?.length !== 1) return null;
  // A row may have the instant under several names, of which the first counts.
  const [attribute] = first;
  const getUnits = question.limit * Math.ceil(averageItemBytes(table) / 4096);
  const [best] = table.indexes
    .filter((index) => index.status === 'ACTIVE' && !index.backfilling)
    .filter((index) => keysOf(index).some(({ name }) => name === attribute) && mayBeWhole(index, table))
    .map((index) => ({ index, attribute, field, readUnits: scanUnits(sizeOf(index, table)) + getUnits }))
    .toSorted((a, b) => a.readUnits - b.readUnits);
  return best !== undefined && best.readUnits < scanUnits(table) ? best : null;
}

/** The instant that alone decides order and conditions; null where more is asked. */
function deciding({ session }: Layout, { filter, sort }: Question): TimeField | null {
  const { createdAt, lastActivityAt } = session;
  const lastUse = lastActivityAt ?? createdAt;
  const field = sort === 'activity' ? lastUse : sort === 'created' ? createdAt : null;
  const asked = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const isDecided = asked.every((name) =>
    name === 'idle' ? field === lastUse : field === createdAt && (name === 'createdAfter' || name === 'createdBefore'),
  );
  return isDecided ? field : null;
}

export const keysOf = ({ partitionKey, sortKey }: KeySchema): readonly KeyAttribute[] =>
  sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];

/** Whether the endpoint counts what is in an index. */
export const isCounted = ({ itemCount, sizeBytes }: ObservedIndex): boolean => itemCount > 0 || sizeBytes > 0;

/** Counts of the same rows at different moments of some hours differ a little. */
export const isAsMany = (indexed: number, inTable: number): boolean => indexed >= inTable * 0.99;

/** Engines count no index: there the rows tell, once they are read. */
const mayBeWhole = (index: ObservedIndex, { itemCount, sizeBytes }: ObservedStructure): boolean =>
  isCounted(index) ? isAsMany(index.itemCount, itemCount) : sizeBytes === 0;

/** Bytes of a key's value, roughly: an id of the length of a UUID, a number of thirteen digits. */
const keyBytes = ({ name, type }: KeyAttribute): number => name.length + (type === 'N' ? 8 : 36);

/** Items and bytes of an index; where it is not counted as many rows as the table has, by the size of its keys. */
export function sizeOf(
  index: ObservedIndex,
  table: ObservedStructure,
): { readonly itemCount: number; readonly sizeBytes: number } {
  if (isCounted(index)) return index;
  const keys = [...keysOf(index), ...keysOf(table.keys)].reduce((sum, key) => sum + keyBytes(key), 0);
  const itemBytes = index.projection.type === 'KEYS_ONLY' ? keys : averageItemBytes(table);
  return { itemCount: table.itemCount, sizeBytes: itemBytes * table.itemCount };
}
