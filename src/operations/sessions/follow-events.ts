import type { StreamBatch, StreamReader } from '../../dynamodb/stream-reader.js';
import { describeTable } from '../../dynamodb/describe.js';
import { getItem } from '../../dynamodb/items.js';
import { pause } from '../../dynamodb/wait.js';
import { CliError } from '../../errors.js';
import { type AttributeValue, compareKeys, type DecodedEvent } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import {
  type EventSource,
  type EventsRequest,
  eventsAfter,
  type FoundEvent,
  foundEvent,
  sortKeyOf,
  sourceOf,
} from './events.js';
import type { Target } from '../target.js';

const FIRST_POLL_MS = 250;
const SLOWEST_POLL_MS = 2000;

/** Beyond so many shards it is quicker and cheaper to ask for the one session than to read what all of them write. */
const MOST_SHARDS = 32;

/** What has been shown: nothing is shown twice, wherever it comes from. */
class Shown {
  /** The greatest sort key so far. */
  last: AttributeValue | undefined;
  readonly #from: AttributeValue | undefined;
  readonly #read = new Set<string>();

  constructor(from: AttributeValue | undefined) {
    this.#from = from;
    this.last = from;
  }

  add({ key }: FoundEvent): void {
    if (this.last === undefined || compareKeys(key, this.last) > 0) this.last = key;
  }

  /** Read from the table, so that the stream may bring it once more. */
  addRead(found: FoundEvent): void {
    this.add(found);
    this.#read.add(JSON.stringify(found.key));
  }

  /** By the key itself and not by the greatest so far: a writer may be late with a lower one. */
  isNew(key: AttributeValue): boolean {
    if (this.#from !== undefined && compareKeys(key, this.#from) <= 0) return false;
    return !this.#read.has(JSON.stringify(key));
  }
}

/**
 * Reads a session's events and goes on with those that are written from then on: from the table's stream, or, where it
 * has none or it cannot be read, by asking for what comes after the last sort key. `tell` is told which, and why. Events
 * come in the order of their sort keys, but for those that are written after one with a greater key. Changed and removed
 * events are no new ones. Ends when the context's signal fires, with INTERRUPTED.
 */
export async function* followEvents(
  context: OperationContext,
  target: Target,
  request: EventsRequest,
  tell: (note: string) => void,
): AsyncGenerator<DecodedEvent> {
  const source = await sourceOf(context, target, request.sessionId);
  const shown = new Shown(sortKeyOf(source, request.after));
  for (;;) {
    // First the place in the stream, then the table: what is written between the two comes twice, and is shown once.
    const reader = await openReader(context, source, tell);
    if (reader === null) break;
    yield* unread(context, source, shown);
    const end: StreamEnd = yield* fromStream(context, source, reader, shown);
    tell(`following by the stream of ${source.table} has ended: ${end.why}`);
    if (!end.again) break;
  }
  yield* byPolling(context, source, shown);
}

async function openReader(
  context: OperationContext,
  { table }: EventSource,
  tell: (note: string) => void,
): Promise<StreamReader | null> {
  try {
    const described = await describeTable(context.dynamo, table);
    if (described?.stream.enabled !== true || described.latestStream === null) {
      tell(`following by asking again and again: table ${table} has no stream`);
      return null;
    }
    // Loaded only here: other commands have no use for streams.
    const { StreamReader: Reader } = await import('../../dynamodb/stream-reader.js');
    const place = { table, arn: described.latestStream.arn };
    const reader = await Reader.open(context.dynamo, place, { from: 'now', now: context.now, mostShards: MOST_SHARDS });
    tell(`following by the stream of table ${table}`);
    return reader;
  } catch (error) {
    if (!(error instanceof CliError) || error.code === 'INTERRUPTED') throw error;
    tell(`following by asking again and again: ${error.message}`);
    return null;
  }
}

/** What the table has after the last event that was shown. */
async function* unread(context: OperationContext, source: EventSource, shown: Shown): AsyncGenerator<DecodedEvent> {
  // Consistent: what was written just before the place in the stream must not be missed here.
  for await (const found of eventsAfter(context, source, shown.last, { consistent: true })) {
    if (shown.isNew(found.key)) yield found.event;
    shown.addRead(found);
  }
}

interface StreamEnd {
  readonly why: string;
  /** Whether there may be another stream to follow. */
  readonly again: boolean;
}

async function* fromStream(
  context: OperationContext,
  source: EventSource,
  reader: StreamReader,
  shown: Shown,
): AsyncGenerator<DecodedEvent, StreamEnd> {
  try {
    const { followStreams } = await import('../../dynamodb/stream-reader.js');
    for await (const batches of followStreams([reader], context.signal)) {
      for (const batch of batches) {
        for (const found of await newEvents(context, source, batch, shown)) {
          yield found.event;
          shown.add(found);
        }
        if (batch.lost) yield* unread(context, source, shown);
      }
    }
    return { why: 'it was turned off', again: true };
  } catch (error) {
    if (!(error instanceof CliError) || error.code === 'INTERRUPTED') throw error;
    return { why: error.message, again: false };
  }
}

async function newEvents(
  context: OperationContext,
  source: EventSource,
  { records }: StreamBatch,
  shown: Shown,
): Promise<readonly FoundEvent[]> {
  const { table, event, owner } = source;
  const found: FoundEvent[] = [];
  for (const { eventName, keys, newImage } of records) {
    const [session, key] = [keys[event.sessionId], keys[event.id.name]];
    if (eventName !== 'INSERT' || session === undefined || key === undefined) continue;
    if (compareKeys(session, owner) !== 0 || !shown.isNew(key)) continue;
    // A stream of keys or of old images does not hold what was written.
    const item = newImage ?? (await getItem(context.dynamo, table, keys)).item;
    if (item !== undefined) found.push(foundEvent(source, item));
  }
  return found.toSorted((a, b) => compareKeys(a.key, b.key));
}

/** Often while events come, more seldom while none do. */
async function* byPolling(context: OperationContext, source: EventSource, shown: Shown): AsyncGenerator<DecodedEvent> {
  let delay = FIRST_POLL_MS;
  for (;;) {
    const before = shown.last;
    for await (const found of eventsAfter(context, source, before)) {
      yield found.event;
      shown.add(found);
    }
    delay = shown.last === before ? Math.min(SLOWEST_POLL_MS, delay * 1.5) : FIRST_POLL_MS;
    await pause(delay, context.signal);
  }
}
