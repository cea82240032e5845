import { describe, expect, it } from 'vitest';
import { list, type ListRequest } from '../../../src/operations/sessions/list.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import { LAYOUTS } from '../../../src/schema/index.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, setUp, startDouble, type TargetOptions, targetOf } from '../harness.js';
import { ALL, item, MINUTE, names, NOW, put, ROWS } from './list-rows.js';

closeAll();
const engine = useEngine();

async function listed(options: TargetOptions, request: Partial<ListRequest>): Promise<readonly string[]> {
  const context = contextFor(engine.endpoint, { now: () => NOW });
  const result = await list(context, await targetOf(context, options), { ...ALL, ...request });
  return result.sessions.map(({ id }) => id);
}

describe('list', () => {
  it('decodes states and times, filters and sorts', async () => {
    const tables = names();
    await setUp(contextFor(engine.endpoint), tables);
    // A row that an update re-created after TTL had removed it.
    const ghost = { session_id: { S: 'ghost' }, ttl: { N: String((NOW + 60_000) / 1000) } };
    await put(engine.raw, tables.sessions, [...ROWS.map(item), ghost]);
    const context = contextFor(engine.endpoint, { now: () => NOW });
    const result = await list(context, await targetOf(context, tables), ALL);
    expect(result).toMatchObject({ scanned: 7, matched: 7, truncated: false, layout: 'mcp' });
    expect(result.capacity.readUnits).toBeGreaterThan(0);
    expect(Object.fromEntries(result.sessions.map(({ id, state }) => [id, state]))).toEqual({
      fresh: 'active',
      older: 'active',
      ended: 'terminated',
      'ended-long-ago': 'terminated',
      past: 'expired',
      forever: 'active',
      ghost: 'incomplete',
    });
    expect(result.sessions[0]).toMatchObject({
      id: 'fresh',
      createdAt: NOW - 5 * MINUTE,
      lastActivityAt: NOW - MINUTE,
      expiresAt: NOW + 20 * MINUTE,
    });
    // The ghost's expiry says that it was active 29 minutes ago.
    expect(await listed(tables, {})).toEqual(['fresh', 'ended', 'ghost', 'older', 'past', 'ended-long-ago', 'forever']);

    expect((await listed(tables, { filter: { active: true } })).toSorted()).toEqual(['forever', 'fresh', 'older']);
    expect((await listed(tables, { filter: { expired: true } })).toSorted()).toEqual(['ended-long-ago', 'past']);
    expect((await listed(tables, { filter: { terminated: true } })).toSorted()).toEqual(['ended', 'ended-long-ago']);
    expect(await listed(tables, { filter: { idle: 120 * MINUTE } })).toEqual(['past', 'ended-long-ago', 'forever']);
    expect(await listed(tables, { filter: { createdAfter: NOW - 10 * MINUTE } })).toEqual(['fresh']);
    expect(await listed(tables, { filter: { createdBefore: NOW - 400 * MINUTE } })).toEqual([
      'ended-long-ago',
      'forever',
    ]);
    expect(await listed(tables, { filter: { active: true, idle: 60 * MINUTE } })).toEqual(['older', 'forever']);

    expect((await listed(tables, { sort: 'created' })).slice(0, 2)).toEqual(['fresh', 'ended']);
    expect((await listed(tables, { sort: 'expiry' })).at(0)).toBe('ended-long-ago');
    expect((await listed(tables, { sort: 'expiry' })).at(-1)).toBe('forever');
    expect((await listed(tables, { sort: 'size' })).at(0)).toBe('forever');
    expect(await listed(tables, { sort: 'id' })).toEqual((await listed(tables, { sort: 'id' })).toSorted());
  });

  it('shows the first of many, and says that there are more', async () => {
    const tables = names();
    await setUp(contextFor(engine.endpoint), tables);
    await put(engine.raw, tables.sessions, ROWS.map(item));
    const context = contextFor(engine.endpoint, { now: () => NOW });
    const target = await targetOf(context, tables);
    const cut = await list(context, target, { ...ALL, limit: 2 });
    expect(cut.sessions.map(({ id }) => id)).toEqual(['fresh', 'ended']);
    expect(cut).toMatchObject({ truncated: true, matched: 6, scanned: 6 });
    expect((await list(context, target, { ...ALL, limit: 6 })).truncated).toBe(false);
    expect(await list(context, target, { ...ALL, limit: 0 })).toMatchObject({ sessions: [], truncated: true });
  });

  it('reads more than 1 MB to its end', async () => {
    const tables = names();
    const running = await startDouble(engine.endpoint);
    await setUp(running.context(), tables);
    const rows = Array.from({ length: 120 }, (_, at) => item({ id: `row-${at}`, bytes: 20_000, active: at }));
    await put(engine.raw, tables.sessions, rows);
    running.double.forgetCalls();
    const context = running.context({ now: () => NOW });
    const result = await list(context, await targetOf(context, tables), ALL);
    expect(result).toMatchObject({ scanned: 120, matched: 120 });
    expect(result.sessions[119]?.id).toBe('row-119');
    expect(running.double.calls.filter(({ operation }) => operation === 'Scan').length).toBeGreaterThanOrEqual(3);
  });

  it('goes on after an empty page that has a LastEvaluatedKey', async () => {
    const tables = names();
    const running = await startDouble(engine.endpoint);
    await setUp(running.context(), tables);
    await put(engine.raw, tables.sessions, ROWS.map(item));
    const start: unknown[] = [];
    running.double.inject({
      operation: 'Scan',
      times: 2,
      answer: (body) => {
        start.push(body['ExclusiveStartKey']);
        return { Items: [], Count: 0, ScannedCount: 0, LastEvaluatedKey: { session_id: { S: 'nobody' } } };
      },
    });
    running.double.inject({
      operation: 'Scan',
      times: 1,
      answer: () => ({ Items: ROWS.map(item), Count: ROWS.length, ScannedCount: ROWS.length }),
    });
    const context = running.context({ now: () => NOW });
    const result = await list(context, await targetOf(context, tables), ALL);
    expect(result.sessions).toHaveLength(6);
    expect(start).toEqual([undefined, { session_id: { S: 'nobody' } }]);
  });

  it.each(LAYOUTS.filter(({ id }) => id !== 'generic').map(({ id }) => id))(
    'reads the sessions that are seeded in the layout %s',
    async (layout) => {
      const tables = { ...names(), layout };
      await setUp(contextFor(engine.endpoint), tables);
      const context = contextFor(engine.endpoint, { now: () => NOW });
      await seed(context, await targetOf(context, tables), { count: 40, events: 2, expired: 0.25, randomSeed: 7 });
      const result = await list(context, await targetOf(context, tables), ALL);
      expect(result.sessions).toHaveLength(40);
      expect(result.sessions.flatMap(({ problems }) => problems)).toEqual([]);
      const states = result.sessions.map(({ state }) => state);
      expect(states.filter((state) => state === 'expired')).toHaveLength(10);
      expect(states).not.toContain('incomplete');
      for (const { createdAt, lastActivityAt, expiresAt, state } of result.sessions) {
        expect(expiresAt).not.toBeNull();
        for (const instant of [createdAt, lastActivityAt])
          if (instant !== null) expect(Math.abs(NOW - instant)).toBeLessThan(4 * 86_400_000);
        expect((expiresAt ?? 0) <= NOW).toBe(state === 'expired');
      }
    },
  );

  it('leaves out what is no session of the layout in a shared table', async () => {
    const tables = { ...names(), layout: 'pmcp-tasks' };
    await setUp(contextFor(engine.endpoint), tables);
    const context = contextFor(engine.endpoint, { now: () => NOW });
    const target = await targetOf(context, tables);
    await seed(context, target, { count: 3, events: 0, expired: 0, randomSeed: 1 });
    await put(engine.raw, tables.sessions, [{ PK: { S: 'CONFIG' }, SK: { S: 'ROW' } }]);
    const result = await list(context, target, ALL);
    expect(result).toMatchObject({ matched: 3, scanned: 4 });
  });

  it('reads any table by its own keys and TTL', async () => {
    const name = freshName('any');
    await engine.raw.call('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'user', KeyType: 'HASH' },
        { AttributeName: 'nr', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'user', AttributeType: 'S' },
        { AttributeName: 'nr', AttributeType: 'N' },
      ],
    });
    await engine.raw.call('UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'gone' },
    });
    const gone = { N: String(NOW / 1000 - 60) };
    await put(engine.raw, name, [
      { user: { S: 'a:b%' }, nr: { N: '7' }, gone, createdAt: { S: '2026-06-01T11:00:00Z' } },
    ]);
    const context = contextFor(engine.endpoint, { now: () => NOW });
    const result = await list(context, await targetOf(context, { layout: 'generic', sessions: name }), ALL);
    expect(result.sessions).toMatchObject([
      { id: 'a:b%:7', state: 'expired', createdAt: NOW - 3_600_000, expiresAt: NOW - 60_000 },
    ]);
  });

  it('says what is wrong with a table that cannot be read', async () => {
    const running = await startDouble(engine.endpoint, { delays: { delete: 60_000 } });
    const tables = names();
    const context = running.context();
    const listing = async () => list(context, await targetOf(context, tables), ALL);
    await expect(listing()).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND', hint: expect.stringContaining('setup') });
    await setUp(running.context(), tables);
    await running.raw.call('DeleteTable', { TableName: tables.sessions });
    await expect(listing()).rejects.toMatchObject({
      code: 'TABLE_BUSY',
      message: expect.stringContaining('is DELETING'),
    });
  });
});
