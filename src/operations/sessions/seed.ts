import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { WRITE_BATCH, type WritePace } from '../../dynamodb/batch-write.js';
import { Budget, Governor, UnitCost } from '../../dynamodb/governor.js';
import { putAll } from '../../dynamodb/put.js';
import { exampleSession, type ExampleSession, type Random } from '../../schema/index.js';
import { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';
import { nameOf, requireEvents, requireSessions, type Target } from '../target.js';

export interface SeedRequest {
  /** How many sessions. */
  readonly count: number;
  /** How many events each session has. */
  readonly events: number;
  /** The share of sessions, 0 to 1, whose expiry is past. */
  readonly expired: number;
  /** The same seed at the same time gives the same sessions. */
  readonly randomSeed: number;
}

export interface SeedResult {
  readonly layout: string;
  readonly tables: readonly string[];
  /** Written for certain; the hundred that were under way at a failure may be partly there. */
  readonly sessions: number;
  readonly events: number;
  /** What ended the writing before its end; null when all were written. */
  readonly error: CliError | null;
}

/** Sessions that are made and written at once, and calls of 25 items in flight. */
const CHUNK = 100;
const IN_FLIGHT = 4;

/** Where the sessions would go, and how many; writes nothing. Throws TABLE_NOT_FOUND. */
export async function planSeed(context: OperationContext, target: Target, request: SeedRequest): Promise<SeedResult> {
  const { name: sessionsTable } = await requireSessions(context, target);
  const eventsTable = target.layout.event === null ? undefined : nameOf(target.names, 'events');
  const hasEvents = eventsTable !== undefined && request.events > 0;
  // Before the first session is written: an events table that is not right would leave them without their events.
  if (hasEvents) await requireEvents(context, target, eventsTable);
  return {
    layout: target.layout.id,
    tables: hasEvents ? [sessionsTable, eventsTable] : [sessionsTable],
    sessions: request.count,
    events: hasEvents ? request.count * request.events : 0,
    error: null,
  };
}

/**
 * Writes realistic sessions, and their events where the layout has them. Throws TABLE_NOT_FOUND; what fails later is told in
 * the result, with what had been written.
 */
export async function seed(context: OperationContext, target: Target, request: SeedRequest): Promise<SeedResult> {
  const plan = await planSeed(context, target, request);
  const [sessionsTable = '', eventsTable] = plan.tables;
  const { signal } = context;
  const budget = new Budget(null, signal);
  const governor = new Governor({ concurrency: IN_FLIGHT, initial: IN_FLIGHT, signal });
  const paceOf = (): WritePace => ({ governor, budget, cost: new UnitCost(1) });
  const [ofSessions, ofEvents] = [paceOf(), paceOf()];
  let [sessions, events] = [0, 0];
  for (const chunk of chunks(target, request, context.now())) {
    const items = chunk.flatMap((example) => example.events);
    try {
      const rows = chunk.map(({ session }) => session);
      await putEach(context, sessionsTable, rows, ofSessions);
      if (eventsTable !== undefined) await putEach(context, eventsTable, items, ofEvents);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return { ...plan, sessions, events, error };
    }
    sessions += chunk.length;
    if (eventsTable !== undefined) events += items.length;
    context.onProgress({
      step: 'writing sessions',
      table: sessionsTable,
      done: sessions,
      total: request.count,
      unit: 'sessions',
    });
  }
  return { ...plan, sessions, events };
}

async function putEach(
  { dynamo }: OperationContext,
  table: string,
  items: readonly ExampleSession['session'][],
  pace: WritePace,
): Promise<void> {
  const batches = Array.from({ length: Math.ceil(items.length / WRITE_BATCH) }, (_, at) =>
    items.slice(at * WRITE_BATCH, (at + 1) * WRITE_BATCH),
  );
  // All are waited for, also when one fails: no write goes on behind an error's back.
  const written = await Promise.allSettled(batches.map((batch) => putAll(dynamo, table, batch, pace, 'run again')));
  for (const result of written) if (result.status === 'rejected') throw result.reason;
}

function* chunks(target: Target, request: SeedRequest, now: number): Generator<readonly ExampleSession[]> {
  const generator = xoroshiro128plus(request.randomSeed);
  const random: Random = (below) => uniformInt(generator, 0, Math.max(0, below - 1));
  const expired = Math.round(request.count * request.expired);
  for (let start = 0; start < request.count; start += CHUNK) {
    const length = Math.min(CHUNK, request.count - start);
    yield Array.from({ length }, (_, at) =>
      exampleSession(target.layout, {
        random,
        now,
        expired: isChosen(start + at, expired, request.count),
        events: request.events,
      }),
    );
  }
}

/** Spreads `chosen` of `count` evenly over the sequence. */
const isChosen = (at: number, chosen: number, count: number): boolean =>
  Math.floor(((at + 1) * chosen) / count) > Math.floor((at * chosen) / count);
