import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../../src/schema/attribute-value.js';
import {
  decisiveAttributes,
  filterProblem,
  pushDown,
  selectSession,
  type SessionFilter,
} from '../../src/schema/filter.js';
import { sessionIdOf } from '../../src/schema/session-id.js';
import type { Layout } from '../../src/schema/types.js';
import { whereProblem } from '../../src/schema/where.js';
import { itemFromWire, itemToWire } from '../../src/schema/wire.js';
import { useEngine } from '../support/engine.js';
import { anyWhere, filter, keysOf, LAYOUTS, near, ROWS, rowsOf } from './filter-samples.js';
import { json, layoutNamed, N, NOW, NOW_S, S } from './fixtures.js';

const engine = useEngine();

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

  it('choose the same rows by any condition', async () => {
    let pushed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyWhere, { minLength: 1, maxLength: 2 }), async (conditions) => {
        fc.pre(conditions.every((condition) => whereProblem(condition, layout.session) === undefined));
        const asked = { where: conditions };
        expect(await chosen(table, layout, asked, true)).toEqual(await chosen(table, layout, asked, false));
        if (pushDown(layout, asked, NOW) !== undefined) pushed += 1;
      }),
      { numRuns: 60, seed: 3 },
    );
    expect(pushed).toBeGreaterThan(30);
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
