import { scanPages } from '../../dynamodb/items.js';
import { type DecodedSession, selectSession } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { requireSessions, type Target } from '../target.js';
import { comparison } from './list.js';
import { withRowFaults } from './row-faults.js';

export interface SessionPage {
  /** Newest activity first. */
  readonly sessions: readonly DecodedSession[];
  /** The table has more than the page, and newer ones may be among them. */
  readonly more: boolean;
}

/** Items of the page at the most; it ends at 1 MB in any case, which is 128 read units. */
const PAGE_ITEMS = 300;

/**
 * The sessions on the first page of a Scan, whatever the size of the table: something to choose from. No index would
 * answer with the newest of a table at a bounded price. Throws TABLE_NOT_FOUND.
 */
export async function sessionsOnPage(context: OperationContext, target: Target): Promise<SessionPage> {
  const table = await requireSessions(context, target);
  const { layout } = target;
  const now = context.now();
  for await (const { items, more } of scanPages(context.dynamo, table.name, { pageLimit: PAGE_ITEMS })) {
    const sessions = items.flatMap((item) => {
      const session = selectSession(layout, item, {}, now);
      return session === undefined ? [] : [withRowFaults(session, item, layout, table, now)];
    });
    return { sessions: sessions.toSorted(comparison('activity', layout)), more };
  }
  return { sessions: [], more: false };
}
