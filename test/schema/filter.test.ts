import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AttributeValue, Item } from '../../src/schema/attribute-value.js';
import {
  decisiveAttributes,
  filterProblem,
  pushDown,
  selectSession,
  type SessionFilter,
} from '../../src/schema/filter.js';
import { sessionIdOf } from '../../src/schema/session-id.js';
import type { Layout } from '../../src/schema/types.js';
import { parseWhere, type Where } from '../../src/schema/where.js';
import { itemFromWire, itemToWire } from '../../src/schema/wire.js';
import { useEngine } from '../support/engine.js';
import { json, layoutNamed, N, NOW, NOW_S, S } from './fixtures.js';

const engine = useEngine();

/** Beside the layouts of the product: a filter on a number, JSON keys with odd characters, rows that expire without a time. */
const custom: Layout = {
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

const LAYOUTS: readonly Layout[] = [
  ...['mcp', 'turul', 'llm-duel', 'pmcp-tasks', 'express'].map(layoutNamed),
  { ...layoutNamed('generic'), session: { ...custom.session, filter: [] }, id: 'generic-like' },
  custom,
];

// Instants near the bounds that the filters below ask for, in every unit, with fractions, and values that are no instant.
const near = fc
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
const attributes: fc.Arbitrary<Item> = fc
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
const filter: fc.Arbitrary<SessionFilter> = fc.record(
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

const keysOf = (layout: Layout): readonly string[] => layout.session.id.map(({ attribute }) => attribute);
const ROWS = 400;

/** Rows under keys that are the layout's own, most of them, and other things that share its table. */
function rowsOf(layout: Layout): readonly Item[] {
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

async function load(table: string, layout: Layout, rows: readonly Item[]): Promise<void> {
  const keys = keysOf(layout);
  await engine.raw.call('CreateTable', {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keys.map((name, at) => ({ AttributeName: name, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
    AttributeDefinitions: keys.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
  });
  for (let at = 0; at < rows.length; at += 25)
    await engine.raw.call('BatchWriteItem', {
      RequestItems: { [table]: rows.slice(at, at + 25).map((item) => ({ PutRequest: { Item: itemToWire(item) } })) },
    });
}

/** The ids that are chosen among what the engine answers, through the filter that is pushed down or without one. */
async function chosen(
  table: string,
  layout: Layout,
  asked: SessionFilter,
  pushed: boolean,
): Promise<readonly string[]> {
  const expression = pushed ? pushDown(layout, asked, NOW) : undefined;
  const { Items: items = [], ScannedCount: scanned } = await engine.raw.call('Scan', {
    TableName: table,
    ...(expression && {
      FilterExpression: expression.expression,
      ExpressionAttributeNames: expression.names,
      ...(Object.keys(expression.values).length > 0 && {
        ExpressionAttributeValues: itemToWire(expression.values),
      }),
    }),
  });
  expect(scanned).toBe(ROWS);
  return items
    .map((item) => itemFromWire(JSON.parse(JSON.stringify(item))))
    .flatMap((item) =>
      selectSession(layout, item, asked, NOW) === undefined ? [] : [sessionIdOf(item, layout.session.id)],
    )
    .toSorted();
}

describe.each(LAYOUTS)('filters of the layout $id, on the engine', (layout) => {
  const table = `filter-${layout.id}`;
  const rows = rowsOf(layout);
  beforeAll(() => load(table, layout, rows));

  it('choose the same rows through DynamoDB, without it, and in memory', async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(filter, async (asked) => {
        const inMemory = rows
          .filter((item) => selectSession(layout, item, asked, NOW) !== undefined)
          .map((item) => sessionIdOf(item, layout.session.id))
          .toSorted();
        expect(await chosen(table, layout, asked, false)).toEqual(inMemory);
        expect(await chosen(table, layout, asked, true)).toEqual(inMemory);
        hits += inMemory.length;
      }),
      { numRuns: 40, seed: 5, examples: [[{}], [{ expired: true }], [{ terminated: true }]] },
    );
    expect(hits).toBeGreaterThan(0);
  });

  it('depend on nothing but what decides them', () => {
    fc.assert(
      fc.property(filter, fc.nat(ROWS - 1), (asked, at) => {
        const item = rows[at] ?? {};
        const names = new Set([...keysOf(layout), ...decisiveAttributes(layout, asked)]);
        const narrow = Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)));
        // Whether a row is whole is not asked for by any filter but `active`.
        if (asked.active === true) return;
        expect(selectSession(layout, narrow, asked, NOW) === undefined).toBe(
          selectSession(layout, item, asked, NOW) === undefined,
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('selectSession, against a plain reading of the rows', () => {
  it('agrees about whole numbers in the right unit', () => {
    const mcp = layoutNamed('mcp');
    const row = fc.record({ created: near, active: near, ttl: fc.option(near), ended: fc.boolean() });
    fc.assert(
      fc.property(row, filter, ({ created, active, ttl, ended: isEnded }, asked) => {
        const ttlSeconds = ttl === null ? null : Math.floor(ttl / 1000);
        const item: Item = {
          session_id: S('x'),
          created_at: N(created),
          last_activity: N(active),
          state: json({ terminated: isEnded, userId: 42 }),
          ...(ttlSeconds !== null && { ttl: N(ttlSeconds) }),
        };
        const isPast = ttlSeconds !== null && ttlSeconds <= NOW_S;
        const expected = [
          asked.active !== true || (!isPast && !isEnded),
          asked.expired !== true || isPast,
          asked.terminated !== true || isEnded,
          asked.idle === undefined || NOW - active >= asked.idle,
          asked.createdAfter === undefined || created >= asked.createdAfter,
          asked.createdBefore === undefined || created < asked.createdBefore,
          ...(asked.where ?? []).map(({ path, operator }) => {
            if (path === 'state.userId') return operator === '=';
            if (path === 'ttl') return ttlSeconds === null;
            return path === 'constructor';
          }),
        ].every(Boolean);
        expect(selectSession(mcp, item, asked, NOW) !== undefined).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('decisiveAttributes', () => {
  const mcp = layoutNamed('mcp');
  it.each<[string, SessionFilter, readonly string[]]>([
    [
      'expiry and activity always: a sign of life keeps a session',
      { expired: true },
      ['ttl', 'last_activity', 'lastActivity'],
    ],
    [
      'creation where it is asked for',
      { createdBefore: 1 },
      ['ttl', 'last_activity', 'lastActivity', 'created_at', 'createdAt'],
    ],
    ['the payload that says terminated', { terminated: true }, ['ttl', 'last_activity', 'lastActivity', 'state']],
    [
      'every attribute that a dotted path may mean',
      { where: [{ path: 'state.a.b', operator: '=', value: '1' }] },
      ['ttl', 'last_activity', 'lastActivity', 'state', 'state.a', 'state.a.b'],
    ],
  ])('are %s', (_, asked, names) => {
    expect(decisiveAttributes(mcp, asked)).toEqual(names);
  });

  it('are also those of the items that are sessions', () => {
    expect(decisiveAttributes(custom, { expired: true })).toEqual(
      expect.arrayContaining(['kind', 'state', 'ttl', 'expires']),
    );
  });
});

const without = (
  field: 'createdAt' | 'lastActivityAt' | 'expiresAt' | 'terminated',
  layout = layoutNamed('mcp'),
): Layout => ({
  ...layout,
  session: { ...layout.session, [field]: null },
});

describe('filterProblem', () => {
  it.each<[SessionFilter, Layout, string | undefined]>([
    [{ idle: 1 }, without('lastActivityAt'), undefined],
    [{ idle: 1 }, without('createdAt', without('lastActivityAt')), 'neither activity nor creation'],
    [{ createdAfter: 1 }, without('createdAt'), 'when a session was created'],
    [{ createdBefore: 1 }, without('createdAt'), 'when a session was created'],
    [{ terminated: true }, without('terminated'), 'that a session was terminated'],
    [{ expired: true }, without('expiresAt'), 'has no expiry'],
    [{ active: true, where: [] }, without('expiresAt'), undefined],
    [{ expired: true, terminated: true, idle: 1, createdAfter: 1 }, layoutNamed('mcp'), undefined],
  ])('%j', (asked, layout, problem) => {
    const said = filterProblem(layout, asked);
    if (problem === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(problem);
  });
});
