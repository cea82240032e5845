import { describeTable } from '../../dynamodb/describe.js';
import type { StreamReader } from '../../dynamodb/stream-reader.js';
import type { StreamRecord } from '../../dynamodb/streams.js';
import { CliError } from '../../errors.js';
import {
  type AttributeValue,
  changesBetween,
  compareKeys,
  decodeAttributes,
  type Item,
  keyOfSessionId,
  type Layout,
  matchesFilter,
  plainItem,
  sessionIdOf,
  tableOf,
  type TableRole,
  type ValueChange,
} from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { tablesOf } from './streams.js';
import type { Target } from '../target.js';

export interface TailRequest {
  readonly from: 'now' | 'trim-horizon';
  readonly only: TableRole | null;
  /** Only what is about this session. */
  readonly sessionId: string | null;
  /** Changes; null for no end. */
  readonly limit: number | null;
}

/** One change of one row, decoded by the layout. */
export interface TableChange {
  readonly table: string;
  readonly role: TableRole;
  readonly eventName: StreamRecord['eventName'];
  /** Epoch milliseconds, to a second. */
  readonly at: number | null;
  readonly sequenceNumber: string;
  readonly sessionId: string;
  /** Removed by TTL and not by an application. */
  readonly ttlDelete: boolean;
  readonly keys: Readonly<Record<string, unknown>>;
  /** Empty where the stream does not hold what it takes to tell. */
  readonly changes: readonly ValueChange[];
  /** null where there is none, or the stream does not hold it. */
  readonly old: Readonly<Record<string, unknown>> | null;
  readonly new: Readonly<Record<string, unknown>> | null;
}

export interface TailListener {
  /** Names the tables whose streams are followed from here on. */
  readonly onStart: (tables: readonly string[]) => void;
  /** What is missing in the result, and why. */
  readonly onWarning: (text: string) => void;
}

/**
 * Follows the streams of a layout's tables: every change of a session or an event, as it comes. Ends at the limit, when
 * all streams have been turned off, or with INTERRUPTED when the context's signal fires. Throws STREAM_NOT_FOUND where
 * there is no stream at all.
 */
export async function* tailStreams(
  context: OperationContext,
  target: Target,
  request: TailRequest,
  listener: TailListener,
): AsyncGenerator<TableChange> {
  const { layout } = target;
  const isWanted = wantedBy(layout, request.sessionId);
  const sources = await openReaders(context, target, request, listener);
  listener.onStart([...sources.values()].map(({ table }) => table));
  const { followStreams } = await import('../../dynamodb/stream-reader.js');
  let left = request.limit ?? Number.POSITIVE_INFINITY;
  const readers = [...sources.values()].map(({ reader }) => reader);
  for await (const batches of followStreams(readers, context.signal)) {
    for (const { table, records, lost, ended } of batches) {
      const role = sources.get(table)?.role ?? 'sessions';
      if (lost) listener.onWarning(`${table}: records older than 24 hours were gone before they were read`);
      for (const record of records) {
        if (!isSessions(layout, role, record) || !isWanted(role, record.keys)) continue;
        yield changeOf(layout, { table, role }, record);
        left -= 1;
        if (left <= 0) return;
      }
      if (ended) listener.onWarning(`${table}: the stream was turned off; this was all of it`);
    }
  }
}

interface Source {
  readonly table: string;
  readonly role: TableRole;
  readonly reader: StreamReader;
}

async function openReaders(
  context: OperationContext,
  target: Target,
  { only, from }: TailRequest,
  { onWarning }: TailListener,
): Promise<ReadonlyMap<string, Source>> {
  const sources = new Map<string, Source>();
  const missing: string[] = [];
  for (const { name: table, role } of tablesOf(target, only)) {
    const described = await describeTable(context.dynamo, table);
    if (described?.stream.enabled !== true || described.latestStream === null) {
      missing.push(described === null ? `table '${table}' does not exist` : `table '${table}' has no stream`);
      continue;
    }
    const { StreamReader: Reader } = await import('../../dynamodb/stream-reader.js');
    const place = { table, arn: described.latestStream.arn };
    sources.set(table, { table, role, reader: await Reader.open(context.dynamo, place, { from, now: context.now }) });
  }
  if (sources.size === 0)
    throw new CliError('STREAM_NOT_FOUND', `there is no stream to follow: ${missing.join(', ')}`, {
      hint: '`mcp-sessions streams enable` turns it on; `mcp-sessions status` shows the tables',
    });
  for (const text of missing) onWarning(`${text}: it is left out`);
  return sources;
}

/** Whether a row is about a session, by its keys. Throws USAGE for what cannot be an id. */
function wantedBy(layout: Layout, sessionId: string | null): (role: TableRole, keys: Item) => boolean {
  const { id: parts, idPrefixes = [] } = layout.session;
  if (sessionId === null) return () => true;
  const ids = ['', ...idPrefixes].map((prefix) => `${prefix}${sessionId}`);
  const [part] = parts;
  const owners = ids.flatMap((id): readonly AttributeValue[] => {
    const key = part === undefined ? undefined : keyOfSessionId(id, parts)?.[part.attribute];
    return key === undefined ? [] : [key];
  });
  if (owners.length === 0) throw new CliError('USAGE', `'${sessionId}' is not an id of the layout ${layout.id}`);
  return (role, keys) => {
    if (role === 'sessions') return ids.includes(sessionIdOf(keys, parts));
    const owner = layout.event === null ? undefined : keys[layout.event.sessionId];
    return owner !== undefined && owners.some((wanted) => compareKeys(wanted, owner) === 0);
  };
}

/** Shared tables hold other things beside sessions; where the stream has no image, keys alone do not tell. */
function isSessions({ session }: Layout, role: TableRole, { oldImage, newImage }: StreamRecord): boolean {
  const images = [oldImage, newImage].filter((image) => image !== null);
  return role !== 'sessions' || images.length === 0 || images.some((image) => matchesFilter(image, session.filter));
}

function idOf({ session, event }: Layout, role: TableRole, keys: Item): string {
  if (role === 'sessions' || event === null) return sessionIdOf(keys, session.id);
  const [part] = session.id;
  const owner = keys[event.sessionId];
  return part === undefined || owner === undefined ? '' : sessionIdOf({ [part.attribute]: owner }, [part]);
}

function changeOf(
  layout: Layout,
  { table, role }: { readonly table: string; readonly role: TableRole },
  record: StreamRecord,
): TableChange {
  const { eventName, at, sequenceNumber, byTtl, keys, oldImage, newImage } = record;
  const payload = (role === 'events' ? layout.event?.payload : layout.session.payload) ?? [];
  const decoded = (image: Item | null) => (image === null ? null : decodeAttributes(image, payload));
  const [before, after] = [decoded(oldImage), decoded(newImage)];
  const isTold = (eventName === 'INSERT' || before !== null) && (eventName === 'REMOVE' || after !== null);
  const changes = isTold ? changesBetween(before ?? {}, after ?? {}) : [];
  return {
    table,
    role,
    eventName,
    at,
    sequenceNumber,
    sessionId: idOf(layout, role, keys),
    ttlDelete: byTtl,
    keys: plainItem(keys),
    changes: inOrder(
      layout,
      role,
      changes.filter(({ path: [name = ''] }) => keys[name] === undefined),
    ),
    old: before,
    new: after,
  };
}

/** The attributes in the order of the layout, then those that it does not know: DynamoDB answers them in any order. */
function inOrder(layout: Layout, role: TableRole, changes: readonly ValueChange[]): readonly ValueChange[] {
  const known = tableOf(layout, role)?.attributes.flatMap(({ names }) => names) ?? [];
  const rank = ({ path: [name = ''] }: ValueChange): number =>
    known.includes(name) ? known.indexOf(name) : known.length;
  return changes.toSorted((a, b) => rank(a) - rank(b) || compareText(a, b));
}

/** Equal where only the way into the attribute differs: those keep their order. */
function compareText({ path: [a = ''] }: ValueChange, { path: [b = ''] }: ValueChange): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
