import { type DecodedSession, type Item, type ObservedTable, ttlFault } from '../../schema/index.js';

/**
 * A session with what keeps TTL from ever removing its row among its problems. Only the table knows by which attribute
 * its TTL goes: the layout's expiry may be another, and be right. `now` is epoch milliseconds.
 */
export function withTtlFault(
  session: DecodedSession,
  item: Item,
  { ttl }: Pick<ObservedTable, 'ttl'>,
  now: number,
): DecodedSession {
  if (ttl.attribute === null || (ttl.status !== 'ENABLED' && ttl.status !== 'ENABLING')) return session;
  const value = item[ttl.attribute];
  const fault = ttlFault(value, now);
  const isWithout = value === undefined || 'NULL' in value;
  if (fault === undefined && !isWithout) return session;
  const problem =
    fault === undefined ? `without ${ttl.attribute}: TTL never removes it` : `${ttl.attribute} ${fault.reason}`;
  // A wrong unit in the layout's own expiry has been found already.
  return session.problems.includes(problem) ? session : { ...session, problems: [...session.problems, problem] };
}
