import { observeStructure } from '../../dynamodb/describe.js';
import { Budget, Governor } from '../../dynamodb/governor.js';
import { scanSegments } from '../../dynamodb/parallel-scan.js';
import type { SessionFilter } from '../../schema/index.js';
import { readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { KeySet } from '../purge/key-set.js';
import { warnOfScan } from '../sessions/large-scan.js';
import { countEvents, type EventScan, type EventStats } from './events.js';
import { type SessionStats, SessionTally } from './sessions.js';
import { TtlTally } from './ttl.js';
import { averageStoredBytes, type StorageCost, storageCost } from './storage.js';
import { nameOf, type ObservedStructure, requireAnswerable, requireSessions, type Target } from '../target.js';

export interface StatsRequest {
  readonly filter: SessionFilter;
  /** Whether the events table is read too. */
  readonly events: boolean;
  /** Parts that each table is read in at once; null for as many as its size is worth. */
  readonly segments: number | null;
  /** Calls in flight at the most. */
  readonly concurrency: number;
  /** Read units a second at the most; null for no limit. */
  readonly maxReadUnits: number | null;
}

export interface StatsResult extends SessionStats {
  readonly layout: string;
  readonly table: string;
  /** null where the events were not counted. */
  readonly eventsTable: string | null;
  readonly isFiltered: boolean;
  /** Items read from the sessions table. */
  readonly scanned: number;
  /** null without an events table, or where it was not to be read. */
  readonly eventStats: EventStats | null;
  readonly storage: StorageCost;
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
}

/** Reads the sessions table, and the keys of the events table, to their ends and counts; changes nothing. */
export async function stats(context: OperationContext, target: Target, request: StatsRequest): Promise<StatsResult> {
  const { layout } = target;
  requireAnswerable(layout, request.filter);
  const table = await requireSessions(context, target);
  const found = request.events ? await eventsOf(context, target) : null;
  const governor = new Governor({ concurrency: request.concurrency, signal: context.signal });
  const budget = new Budget(request.maxReadUnits, context.signal);
  const tally = new SessionTally(layout, table, request.filter, context.now());
  const sessions = new KeySet();
  let scanned = 0;
  warnOfScan(context, table, request);
  if (found !== null) warnOfScan(context, found.table, request);
  await scanSegments(
    context.dynamo,
    { table: table.name, governor, budget, ...readingOf(context.dynamo, table, request) },
    async (page) => {
      // Not ScannedCount: the embedded engine counts the item that ended a page in both pages.
      scanned += page.items.length;
      for (const item of page.items) {
        const chosen = tally.add(item);
        if (found !== null) sessions.add(JSON.stringify(item[found.owner]), chosen);
      }
      const total = table.itemCount >= scanned ? { total: table.itemCount } : {};
      context.onProgress({ step: 'counting sessions', table: table.name, done: scanned, ...total, unit: 'items' });
    },
  );
  const isFiltered = Object.keys(request.filter).length > 0;
  const { total } = tally;
  const { segments: asked, maxReadUnits } = request;
  const pace = { governor, budget, maxReadUnits, segments: asked };
  const sessionsTable = table.name;
  const eventStats =
    found === null
      ? null
      : await countEvents(context, {
          ...found,
          ...pace,
          sessionsTable,
          sessions,
          isFiltered,
          total,
          ttl: new TtlTally(layout, 'events', found.table, context.now()),
        });
  const eventBytes = found === null || eventStats === null ? null : averageStoredBytes(found.table) * eventStats.events;
  return {
    ...tally.result(),
    layout: layout.id,
    table: table.name,
    eventsTable: found?.table.name ?? null,
    isFiltered,
    scanned,
    eventStats,
    storage: storageCost(tally.storedBytes, eventBytes === null ? null : Math.round(eventBytes)),
    capacity: { readUnits: budget.spent, writeUnits: 0 },
  };
}

type FoundEvents = Pick<EventScan, 'event' | 'owner'> & { readonly table: ObservedStructure };

/** null where the layout has no events, or their table is not there. */
async function eventsOf(context: OperationContext, { layout, names }: Target): Promise<FoundEvents | null> {
  const { event } = layout;
  const [owner] = layout.session.id;
  const name = nameOf(names, 'events');
  const table = event === null || name === undefined ? null : await observeStructure(context.dynamo, name);
  return event === null || owner === undefined || table === null ? null : { event, owner: owner.attribute, table };
}
