import { describe, expect, it } from 'vitest';
import { validateLayout } from '../../src/schema/index.js';

const sessions = { role: 'sessions', defaultName: 'ours', keys: { partitionKey: { name: 'sid', type: 'S' } } };
const events = {
  role: 'events',
  defaultName: '{sessions}-events',
  keys: { partitionKey: { name: 'sid', type: 'S' }, sortKey: { name: 'n', type: 'N' } },
};
const event = { sessionId: 'sid', id: { name: 'n', type: 'N' } };
const minimal = { id: 'ours', title: 'Ours', tables: [sessions], session: {} };

const withTable = (changes: object): object => ({ ...minimal, tables: [{ ...sessions, ...changes }] });
const withSession = (session: object): object => ({ ...minimal, session });
const index = (changes: object = {}): object => ({
  name: 'ByX',
  partitionKey: { name: 'x', type: 'N' },
  projection: { type: 'ALL' },
  ...changes,
});

describe('validateLayout', () => {
  it('needs little, and fills in what is safe', () => {
    expect(validateLayout(minimal)).toEqual({
      ok: true,
      layout: {
        id: 'ours',
        title: 'Ours',
        description: '',
        tables: [
          {
            ...sessions,
            environmentVariables: [],
            indexes: [],
            ttl: null,
            stream: null,
            tags: {},
            billing: null,
            attributes: [],
          },
        ],
        session: {
          id: [{ attribute: 'sid', type: 'S' }],
          idIsSecret: true,
          createdAt: null,
          lastActivityAt: null,
          expiresAt: null,
          payload: [],
          terminated: null,
          filter: [],
        },
        event: null,
        idForm: 'uuid-v4',
        lifetimeSeconds: 3600,
        purge: { safe: false, reason: expect.stringContaining('purge.safe') },
        secretKeys: [],
        publicKeys: [],
      },
    });
  });

  it('takes paths as text and as a list of steps', () => {
    const result = validateLayout(
      withSession({
        createdAt: { paths: ['created', 'data.created', ['a.b', 'c']], unit: 'iso' },
        expiresAt: { paths: ['ttl'], unit: 's' },
      }),
    );
    expect(result.ok && result.layout.session.createdAt?.paths).toEqual([
      ['created'],
      ['data', 'created'],
      ['a.b', 'c'],
    ]);
    expect(result.ok && result.layout.session.expiresAt?.missing).toBe('never');
  });

  it('takes events with their table', () => {
    expect(validateLayout({ ...minimal, tables: [sessions, events], event })).toMatchObject({ ok: true });
  });

  it.each<[string, unknown, string, string | RegExp]>([
    ['nothing', null, '(layout)', 'must be Object, not null'],
    ['no id', { ...minimal, id: undefined }, 'id', /missing|not undefined/],
    ['an id with capitals', { ...minimal, id: 'Ours' }, 'id', 'must be lower-case letters, digits and hyphens'],
    ['no tables', { ...minimal, tables: [] }, 'tables', 'must hold the sessions table'],
    ['an unknown key', { ...minimal, colour: 1 }, 'colour', 'is not a key of a layout'],
    ['an unknown key, deep', withSession({ created: 1 }), 'session.created', 'is not a key of a layout'],
    ['a role', withTable({ role: 'users' }), 'tables.0.role', 'must be ("sessions" | "events"), not "users"'],
    ['a table name', withTable({ defaultName: 'a b' }), 'tables.0.defaultName', /^is no table name: 3 to 255/],
    ['a table named after itself', withTable({ defaultName: '{sessions}-x' }), 'tables', /named after itself/],
    ['no keys', withTable({ keys: undefined }), 'tables.0.keys', /missing|not undefined/],
    [
      'a key type',
      withTable({ keys: { partitionKey: { name: 'sid', type: 'M' } } }),
      'tables.0.keys.partitionKey.type',
      'must be ("S" | "N" | "B"), not "M"',
    ],
    ['a stream view', withTable({ stream: 'ALL' }), 'tables.0.stream', /^must be .*NEW_AND_OLD_IMAGES.*, not "ALL"$/],
    ['a TTL attribute', withTable({ ttl: 'ttl' }), 'tables.0.ttl', /^must be .*, not "ttl"$/],
    [
      'a capacity',
      withTable({ billing: { mode: 'provisioned', readCapacityUnits: 0, writeCapacityUnits: 1 } }),
      'tables.0.billing.readCapacityUnits',
      'must be at least 1',
    ],
    ['a billing mode', withTable({ billing: { mode: 'free' } }), 'tables.0.billing.mode', /^must be .*, not "free"$/],
    ['an index name', withTable({ indexes: [index({ name: 'x' })] }), 'tables.0.indexes.0.name', /^is no index name/],
    [
      'an INCLUDE without attributes',
      withTable({ indexes: [index({ projection: { type: 'INCLUDE' } })] }),
      'tables.0.indexes.0.projection',
      /nonKeyAttributes/,
    ],
    [
      'attributes without INCLUDE',
      withTable({ indexes: [index({ projection: { type: 'ALL', nonKeyAttributes: ['a'] } })] }),
      'tables.0.indexes.0.projection',
      /nonKeyAttributes/,
    ],
    ['an index twice', withTable({ indexes: [index(), index()] }), 'tables.0.indexes', "holds 'ByX' twice"],
    [
      '21 indexes',
      withTable({ indexes: Array.from({ length: 21 }, (_, at) => index({ name: `Index${at}` })) }),
      'tables.0.indexes',
      /20 indexes/,
    ],
    [
      '51 tags',
      withTable({ tags: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`t${at}`, 'x'])) }),
      'tables.0.tags',
      /50 tags/,
    ],
    [
      'a key attribute of two types',
      withTable({ indexes: [index({ partitionKey: { name: 'sid', type: 'N' } })] }),
      'tables.0',
      "gives the key attribute 'sid' the types S and N",
    ],
    [
      'a key of one attribute twice',
      withTable({ indexes: [index({ sortKey: { name: 'x', type: 'N' } })] }),
      'tables.0',
      /'x' as partition and as sort key/,
    ],
    [
      'a unit',
      withSession({ createdAt: { paths: ['a'], unit: 'minutes' } }),
      'session.createdAt.unit',
      /^must be .*, not "minutes"$/,
    ],
    [
      'no path',
      withSession({ createdAt: { paths: [], unit: 's' } }),
      'session.createdAt.paths',
      'must name at least one attribute',
    ],
    ['a path', withSession({ createdAt: { paths: [1], unit: 's' } }), 'session.createdAt.paths.0', /^must be a path/],
    [
      'a condition',
      withSession({ filter: [[{ attribute: 'a' }]] }),
      'session.filter.0.0',
      /^must be \{attribute, equals\}/,
    ],
    [
      'an id of other attributes',
      withSession({ id: [{ attribute: 'other', type: 'S' }] }),
      'session.id',
      /key attributes in order: sid \(S\)$/,
    ],
    [
      'an id of another type',
      withSession({ id: [{ attribute: 'sid', type: 'N' }] }),
      'session.id',
      /key attributes in order: sid \(S\)$/,
    ],
    [
      'a prefix of a number',
      withSession({ id: [{ attribute: 'sid', type: 'N', prefix: '1' }] }),
      'session.id.0',
      'can have a prefix only with the type S',
    ],
    ['no lifetime', { ...minimal, lifetimeSeconds: 0 }, 'lifetimeSeconds', 'must be at least 1'],
    [
      'a codec',
      withSession({ payload: [{ names: ['a'], codec: 'xml' }] }),
      'session.payload.0.codec',
      /^must be .*, not "xml"$/,
    ],
    ['events without a table', { ...minimal, event }, 'event', /go together/],
    ['a table without events', { ...minimal, tables: [sessions, events] }, 'event', /go together/],
    ['events first', { ...minimal, tables: [events, sessions], event }, 'tables', 'the sessions table must come first'],
    ['no sessions', { ...minimal, tables: [events], event }, 'tables', /role "sessions"/],
    ['sessions twice', { ...minimal, tables: [sessions, sessions] }, 'tables', /two tables of the same role/],
    [
      "events not found by their table's key",
      { ...minimal, tables: [sessions, events], event: { ...event, sessionId: 'owner' } },
      'event.sessionId',
      /partition key: sid$/,
    ],
    [
      'events not ordered by their sort key',
      { ...minimal, tables: [sessions, events], event: { ...event, id: { name: 'n', type: 'S' } } },
      'event.id',
      /sort key: n \(N\)$/,
    ],
    [
      'events without a sort key',
      { ...minimal, tables: [sessions, { ...events, keys: sessions.keys }], event },
      'event.id',
      /it has none$/,
    ],
  ])('refuses %s by the key and the reason', (_, input, key, reason) => {
    const result = validateLayout(input);
    expect(result).toMatchObject({ ok: false });
    const issues = result.ok ? [] : result.issues;
    const found = issues.find((issue) => issue.key === key);
    expect(found, JSON.stringify(issues)).toBeDefined();
    if (typeof reason === 'string') expect(found?.reason).toBe(reason);
    else expect(found?.reason).toMatch(reason);
  });

  it('names every key that is wrong at once', () => {
    const result = validateLayout({ ...minimal, id: 'X', lifetimeSeconds: 'long', session: { idIsSecret: 'yes' } });
    expect(result.ok ? [] : result.issues.map(({ key }) => key)).toEqual([
      'id',
      'session.idIsSecret',
      'lifetimeSeconds',
    ]);
  });
});
