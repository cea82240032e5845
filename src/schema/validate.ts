import * as v from 'valibot';
import { describeKey } from './describe.js';
import { nameProblem } from './names.js';
import type { AttributePath, EventMeaning, KeySchema, Layout, TableCall, TableSpec } from './types.js';

export interface LayoutIssue {
  /** Where in the layout, `tables.0.keys.partitionKey.type`. */
  readonly key: string;
  readonly reason: string;
}

export type LayoutValidation =
  | { readonly ok: true; readonly layout: Layout }
  | { readonly ok: false; readonly issues: readonly LayoutIssue[] };

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const keyType = v.picklist(['S', 'N', 'B']);
const attributeType = v.picklist(['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS']);
const unit = v.picklist(['s', 'ms', 'us', 'iso', 'auto']);
const tableName = v.pipe(
  text,
  v.check(
    (name) => nameProblem(name.replaceAll('{sessions}', 'xxx')) === undefined,
    'is no table name: 3 to 255 of a–z A–Z 0–9 _ - . ({sessions} stands for the name of the sessions table)',
  ),
);
const indexName = v.pipe(
  text,
  v.check((name) => nameProblem(name) === undefined, 'is no index name: 3 to 255 of a–z A–Z 0–9 _ - .'),
);

const keyAttribute = v.strictObject({ name: text, type: keyType });
const keySchema = { partitionKey: keyAttribute, sortKey: v.exactOptional(keyAttribute) };

const toPath = ([first = '', ...rest]: readonly string[]): AttributePath => [first, ...rest];
const path = v.union(
  [
    v.pipe(
      text,
      v.transform((dotted): AttributePath => toPath(dotted.split('.'))),
    ),
    v.pipe(
      v.array(text),
      v.minLength(1, 'must name an attribute'),
      v.transform((steps): AttributePath => toPath(steps)),
    ),
  ],
  'must be a path: "created_at", "data.createdAt", or a list of its steps',
);

const timeField = { paths: v.pipe(v.array(path), v.minLength(1, 'must name at least one attribute')), unit };
const expiry = v.strictObject({ ...timeField, missing: v.optional(v.picklist(['never', 'expired']), 'never') });
const payload = v.optional(
  v.array(v.strictObject({ names: v.array(text), codec: v.picklist(['json', 'native']) })),
  [],
);
const condition = v.union(
  [
    v.strictObject({ attribute: text, equals: v.string() }),
    v.strictObject({ attribute: text, beginsWith: v.string() }),
    v.strictObject({ attribute: text, exists: v.literal(true) }),
  ],
  'must be {attribute, equals}, {attribute, beginsWith} or {attribute, exists: true}',
);

const projection = v.pipe(
  v.strictObject({
    type: v.picklist(['ALL', 'KEYS_ONLY', 'INCLUDE']),
    nonKeyAttributes: v.exactOptional(v.array(text)),
  }),
  v.check(
    ({ type, nonKeyAttributes = [] }) => (type === 'INCLUDE') === nonKeyAttributes.length > 0,
    'needs nonKeyAttributes with INCLUDE, and only then',
  ),
);

const capacity = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));
const billing = v.variant('mode', [
  v.strictObject({ mode: v.literal('on-demand') }),
  v.strictObject({ mode: v.literal('provisioned'), readCapacityUnits: capacity, writeCapacityUnits: capacity }),
]);

const TABLE_CALLS = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
] as const satisfies readonly TableCall[];

const table = v.strictObject({
  role: v.picklist(['sessions', 'events']),
  defaultName: tableName,
  environmentVariables: v.optional(v.array(text), []),
  keys: v.strictObject(keySchema),
  indexes: v.optional(v.array(v.strictObject({ name: indexName, ...keySchema, projection })), []),
  ttl: v.optional(v.nullable(v.strictObject({ attribute: text })), null),
  stream: v.optional(v.nullable(v.picklist(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'])), null),
  tags: v.optional(v.record(text, v.string()), {}),
  billing: v.optional(v.nullable(billing), null),
  calls: v.exactOptional(v.array(v.picklist(TABLE_CALLS))),
  attributes: v.optional(
    v.array(
      v.strictObject({
        names: v.pipe(v.array(text), v.minLength(1, 'must hold a name')),
        types: v.pipe(v.array(attributeType), v.minLength(1, 'must hold a type')),
        required: v.optional(v.boolean(), false),
      }),
    ),
    [],
  ),
});

const idPart = v.pipe(
  v.strictObject({ attribute: text, type: keyType, prefix: v.exactOptional(text) }),
  v.check(({ type, prefix }) => prefix === undefined || type === 'S', 'can have a prefix only with the type S'),
);

const layout = v.strictObject({
  id: v.pipe(text, v.regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens')),
  title: text,
  description: v.optional(v.string(), ''),
  tables: v.pipe(v.array(table), v.minLength(1, 'must hold the sessions table')),
  session: v.strictObject({
    id: v.exactOptional(v.array(idPart)),
    idPrefixes: v.exactOptional(v.array(text)),
    idIsSecret: v.optional(v.boolean(), true),
    createdAt: v.optional(v.nullable(v.strictObject(timeField)), null),
    lastActivityAt: v.optional(v.nullable(v.strictObject(timeField)), null),
    expiresAt: v.optional(v.nullable(expiry), null),
    payload,
    terminated: v.optional(
      v.nullable(v.strictObject({ path, values: v.array(v.union([v.string(), v.boolean()])) })),
      null,
    ),
    filter: v.optional(v.array(v.array(condition)), []),
  }),
  event: v.optional(
    v.nullable(
      v.strictObject({
        sessionId: text,
        id: keyAttribute,
        timestamp: v.optional(v.nullable(v.strictObject(timeField)), null),
        type: v.optional(v.array(text), []),
        payload,
        expiresAt: v.optional(v.nullable(expiry), null),
      }),
    ),
    null,
  ),
  idForm: v.optional(
    v.picklist(['uuid-v7-simple', 'uuid-v7', 'uuid-v4', 'base64url-24', 'base64url-32', 'owner-task']),
    'uuid-v4',
  ),
  lifetimeSeconds: v.optional(v.pipe(v.number(), v.minValue(1, 'must be at least 1')), 3600),
  purge: v.optional(v.strictObject({ safe: v.boolean(), reason: v.string() }), {
    safe: false,
    reason: 'the layout does not say that its rows are expendable (purge.safe)',
  }),
  secretKeys: v.optional(v.array(text), []),
  publicKeys: v.optional(v.array(text), []),
});

/** Checks a layout that came from a configuration file; every issue names its key and the reason. */
export function validateLayout(input: unknown): LayoutValidation {
  const parsed = v.safeParse(layout, input);
  if (!parsed.success) return { ok: false, issues: parsed.issues.map(toIssue) };
  const { output } = parsed;
  const sessions = output.tables.find(({ role }) => role === 'sessions');
  const result: Layout = {
    ...output,
    session: { ...output.session, id: output.session.id ?? keyParts(sessions) },
  };
  const issues = contradictions(result);
  return issues.length > 0 ? { ok: false, issues } : { ok: true, layout: result };
}

function keyParts(spec: Pick<TableSpec, 'keys'> | undefined): Layout['session']['id'] {
  if (spec?.keys === undefined || spec.keys === null) return [];
  const { partitionKey, sortKey } = spec.keys;
  return [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].map(({ name, type }) => ({
    attribute: name,
    type,
  }));
}

const keyText = (parts: Layout['session']['id']): string =>
  parts.map(({ attribute, type }) => describeKey({ name: attribute, type })).join(', ');

/** What each key by itself allows and all of them together do not. */
function contradictions({ tables, session, event }: Layout): LayoutIssue[] {
  const issues: LayoutIssue[] = [];
  const ofRole = (role: TableSpec['role']): readonly TableSpec[] => tables.filter((spec) => spec.role === role);
  const [sessions, secondSessions] = ofRole('sessions');
  const [events, secondEvents] = ofRole('events');
  if (sessions === undefined) issues.push({ key: 'tables', reason: 'must hold a table with the role "sessions"' });
  if (secondSessions !== undefined || secondEvents !== undefined)
    issues.push({ key: 'tables', reason: 'must not hold two tables of the same role' });
  if (sessions?.defaultName.includes('{sessions}') === true)
    issues.push({ key: 'tables', reason: 'the sessions table cannot be named after itself ({sessions})' });
  if (events !== undefined && sessions !== undefined && tables[0] !== sessions)
    issues.push({ key: 'tables', reason: 'the sessions table must come first' });
  if ((events === undefined) !== (event === null))
    issues.push({ key: 'event', reason: 'and a table with the role "events" go together: one is missing' });
  if (sessions !== undefined && keyText(session.id) !== keyText(keyParts(sessions)))
    issues.push({
      key: 'session.id',
      reason: `must be the sessions table's key attributes in order: ${keyText(keyParts(sessions))}`,
    });
  if (event !== null && events?.keys) issues.push(...eventContradictions(event, events.keys, sessions?.keys ?? null));
  for (const [at, spec] of tables.entries()) {
    const conflict = typeConflict(spec);
    if (conflict !== undefined) issues.push({ key: `tables.${at}`, reason: conflict });
    const names = spec.indexes.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) issues.push({ key: `tables.${at}.indexes`, reason: `holds '${twice}' twice` });
    if (names.length > 20)
      issues.push({ key: `tables.${at}.indexes`, reason: 'holds more than the 20 indexes that DynamoDB allows' });
    if (Object.keys(spec.tags).length > 50)
      issues.push({ key: `tables.${at}.tags`, reason: 'holds more than the 50 tags that AWS allows' });
  }
  return issues;
}

/** The events of a session are found by the session's id and ordered by the event's: these are the events table's keys. */
function eventContradictions(event: EventMeaning, keys: KeySchema, sessions: KeySchema | null): LayoutIssue[] {
  const issues: LayoutIssue[] = [];
  const { partitionKey, sortKey } = keys;
  if (event.sessionId !== partitionKey.name)
    issues.push({ key: 'event.sessionId', reason: `must be the events table's partition key: ${partitionKey.name}` });
  if (sortKey === undefined || describeKey(event.id) !== describeKey(sortKey))
    issues.push({
      key: 'event.id',
      reason: `must be the events table's sort key: ${sortKey === undefined ? 'it has none' : describeKey(sortKey)}`,
    });
  if (sessions !== null && sessions.partitionKey.type !== partitionKey.type)
    issues.push({
      key: 'event.sessionId',
      reason: `is of type ${partitionKey.type}, the sessions table's partition key of type ${sessions.partitionKey.type}`,
    });
  return issues;
}

/** CreateTable defines each key attribute once, so it can have but one type; and no key names an attribute twice. */
function typeConflict({ keys, indexes }: TableSpec): string | undefined {
  const types = new Map<string, string>();
  for (const { partitionKey, sortKey } of [...(keys === null ? [] : [keys]), ...indexes]) {
    if (partitionKey.name === sortKey?.name) return `has '${sortKey.name}' as partition and as sort key of one key`;
    for (const { name, type } of sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]) {
      const known = types.get(name) ?? type;
      if (known !== type) return `gives the key attribute '${name}' the types ${known} and ${type}`;
      types.set(name, type);
    }
  }
  return undefined;
}

function toIssue(issue: v.BaseIssue<unknown>): LayoutIssue {
  const key = v.getDotPath(issue) ?? '(layout)';
  if (issue.kind === 'schema' && issue.expected === 'never') return { key, reason: 'is not a key of a layout' };
  if (issue.kind === 'schema' && issue.received === 'undefined') return { key, reason: 'is missing' };
  if (issue.kind === 'schema' && issue.type !== 'union')
    return { key, reason: `must be ${issue.expected ?? 'something else'}, not ${issue.received}` };
  return { key, reason: issue.message };
}
