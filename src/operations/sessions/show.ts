import { queryPages } from '../../dynamodb/items.js';
import { CliError } from '../../errors.js';
import {
  type DecodedEvent,
  type DecodedSession,
  decodeAttributes,
  decodeEvent,
  decodeSession,
  type EventMeaning,
  type Item,
  type Layout,
} from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { findSession } from './find-session.js';
import { withRowFaults } from './row-faults.js';
import { nameOf, requireEvents, requireSessions, type Target } from '../target.js';

export interface ShowRequest {
  readonly id: string;
  /** How many of the newest events. */
  readonly events: number;
}

export interface ShowResult {
  readonly layout: Layout;
  readonly table: string;
  readonly session: DecodedSession;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The newest, in their order; null where the layout has no events, or their table is not there, or not readable yet. */
  readonly events: readonly DecodedEvent[] | null;
  readonly moreEvents: boolean;
}

/** Reads one session whole, and its newest events. Throws SESSION_NOT_FOUND. */
export async function show(context: OperationContext, target: Target, request: ShowRequest): Promise<ShowResult> {
  const table = await requireSessions(context, target);
  const { layout } = target;
  const item = await findSession(context, layout, table.name, request.id);
  if (item === undefined)
    throw new CliError('SESSION_NOT_FOUND', `there is no session '${request.id}' in table '${table.name}'`, {
      hint: '`mcp-sessions list --all` shows the ids that are there; TTL or the application may have removed it',
    });
  const now = context.now();
  const session = withRowFaults(decodeSession(layout, item, now), item, layout, table, now);
  const newest = await newestEvents(context, target, item, request.events);
  return {
    layout,
    table: table.name,
    session,
    attributes: decodeAttributes(item, layout.session.payload),
    events: newest?.events ?? null,
    moreEvents: newest?.more ?? false,
  };
}

async function newestEvents(
  context: OperationContext,
  target: Target,
  session: Item,
  limit: number,
): Promise<{ readonly events: readonly DecodedEvent[]; readonly more: boolean } | null> {
  const { event } = target.layout;
  const table = nameOf(target.names, 'events');
  const [part] = target.layout.session.id;
  const owner = part === undefined ? undefined : session[part.attribute];
  if (event === null || table === undefined || owner === undefined || limit === 0) return null;
  try {
    await requireEvents(context, target, table);
  } catch (error) {
    // The session itself can be shown all the same.
    if (error instanceof CliError && (error.code === 'TABLE_NOT_FOUND' || error.code === 'TABLE_BUSY')) return null;
    throw error;
  }
  return readNewest(context, table, event, owner, limit);
}

async function readNewest(
  context: OperationContext,
  table: string,
  event: EventMeaning,
  owner: Item[string],
  limit: number,
): Promise<{ readonly events: readonly DecodedEvent[]; readonly more: boolean }> {
  const found: Item[] = [];
  const pages = queryPages(
    context.dynamo,
    table,
    { name: event.sessionId, value: owner },
    { descending: true, pageLimit: limit + 1 },
  );
  for await (const page of pages) {
    found.push(...page.items);
    if (found.length > limit) break;
  }
  const newest = found.slice(0, limit).toReversed();
  return { events: newest.map((item) => decodeEvent(event, item)), more: found.length > limit };
}
