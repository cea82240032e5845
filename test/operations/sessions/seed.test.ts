import { describe, expect, it, vi } from 'vitest';
import { planSeed, seed } from '../../../src/operations/sessions/seed.js';
import { awsFaults } from '../../support/aws-double.js';
import { type RawClient, useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, sessionsDefinition, setUp, startDouble, targetOf } from '../harness.js';

closeAll();
const engine = useEngine();

const names = (): { sessions: string; events: string } => {
  const sessions = freshName('seed');
  return { sessions, events: `${sessions}-events` };
};

async function count(raw: RawClient, table: string, expiredBefore?: number): Promise<number> {
  let found = 0;
  let start: unknown;
  do {
    const page = await raw.call('Scan', {
      TableName: table,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    found += (page.Items ?? []).filter(
      ({ ttl }) => expiredBefore === undefined || Number(ttl?.N ?? Infinity) * 1000 <= expiredBefore,
    ).length;
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return found;
}

const REQUEST = { count: 260, events: 3, expired: 0.2, randomSeed: 42 };

describe('seed', () => {
  it.each([
    [1, 0, 0],
    [1, 2, 1],
    [99, 0, 0.5],
    [101, 1, 1 / 3],
    [260, 3, 0.2],
  ])('writes exactly %i sessions with %i events each, the share %f expired', async (sessions, events, expired) => {
    const tables = names();
    const now = Date.now();
    const context = contextFor(engine.endpoint, { now: () => now });
    await setUp(context, tables);
    const target = await targetOf(context, tables);
    const request = { count: sessions, events, expired, randomSeed: 5 };
    expect(await planSeed(context, target, request)).toMatchObject({ sessions, events: sessions * events });
    expect(await count(engine.raw, tables.sessions)).toBe(0);
    expect(await seed(context, target, request)).toMatchObject({ sessions, events: sessions * events });
    expect(await count(engine.raw, tables.sessions)).toBe(sessions);
    expect(await count(engine.raw, tables.events)).toBe(sessions * events);
    expect(await count(engine.raw, tables.sessions, now)).toBe(Math.round(sessions * expired));
  });

  it('writes the same sessions for the same seed and time', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint, { now: () => 1_790_000_000_000 });
    await setUp(context, tables);
    const target = await targetOf(context, tables);
    const few = { ...REQUEST, events: 0 };
    await seed(context, target, few);
    await seed(context, target, few);
    expect(await count(engine.raw, tables.sessions)).toBe(260);
    await seed(context, target, { ...few, randomSeed: 43 });
    expect(await count(engine.raw, tables.sessions)).toBe(520);
  });

  it('loses nothing of what comes back unprocessed', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const context = running.context();
    await setUp(context, tables);
    running.double.inject({ operation: 'BatchWriteItem', times: 12, unprocessedAfter: 7 });
    running.double.inject({ operation: 'BatchWriteItem', times: 2, unprocessedAfter: 0 });
    const result = await seed(context, await targetOf(context, tables), REQUEST);
    expect(result).toMatchObject({ sessions: 260, events: 780 });
    expect(await count(engine.raw, tables.sessions)).toBe(260);
    expect(await count(engine.raw, tables.events)).toBe(780);
  });

  it('outlives throttling that lasts longer than the retries of one call', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const context = running.context();
    await setUp(context, tables);
    vi.spyOn(Math, 'random').mockReturnValue(0.05);
    running.double.inject({ operation: 'BatchWriteItem', times: 5, error: awsFaults.throughputExceeded });
    await seed(context, await targetOf(context, tables), { ...REQUEST, count: 20, events: 0 });
    expect(await count(engine.raw, tables.sessions)).toBe(20);
  });

  it('writes nothing when the events table is missing or another one', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint);
    await engine.raw.call('CreateTable', sessionsDefinition(tables.sessions));
    const target = await targetOf(context, tables);
    await expect(seed(context, target, REQUEST)).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      hint: expect.stringContaining('--events 0'),
    });
    await engine.raw.call('CreateTable', sessionsDefinition(tables.events));
    await expect(seed(context, target, REQUEST)).rejects.toMatchObject({ code: 'LAYOUT_MISMATCH' });
    expect(await count(engine.raw, tables.sessions)).toBe(0);
    expect(await seed(context, target, { ...REQUEST, events: 0 })).toMatchObject({ sessions: 260, events: 0 });
  });

  it('says which action and table a missing permission is about', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const context = running.context();
    await setUp(context, tables);
    running.double.inject({
      operation: 'BatchWriteItem',
      error: awsFaults.accessDenied('BatchWriteItem', tables.sessions),
    });
    expect(await seed(context, await targetOf(context, tables), REQUEST)).toMatchObject({
      sessions: 0,
      events: 0,
      error: {
        code: 'ACCESS_DENIED',
        message: expect.stringMatching(new RegExp(`dynamodb:BatchWriteItem on table '${tables.sessions}'`)),
      },
    });
  });

  it('stops between two batches when interrupted, and says how many there are', async () => {
    const tables = names();
    await setUp(contextFor(engine.endpoint), tables);
    const stop = new AbortController();
    const context = contextFor(engine.endpoint, {
      signal: stop.signal,
      onProgress: ({ done = 0 }) => (done >= 100 ? stop.abort() : undefined),
    });
    const target = await targetOf(context, tables);
    expect(await seed(context, target, REQUEST)).toMatchObject({
      sessions: 100,
      events: 300,
      error: { code: 'INTERRUPTED' },
    });
    expect(await count(engine.raw, tables.sessions)).toBe(100);
    expect(await count(engine.raw, tables.events)).toBe(300);
  });
});
