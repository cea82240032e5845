import type { Item } from './attribute-value.js';
import { type DecodedSession, decodeSession, matchesFilter, tableOf } from './decode.js';
import { Aliases, anyOf, type Expression, hasType, instantCondition } from './expression.js';
import type { ItemCondition, Layout, SessionMeaning, TimeField } from './types.js';
import { meetsAll, type Where } from './where.js';
import { whereCondition } from './where-expression.js';

/** Which sessions; several conditions must all hold. Instants are epoch milliseconds, durations milliseconds. */
export interface SessionFilter {
  readonly active?: boolean;
  /** Past its expiry, whatever else it is. */
  readonly expired?: boolean;
  readonly terminated?: boolean;
  /**
   * No activity for so long. In a layout that records no activity its creation counts; a row whose activity cannot be
   * read is never idle.
   */
  readonly idle?: number;
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  readonly where?: readonly Where[];
}

/** Why no session of a layout can ever meet a filter, or undefined: what a layout does not record cannot be asked for. */
export function filterProblem({ id, session }: Layout, filter: SessionFilter): string | undefined {
  if (filter.idle !== undefined && session.lastActivityAt === null && session.createdAt === null)
    return `the layout ${id} records neither activity nor creation, so no session is ever known to be idle`;
  if ((filter.createdAfter ?? filter.createdBefore) !== undefined && session.createdAt === null)
    return `the layout ${id} does not record when a session was created`;
  if (filter.terminated === true && session.terminated === null)
    return `the layout ${id} does not record that a session was terminated`;
  if (filter.expired === true && session.expiresAt === null) return `the layout ${id} has no expiry`;
  return undefined;
}

/** What idleness is counted from, in epoch milliseconds: the last activity; the creation where a layout records none. */
export function lastUseOf(layout: Layout, { createdAt, lastActivityAt }: DecodedSession): number | null {
  return layout.session.lastActivityAt === null ? createdAt : lastActivityAt;
}

/** Whether a decoded session is one of those asked for, `where` aside. `now` is epoch milliseconds. */
export function isWanted(layout: Layout, session: DecodedSession, filter: SessionFilter, now: number): boolean {
  const { state, createdAt, expiresAt } = session;
  if (filter.active === true && state !== 'active') return false;
  if (filter.expired === true && state !== 'expired' && !(expiresAt !== null && expiresAt <= now)) return false;
  if (filter.terminated === true && state !== 'terminated') return false;
  if (filter.idle !== undefined) {
    const last = lastUseOf(layout, session);
    if (last === null || now - last < filter.idle) return false;
  }
  if (filter.createdAfter !== undefined && (createdAt === null || createdAt < filter.createdAfter)) return false;
  return filter.createdBefore === undefined || (createdAt !== null && createdAt < filter.createdBefore);
}

/** The session in an item if it is one of the layout's and one of those asked for, else undefined. */
export function selectSession(
  layout: Layout,
  item: Item,
  filter: SessionFilter,
  now: number,
): DecodedSession | undefined {
  if (!matchesFilter(item, layout.session.filter)) return undefined;
  const session = decodeSession(layout, item, now);
  if (!isWanted(layout, session, filter, now)) return undefined;
  return meetsAll(item, filter.where ?? [], layout.session, now) ? session : undefined;
}

/**
 * What DynamoDB can decide of a filter. It lets every wanted item through, and others too: what stands in JSON text, and
 * instants in text, are decided by {@link selectSession}. undefined when it can decide nothing.
 */
export function pushDown(layout: Layout, filter: SessionFilter, now: number): Expression | undefined {
  const aliases = new Aliases();
  const { session } = layout;
  const idleField = session.lastActivityAt ?? session.createdAt;
  const parts = [
    ...session.filter.map((group) => anyOf(group.map((condition) => itemCondition(condition, aliases)))),
    ...(filter.expired === true && session.expiresAt !== null
      ? instantCondition(session.expiresAt, '<=', now, session.expiresAt.missing === 'expired', aliases)
      : []),
    ...(filter.idle === undefined || idleField === null
      ? []
      : instantCondition(idleField, '<=', now - filter.idle, false, aliases)),
    ...(filter.createdAfter === undefined || session.createdAt === null
      ? []
      : instantCondition(session.createdAt, '>=', filter.createdAfter, false, aliases)),
    ...(filter.createdBefore === undefined || session.createdAt === null
      ? []
      : instantCondition(session.createdAt, '<=', filter.createdBefore, false, aliases)),
    ...(filter.terminated === true ? terminatedCondition(layout, aliases) : []),
    ...(filter.where ?? []).flatMap((condition) => whereCondition(condition, session, now, aliases)),
  ];
  if (parts.length === 0) return undefined;
  return { expression: parts.join(' AND '), names: aliases.names, values: aliases.values };
}

function itemCondition(condition: ItemCondition, aliases: Aliases): string {
  const name = aliases.name(condition.attribute);
  if ('exists' in condition) return `attribute_exists(${name})`;
  const text =
    'equals' in condition
      ? `${name} = ${aliases.value({ S: condition.equals })}`
      : `begins_with(${name}, ${aliases.value({ S: condition.beginsWith })})`;
  // A number is compared by its digits, which DynamoDB cannot do.
  return `(${text} OR ${hasType(name, 'N', aliases)})`;
}

/** A key that JSON text holds as it is, or with `\u`. */
const PLAIN_KEY = /^[A-Za-z_][\w-]*$/;

function terminatedCondition({ session }: Layout, aliases: Aliases): readonly string[] {
  const { terminated, payload } = session;
  const [attribute, ...steps] = terminated?.path ?? [];
  const last = steps.at(-1);
  const isJson = payload.some(({ names, codec }) => codec === 'json' && names.some((name) => name === attribute));
  if (attribute === undefined || last === undefined || !isJson || !PLAIN_KEY.test(last)) return [];
  const name = aliases.name(attribute);
  // JSON text that holds the key at all; whether with the value, and at the right place, the client sees. Keys may be
  // written with escapes, and a payload that should be text may be a map.
  const texts = [JSON.stringify(last), '\\u'].map((text) => `contains(${name}, ${aliases.value({ S: text })})`);
  return [anyOf([...texts, hasType(name, 'M', aliases), hasType(name, 'L', aliases)])];
}

const roots = (field: TimeField | null): readonly string[] => field?.paths.map(([name]) => name) ?? [];

/** A terminated row without an expiry is not an expired one, even where rows without one are. */
const judgesState = ({ expiresAt }: SessionMeaning, filter: SessionFilter): boolean =>
  filter.terminated === true || filter.active === true || (filter.expired === true && expiresAt?.missing === 'expired');

/** The attributes that a filter's answer for an item depends on, keys aside. */
export function decisiveAttributes({ session }: Layout, filter: SessionFilter): readonly string[] {
  const where = (filter.where ?? []).flatMap(({ path }) => prefixes(path));
  return [
    ...new Set([
      ...roots(session.expiresAt),
      ...roots(session.lastActivityAt),
      ...(filter.idle === undefined && filter.createdAfter === undefined && filter.createdBefore === undefined
        ? []
        : roots(session.createdAt)),
      ...(session.terminated === null || !judgesState(session, filter) ? [] : [session.terminated.path[0]]),
      ...session.filter.flat().map(({ attribute }) => attribute),
      ...where,
    ]),
  ];
}

/**
 * The attributes that decoding a session and judging it by a filter read, keys among them: without the others all but
 * the size comes out the same.
 */
export function neededAttributes(layout: Layout, filter: SessionFilter): readonly string[] {
  const { session } = layout;
  const required = (tableOf(layout, 'sessions')?.attributes ?? []).filter((spec) => spec.required);
  return [
    ...new Set([
      ...session.id.map(({ attribute }) => attribute),
      ...decisiveAttributes(layout, filter),
      ...roots(session.createdAt),
      ...(session.terminated === null ? [] : [session.terminated.path[0]]),
      ...required.flatMap(({ names }) => names),
    ]),
  ];
}

/** `a.b.c` may mean the attribute `a`, `a.b` or `a.b.c`. */
function prefixes(path: string): readonly string[] {
  const steps = path.split('.');
  // No attribute has an empty name, and DynamoDB refuses to be asked for one: `.a` begins with none.
  return steps.map((_, at) => steps.slice(0, at + 1).join('.')).filter((name) => name !== '');
}
