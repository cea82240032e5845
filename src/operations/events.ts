import { queryPages } from '../dynamodb/items.js';
import { pause } from '../dynamodb/wait.js';
import { CliError } from '../errors.js';
import {
  type AttributeValue,
  type DecodedEvent,
  decodeEvent,
  type EventMeaning,
  type Layout,
} from '../schema/index.js';
import type { OperationContext } from './context.js';
import { findSession, keysOfGivenId } from './find-session.js';
import { nameOf, requireSessions, type Target } from './target.js';

export interface EventsRequest {
  readonly sessionId: string;
  /** Only events after the one with this id, as the table orders them. */
  readonly after: string | null;
  /** null for all. */
  readonly limit: number | null;
}

interface Source {
  readonly table: string;
  readonly event: EventMeaning;
  readonly owner: AttributeValue;
}

/** Where a session's events are. Throws NOT_SUPPORTED where the layout has none. */
async function sourceOf(context: OperationContext, target: Target, sessionId: string): Promise<Source> {
  const { layout } = target;
  const table = nameOf(target.names, 'events');
  if (layout.event === null || table === undefined)
    throw new CliError('NOT_SUPPORTED', `the layout ${layout.id} keeps no events`, {
      hint: '`mcp-sessions show` shows what it keeps of a session',
    });
  const { name } = await requireSessions(context, target);
  const owner = await ownerOf(context, layout, name, sessionId);
  return { table, event: layout.event, owner };
}

/** What a session's events carry: with prefixes to try, that of the session which is there; it may be gone, and its events not. */
async function ownerOf(
  context: OperationContext,
  layout: Layout,
  table: string,
  sessionId: string,
): Promise<AttributeValue> {
  const [asGiven, ...prefixed] = keysOfGivenId(layout, sessionId);
  const found = prefixed.length === 0 ? undefined : await findSession(context, layout, table, sessionId);
  const [part] = layout.session.id;
  const owner = part === undefined ? undefined : (found ?? asGiven)[part.attribute];
  if (owner === undefined) throw new CliError('USAGE', `'${sessionId}' is not an id of the layout ${layout.id}`);
  return owner;
}

function sortKeyOf({ event }: Source, after: string | null): AttributeValue | undefined {
  if (after === null) return undefined;
  if (event.id.type !== 'N') return { S: after };
  if (!/^-?\d+(?:\.\d+)?$/.test(after))
    throw new CliError('USAGE', `--after '${after}' is not an event's id`, {
      hint: `the events' ids (${event.id.name}) are numbers`,
    });
  return { N: after };
}

/** Reads a session's events in their order, page by page to the end. A session without any has none: that is no error. */
export async function* readEvents(
  context: OperationContext,
  target: Target,
  request: EventsRequest,
): AsyncGenerator<DecodedEvent> {
  const source = await sourceOf(context, target, request.sessionId);
  yield* eventsAfter(context, source, sortKeyOf(source, request.after), request.limit);
}

async function* eventsAfter(
  context: OperationContext,
  { table, event, owner }: Source,
  after: AttributeValue | undefined,
  limit: number | null,
): AsyncGenerator<DecodedEvent, AttributeValue | undefined> {
  let last = after;
  let left = limit ?? Number.POSITIVE_INFINITY;
  const pages = queryPages(
    context.dynamo,
    table,
    { name: event.sessionId, value: owner },
    {
      ...(after !== undefined && { after: { name: event.id.name, value: after } }),
      ...(limit !== null && { pageLimit: limit }),
    },
  );
  for await (const page of pages) {
    for (const item of page.items.slice(0, left)) {
      yield decodeEvent(event, item);
      last = item[event.id.name];
      left -= 1;
    }
    if (left <= 0) return last;
  }
  return last;
}

const FIRST_POLL_MS = 250;
const SLOWEST_POLL_MS = 2000;

/**
 * Reads a session's events and goes on with those that are written from then on, by asking for what comes after the
 * last sort key: often while events come, more seldom while none do. Ends when the context's signal fires.
 */
export async function* followEvents(
  context: OperationContext,
  target: Target,
  request: EventsRequest,
): AsyncGenerator<DecodedEvent> {
  const source = await sourceOf(context, target, request.sessionId);
  let after = sortKeyOf(source, request.after);
  let delay = FIRST_POLL_MS;
  for (;;) {
    const last = yield* eventsAfter(context, source, after, null);
    delay = last === after ? Math.min(SLOWEST_POLL_MS, delay * 1.5) : FIRST_POLL_MS;
    after = last;
    await pause(delay, context.signal);
  }
}
