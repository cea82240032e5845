import {
  type DecodedSession,
  type Item,
  type Layout,
  type ObservedTable,
  payloadProblems,
} from '../../schema/index.js';
import { withTtlFault } from '../tables/ttl-fault.js';

/**
 * A session with all that is wrong with its row among its problems: what decoding it told, payloads that should be JSON
 * and are not, and what keeps TTL from removing it. For rows that are shown: reading each payload costs time, and
 * choosing rows does without. `now` is epoch milliseconds.
 */
export function withRowFaults(
  session: DecodedSession,
  item: Item,
  { session: { payload } }: Layout,
  table: Pick<ObservedTable, 'ttl'>,
  now: number,
): DecodedSession {
  const unread = payloadProblems(item, payload);
  const all = unread.length === 0 ? session : { ...session, problems: [...session.problems, ...unread] };
  return withTtlFault(all, item, table, now);
}
