import type { Budget, Governor } from '../../dynamodb/governor.js';
import { existingKeys } from '../../dynamodb/batch-get.js';
import { scanSegments, type ScannedPage } from '../../dynamodb/parallel-scan.js';
import type { AttributeValue, EventMeaning } from '../../schema/index.js';
import { readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import type { KeySet } from '../purge/key-set.js';
import { Quantiles } from './quantiles.js';
import type { TtlStats, TtlTally } from './ttl.js';
import type { ObservedStructure } from '../target.js';

/** The TTL values are those of all events, whatever the filter. */
export interface EventStats extends TtlStats {
  /** Events of the chosen sessions, and of no other; without a filter all events, orphans among them. */
  readonly events: number;
  /** Events in the table whose session is gone, whatever the filter. */
  readonly orphanEvents: number;
  /** As many sessions that are gone have left them. */
  readonly orphanSessions: number;
  /** Over all chosen sessions, those without an event among them. */
  readonly eventsPerSession: {
    readonly mean: number;
    readonly p50: number;
    readonly p95: number;
    readonly max: number;
    readonly sessionsWithout: number;
  };
  /** Items read from the events table. */
  readonly eventsScanned: number;
  /** False where a filter was given and there were more sessions than are kept in mind: `events` is too low then. */
  readonly eventsComplete: boolean;
}

export interface EventScan {
  readonly table: ObservedStructure;
  readonly event: EventMeaning;
  readonly sessionsTable: string;
  readonly ttl: TtlTally;
  /** The sessions table's attribute whose value the events carry. */
  readonly owner: string;
  /** Every row of the sessions table that was read, and whether it was chosen. */
  readonly sessions: KeySet;
  readonly isFiltered: boolean;
  /** How many sessions were chosen. */
  readonly total: number;
  readonly segments: number | null;
  readonly maxReadUnits: number | null;
  readonly governor: Governor;
  readonly budget: Budget;
}

/** The events of one session as they follow each other. */
interface Run {
  readonly key: string;
  readonly value: AttributeValue;
  count: number;
}

/**
 * Reads the keys of all events, and their TTL values. A scan answers the items of a partition together, so one session's events are counted
 * without keeping the others in mind. Only sessions that were not met in their own table are asked for again: they are
 * gone, or came after that was read.
 */
export async function countEvents(context: OperationContext, scan: EventScan): Promise<EventStats> {
  const { table, event, ttl, governor, budget } = scan;
  const tally = new EventTally(context, scan);
  let scanned = 0;
  await scanSegments(
    context.dynamo,
    {
      table: table.name,
      attributes: [...new Set([event.sessionId, event.id.name, ttl.attribute ?? event.sessionId])],
      governor,
      budget,
      ...readingOf(context.dynamo, table, scan),
    },
    async (page) => {
      // Not ScannedCount: the embedded engine counts the item that ended a page in both pages.
      scanned += page.items.length;
      for (const item of page.items) ttl.add(item);
      await tally.add(page);
      const total = table.itemCount >= scanned ? { total: table.itemCount } : {};
      context.onProgress({ step: 'counting events', table: table.name, done: scanned, ...total, unit: 'events' });
    },
  );
  return tally.result(scanned);
}

class EventTally {
  readonly #context: OperationContext;
  readonly #scan: EventScan;
  /** Each segment's run that the next page may go on with. */
  readonly #open = new Map<number, Run>();
  readonly #perSession = new Quantiles();
  #orphanEvents = 0;
  #orphanSessions = 0;

  constructor(context: OperationContext, scan: EventScan) {
    this.#context = context;
    this.#scan = scan;
  }

  async add(page: ScannedPage): Promise<void> {
    const ended = this.#runsEnded(page);
    const unknown = ended.filter((run) => {
      const isChosen = this.#scan.sessions.get(run.key);
      if (isChosen === true) this.#perSession.add(run.count);
      return isChosen === undefined;
    });
    if (unknown.length === 0) return;
    const { owner, sessionsTable, budget, isFiltered } = this.#scan;
    // The same key twice in a call is an error: an engine that mixes partitions has a session end more than once.
    const keys = new Map(unknown.map(({ key, value }) => [key, { [owner]: value }]));
    const present = await existingKeys(this.#context.dynamo, sessionsTable, [...keys.values()], owner);
    budget.settle(0, present.readUnits);
    for (const { key, count } of unknown) {
      if (!present.values.has(key)) {
        this.#orphanEvents += count;
        this.#orphanSessions += 1;
      } else if (!isFiltered) this.#perSession.add(count);
    }
  }

  #runsEnded({ segment, items, next }: ScannedPage): readonly Run[] {
    const ended: Run[] = [];
    let run = this.#open.get(segment);
    for (const item of items) {
      const value = item[this.#scan.event.sessionId];
      if (value === undefined) continue;
      const key = JSON.stringify(value);
      if (run?.key === key) {
        run.count += 1;
        continue;
      }
      if (run !== undefined) ended.push(run);
      run = { key, value, count: 1 };
    }
    if (run !== undefined && next === null) ended.push(run);
    if (run === undefined || next === null) this.#open.delete(segment);
    else this.#open.set(segment, run);
    return ended;
  }

  result(scanned: number): EventStats {
    const { total, isFiltered, sessions, ttl } = this.#scan;
    const perSession = this.#perSession;
    const sessionsWithout = Math.max(0, total - perSession.count);
    perSession.add(0, sessionsWithout);
    return {
      events: isFiltered ? perSession.total : scanned,
      orphanEvents: this.#orphanEvents,
      orphanSessions: this.#orphanSessions,
      eventsPerSession: {
        mean: perSession.count === 0 ? 0 : perSession.total / perSession.count,
        p50: perSession.at(0.5),
        p95: perSession.at(0.95),
        max: perSession.max,
        sessionsWithout,
      },
      ...ttl.result(),
      eventsScanned: scanned,
      eventsComplete: !(isFiltered && sessions.isFull),
    };
  }
}
