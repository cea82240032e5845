import { observeStructure } from '../../dynamodb/describe.js';
import { Budget, Governor } from '../../dynamodb/governor.js';
import { scanSegments } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import {
  type DecodedSession,
  decisiveAttributes,
  type Item,
  pushDown,
  type SessionFilter,
  selectSession,
  sessionIdOf,
  TTL_REACH_MS,
} from '../../schema/index.js';
import { averageItemBytes, costOf, deleteUnits, PRICES, readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { deleteUnitsOf } from '../archive/entry-bytes.js';
import { findSession } from '../sessions/find-session.js';
import { warnOfScan } from '../sessions/large-scan.js';
import { toDelete } from './choice.js';
import { estimateEvents, FEW_SESSIONS } from './estimate.js';
import { PlanWriter, type PurgeFiles } from './files.js';
import { nameOf, type ObservedStructure, requireAnswerable, requireSessions, type Target } from '../target.js';

export interface Shard {
  /** 1 to `count`. */
  readonly index: number;
  readonly count: number;
}

export interface PurgeRequest {
  readonly filter: SessionFilter;
  /** Only these sessions, which are then read one by one; null for the whole table. */
  readonly ids: readonly string[] | null;
  /** The share of this process, when several split a table. */
  readonly shard: Shard | null;
  /** Parts that the table is read in at once; null for as many as its size is worth. */
  readonly segments: number | null;
  /** Calls in flight at the most. */
  readonly concurrency: number;
  /** Read and write units a second at the most; null for no limit. */
  readonly maxReadUnits: number | null;
  readonly maxWriteUnits: number | null;
  readonly keepEvents: boolean;
}

/** What reading the table found; nothing has been deleted yet. */
export interface PurgeSummary {
  readonly table: string;
  readonly eventsTable: string | null;
  readonly layout: string;
  /** Epoch milliseconds: what "expired" and "idle" were judged by. */
  readonly now: number;
  readonly matched: number;
  readonly scanned: number;
  /** Read units that the reading took. */
  readonly readUnits: number;
  readonly sample: readonly DecodedSession[];
  /** Idle was asked for, and counted from creation: the layout records no activity. */
  readonly idleByCreation: boolean;
  /** Of the matches, those that TTL removes by itself within a few days, at no cost. */
  readonly ttlRemoves: number;
  /** Estimates: by the items themselves where they were read whole, else by the tables' average item. */
  readonly writeUnits: number;
  readonly events: number;
  /** The events were counted, since the sessions are few; otherwise they are estimated. */
  readonly eventsCounted: boolean;
  /** Of the ids that were given, those of no session; null where none were given. */
  readonly unknownIds: UnknownIds | null;
  readonly dollars: number;
  readonly prices: typeof PRICES;
}

export interface UnknownIds {
  readonly count: number;
  /** The first of them. */
  readonly ids: readonly string[];
}

const SAMPLE = 5;
const UNKNOWN_SAMPLE = 100;

/** Throws where the layout says that rows are not expendable, or the filter can choose none of its rows. */
export function requirePurgeable({ layout }: Target, filter: SessionFilter): void {
  if (!layout.purge.safe)
    throw new CliError('PURGE_REFUSED', `rows of the layout ${layout.id} are not expendable: ${layout.purge.reason}`, {
      hint: 'a layout of your own in the configuration file can say that they are (purge.safe)',
    });
  requireAnswerable(layout, filter);
}

interface Found {
  matched: number;
  scanned: number;
  ttlRemoves: number;
  /** To delete what matched; 0 where only parts of the items are read, which do not tell. */
  deleteUnits: number;
  readonly sample: DecodedSession[];
  /** Keys of the first matches. */
  readonly few: Item[];
  unknownIds: UnknownIds | null;
}

/** Reads the sessions table and writes down which sessions match; changes nothing in the tables. */
export async function planPurge(
  context: OperationContext,
  target: Target,
  request: PurgeRequest,
  files: PurgeFiles,
): Promise<PurgeSummary> {
  requirePurgeable(target, request.filter);
  const table = await requireSessions(context, target);
  const now = context.now();
  const found: Found = { matched: 0, scanned: 0, ttlRemoves: 0, deleteUnits: 0, sample: [], few: [], unknownIds: null };
  const budget = new Budget(request.maxReadUnits, context.signal);
  const writer = new PlanWriter(files);
  // Engines keep expired rows for good.
  const ttlWorks = context.dynamo.isAws && (table.ttl.status === 'ENABLED' || table.ttl.status === 'ENABLING');
  const ttlAttribute = ttlWorks ? table.ttl.attribute : null;
  // Engines charge nothing for what is read, and most do not count the bytes of a table.
  const isWhole = request.ids !== null || !context.dynamo.isAws;
  const unitsOf = isWhole ? deleteUnitsOf(table) : () => 0;
  const take = taker(target, request.filter, { ttlAttribute, now, found, writer, unitsOf });
  try {
    if (request.ids === null) await readTable(context, target, table, request, now, budget, found, take);
    else await readIds(context, target, table, request.ids, budget, found, take);
    const summary = await summarise(context, target, table, request, now, found, budget);
    // The sample is for whoever is asked now; no file has to hold a part of these rows.
    writer.finish({ ...summary, sample: [] });
    return summary;
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

interface Taking {
  /** The attribute by which TTL removes rows; null where nothing does. */
  readonly ttlAttribute: string | null;
  readonly now: number;
  readonly found: Found;
  readonly writer: PlanWriter;
  readonly unitsOf: (item: Item) => number;
}

/** Writes down a row if it is one of the chosen sessions. */
function taker(
  { layout }: Target,
  filter: SessionFilter,
  { ttlAttribute, now, found, writer, unitsOf }: Taking,
): (item: Item) => void {
  const keys = layout.session.id.map(({ attribute }) => attribute);
  const decisive = decisiveAttributes(layout, filter);
  const goesByTtl = layout.session.expiresAt?.paths.some((path) => path.length === 1 && path[0] === ttlAttribute);
  return (item) => {
    const session = selectSession(layout, item, filter, now);
    if (session === undefined) return;
    found.matched += 1;
    found.deleteUnits += unitsOf(item);
    if (found.sample.length < SAMPLE) found.sample.push(session);
    const { expiresAt } = session;
    if (goesByTtl === true && expiresAt !== null && expiresAt <= now && expiresAt > now - TTL_REACH_MS)
      found.ttlRemoves += 1;
    const chosen = toDelete(keys, decisive, item);
    if (found.few.length < FEW_SESSIONS) found.few.push(chosen.key);
    writer.add(chosen);
  };
}

async function readTable(
  context: OperationContext,
  target: Target,
  table: ObservedStructure,
  request: PurgeRequest,
  now: number,
  budget: Budget,
  found: Found,
  take: (item: Item) => void,
): Promise<void> {
  const { layout } = target;
  const shards = request.shard?.count ?? 1;
  const perShard = request.segments ?? Math.ceil(readingOf(context.dynamo, table, request).segments / shards);
  const segments = perShard * shards;
  const only = Array.from({ length: segments }, (_, at) => at).filter(
    (at) => at % shards === (request.shard?.index ?? 1) - 1,
  );
  const keys = layout.session.id.map(({ attribute }) => attribute);
  warnOfScan(context, table, { share: 1 / shards, maxReadUnits: request.maxReadUnits });
  await scanSegments(
    context.dynamo,
    {
      table: table.name,
      only,
      ...(context.dynamo.isAws && {
        attributes: [...new Set([...keys, ...decisiveAttributes(layout, request.filter)])],
      }),
      filter: pushDown(layout, request.filter, now),
      governor: new Governor({ concurrency: request.concurrency, signal: context.signal }),
      budget,
      ...readingOf(context.dynamo, table, { ...request, segments }),
    },
    async (page) => {
      found.scanned += page.scanned;
      for (const item of page.items) take(item);
      const total = table.itemCount >= found.scanned && shards === 1 ? { total: table.itemCount } : {};
      context.onProgress({
        step: 'looking for sessions to purge',
        table: table.name,
        done: found.scanned,
        ...total,
        unit: 'items',
        detail: `${found.matched} found`,
      });
    },
  );
}

async function readIds(
  context: OperationContext,
  { layout }: Target,
  table: ObservedStructure,
  ids: readonly string[],
  budget: Budget,
  found: Found,
  take: (item: Item) => void,
): Promise<void> {
  const expected = Math.ceil(averageItemBytes(table) / 4096);
  const charge = {
    before: () => budget.reserve(expected),
    after: (readUnits: number) => budget.settle(expected, readUnits),
  };
  // One session may be named in two ways, with its prefix and without.
  const taken = new Set<string>();
  const unknown: string[] = [];
  let unknownCount = 0;
  for (const id of new Set(ids)) {
    const item = await findSession(context, layout, table.name, id, charge);
    found.scanned += 1;
    const name = item === undefined ? undefined : sessionIdOf(item, layout.session.id);
    if (item === undefined || name === undefined) {
      unknownCount += 1;
      if (unknown.length < UNKNOWN_SAMPLE) unknown.push(id);
    } else if (!taken.has(name)) {
      taken.add(name);
      take(item);
    }
    context.onProgress({
      step: 'reading sessions',
      table: table.name,
      done: found.scanned,
      total: ids.length,
      unit: 'ids',
    });
  }
  found.unknownIds = { count: unknownCount, ids: unknown };
}

async function summarise(
  context: OperationContext,
  target: Target,
  table: ObservedStructure,
  request: PurgeRequest,
  now: number,
  found: Found,
  budget: Budget,
): Promise<PurgeSummary> {
  const eventsName = request.keepEvents || target.layout.event === null ? undefined : nameOf(target.names, 'events');
  const events = eventsName === undefined ? null : await observeStructure(context.dynamo, eventsName);
  const { deleteUnits: known, few: first, ...counts } = found;
  const few = found.matched <= FEW_SESSIONS ? first : null;
  const share = table.itemCount > 0 ? Math.min(1, found.matched / table.itemCount) : 0;
  const ofEvents =
    events === null || found.matched === 0
      ? { events: 0, writeUnits: 0, isCounted: true }
      : await estimateEvents(context, target, events, { few, share, budget });
  const ofSessions = known > 0 ? known : found.matched * deleteUnits(table);
  const writeUnits = ofSessions + ofEvents.writeUnits;
  const readUnits = budget.spent;
  return {
    table: table.name,
    eventsTable: events?.name ?? null,
    layout: target.layout.id,
    now,
    ...counts,
    idleByCreation: request.filter.idle !== undefined && target.layout.session.lastActivityAt === null,
    readUnits,
    writeUnits,
    events: ofEvents.events,
    eventsCounted: ofEvents.isCounted,
    dollars: costOf({ readUnits, writeUnits }),
    prices: PRICES,
  };
}
