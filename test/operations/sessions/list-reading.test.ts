import { describe, expect, it } from 'vitest';
import { list, type ListRequest, streamSessions } from '../../../src/operations/sessions/list.js';
import { show } from '../../../src/operations/sessions/show.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, setUp, startDouble, targetOf } from '../harness.js';
import { ALL, item, names, NOW, put, ROWS } from './list-rows.js';

closeAll();
const engine = useEngine();

describe('list, reading the table', () => {
  it('reads the same in several segments, and no faster than it may', async () => {
    const tables = names();
    const running = await startDouble(engine.endpoint);
    await setUp(running.context(), tables);
    await put(
      engine.raw,
      tables.sessions,
      Array.from({ length: 90 }, (_, at) => item({ id: `row-${at}`, active: at, expires: at % 3 === 0 ? -5 : 5 })),
    );
    running.double.forgetCalls();
    const context = running.context({ now: () => NOW });
    const target = await targetOf(context, tables);
    const request: ListRequest = { ...ALL, filter: { expired: true }, limit: 7 };
    const whole = await list(context, target, request);
    running.double.forgetCalls();
    const inParts = await list(context, target, { ...request, segments: 6, concurrency: 2, maxReadUnits: 1000 });
    const { capacity: _, ...answer } = whole;
    expect(inParts).toMatchObject(answer);
    // What DynamoDB read, although it answered only what has expired.
    expect(answer).toMatchObject({ matched: 30, scanned: 90, truncated: true });
    const scans = running.double.calls.filter(({ operation }) => operation === 'Scan').map(({ body }) => body);
    expect(new Set(scans.map(({ Segment: segment }) => segment))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(scans.every((body) => body['TotalSegments'] === 6 && 'FilterExpression' in body)).toBe(true);
    // Pages are cut to a tenth of a second's budget.
    expect(scans.every((body) => Number(body['Limit']) > 0)).toBe(true);
  });

  it('fetches only what its columns need, where the size is none of them', async () => {
    const tables = names();
    const running = await startDouble(engine.endpoint);
    await setUp(running.context(), tables);
    const rows = ROWS.map((row) => ({ ...item(row), metadata: { S: JSON.stringify('x'.repeat(500)) } }));
    await put(engine.raw, tables.sessions, rows);
    const context = running.context({ now: () => NOW });
    const target = await targetOf(context, tables);
    const whole = await list(context, target, ALL);
    running.double.forgetCalls();
    const less = await list(context, target, { ...ALL, sizes: false });
    expect(less.sessions.map((session) => ({ ...session, sizeBytes: 0 }))).toEqual(
      whole.sessions.map((session) => ({ ...session, sizeBytes: 0 })),
    );
    expect(less.sessions[0]?.sizeBytes).toBeLessThan(500);
    const [scan] = running.double.calls.map(({ body }) => body);
    expect(Object.values(Object(scan?.['ExpressionAttributeNames']))).not.toContain('metadata');
    // An order by size needs sizes.
    const bySize = await list(context, target, { ...ALL, sizes: false, sort: 'size' });
    expect(bySize.sessions[0]).toMatchObject({ id: 'forever', sizeBytes: expect.any(Number) });
    expect(bySize.sessions[0]?.sizeBytes).toBeGreaterThan(2500);
  });

  it('hands sessions over as they are read, and reads one page ahead while they are taken', async () => {
    const tables = names();
    const running = await startDouble(engine.endpoint);
    await setUp(running.context(), tables);
    const rows = Array.from({ length: 120 }, (_, at) => item({ id: `row-${at}`, bytes: 20_000 }));
    await put(engine.raw, tables.sessions, rows);
    const context = running.context({ now: () => NOW });
    const target = await targetOf(context, tables);
    running.double.forgetCalls();
    const pages: (readonly string[])[] = [];
    const scansSoFar: number[] = [];
    await streamSessions(context, target, { filter: {} }, async (sessions) => {
      pages.push(sessions.map(({ id }) => id));
      // Time enough for a reading that does not wait.
      await new Promise((resolve) => setTimeout(resolve, 50));
      scansSoFar.push(running.double.calls.length);
    });
    expect(pages.length).toBeGreaterThanOrEqual(3);
    // One page ahead of the one that is worked on, and no further.
    expect(scansSoFar).toEqual(pages.map((_, at) => Math.min(pages.length, at + 2)));
    const { Items: items = [] } = await engine.raw.call('Scan', { TableName: tables.sessions, Limit: 3 });
    expect(pages[0]?.slice(0, 3)).toEqual(items.map(({ session_id: id }) => Object(id).S));
    expect(new Set(pages.flat()).size).toBe(120);
  });

  it('names a TTL value that TTL passes over, where the table goes by that attribute', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint, { now: () => NOW });
    await setUp(context, tables);
    const years = 365 * 24 * 60;
    await put(engine.raw, tables.sessions, [
      item({ id: 'ancient', expires: -6 * years }),
      item({ id: 'old', expires: -4 * years }),
      { ...item({ id: 'wrong' }), ttl: { N: String(NOW) } },
    ]);
    const problemsOf = async () => {
      const { sessions } = await list(context, await targetOf(context, tables), { ...ALL, sort: 'id' });
      return sessions.map(({ problems }) => problems);
    };
    const unit = [expect.stringContaining('looks like milliseconds')];
    expect(await problemsOf()).toEqual([['ttl is more than five years past, which TTL ignores'], [], unit]);
    const { session } = await show(context, await targetOf(context, tables), { id: 'ancient', events: 0 });
    expect(session.problems).toEqual(['ttl is more than five years past, which TTL ignores']);
    await engine.raw.call('UpdateTimeToLive', {
      TableName: tables.sessions,
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'ttl' },
    });
    expect(await problemsOf()).toEqual([[], [], unit]);
  });
});
