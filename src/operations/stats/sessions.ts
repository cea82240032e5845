import {
  type DecodedSession,
  type Item,
  lastUseOf,
  type Layout,
  missingAttributes,
  type SessionFilter,
  type SessionState,
  selectSession,
} from '../../schema/index.js';
import { BoundedHeap } from '../sessions/heap.js';
import { type Bucket, DurationHistogram } from './histogram.js';
import { Quantiles } from './quantiles.js';
import { storedBytesOf } from './storage.js';
import { type TtlStats, TtlTally } from './ttl.js';
import type { ObservedStructure } from '../target.js';

const LARGEST = 10;
const DAY_MS = 86_400_000;
const AHEAD_DAYS = [1, 7, 30] as const;

export interface SessionStats extends TtlStats {
  readonly total: number;
  readonly byState: Readonly<Record<SessionState, number>>;
  /** Rows without an attribute that every whole row has, whatever their state. */
  readonly incomplete: number;
  /** Sessions whose expiry is ahead, at most so many days. */
  readonly expiring: readonly { readonly days: number; readonly count: number }[];
  /** Bytes as DynamoDB counts an item, without indexes. */
  readonly sizeBytes: { readonly total: number; readonly p50: number; readonly p95: number; readonly max: number };
  readonly largest: readonly DecodedSession[];
  /** Since creation; empty where the layout does not record it. */
  readonly ageHistogram: readonly Bucket[];
  readonly ageUnknown: number;
  /** Since the last activity, or the creation where the layout records no activity; empty where neither. */
  readonly idleHistogram: readonly Bucket[];
  readonly idleUnknown: number;
}

/** Counts sessions one by one; what it keeps does not grow with their number. */
export class SessionTally {
  readonly #layout: Layout;
  readonly #storedBytesOf: ReturnType<typeof storedBytesOf>;
  readonly #filter: SessionFilter;
  readonly #now: number;
  readonly #ttl: TtlTally;
  readonly #byState: Record<SessionState, number> = { active: 0, expired: 0, terminated: 0, incomplete: 0 };
  readonly #ahead = AHEAD_DAYS.map((days) => ({ days, count: 0 }));
  readonly #sizes = new Quantiles();
  readonly #largest = new BoundedHeap<DecodedSession>(
    LARGEST,
    (a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
  readonly #age = new DurationHistogram();
  readonly #idle = new DurationHistogram();
  #incomplete = 0;
  #ageUnknown = 0;
  #idleUnknown = 0;
  #storedBytes = 0;

  /** `now` is epoch milliseconds. */
  constructor(layout: Layout, table: ObservedStructure, filter: SessionFilter, now: number) {
    this.#layout = layout;
    this.#storedBytesOf = storedBytesOf(table);
    this.#filter = filter;
    this.#now = now;
    this.#ttl = new TtlTally(layout, 'sessions', table, now);
  }

  get total(): number {
    return this.#sizes.count;
  }

  /** As billed, with indexes. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Counts an item if it is one of the chosen sessions, and answers whether it is. */
  add(item: Item): boolean {
    const session = selectSession(this.#layout, item, this.#filter, this.#now);
    if (session === undefined) return false;
    this.#byState[session.state] += 1;
    if (missingAttributes(this.#layout, item).length > 0) this.#incomplete += 1;
    this.#sizes.add(session.sizeBytes);
    this.#largest.add(session);
    this.#storedBytes += this.#storedBytesOf(item, session.sizeBytes);
    this.#addTimes(session);
    this.#ttl.add(item);
    return true;
  }

  #addTimes(session: DecodedSession): void {
    const { createdAt, expiresAt } = session;
    const lastUse = lastUseOf(this.#layout, session);
    if (createdAt === null) this.#ageUnknown += 1;
    else this.#age.add(this.#now - createdAt);
    if (lastUse === null) this.#idleUnknown += 1;
    else this.#idle.add(this.#now - lastUse);
    if (expiresAt === null || expiresAt <= this.#now) return;
    for (const ahead of this.#ahead) if (expiresAt <= this.#now + ahead.days * DAY_MS) ahead.count += 1;
  }

  result(): SessionStats {
    const { createdAt, lastActivityAt } = this.#layout.session;
    return {
      total: this.total,
      byState: this.#byState,
      incomplete: this.#incomplete,
      ...this.#ttl.result(),
      expiring: this.#ahead,
      sizeBytes: {
        total: this.#sizes.total,
        p50: this.#sizes.at(0.5),
        p95: this.#sizes.at(0.95),
        max: this.#sizes.max,
      },
      largest: this.#largest.sorted(),
      ageHistogram: createdAt === null ? [] : this.#age.buckets(),
      ageUnknown: this.#ageUnknown,
      idleHistogram: lastActivityAt === null && createdAt === null ? [] : this.#idle.buckets(),
      idleUnknown: this.#idleUnknown,
    };
  }
}
