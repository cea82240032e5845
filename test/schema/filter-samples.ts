import * as fc from 'fast-check';
import type { AttributeValue, Item } from '../../src/schema/attribute-value.js';
import type { SessionFilter } from '../../src/schema/filter.js';
import type { Layout } from '../../src/schema/types.js';
import { parseWhere, type Where } from '../../src/schema/where.js';
import { json, layoutNamed, N, NOW, S } from './fixtures.js';

/** Beside the layouts of the product: a filter on a number, JSON keys with odd characters, rows that expire without a time. */
export const custom: Layout = {
  ...layoutNamed('mcp'),
  id: 'custom',
  session: {
    ...layoutNamed('mcp').session,
    id: [{ attribute: 'session_id', type: 'S' }],
    createdAt: { paths: [['created_at'], ['createdAt']], unit: 'us' },
    expiresAt: { paths: [['ttl'], ['expires']], unit: 's', missing: 'expired' },
    terminated: { path: ['state', 'beëindigd'], values: [true, 'ja'] },
    filter: [
      [
        { attribute: 'kind', equals: '5' },
        { attribute: 'kind', beginsWith: 'sess' },
      ],
    ],
  },
};

export const LAYOUTS: readonly Layout[] = [
  ...['mcp', 'turul', 'llm-duel', 'pmcp-tasks', 'express'].map(layoutNamed),
  { ...layoutNamed('generic'), session: { ...custom.session, filter: [] }, id: 'generic-like' },
  custom,
];

// Instants near the bounds that the filters below ask for, in every unit, with fractions, and values that are no instant.
export const near = fc
  .tuple(fc.constantFrom(0, -3_600_000, -86_400_000, 3_600_000), fc.integer({ min: -2500, max: 2500 }))
  .map(([offset, more]) => NOW + offset + more);
const instant: fc.Arbitrary<AttributeValue> = fc.oneof(
  near.map((ms) => N(Math.floor(ms / 1000))),
  near.map((ms) => N(ms / 1000)),
  near.map((ms) => N(ms)),
  near.map((ms) => N(`${ms}.5`)),
  near.map((ms) => N(ms * 1000)),
  near.map((ms) => S(new Date(ms).toISOString())),
  near.map((ms) => S(new Date(ms).toISOString().replace('Z', '+00:00'))),
  near.map((ms) => S(String(ms))),
  fc.constantFrom<AttributeValue>(
    { NULL: true },
    { BOOL: true },
    S(''),
    N(0),
    N('-1'),
    N('99999999999999999999999999999999999999'),
    { L: [] },
    { SS: ['x'] },
  ),
);
const ended = fc.constantFrom<AttributeValue>(
  json({ terminated: true, userId: 42 }),
  json({ terminated: false }),
  json({ beëindigd: 'ja', cookie: { expires: new Date(NOW - 1000).toISOString() } }),
  S('{"be\\u00ebindigd": true, "userId":42.0}'),
  S('{"\\u0074erminated":true}'),
  S('{ "terminated" : true }'),
  S('{"terminated":true'),
  json({ nested: { terminated: true } }),
  { M: { terminated: { BOOL: true }, userId: N(42), beëindigd: S('ja') } },
  json({ task: { createdAt: new Date(NOW - 90_000_000).toISOString(), lastUpdatedAt: new Date(NOW).toISOString() } }),
  S('terminated'),
  N(5),
);

const ATTRIBUTES = [
  ...['created_at', 'createdAt', 'last_activity', 'lastActivity', 'ttl', 'expires', 'expires_at', 'expiresAt'].map(
    (name) => [name, instant] as const,
  ),
  ...['state', 'data', 'sess', 'user_data', 'metadata'].map((name) => [name, ended] as const),
  ['kind', fc.constantFrom<AttributeValue>(N(5), S('5'), S('session'), S('other'), { BOOL: true })] as const,
  ['version', fc.constant<AttributeValue>(N(1))] as const,
];
export const attributes: fc.Arbitrary<Item> = fc
  .record(Object.fromEntries(ATTRIBUTES), { requiredKeys: [] })
  .map((item) => Object.fromEntries(Object.entries(item).flatMap(([name, value]) => (value ? [[name, value]] : []))));

const where = fc
  .constantFrom(
    'state.userId=42',
    'state.userId!=42',
    'data.task exists',
    'ttl missing',
    'constructor missing',
    'kind^=s',
  )
  .map((text): Where => parseWhere(text) ?? { path: '', operator: '=', value: '' });
export const filter: fc.Arbitrary<SessionFilter> = fc.record(
  {
    active: fc.constant(true),
    expired: fc.constant(true),
    terminated: fc.constant(true),
    idle: fc.constantFrom(0, 3_600_000, 86_400_000, 3_599_500),
    createdAfter: fc.constantFrom(NOW - 86_400_000, NOW - 3_600_000, NOW + 1),
    createdBefore: fc.constantFrom(NOW - 86_400_000, NOW - 3_600_000, NOW + 1),
    where: fc.array(where, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const PATHS = [
  'kind',
  'version',
  'ttl',
  'created_at',
  'last_activity',
  'expires',
  'state',
  'state.userId',
  'nosuch',
  'metadata.a.b',
];
const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '^=', '~='];
const VALUES = [
  '5',
  '5.0',
  's',
  'session',
  'other',
  'true',
  '42',
  '1',
  '1h',
  '-1',
  new Date(NOW).toISOString(),
  String(NOW),
];

/** Any condition that is accepted, on attributes of every kind. */
export const anyWhere: fc.Arbitrary<Where> = fc
  .oneof(
    fc
      .tuple(fc.constantFrom(...PATHS), fc.constantFrom(...OPERATORS), fc.constantFrom(...VALUES))
      .map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom('exists', 'missing')).map((parts) => parts.join(' ')),
  )
  .map((text) => parseWhere(text))
  .filter((condition) => condition !== undefined);

export const keysOf = (layout: Layout): readonly string[] => layout.session.id.map(({ attribute }) => attribute);
export const ROWS = 400;

/** Rows under keys that are the layout's own, most of them, and other things that share its table. */
export function rowsOf(layout: Layout): readonly Item[] {
  return fc.sample(attributes, { numRuns: ROWS, seed: 11 }).map((item, at) => ({
    ...item,
    ...Object.fromEntries(
      layout.session.id.map(({ attribute, prefix = layout.session.idPrefixes?.[0] ?? '' }) => [
        attribute,
        S(at % 7 === 6 ? `other${at}` : `${prefix}${at}`),
      ]),
    ),
  }));
}
