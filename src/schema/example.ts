import { v4, v7 } from 'uuid';
import type { AttributeType, AttributeValue, Item, KeyType } from './attribute-value.js';
import { matchesFilter, tableOf } from './decode.js';
import { keyOfSessionId } from './session-id.js';
import { writeTime } from './time.js';
import type { AttributeSpec, ExampleFacts, IdForm, ItemFilter, KeyAttribute, Layout, TimeField } from './types.js';

/** A source of randomness: uniform integers from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

export interface ExampleRequest {
  readonly random: Random;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether the session's expiry is past. */
  readonly expired: boolean;
  /** How many events; none where the layout has no events. */
  readonly events: number;
}

export interface ExampleSession {
  readonly session: Item;
  readonly events: readonly Item[];
}

const HOUR_MS = 3_600_000;
const OWNERS = ['local', 'auth0|64f1c2', 'client-7', 'session-19ab'] as const;

const randomBytes = (random: Random, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random(256));

function idText(form: IdForm, createdAt: number, random: Random): string {
  switch (form) {
    case 'uuid-v4':
      return v4({ random: randomBytes(random, 16) });
    case 'uuid-v7':
      return v7({ msecs: createdAt, random: randomBytes(random, 16), seq: random(2 ** 31) });
    case 'uuid-v7-simple':
      return idText('uuid-v7', createdAt, random).replaceAll('-', '');
    case 'base64url-24':
    case 'base64url-32':
      return Buffer.from(randomBytes(random, form === 'base64url-24' ? 24 : 32)).toString('base64url');
    case 'owner-task':
      return `${OWNERS[random(OWNERS.length)] ?? OWNERS[0]}:${idText('uuid-v4', createdAt, random)}`;
  }
}

/** The id of a new session, in the form that the layout's application gives it. */
function exampleId(layout: Layout, createdAt: number, random: Random): string {
  const { id: parts, idPrefixes = [] } = layout.session;
  const [first, second] = parts;
  if (layout.idForm === 'owner-task' && second !== undefined) return idText('owner-task', createdAt, random);
  const text = firstPart(
    first?.type ?? 'S',
    `${idPrefixes[0] ?? ''}${idText(layout.idForm, createdAt, random)}`,
    random,
  );
  if (second === undefined) return text;
  return `${text}:${second.type === 'S' ? 'session' : second.type === 'N' ? '1' : 'c2Vzc2lvbg=='}`;
}

function firstPart(type: KeyType, text: string, random: Random): string {
  if (type === 'N') return String(1_000_000 + random(1_000_000_000));
  return type === 'B' ? Buffer.from(text).toString('base64') : text;
}

/** Times of a session that is alive, or one that ran out up to two days ago; epoch milliseconds. */
function exampleTimes(
  layout: Layout,
  { random, now, expired }: ExampleRequest,
): Omit<ExampleFacts, 'id' | 'terminated' | 'random' | 'uuid'> {
  const lifetime = layout.lifetimeSeconds * 1000;
  const ago = expired ? lifetime + 60_000 + random(48 * HOUR_MS) : random(Math.floor(lifetime * 0.9));
  const lastActivityAt = now - ago;
  return {
    // Where no activity is recorded nothing extends a session: its lifetime runs from its creation.
    createdAt:
      layout.session.lastActivityAt === null ? lastActivityAt : lastActivityAt - random(Math.floor(lifetime / 2)),
    lastActivityAt,
    expiresAt: lastActivityAt + lifetime,
  };
}

function timeAttributes(fields: readonly (readonly [TimeField | null, number])[]): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  for (const [field, ms] of fields) {
    const [path] = field?.paths ?? [];
    // An instant inside a payload is the example's own business.
    if (field !== null && path !== undefined && path.length === 1) attributes[path[0]] = writeTime(ms, field.unit);
  }
  return attributes;
}

const FILLERS: Readonly<Record<AttributeType, AttributeValue>> = {
  S: { S: 'example' },
  N: { N: '1' },
  B: { B: Uint8Array.of(1, 2, 3) },
  BOOL: { BOOL: true },
  NULL: { NULL: true },
  M: { M: { example: { BOOL: true } } },
  L: { L: [] },
  SS: { SS: ['example'] },
  NS: { NS: ['1'] },
  BS: { BS: [Uint8Array.of(1)] },
};

/** What a layout demands and no example gave; layouts of a configuration file have no examples. */
function fill(item: Item, specs: readonly AttributeSpec[], json: ReadonlySet<string>): Item {
  const missing = specs.filter(({ names, required }) => required && !names.some((name) => name in item));
  return {
    ...item,
    ...Object.fromEntries(
      missing.map(({ names: [name = ''], types: [type = 'S'] }) => [
        name,
        json.has(name) && type === 'S' ? { S: '{"example":true}' } : FILLERS[type],
      ]),
    ),
  };
}

/** What an item must hold to pass the layout's filter; an example that did not pass would never be listed. */
function filterAttributes(filter: ItemFilter, item: Item, specs: readonly AttributeSpec[]): Item {
  const attributes: Record<string, AttributeValue> = {};
  for (const group of filter) {
    if (matchesFilter({ ...attributes, ...item }, [group])) continue;
    const condition = group.find(({ attribute }) => item[attribute] === undefined);
    if (condition === undefined) continue;
    const type = specs.find(({ names }) => names.includes(condition.attribute))?.types[0] ?? 'S';
    if ('exists' in condition) attributes[condition.attribute] = FILLERS[type];
    else {
      const text = 'equals' in condition ? condition.equals : `${condition.beginsWith}1`;
      attributes[condition.attribute] = type === 'N' ? { N: text } : { S: text };
    }
  }
  return attributes;
}

const jsonNames = (payload: Layout['session']['payload']): ReadonlySet<string> =>
  new Set(payload.filter(({ codec }) => codec === 'json').flatMap(({ names }) => names));

/** A realistic session of a layout with its events, as its application would store it. Pure but for `random`. */
export function exampleSession(layout: Layout, request: ExampleRequest): ExampleSession {
  const { random } = request;
  const times = exampleTimes(layout, request);
  const terminated = layout.session.terminated !== null && !request.expired && random(8) === 0;
  const id = exampleId(layout, times.createdAt, random);
  const uuid = (): string => v4({ random: randomBytes(random, 16) });
  const facts: ExampleFacts = { id, ...times, terminated, random, uuid };
  const { session } = layout;
  const key = keyOfSessionId(id, session.id) ?? {};
  const item = {
    ...key,
    ...timeAttributes([
      [session.createdAt, times.createdAt],
      [session.lastActivityAt, times.lastActivityAt],
      [session.expiresAt, times.expiresAt],
    ]),
    ...session.example?.(facts),
  };
  const specs = tableOf(layout, 'sessions')?.attributes ?? [];
  return {
    session: fill({ ...filterAttributes(session.filter, item, specs), ...item }, specs, jsonNames(session.payload)),
    events: exampleEvents(layout, facts, key, request.events),
  };
}

function exampleEvents(layout: Layout, facts: ExampleFacts, sessionKey: Item, count: number): readonly Item[] {
  const { event } = layout;
  const [part] = layout.session.id;
  const owner = part === undefined ? undefined : sessionKey[part.attribute];
  if (event === null || owner === undefined) return [];
  const span = facts.lastActivityAt - facts.createdAt;
  const specs = tableOf(layout, 'events')?.attributes ?? [];
  return Array.from({ length: count }, (_, at) => {
    const sequence = at + 1;
    const item = {
      [event.sessionId]: owner,
      [event.id.name]: eventId(event.id, sequence),
      ...timeAttributes([
        [event.timestamp, facts.createdAt + Math.floor((span * sequence) / count)],
        [event.expiresAt, facts.expiresAt],
      ]),
      ...event.example?.({ ...facts, sequence }),
    };
    return fill(item, specs, jsonNames(event.payload));
  });
}

const eventId = ({ type }: KeyAttribute, sequence: number): AttributeValue => {
  if (type === 'N') return { N: String(sequence) };
  const text = String(sequence).padStart(12, '0');
  return type === 'S' ? { S: text } : { B: Buffer.from(text) };
};
