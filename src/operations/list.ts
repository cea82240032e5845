import { scanPages } from '../dynamodb/items.js';
import { type DecodedSession, type Layout, type SessionFilter, selectSession } from '../schema/index.js';
import type { OperationContext } from './context.js';
import { BoundedHeap } from './heap.js';
import { requireSessions, type Target } from './target.js';

export const SORT_KEYS = ['activity', 'created', 'expiry', 'size', 'id'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface ListRequest {
  readonly filter: SessionFilter;
  readonly sort: SortKey;
  /** null for all. */
  readonly limit: number | null;
}

export interface ListResult {
  readonly layout: string;
  readonly table: string;
  readonly sessions: readonly DecodedSession[];
  /** Items read from the table. */
  readonly scanned: number;
  /** Sessions that the filter chose, shown or not. */
  readonly matched: number;
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  /** More sessions match than are shown. */
  readonly truncated: boolean;
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

/** Reads the sessions table to its end and answers the first of the chosen sessions in the order asked for. */
export async function list(context: OperationContext, target: Target, request: ListRequest): Promise<ListResult> {
  const table = await requireSessions(context, target);
  const now = context.now();
  const heap = new BoundedHeap(request.limit ?? Number.POSITIVE_INFINITY, comparison(request.sort, target.layout));
  let [scanned, matched, readUnits] = [0, 0, 0];
  for await (const page of scanPages(context.dynamo, table.name)) {
    readUnits += page.readUnits;
    scanned += page.items.length;
    for (const item of page.items) {
      const session = selectSession(target.layout, item, request.filter, now);
      if (session === undefined) continue;
      matched += 1;
      heap.add(session);
    }
    const total = table.itemCount >= scanned ? { total: table.itemCount } : {};
    context.onProgress({ step: 'reading sessions', table: table.name, done: scanned, ...total, unit: 'items' });
  }
  const sessions = heap.sorted();
  return {
    layout: target.layout.id,
    table: table.name,
    sessions,
    scanned,
    matched,
    capacity: { readUnits, writeUnits: 0 },
    truncated: matched > sessions.length,
  };
}
