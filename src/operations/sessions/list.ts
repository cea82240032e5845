import { Budget, Governor } from '../../dynamodb/governor.js';
import { CliError, type ErrorCode } from '../../errors.js';
import type { DecodedSession, Layout, SessionFilter } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { BoundedHeap } from './heap.js';
import { type CheaperRead, warnOfScan } from './large-scan.js';
import { readByIndex } from './list-by-index.js';
import { type IndexChoice, indexFor } from './list-index.js';
import { type ListPace, scanSessions } from './list-scan.js';
import { requireAnswerable, requireSessions, type Target } from '../target.js';

export const SORT_KEYS = ['activity', 'created', 'expiry', 'size', 'id'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** What may be read of a table, and how hard; for listings of every kind. */
interface Reading {
  readonly filter: SessionFilter;
  /** false where `sizeBytes` is not looked at, nor problems of payloads: less is fetched then, and they count only that. */
  readonly sizes?: boolean;
  /** Parts that the table is read in at once; null or left out for as many as is sensible. */
  readonly segments?: number | null;
  /** Calls in flight at the most; 4 when left out. */
  readonly concurrency?: number;
  /** Read units a second at the most; null or left out for no limit. */
  readonly maxReadUnits?: number | null;
}

export interface ListRequest extends Reading {
  readonly sort: SortKey;
  /** null for all. */
  readonly limit: number | null;
  /** false to read the table itself, also where an index would do. */
  readonly index?: boolean;
}

export interface ListResult {
  readonly layout: string;
  readonly table: string;
  readonly sessions: readonly DecodedSession[];
  /** Items read from the table, or from the index in its place. */
  readonly scanned: number;
  /** Sessions that the filter chose, shown or not. */
  readonly matched: number;
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  /** More sessions match than are shown. */
  readonly truncated: boolean;
  /** Idle sessions were asked for, and for want of an activity were found by their creation. */
  readonly idleByCreation: boolean;
  /** The index that was read in place of the table; null for the table. */
  readonly index: ListIndex | null;
}

export interface ListIndex {
  readonly name: string;
  /** Sessions without it are not in the index: neither shown nor counted. */
  readonly attribute: string;
  /** Whether sessions move within it when they are used: one that was used while it was read may have been missed. */
  readonly moves: boolean;
}

const newestFirst = (value: (session: DecodedSession) => number | null) => (a: DecodedSession, b: DecodedSession) =>
  (value(b) ?? Number.NEGATIVE_INFINITY) - (value(a) ?? Number.NEGATIVE_INFINITY) || byId(a, b);

const byId = (a: DecodedSession, b: DecodedSession): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * Newest, largest first; expiry: the next to expire first, those that never do last. Where neither activity nor creation
 * is known, the expiry less the layout's lifetime stands for it: the expiry itself would come before all others.
 */
export function comparison(
  sort: SortKey,
  { lifetimeSeconds }: Layout,
): (a: DecodedSession, b: DecodedSession) => number {
  switch (sort) {
    case 'activity':
      return newestFirst(
        ({ lastActivityAt, createdAt, expiresAt }) =>
          lastActivityAt ?? createdAt ?? (expiresAt === null ? null : expiresAt - lifetimeSeconds * 1000),
      );
    case 'created':
      return newestFirst(({ createdAt }) => createdAt);
    case 'expiry':
      return (a, b) =>
        (a.expiresAt ?? Number.POSITIVE_INFINITY) - (b.expiresAt ?? Number.POSITIVE_INFINITY) || byId(a, b);
    case 'size':
      return newestFirst(({ sizeBytes }) => sizeBytes);
    case 'id':
      return byId;
  }
}

/** An order by what no row has would be one by id under a wrong name; the newest activity has its own stand-ins. */
function requireSortable({ id, session }: Layout, sort: SortKey): void {
  if (sort === 'created' && session.createdAt === null)
    throw new CliError('USAGE', `the layout ${id} does not record when a session was created`, {
      hint: 'sort by activity, expiry, size or id',
    });
}

const CONCURRENCY = 4;

const paceOf = (context: OperationContext, { concurrency = CONCURRENCY, maxReadUnits = null }: Reading): ListPace => ({
  governor: new Governor({ concurrency, signal: context.signal }),
  budget: new Budget(maxReadUnits, context.signal),
  maxReadUnits,
});

/**
 * The first of the chosen sessions in the order asked for. Reads the sessions table to its end; or an index that has all
 * that order and filter ask for, where that is cheaper, and then the rows themselves. Throws USAGE for a filter or an
 * order by what the layout does not record.
 */
export async function list(context: OperationContext, target: Target, request: ListRequest): Promise<ListResult> {
  requireAnswerable(target.layout, request.filter);
  requireSortable(target.layout, request.sort);
  const table = await requireSessions(context, target);
  const { layout } = target;
  const { filter, sort, limit, sizes = true, segments = null } = request;
  const pace = paceOf(context, request);
  const now = context.now();
  const compare = comparison(sort, layout);
  const choice = indexFor(layout, table, { filter, sort, limit: limit ?? SOME });
  const mayUse = limit !== null && request.index !== false;
  const resultOf = (answer: Answer, used: IndexChoice | null): ListResult => ({
    layout: layout.id,
    table: table.name,
    ...answer,
    capacity: { readUnits: pace.budget.spent, writeUnits: 0 },
    idleByCreation: filter.idle !== undefined && layout.session.lastActivityAt === null,
    truncated: answer.matched > answer.sessions.length,
    index: used === null ? null : indexOf(used, layout, filter),
  });

  if (choice !== null && mayUse) {
    const byIndex = { layout, table, filter, limit, now, segments, pace, compare };
    const answer = await unlessRefused(readByIndex(context, choice, byIndex));
    if (answer !== null) return resultOf(answer, choice);
  }
  warnOfScan(context, table, { ...pace, cheaper: mayUse ? null : cheaperOf(choice) });
  const heap = new BoundedHeap(limit ?? Number.POSITIVE_INFINITY, compare);
  let matched = 0;
  const scanned = await scanSessions(
    context,
    {
      layout,
      table,
      filter,
      now,
      sizes: sizes || sort === 'size',
      isShown: (session) => heap.takes(session),
      segments,
      pace,
    },
    async (sessions) => {
      matched += sessions.length;
      for (const session of sessions) heap.add(session);
    },
  );
  return resultOf({ sessions: heap.sorted(), scanned, matched }, null);
}

type Answer = Pick<ListResult, 'sessions' | 'scanned' | 'matched'>;

const cheaperOf = (choice: IndexChoice | null): CheaperRead | null =>
  choice === null ? null : { index: choice.index.name, readUnits: choice.readUnits };

/** As many as a listing shows that is not to show all. */
const SOME = 50;

/** An activity changes with each use, unless idle sessions were asked for: one that is used is not wanted then. */
const indexOf = ({ index, attribute, field }: IndexChoice, { session }: Layout, filter: SessionFilter): ListIndex => ({
  name: index.name,
  attribute,
  moves: field === session.lastActivityAt && filter.idle === undefined,
});

/** null where the index may not be read, or is gone by now: a permission to read a table is none for its indexes. */
async function unlessRefused<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CliError && REFUSALS.has(error.code)) return null;
    throw error;
  }
}

const REFUSALS: ReadonlySet<string> = new Set<ErrorCode>(['ACCESS_DENIED', 'NOT_SUPPORTED', 'REQUEST_INVALID']);

/**
 * Reads the sessions table to its end and hands over the chosen sessions page by page, as they come; waits for
 * `onSessions` before it reads on. In the table's own order, unless it is read in several segments. Throws USAGE for a
 * filter by what the layout does not record.
 */
export async function streamSessions(
  context: OperationContext,
  target: Target,
  request: Reading,
  onSessions: (sessions: readonly DecodedSession[]) => Promise<void>,
): Promise<void> {
  requireAnswerable(target.layout, request.filter);
  const table = await requireSessions(context, target);
  const { layout } = target;
  const { filter, sizes = true } = request;
  const pace = paceOf(context, request);
  const choice = indexFor(layout, table, { filter, sort: 'activity', limit: SOME });
  warnOfScan(context, table, { ...pace, cheaper: cheaperOf(choice) });
  const scan = {
    layout,
    table,
    filter,
    now: context.now(),
    sizes,
    segments: request.segments ?? 1,
    pace,
  };
  await scanSessions(context, scan, onSessions);
}
