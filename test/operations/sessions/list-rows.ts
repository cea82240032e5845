import { type ListRequest } from '../../../src/operations/sessions/list.js';
import type { RawClient } from '../../support/engine.js';
import { freshName } from '../harness.js';

export const NOW = Date.UTC(2026, 5, 1, 12);
export const MINUTE = 60_000;
export const ALL: ListRequest = { filter: {}, sort: 'activity', limit: null };

export const names = (): { sessions: string; events: string } => {
  const sessions = freshName('list');
  return { sessions, events: `${sessions}-events` };
};

export interface Row {
  readonly id: string;
  /** Minutes before now. */
  readonly created?: number;
  readonly active?: number;
  /** Minutes after now; null for a row without a TTL. */
  readonly expires?: number | null;
  readonly terminated?: boolean;
  readonly bytes?: number;
}

export function item({ id, created = 30, active = 10, expires = 20, terminated = false, bytes = 0 }: Row) {
  return {
    session_id: { S: id },
    created_at: { N: String(NOW - created * MINUTE) },
    last_activity: { N: String(NOW - active * MINUTE) },
    ...(expires === null ? {} : { ttl: { N: String((NOW + expires * MINUTE) / 1000) } }),
    state: { S: JSON.stringify({ terminated, pad: 'x'.repeat(bytes) }) },
  };
}

export async function put(raw: RawClient, table: string, items: readonly object[]): Promise<void> {
  for (let at = 0; at < items.length; at += 25)
    await raw.call('BatchWriteItem', {
      RequestItems: { [table]: items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } })) },
    });
}

export const ROWS: readonly Row[] = [
  { id: 'fresh', created: 5, active: 1 },
  { id: 'older', created: 300, active: 100, expires: 5 },
  { id: 'ended', active: 20, terminated: true },
  { id: 'ended-long-ago', created: 500, active: 400, expires: -100, terminated: true },
  { id: 'past', created: 200, active: 150, expires: -60 },
  { id: 'forever', created: 1000, active: 900, expires: null, bytes: 2000 },
];
