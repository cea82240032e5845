import { queryPages } from '../../dynamodb/items.js';
import { CliError } from '../../errors.js';
import {
  type AttributeValue,
  type DecodedEvent,
  decodeEvent,
  type EventMeaning,
  type Item,
  type Layout,
} from '../../schema/index.js';
import { commandLine } from '../command-line.js';
import type { OperationContext } from '../context.js';
import { findSession, keysOfGivenId } from './find-session.js';
import { nameOf, requireSessions, type Target } from '../target.js';

export interface EventsRequest {
  readonly sessionId: string;
  /** Only events after the one with this id, as the table orders them. */
  readonly after: string | null;
  /** null for all. */
  readonly limit: number | null;
}

/** Where a session's events are, and how they are read. */
export interface EventSource {
  readonly table: string;
  readonly event: EventMeaning;
  readonly owner: AttributeValue;
}

/** Where a session's events are. Throws NOT_SUPPORTED where the layout has none. */
export async function sourceOf(context: OperationContext, target: Target, sessionId: string): Promise<EventSource> {
  const { layout } = target;
  const table = nameOf(target.names, 'events');
  if (layout.event === null || table === undefined)
    throw new CliError('NOT_SUPPORTED', `the layout ${layout.id} keeps no events`, {
      hint: `\`${commandLine(['show', ...(sessionId.startsWith('-') ? ['--'] : []), sessionId])}\` shows what it keeps of the session`,
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

/** The sort key that `--after` stands for. Throws USAGE. */
export function sortKeyOf({ event }: EventSource, after: string | null): AttributeValue | undefined {
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
  const after = sortKeyOf(source, request.after);
  for await (const { event } of eventsAfter(context, source, after, { limit: request.limit })) yield event;
}

/**
 * Whether a session is neither there nor has left an event: most likely its id was mistyped. Where its row may not be
 * read, nobody can say, and it is not.
 */
export async function isUnknown(context: OperationContext, target: Target, sessionId: string): Promise<boolean> {
  const { name } = await requireSessions(context, target);
  try {
    if ((await findSession(context, target.layout, name, sessionId)) !== undefined) return false;
  } catch (error) {
    if (error instanceof CliError && error.code === 'ACCESS_DENIED') return false;
    throw error;
  }
  const first = await readEvents(context, target, { sessionId, after: null, limit: 1 }).next();
  return first.done === true;
}

/** An event, and its sort key as the table has it. */
export interface FoundEvent {
  readonly key: AttributeValue;
  readonly event: DecodedEvent;
}

export function foundEvent({ event }: EventSource, item: Item): FoundEvent {
  return { key: item[event.id.name] ?? { NULL: true }, event: decodeEvent(event, item) };
}

/** The events after a sort key, in their order; with `consistent`, all that were written before the call. */
export async function* eventsAfter(
  context: OperationContext,
  source: EventSource,
  after: AttributeValue | undefined,
  { limit = null, consistent = false }: { readonly limit?: number | null; readonly consistent?: boolean } = {},
): AsyncGenerator<FoundEvent> {
  const { table, event, owner } = source;
  let left = limit ?? Number.POSITIVE_INFINITY;
  const pages = queryPages(
    context.dynamo,
    table,
    { name: event.sessionId, value: owner },
    {
      consistent,
      ...(after !== undefined && { after: { name: event.id.name, value: after } }),
      ...(limit !== null && { pageLimit: limit }),
    },
  );
  for await (const page of pages) {
    for (const item of page.items.slice(0, left)) {
      yield foundEvent(source, item);
      left -= 1;
    }
    if (left <= 0) return;
  }
}
