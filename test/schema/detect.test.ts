import { describe, expect, it } from 'vitest';
import {
  type Detectable,
  type Detection,
  detectLayout,
  exampleSession,
  type IndexSpec,
  type Item,
  type KeySchema,
  type KeyType,
  type Layout,
  LAYOUTS,
  type ObservedIndex,
  validateLayout,
} from '../../src/schema/index.js';
import { json, layoutNamed, N, NOW, NOW_S, S, seeded } from './fixtures.js';

const key = (partition: string, sort?: string, sortType: KeyType = 'S'): KeySchema => ({
  partitionKey: { name: partition, type: 'S' },
  ...(sort !== undefined && { sortKey: { name: sort, type: sortType } }),
});

const built = (index: IndexSpec): ObservedIndex => ({
  ...index,
  status: 'ACTIVE',
  backfilling: false,
  itemCount: 0,
  sizeBytes: 0,
});

interface Table {
  readonly keys: KeySchema;
  readonly indexes?: readonly IndexSpec[];
  readonly ttl?: string;
  readonly name?: string;
}

const table = ({ keys, indexes = [], ttl, name = 'whatever' }: Table): Detectable => ({
  name,
  keys,
  indexes: indexes.map(built),
  ttl: ttl === undefined ? { status: 'DISABLED', attribute: null } : { status: 'ENABLED', attribute: ttl },
});

const detect = (
  description: Table,
  samples: readonly Item[] | null = [],
  layouts: readonly Layout[] = LAYOUTS,
): Detection => detectLayout(table(description), samples, layouts);

const byTtl = (status: Detectable['ttl']['status']): Detection =>
  detectLayout({ ...table({ keys: key('session_id') }), ttl: { status, attribute: 'expires_at' } }, [], LAYOUTS);

/** Items as the layout's own application writes them. */
function itemsOf(id: string, count: number): readonly Item[] {
  const random = seeded(count);
  return Array.from({ length: count }, (_, at) => {
    const request = { random, now: NOW, expired: at % 2 === 1, events: 0 };
    return exampleSession(layoutNamed(id), request).session;
  });
}

const specOf = (id: string): Table => {
  const [sessions] = layoutNamed(id).tables;
  if (sessions?.keys == null) throw new Error(`${id} has no keys`);
  return {
    keys: sessions.keys,
    indexes: sessions.indexes,
    ...(sessions.ttl !== null && { ttl: sessions.ttl.attribute }),
  };
};

const OURS = ['mcp', 'turul', 'llm-duel', 'pmcp-tasks', 'express'];

describe('detection of our layouts', () => {
  it.each(OURS)('%s: is certain of a whole table under any name', (id) => {
    const detection = detect(specOf(id), itemsOf(id, 5));
    expect(detection).toMatchObject({ layout: id, role: 'sessions', confidence: 'certain' });
    expect(detection.why.join()).toContain('keys ');
  });

  it.each(OURS)('%s: goes by its items where TTL is not on and no index is there', (id) => {
    expect(detect({ keys: specOf(id).keys }, itemsOf(id, 5))).toMatchObject({ layout: id });
    const { confidence } = detect({ keys: specOf(id).keys }, itemsOf(id, 5));
    // An index that the layout has and the table has not speaks against it.
    expect(confidence).toBe(['mcp', 'turul'].includes(id) ? 'likely' : 'certain');
  });

  it.each(OURS)('%s: is not certain by one item alone', (id) => {
    expect(detect({ keys: specOf(id).keys }, itemsOf(id, 1))).toMatchObject({ layout: id, confidence: 'likely' });
  });

  it('is certain of an empty table by its indexes', () => {
    expect(detect(specOf('mcp'))).toMatchObject({ layout: 'mcp', confidence: 'certain' });
    expect(detect(specOf('mcp'), null)).toMatchObject({ layout: 'mcp', confidence: 'certain' });
    expect(detect(specOf('turul'))).toMatchObject({ layout: 'turul', confidence: 'certain' });
  });

  it('knows the events tables', () => {
    const [timestamp] = layoutNamed('mcp').tables[1]?.indexes ?? [];
    const indexes = timestamp === undefined ? [] : [timestamp];
    expect(detect({ keys: key('session_id', 'event_id', 'N'), indexes, ttl: 'ttl' })).toMatchObject({
      layout: 'mcp',
      role: 'events',
      confidence: 'certain',
    });
    // turul's own events tables have no index.
    expect(detect({ keys: key('session_id', 'event_id', 'N'), ttl: 'ttl' })).toMatchObject({
      layout: 'mcp',
      role: 'events',
      confidence: 'likely',
    });
    expect(detect({ keys: key('sessionId', 'eventId', 'N'), ttl: 'ttl' })).toMatchObject({
      layout: 'turul',
      role: 'events',
      confidence: 'likely',
    });
  });

  it('tells the two spellings of turul apart by the key alone, though rows mix their attributes', () => {
    const camelTimes = { createdAt: N(NOW), lastActivity: N(NOW), state: json({}), ttl: N(NOW_S) };
    const snakeTimes = { created_at: N(NOW), last_activity: N(NOW), state: json({}), ttl: N(NOW_S) };
    const rows = (name: string): readonly Item[] =>
      [camelTimes, snakeTimes, camelTimes].map((times) => ({ [name]: S('x'), ...times }));
    expect(detect({ keys: key('session_id'), ttl: 'ttl' }, rows('session_id')).layout).toBe('mcp');
    expect(detect({ keys: key('sessionId'), ttl: 'ttl' }, rows('sessionId')).layout).toBe('turul');
  });

  it('mcp with an index missing is likely, and says which', () => {
    const { keys, indexes = [] } = specOf('mcp');
    const detection = detect({ keys, indexes: indexes.slice(0, 1), ttl: 'ttl' }, itemsOf('mcp', 5));
    expect(detection).toMatchObject({ layout: 'mcp', confidence: 'likely' });
    expect(detection.why).toContain('but index CreatedAtIndex is missing');
  });

  it('mcp with TTL on another attribute is likely, and says so', () => {
    const { keys, indexes = [] } = specOf('mcp');
    const detection = detect({ keys, indexes, ttl: 'expires' }, itemsOf('mcp', 5));
    expect(detection).toMatchObject({ layout: 'mcp', confidence: 'likely' });
    expect(detection.why).toContain('but TTL is on expires, not on ttl');
  });

  it('pmcp with TTL on another attribute is told by its items', () => {
    expect(detect({ keys: key('PK', 'SK'), ttl: 'ttl' }, itemsOf('pmcp-tasks', 5))).toMatchObject({
      layout: 'pmcp-tasks',
      confidence: 'likely',
    });
  });

  it('sees a layout in a table that it shares with others', () => {
    const others = [{ PK: S('USER#1'), SK: S('PROFILE'), name: S('ada') }];
    expect(
      detect({ keys: key('PK', 'SK'), ttl: 'expires_at' }, [...itemsOf('pmcp-tasks', 4), ...others]),
    ).toMatchObject({
      layout: 'pmcp-tasks',
      confidence: 'likely',
    });
  });

  it('an expiry in the wrong unit makes no other table of it', () => {
    const rows = itemsOf('mcp', 5).map((item) => ({ ...item, ttl: N(NOW) }));
    expect(detect(specOf('mcp'), rows).layout).toBe('mcp');
  });
});

describe('detection of systems that are not ours', () => {
  const iso = '2026-11-20T11:22:33.123456';
  const uuid = '2f0c9a52-7be1-4b6e-9d55-0a1b2c3d4e5f';
  const cases: readonly (readonly [string, Table, readonly Item[], RegExp])[] = [
    [
      'awslabs mcp-lambda-handler',
      { keys: key('session_id'), ttl: 'expires_at', name: 'mcp_sessions' },
      [{ session_id: S(uuid), expires_at: N(NOW_S), created_at: N(NOW_S), data: { M: {} } }],
      /awslabs/,
    ],
    [
      'aws-sessionstore-dynamodb-ruby',
      { keys: key('session_id'), name: 'sessions' },
      [
        {
          session_id: S('0123--4567'),
          data: json({}),
          created_at: S('1795173753.12'),
          updated_at: S('1795173753.5'),
          expire_at: N(NOW_S),
        },
      ],
      /Ruby/,
    ],
    [
      'openai-agents-session',
      { keys: key('session_id'), ttl: 'ttl' },
      [{ session_id: S('u1'), conversation_data: json([]), updated_at: N(NOW_S), ttl: N(NOW_S) }],
      /openai-agents/,
    ],
    [
      "turul's Lambda session manager",
      { keys: key('session_id'), ttl: 'ttl', name: 'mcp-sessions' },
      [
        {
          session_id: S(uuid),
          client_capabilities: json({}),
          status: S('active'),
          statistics: json({}),
          created_at: S(`${iso}Z`),
          last_activity: S(`${iso}Z`),
          ttl: N(NOW_S),
          protocol_version: S('2025-06-18'),
        },
      ],
      /Lambda/,
    ],
    [
      'the Fargate SessionStore, under the name of mcp',
      { keys: key('session_id'), ttl: 'ttl', name: 'mcp-sessions' },
      [{ session_id: S(uuid), state: json({}), created_at: S(iso), updated_at: S(iso), ttl: N(NOW_S) }],
      /Fargate/,
    ],
    [
      'LeanMCP',
      { keys: key('sessionId'), ttl: 'ttl', name: 'leanmcp-sessions' },
      [{ sessionId: S(uuid), createdAt: S(`${iso}Z`), updatedAt: S(`${iso}Z`), ttl: N(NOW_S), data: { M: {} } }],
      /LeanMCP/,
    ],
    [
      'PHP, under the name of express',
      { keys: key('id'), ttl: 'expires', name: 'sessions' },
      [{ id: S('PHPSESSID_abc'), expires: N(NOW_S), data: S('a|i:1;') }],
      /php/,
    ],
    [
      'PHP, binary and locked',
      { keys: key('id'), ttl: 'expires', name: 'php-sessions' },
      [{ id: S('PHPSESSID_abc'), expires: N(NOW_S), data: { B: Uint8Array.of(1) }, lock: N(1) }],
      /php/,
    ],
    [
      'Flask-Session',
      { keys: key('id'), name: 'Sessions' },
      [{ id: S('session:abc'), val: { B: Uint8Array.of(0x80) }, expiration: N('1795173753.123') }],
      /Flask/,
    ],
    [
      'Shopify',
      { keys: key('id'), name: 'shopify_sessions' },
      [{ id: S('offline_x'), shop: S('x'), state: S('1'), accessToken: S('t'), isOnline: { BOOL: false } }],
      /Shopify/,
    ],
    ['LangChain.js', { keys: key('id') }, [{ id: S('a'), messages: { L: [] } }], /LangChain/],
    [
      'Auth.js in one table',
      { keys: key('PK', 'SK'), ttl: 'expires' },
      [{ PK: S('USER#1'), SK: S('SESSION#t'), type: S('SESSION'), expires: N(NOW_S), version: N(1), data: S('x') }],
      /single-table/,
    ],
    [
      'a single table with TTL where pmcp has it',
      { keys: key('PK', 'SK'), ttl: 'expires_at', name: 'app' },
      [{ PK: S('ORG#1'), SK: S('INVITE#2'), version: N(1), data: S('{}'), expires_at: N(NOW_S) }],
      /single-table/,
    ],
    [
      'Laravel',
      { keys: key('key'), ttl: 'expires_at' },
      [{ key: S('laravel_cache_x'), value: S('s:1'), expires_at: N(1) }],
      /no known layout/,
    ],
    [
      'Django',
      { keys: key('session_key') },
      [{ session_key: S('a'), data: S('b'), created: N(NOW_S) }],
      /no known layout/,
    ],
    ['Auth.js', { keys: key('pk', 'sk'), ttl: 'expires' }, [], /no known layout/],
    ['FastMCP', { keys: key('collection', 'key'), ttl: 'ttl' }, [], /no known layout/],
    ['turul tasks', { keys: key('taskId'), ttl: 'ttlEpoch' }, [], /no known layout/],
    ['turul server state', { keys: key('entityType', 'entityId') }, [], /no known layout/],
    [
      "the Lambda script's events",
      { keys: key('session_id', 'id'), ttl: 'ttl', name: 'mcp-sessions-events' },
      [],
      /no known layout/,
    ],
    ['keys of another type', { keys: { partitionKey: { name: 'session_id', type: 'B' } } }, [], /no known layout/],
    [
      'session_id and times in seconds, of anybody',
      { keys: key('session_id') },
      [{ session_id: S('a'), created_at: N(NOW_S), last_activity: N(NOW_S), user: S('ada') }],
      /items look different/,
    ],
    [
      'PHP rows without data',
      { keys: key('id'), ttl: 'expires' },
      [{ id: S('PHPSESSID_1'), expires: N(NOW_S) }],
      /items look different/,
    ],
  ];

  it.each(cases)('%s', (_, description, rows, why) => {
    for (const count of rows.length === 0 ? [1] : [1, 5]) {
      const detection = detect(description, Array.from({ length: count }, () => rows).flat());
      expect(detection).toMatchObject({ layout: null, role: null, confidence: 'none' });
      expect(detection.why.join('\n')).toMatch(why);
    }
  });
});

describe('detection of what two fit', () => {
  it.each<[string, Table]>([
    ['session_id', { keys: key('session_id') }],
    ['session_id with TTL on ttl', { keys: key('session_id'), ttl: 'ttl' }],
    ['session_id with TTL on an attribute of nobody', { keys: key('session_id'), ttl: 'whenever' }],
    ['id', { keys: key('id') }],
    ['id with TTL on expires', { keys: key('id'), ttl: 'expires' }],
    ['PK and SK', { keys: key('PK', 'SK') }],
    ['PK and SK with TTL on expires_at, as single tables often have', { keys: key('PK', 'SK'), ttl: 'expires_at' }],
  ])('an empty table is ambiguous: %s', (_, description) => {
    const detection = detect(description);
    expect(detection).toMatchObject({ layout: null, role: null, confidence: 'ambiguous' });
    expect(detection.candidates.length).toBeGreaterThan(1);
    expect(detection.why.join('\n')).toContain('--layout');
  });

  it.each<[string, Table]>([
    ['llm-duel', { keys: key('session_id'), ttl: 'ttl', name: 'LLM-Duel-Sessions' }],
    // Others have tables of this name too, but no layout here; and a bare table is what setup is for.
    ['mcp', { keys: key('session_id'), name: 'mcp-sessions' }],
    ['mcp', { keys: key('session_id'), ttl: 'ttl', name: 'mcp-sessions' }],
    ['turul', { keys: key('sessionId'), name: 'mcp-sessions' }],
    ['express', { keys: key('id'), name: 'sessions' }],
    ['express', { keys: key('id'), ttl: 'expires', name: 'sessions' }],
    ['pmcp-tasks', { keys: key('PK', 'SK'), ttl: 'expires_at', name: 'pmcp_tasks' }],
  ])('an empty table under the default name of %s is likely', (layout, description) => {
    expect(detect(description)).toMatchObject({ layout, confidence: 'likely' });
  });

  it('an empty table with TTL where a system without a layout has it is that system’s', () => {
    expect(detect({ keys: key('session_id'), ttl: 'expires_at' })).toMatchObject({ layout: null, confidence: 'none' });
    expect(detect({ keys: key('session_id'), ttl: 'expire_at' }).why.join()).toMatch(/Ruby/);
  });

  it('TTL that is being turned on or off still names its attribute; one that is off does not', () => {
    expect(byTtl('ENABLING').confidence).toBe('none');
    expect(byTtl('DISABLING').confidence).toBe('none');
    expect(byTtl('DISABLED').confidence).toBe('ambiguous');
  });
});

function own(changes: object): Layout {
  const result = validateLayout({
    id: 'ours',
    title: 'Ours',
    tables: [
      {
        role: 'sessions',
        defaultName: 'our-sessions',
        keys: { partitionKey: { name: 'session_id', type: 'S' } },
        ttl: { attribute: 'expires_at' },
        ...changes,
      },
    ],
    session: { expiresAt: { paths: ['expires_at'], unit: 's' } },
  });
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.layout;
}

describe('detection of layouts from the configuration file', () => {
  const attributes = [
    { names: ['session_id'], types: ['S'], required: true },
    { names: ['data'], types: ['M'], required: true },
  ];
  const awslabsRows = [{ session_id: S('a'), expires_at: N(NOW_S), created_at: N(NOW_S), data: { M: {} } }];
  const awslabs = { keys: key('session_id'), ttl: 'expires_at' };

  it('find a table that nobody else has', () => {
    const keys = key('sid');
    const layouts = [...LAYOUTS, own({ keys })];
    const rows = Array.from({ length: 5 }, () => ({ sid: S('a') }));
    expect(detect({ keys, ttl: 'expires_at' }, rows, layouts)).toMatchObject({ layout: 'ours', confidence: 'certain' });
    // Items that the layout does not describe confirm nothing.
    expect(detect({ keys }, rows, layouts)).toMatchObject({ layout: 'ours', confidence: 'likely' });
    expect(detect({ keys }, rows)).toMatchObject({ layout: null, confidence: 'none' });
  });

  it('beat a system without a layout: their owner described that table', () => {
    const layouts = [...LAYOUTS, own({ attributes })];
    expect(detect(awslabs, awslabsRows, layouts)).toMatchObject({ layout: 'ours', confidence: 'certain' });
    expect(detect(awslabs, awslabsRows)).toMatchObject({ layout: null, confidence: 'none' });
  });

  it('beat one by their name too, where they do not describe items', () => {
    const layouts = [...LAYOUTS, own({})];
    expect(detect({ ...awslabs, name: 'our-sessions' }, awslabsRows, layouts)).toMatchObject({ layout: 'ours' });
    expect(detect(awslabs, awslabsRows, layouts)).toMatchObject({ layout: null, confidence: 'none' });
  });

  it('do not beat a layout of the product that its items confirm', () => {
    const layouts = [...LAYOUTS, own({ ttl: { attribute: 'ttl' } })];
    expect(detect({ keys: key('session_id'), ttl: 'ttl' }, itemsOf('llm-duel', 4), layouts).layout).toBe('llm-duel');
  });

  it('that say the same as one of the product are ambiguous, but for the name', () => {
    const { example: _, ...session } = layoutNamed('llm-duel').session;
    const copy = { ...layoutNamed('llm-duel'), id: 'ours', session };
    const renamed = { ...copy, tables: copy.tables.map((spec) => ({ ...spec, defaultName: 'our-sessions' })) };
    const found = { keys: key('session_id'), ttl: 'ttl' };
    expect(detect(found, itemsOf('llm-duel', 4), [...LAYOUTS, renamed])).toMatchObject({ confidence: 'ambiguous' });
    expect(detect({ ...found, name: 'our-sessions' }, itemsOf('llm-duel', 4), [...LAYOUTS, renamed])).toMatchObject({
      layout: 'ours',
      confidence: 'likely',
    });
  });
});
