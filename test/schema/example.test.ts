import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeAttributes,
  decodeEvent,
  decodeSession,
  type ExampleSession,
  exampleSession,
  genericFor,
  hasAttribute,
  itemSize,
  type KeyType,
  type Layout,
  LAYOUTS,
  matchesFilter,
  sessionIdOf,
  stringOf,
  tableOf,
  validateLayout,
} from '../../src/schema/index.js';
import { layoutNamed, NOW, seeded } from './fixtures.js';

/** The ids that each application makes. */
const ID_FORMS: Readonly<Record<string, RegExp>> = {
  mcp: /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/,
  turul: /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/,
  'llm-duel': /^[\w-]{43}$/,
  'pmcp-tasks': /^.+:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  express: /^sess:[\w-]{32}$/,
};

/** A layout as the configuration file holds it, without its functions. */
function written(layout: Layout): Layout {
  const result = validateLayout(JSON.parse(JSON.stringify(layout)));
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.layout;
}

const tables = (['S', 'N', 'B'] as const).flatMap((partition: KeyType) =>
  ([undefined, 'S', 'N', 'B'] as const).map((sort) =>
    genericFor({
      name: `${partition}${sort ?? ''}`,
      keys: {
        partitionKey: { name: 'p', type: partition },
        ...(sort !== undefined && { sortKey: { name: 's', type: sort } }),
      },
      indexes: [],
      ttl: { status: 'ENABLED', attribute: 'ttl' },
    }),
  ),
);

const ours = LAYOUTS.filter(({ id }) => id !== 'generic');
const all: readonly (readonly [string, Layout])[] = [
  ...ours.map((layout) => [layout.id, layout] as const),
  ...ours.map((layout) => [`${layout.id} from a configuration file`, written(layout)] as const),
  ...tables.map((layout) => [`generic ${layout.tables[0]?.defaultName}`, layout] as const),
];

const make = (layout: Layout, seed: number, expired: boolean, events = 0): ExampleSession =>
  exampleSession(layout, { random: seeded(seed), now: NOW, expired, events });

const states = (expired: boolean): ReadonlySet<string> =>
  new Set(
    Array.from({ length: 100 }, (_, seed) => {
      const layout = layoutNamed('mcp');
      return decodeSession(layout, make(layout, seed, expired).session, NOW).state;
    }),
  );

describe.each(all)('examples of %s', (_, layout) => {
  const specs = tableOf(layout, 'sessions')?.attributes ?? [];

  it('are whole sessions of the layout, expired as asked', () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, expired) => {
        const { session: item } = make(layout, seed, expired);
        const session = decodeSession(layout, item, NOW);
        expect(session.problems).toEqual([]);
        expect(session.state).toBe(expired ? 'expired' : session.state === 'terminated' ? 'terminated' : 'active');
        expect(matchesFilter(item, layout.session.filter)).toBe(true);
        for (const spec of specs.filter(({ required }) => required)) expect(hasAttribute(item, spec)).toBe(true);
        const { createdAt, lastActivityAt, expiresAt } = session;
        expect(createdAt ?? 0).toBeLessThanOrEqual(lastActivityAt ?? createdAt ?? 0);
        expect(lastActivityAt ?? createdAt ?? 0).toBeLessThanOrEqual(NOW);
        expect(expiresAt).toBeGreaterThan(lastActivityAt ?? createdAt ?? 0);
        expect(itemSize(item)).toBeLessThan(4096);
      }),
      { numRuns: 50 },
    );
  });

  it('are the same for the same seed, and others for another', () => {
    expect(make(layout, 7, false, 3)).toEqual(make(layout, 7, false, 3));
    const ids = Array.from({ length: 50 }, (__, seed) =>
      sessionIdOf(make(layout, seed, false).session, layout.session.id),
    );
    expect(new Set(ids).size).toBe(50);
  });
});

describe.each(ours.map((layout) => [layout.id, layout] as const))('examples of %s', (id, layout) => {
  it('have ids as the application makes them', () => {
    for (let seed = 0; seed < 50; seed += 1)
      expect(sessionIdOf(make(layout, seed, false).session, layout.session.id)).toMatch(ID_FORMS[id] ?? /never/);
  });

  it('carry payloads that are JSON', () => {
    const { session } = make(layout, 3, false);
    const plain = decodeAttributes(session, layout.session.payload);
    for (const { names } of layout.session.payload)
      for (const name of names) if (name in session) expect(plain[name]).toBeTypeOf('object');
  });

  it('have events where the layout has them, in order, within the session', () => {
    const { session, events } = make(layout, 5, false, 4);
    const { event } = layout;
    if (event === null) {
      expect(events).toEqual([]);
      return;
    }
    const { createdAt, lastActivityAt } = decodeSession(layout, session, NOW);
    const decoded = events.map((item) => decodeEvent(event, item));
    expect(decoded.map(({ id: sequence, type }) => [sequence, type])).toEqual([1, 2, 3, 4].map((n) => [n, 'message']));
    for (const { timestamp, data } of decoded) {
      expect(timestamp).toBeGreaterThanOrEqual(createdAt ?? Number.POSITIVE_INFINITY);
      expect(timestamp).toBeLessThanOrEqual(lastActivityAt ?? 0);
      expect(data).toMatchObject({ jsonrpc: '2.0' });
    }
    for (const item of events) {
      expect(item[event.sessionId]).toEqual(session[layout.session.id[0]?.attribute ?? '']);
      for (const spec of tableOf(layout, 'events')?.attributes ?? [])
        if (spec.required) expect(hasAttribute(item, spec)).toBe(true);
    }
  });
});

describe('examples', () => {
  it('of mcp are now and then terminated, never when they are to be expired', () => {
    expect(states(false)).toEqual(new Set(['active', 'terminated']));
    expect(states(true)).toEqual(new Set(['expired']));
  });

  it('of llm-duel live one hour from their creation: nothing extends them', () => {
    const layout = layoutNamed('llm-duel');
    for (let seed = 0; seed < 50; seed += 1) {
      const { session } = make(layout, seed, seed % 2 === 0);
      const { createdAt, expiresAt } = decodeSession(layout, session, NOW);
      expect(Math.abs((expiresAt ?? 0) - (createdAt ?? 0) - 3_600_000)).toBeLessThan(1000);
      expect(stringOf(session.created_at)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    }
  });

  it('of a configured layout pass its filter, whatever that demands', () => {
    const layout = validateLayout({
      id: 'ours',
      title: 'Ours',
      tables: [{ role: 'sessions', defaultName: 'ours', keys: { partitionKey: { name: 'pk', type: 'S' } } }],
      session: {
        id: [{ attribute: 'pk', type: 'S', prefix: 'S#' }],
        filter: [
          [{ attribute: 'pk', beginsWith: 'S#' }],
          [
            { attribute: 'kind', equals: 'session' },
            { attribute: 'legacy', exists: true },
          ],
          [{ attribute: 'scope', beginsWith: 'web/' }],
          [{ attribute: 'seen', exists: true }],
        ],
      },
    });
    if (!layout.ok) throw new Error(JSON.stringify(layout.issues));
    const { session } = make(layout.layout, 1, false);
    expect(matchesFilter(session, layout.layout.session.filter)).toBe(true);
    expect(session).toMatchObject({ kind: { S: 'session' }, pk: { S: expect.stringMatching(/^S#/) } });
  });
});
