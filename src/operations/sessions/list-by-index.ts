import { GET_BATCH, getItems } from '../../dynamodb/batch-get.js';
import { scanSegments } from '../../dynamodb/parallel-scan.js';
import {
  type DecodedSession,
  type Item,
  keyOfItem,
  type Layout,
  readTimeAttribute,
  type SessionFilter,
  selectSession,
  sessionIdOf,
} from '../../schema/index.js';
import { averageItemBytes, readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { BoundedHeap } from './heap.js';
import { type IndexChoice, isAsMany, isCounted, keysOf, sizeOf } from './list-index.js';
import type { ListPace } from './list-scan.js';
import { withRowFaults } from './row-faults.js';
import type { ObservedStructure } from '../target.js';

export interface IndexRequest {
  readonly layout: Layout;
  readonly table: ObservedStructure;
  readonly filter: SessionFilter;
  readonly limit: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** null for as many as the index's size is worth. */
  readonly segments: number | null;
  readonly pace: ListPace;
  readonly compare: (a: DecodedSession, b: DecodedSession) => number;
}

export interface IndexAnswer {
  readonly sessions: readonly DecodedSession[];
  /** Rows of the index. */
  readonly scanned: number;
  readonly matched: number;
}

/** What a row of the index tells. */
interface Candidate {
  readonly key: Item;
  readonly id: string;
  /** Epoch milliseconds; null where the attribute holds no instant. */
  readonly at: number | null;
}

/** So many more are kept than asked for, to stand in for rows that were deleted or changed meanwhile. */
const SPARE = 25;
/** Rows whose instant cannot be read are ordered by other attributes: so many are fetched, more take the table. */
const MOST_UNREADABLE = 100;

/**
 * Reads an index, keeps the keys of the best rows in mind, and fetches those rows, which alone count: a row that is gone
 * or no longer wanted is left out, and the order is that of what was fetched. null when the index turns out not to
 * answer: it lacks rows that the table has, or too many of its rows hold no instant.
 */
export async function readByIndex(
  context: OperationContext,
  choice: IndexChoice,
  request: IndexRequest,
): Promise<IndexAnswer | null> {
  const { table, limit, compare } = request;
  const { best, unreadable, scanned, ...found } = await scanIndex(context, choice, request);
  if (unreadable.length > MOST_UNREADABLE) return null;
  if (!isCounted(choice.index) && !isAsMany(scanned, table.itemCount)) return null;
  const fetched = new Set<string>();
  const odd = await fetchRows(context, request, unreadable, fetched);
  const sessions: DecodedSession[] = [];
  let matched = found.matched - (unreadable.length - odd.length);
  for (let at = 0; sessions.length < limit && at < best.length; ) {
    const next = best.slice(at, at + limit - sessions.length);
    at += next.length;
    const rows = await fetchRows(context, request, next, fetched);
    matched -= next.length - rows.length;
    sessions.push(...rows);
  }
  return { sessions: [...sessions, ...odd].toSorted(compare).slice(0, limit), scanned, matched };
}

async function scanIndex(
  context: OperationContext,
  { index, attribute, field }: IndexChoice,
  request: IndexRequest,
): Promise<IndexAnswerInKeys> {
  const { layout, table, filter, limit, pace } = request;
  const parts = layout.session.id;
  const heap = new BoundedHeap<Candidate>(limit + SPARE, newestFirst);
  const unreadable: Candidate[] = [];
  const isWanted = instantJudge(filter, request.now);
  const size = sizeOf(index, table);
  let [scanned, matched] = [0, 0];
  await scanSegments(
    context.dynamo,
    {
      table: table.name,
      index: index.name,
      attributes: [...new Set([attribute, ...keysOf(table.keys).map(({ name }) => name)])],
      governor: pace.governor,
      budget: pace.budget,
      ...readingOf(context.dynamo, size, { segments: request.segments, maxReadUnits: pace.maxReadUnits }),
    },
    async ({ items }) => {
      scanned += items.length;
      for (const item of items) {
        const read = readTimeAttribute(item[attribute], field.unit);
        const at = read.kind === 'instant' ? read.ms : null;
        if (!isWanted(at)) continue;
        matched += 1;
        const candidate = { key: keyOfItem(item, parts), id: sessionIdOf(item, parts), at };
        if (at !== null) heap.add(candidate);
        else if (unreadable.length <= MOST_UNREADABLE) unreadable.push(candidate);
      }
      const total = table.itemCount >= scanned ? { total: table.itemCount } : {};
      context.onProgress({
        step: `reading the index ${index.name}`,
        table: table.name,
        done: scanned,
        ...total,
        unit: 'items',
      });
    },
  );
  return { best: heap.sorted(), unreadable, matched, scanned };
}

interface IndexAnswerInKeys {
  /** The newest first. */
  readonly best: readonly Candidate[];
  readonly unreadable: readonly Candidate[];
  readonly matched: number;
  readonly scanned: number;
}

const newestFirst = (a: Candidate, b: Candidate): number =>
  (b.at ?? 0) - (a.at ?? 0) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Whether an instant meets the filter's conditions, all of which are on it; what has none meets no condition. */
function instantJudge(
  { idle, createdAfter, createdBefore }: SessionFilter,
  now: number,
): (at: number | null) => boolean {
  return (at) => {
    if (at === null) return idle === undefined && createdAfter === undefined && createdBefore === undefined;
    if (idle !== undefined && now - at < idle) return false;
    return (createdAfter === undefined || at >= createdAfter) && (createdBefore === undefined || at < createdBefore);
  };
}

/** The rows that still are there and wanted. A row that moved within the index while it was read was met twice. */
async function fetchRows(
  context: OperationContext,
  { layout, table, filter, now, pace }: IndexRequest,
  candidates: readonly Candidate[],
  fetched: Set<string>,
): Promise<readonly DecodedSession[]> {
  const keys: Item[] = [];
  for (const { id, key } of candidates) {
    if (!fetched.has(id)) keys.push(key);
    fetched.add(id);
  }
  const sessions: DecodedSession[] = [];
  const unitsEach = Math.ceil(averageItemBytes(table) / 4096);
  for (let at = 0; at < keys.length; at += GET_BATCH) {
    const some = keys.slice(at, at + GET_BATCH);
    const expected = some.length * unitsEach;
    await pace.budget.reserve(expected);
    const { items, readUnits } = await getItems(context.dynamo, table.name, some);
    pace.budget.settle(expected, readUnits);
    for (const item of items) {
      const session = selectSession(layout, item, filter, now);
      if (session !== undefined) sessions.push(withRowFaults(session, item, layout, table, now));
    }
  }
  return sessions;
}
