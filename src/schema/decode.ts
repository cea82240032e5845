import { type AttributeValue, type Item, itemSize, stringOf, typeOf } from './attribute-value.js';
import { codecOf, decodePayload, payloadToShow } from './payload.js';
import { plainItem, toPlain } from './plain.js';
import { sessionIdOf } from './session-id.js';
import { type ReadTime, readTime, readTimeAttribute } from './time.js';
import type {
  AttributePath,
  AttributeSpec,
  EventMeaning,
  ItemFilter,
  Layout,
  PayloadField,
  SessionMeaning,
  TableRole,
  TableSpec,
  TimeField,
} from './types.js';

/**
 * `terminated`: ended by the application, the row still there. `expired`: past its expiry, the row still there.
 * `incomplete`: an attribute that every whole row has is missing, as after an update that re-created a deleted row.
 */
export type SessionState = 'active' | 'expired' | 'terminated' | 'incomplete';

export interface DecodedSession {
  readonly id: string;
  readonly state: SessionState;
  /** Epoch milliseconds; null where the layout has none or the row's value cannot be read. */
  readonly createdAt: number | null;
  /** Epoch milliseconds; null where the layout has none or the row's value cannot be read. */
  readonly lastActivityAt: number | null;
  /** Epoch milliseconds; null where the row never expires or its value cannot be read. */
  readonly expiresAt: number | null;
  /** As DynamoDB counts an item's size. */
  readonly sizeBytes: number;
  /** What is wrong with the row, in words. */
  readonly problems: readonly string[];
}

/** The sessions table's specification. Every layout has one. */
export function tableOf(layout: Layout, role: TableSpec['role']): TableSpec | undefined {
  return layout.tables.find((table) => table.role === role);
}

/** The value under the first of several names that an item has. */
export function firstOf(item: Item, names: readonly string[]): AttributeValue | undefined {
  for (const name of names) {
    const value = item[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Whether an item is a session of the layout; shared tables keep other things beside them. */
export function matchesFilter(item: Item, filter: ItemFilter): boolean {
  return filter.every((group) =>
    group.some((condition) => {
      const value = item[condition.attribute];
      if (value === undefined) return false;
      if ('exists' in condition) return true;
      const text = 'S' in value ? value.S : 'N' in value ? value.N : undefined;
      if (text === undefined) return false;
      return 'equals' in condition ? text === condition.equals : text.startsWith(condition.beginsWith);
    }),
  );
}

/** Whether an attribute is there with a type that the layout knows. */
export function hasAttribute(item: Item, spec: AttributeSpec): boolean {
  const value = firstOf(item, spec.names);
  return value !== undefined && spec.types.includes(typeOf(value));
}

const isNothing = (value: AttributeValue | undefined): boolean => value === undefined || 'NULL' in value;

/** Follows a path into plain data. */
function dig(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

/** The value at a path, decoded; undefined where the item has none. */
export function valueAt(item: Item, path: AttributePath, payload: readonly PayloadField[]): unknown {
  const [name, ...rest] = path;
  const value = item[name];
  return value === undefined ? undefined : dig(decodePayload(value, codecOf(payload, name)), rest);
}

/** The instant that a field says, and where it was found to be none. */
export function readField(
  item: Item,
  field: TimeField,
  payload: readonly PayloadField[],
): ReadTime & { path?: string } {
  for (const path of field.paths) {
    const [name] = path;
    const read =
      path.length === 1
        ? readTimeAttribute(item[name], field.unit)
        : readNested(valueAt(item, path, payload), field.unit);
    if (read.kind === 'invalid') return { ...read, path: path.join('.') };
    if (read.kind === 'instant') return read;
  }
  return { kind: 'absent' };
}

function readNested(value: unknown, unit: TimeField['unit']): ReadTime {
  if (value === undefined || value === null) return { kind: 'absent' };
  if (typeof value === 'number') return readTime(value, unit, true);
  if (typeof value === 'string') return readTime(value, unit, false);
  return { kind: 'invalid', reason: 'is neither a number nor text' };
}

/** Reads the instants among the attributes of a role's items, in epoch milliseconds; null for what is none. */
export function instantReader(layout: Layout, role: TableRole): (path: string, value: unknown) => number | null {
  const { session, event } = layout;
  const ttl = tableOf(layout, role)?.ttl?.attribute;
  const fields =
    role === 'events' ? [event?.timestamp ?? null] : [session.createdAt, session.lastActivityAt, session.expiresAt];
  const units = new Map<string, TimeField['unit']>([
    ...(ttl === undefined ? [] : [[ttl, 's'] as const]),
    ...fields.flatMap((field) => field?.paths.map((path) => [path.join('.'), field.unit] as const) ?? []),
  ]);
  return (path, value) => {
    const unit = units.get(path);
    const read = unit === undefined ? null : readNested(value, unit);
    return read?.kind === 'instant' ? read.ms : null;
  };
}

/**
 * Whether nothing in an item contradicts how a layout stores the times of creation and activity: other applications
 * have attributes of the same names, in other units. The expiry is no sign: writing it in a wrong unit is a known fault.
 */
export function hasReadableTimes({ createdAt, lastActivityAt, payload }: SessionMeaning, item: Item): boolean {
  return [createdAt, lastActivityAt].every(
    (field) => field === null || readField(item, field, payload).kind !== 'invalid',
  );
}

function isTerminated(layout: Layout, item: Item): boolean {
  const { terminated, payload } = layout.session;
  if (terminated === null || !mayHold(item, terminated.path, payload)) return false;
  const value = valueAt(item, terminated.path, payload);
  return terminated.values.some((wanted) => wanted === value);
}

/** Whether it is worth parsing a payload for a path: JSON text holds a key as it is, or with an escape. */
function mayHold(item: Item, path: AttributePath, payload: readonly PayloadField[]): boolean {
  const [name] = path;
  const text = codecOf(payload, name) === 'json' ? stringOf(item[name]) : undefined;
  return text === undefined || text.includes(path.at(-1) ?? '') || text.includes('\\');
}

/** The attributes that every whole session's row has, and this one has not. */
export function missingAttributes(layout: Layout, item: Item): readonly string[] {
  return (tableOf(layout, 'sessions')?.attributes ?? [])
    .filter((spec) => spec.required && spec.names.every((name) => isNothing(item[name])))
    .map((spec) => spec.names[0] ?? '');
}

/**
 * Reads one session out of its item. `now` is epoch milliseconds.
 * A row that was terminated counts as such even when it has expired since.
 */
export function decodeSession(layout: Layout, item: Item, now: number): DecodedSession {
  const { session } = layout;
  const problems: string[] = [];
  const instantOf = (field: TimeField | null): number | null => {
    if (field === null) return null;
    const read = readField(item, field, session.payload);
    if (read.kind === 'invalid') problems.push(`${read.path ?? 'time'} ${read.reason}`);
    return read.kind === 'instant' ? read.ms : null;
  };
  const missing = missingAttributes(layout, item);
  const createdAt = instantOf(session.createdAt);
  const lastActivityAt = instantOf(session.lastActivityAt);
  const expiresAt = instantOf(session.expiresAt);
  if (missing.length > 0) problems.push(`without ${missing.join(', ')}`);
  const expired =
    expiresAt === null
      ? session.expiresAt?.missing === 'expired' && isAbsent(item, session.expiresAt, session.payload)
      : expiresAt <= now;
  return {
    id: sessionIdOf(item, session.id),
    state: isTerminated(layout, item)
      ? 'terminated'
      : expired
        ? 'expired'
        : missing.length > 0
          ? 'incomplete'
          : 'active',
    createdAt,
    lastActivityAt,
    expiresAt,
    sizeBytes: itemSize(item),
    problems,
  };
}

const isAbsent = (item: Item, field: TimeField, payload: readonly PayloadField[]): boolean =>
  readField(item, field, payload).kind === 'absent';

/** All attributes of an item as plain data, its payloads decoded. */
export function decodeAttributes(item: Item, payload: readonly PayloadField[]): Record<string, unknown> {
  const plain = plainItem(item);
  for (const { names, codec } of payload) {
    for (const name of names) {
      const value = item[name];
      if (value !== undefined) plain[name] = payloadToShow(value, codec);
    }
  }
  return plain;
}

export interface DecodedEvent {
  readonly id: string | number;
  /** Epoch milliseconds. */
  readonly timestamp: number | null;
  readonly type: string | null;
  readonly data: unknown;
}

/** Reads one event out of its item. */
export function decodeEvent(event: EventMeaning, item: Item): DecodedEvent {
  const idValue = item[event.id.name];
  const id = idValue === undefined ? '' : toPlain(idValue);
  const time = event.timestamp === null ? undefined : readField(item, event.timestamp, event.payload);
  const type = firstOf(item, event.type);
  const [field] = event.payload;
  const data = field === undefined ? undefined : firstOf(item, field.names);
  return {
    id: typeof id === 'number' || typeof id === 'string' ? id : String(id),
    timestamp: time?.kind === 'instant' ? time.ms : null,
    type: type !== undefined && 'S' in type ? type.S : null,
    data: field === undefined || data === undefined ? null : payloadToShow(data, field.codec),
  };
}
