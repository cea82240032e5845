import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { purge } from '../../../src/operations/purge/purge.js';
import { planOrphans, purgeOrphans } from '../../../src/operations/purge/orphans.js';
import { planPurge } from '../../../src/operations/purge/plan.js';
import { purgeFiles } from '../../../src/operations/purge/files.js';
import { readDone } from '../../../src/operations/purge/record.js';
import { parseWhere } from '../../../src/schema/where.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, startDouble, targetOf } from '../harness.js';
import { idsOf, itemsOf, planAndPurge, REQUEST, stage } from './harness.js';

closeAll();
const engine = useEngine();

const isPast = (item: Record<string, Record<string, unknown>>): boolean =>
  Number(item['ttl']?.['N']) * 1000 <= Date.now();

const userOf = (item: Record<string, Record<string, unknown>>): string =>
  JSON.parse(String(item['state']?.['S'])).userId;

describe('purge', () => {
  it.each(['statements', 'items'] as const)(
    'deletes the expired sessions and their events, by %s, and no others',
    async (shape) => {
      const here = await stage(engine.endpoint, { count: 600, events: 3, expired: 0.4 });
      const living = (await itemsOf(engine.raw, here.sessions)).filter((item) => !isPast(item));
      const { summary, result } = await planAndPurge(here, {}, shape);
      // The embedded engine keeps expired rows for good.
      expect(summary).toMatchObject({ matched: 240, scanned: 600, ttlRemoves: 0 });
      expect(result).toMatchObject({
        matched: 240,
        deleted: 240,
        skippedLive: 0,
        failed: 0,
        events: { deleted: 720, failed: 0 },
        interrupted: false,
      });
      expect(await idsOf(engine.raw, here.sessions)).toEqual(
        new Set(living.map((item) => String(item['session_id']?.['S']))),
      );
      expect(await itemsOf(engine.raw, here.events)).toHaveLength(360 * 3);
      expect(await idsOf(engine.raw, here.events)).toEqual(await idsOf(engine.raw, here.sessions));
      expect([here.files.plan, here.files.summary, here.files.done].map((file) => existsSync(file))).toEqual([
        false,
        false,
        false,
      ]);
    },
  );

  it('counts on AWS what TTL removes by itself', async () => {
    const here = await stage(engine.endpoint, { count: 20, events: 0, expired: 0.5 });
    const { dynamo } = here.context;
    const context = { ...here.context, dynamo: { ...dynamo, isAws: true } };
    expect(await planPurge(context, here.target, REQUEST, here.files)).toMatchObject({ matched: 10, ttlRemoves: 10 });
  });

  it('leaves the events where it is told to', async () => {
    const here = await stage(engine.endpoint, { count: 40, events: 2, expired: 0.5 });
    const { result } = await planAndPurge(here, { keepEvents: true });
    expect(result).toMatchObject({ deleted: 20, events: { deleted: 0 } });
    expect(await itemsOf(engine.raw, here.events)).toHaveLength(80);
  });

  it('finds the events of a few sessions by queries, and of most by one pass, and all of them either way', async () => {
    for (const share of [0.01, 0.9]) {
      const here = await stage(engine.endpoint, { count: 300, events: 4, expired: share });
      const calls: string[] = [];
      const context = contextFor(engine.endpoint, {
        onCall: ({ operation, table }) => void calls.push(`${operation} ${table}`),
      });
      const { result } = await planAndPurge({ ...here, context });
      expect(result.events.deleted).toBe(300 * share * 4);
      expect(calls.includes(`Query ${here.events}`)).toBe(share < 0.5);
      expect(calls.includes(`Scan ${here.events}`)).toBe(share > 0.5);
      expect(await idsOf(engine.raw, here.events)).toEqual(await idsOf(engine.raw, here.sessions));
    }
  });

  it('keeps a session that was refreshed after it had been read', async () => {
    const here = await stage(engine.endpoint, { count: 50, events: 1, expired: 1 });
    const summary = await planPurge(here.context, here.target, REQUEST, here.files);
    const [first, second] = [...(await idsOf(engine.raw, here.sessions))];
    const later = String(Math.floor(Date.now() / 1000) + 3600);
    await engine.raw.call('UpdateItem', {
      TableName: here.sessions,
      Key: { session_id: { S: first } },
      UpdateExpression: 'SET #t = :t',
      ExpressionAttributeNames: { '#t': 'ttl' },
      ExpressionAttributeValues: { ':t': { N: later } },
    });
    // Activity alone, without a new expiry, is a sign of life as well.
    await engine.raw.call('UpdateItem', {
      TableName: here.sessions,
      Key: { session_id: { S: second } },
      UpdateExpression: 'SET last_activity = :t',
      ExpressionAttributeValues: { ':t': { N: String(Date.now()) } },
    });
    const result = await purge(here.context, here.target, REQUEST, summary, here.files, 'statements');
    expect(result).toMatchObject({ matched: 50, deleted: 48, skippedLive: 2, failed: 0, events: { deleted: 48 } });
    expect(await idsOf(engine.raw, here.sessions)).toEqual(new Set([first, second]));
    expect(await idsOf(engine.raw, here.events)).toEqual(new Set([first, second]));
  });

  it('never deletes a session that was live at its delete, while a writer keeps refreshing 10,000 of them', async () => {
    const here = await stage(engine.endpoint, { count: 10_000, events: 0, expired: 1 });
    const ids = [...(await idsOf(engine.raw, here.sessions))];
    const refreshed = new Set<string>();
    const writing = new AbortController();
    const writer = async (offset: number): Promise<void> => {
      for (let at = offset; !writing.signal.aborted; at += 3) {
        const id = ids[(at * 7919) % ids.length] ?? '';
        try {
          await engine.raw.call('UpdateItem', {
            TableName: here.sessions,
            Key: { session_id: { S: id } },
            UpdateExpression: 'SET #t = :t, last_activity = :a',
            ConditionExpression: 'attribute_exists(session_id)',
            ExpressionAttributeNames: { '#t': 'ttl' },
            ExpressionAttributeValues: {
              ':t': { N: String(Math.floor(Date.now() / 1000) + 3600) },
              ':a': { N: String(Date.now()) },
            },
          });
          refreshed.add(id);
        } catch (error) {
          if (!(error instanceof Error) || !error.name.startsWith('ConditionalCheckFailed')) throw error;
        }
      }
    };
    const writers = [0, 1, 2].map(writer);
    const { result } = await planAndPurge(here);
    writing.abort();
    await Promise.all(writers);
    const left = await idsOf(engine.raw, here.sessions);
    expect(refreshed.size).toBeGreaterThan(100);
    expect([...refreshed].filter((id) => !left.has(id))).toEqual([]);
    expect(result.deleted).toBe(10_000 - left.size);
    expect(result.failed).toBe(0);
  });

  it('ends every session of one user, and none but those', async () => {
    const here = await stage(engine.endpoint, { count: 60, events: 1, expired: 0 });
    const before = await itemsOf(engine.raw, here.sessions);
    const [first] = before;
    const user = first === undefined ? '' : userOf(first);
    const where = parseWhere(`state.userId=${user}`);
    const { result } = await planAndPurge(here, { filter: { where: where === undefined ? [] : [where] } });
    expect(result.deleted).toBe(before.filter((item) => userOf(item) === user).length);
    expect((await itemsOf(engine.raw, here.sessions)).map(userOf)).not.toContain(user);
    expect(await itemsOf(engine.raw, here.sessions)).toHaveLength(60 - result.deleted);
  });

  it('deletes by id, if the session also meets the other conditions', async () => {
    const here = await stage(engine.endpoint, { count: 20, events: 2, expired: 0.5 });
    const items = await itemsOf(engine.raw, here.sessions);
    const idOf = (item: (typeof items)[number] | undefined): string => String(item?.['session_id']?.['S']);
    const dead = idOf(items.find(isPast));
    const alive = idOf(items.find((item) => !isPast(item)));
    const { summary, result } = await planAndPurge(here, { ids: [dead, alive, 'nobody', 'nobody'] });
    expect(summary).toMatchObject({ unknownIds: { count: 1, ids: ['nobody'] }, events: 2, eventsCounted: true });
    expect(result).toMatchObject({ matched: 1, deleted: 1, events: { deleted: 2 } });
    const rest = await idsOf(engine.raw, here.sessions);
    expect([rest.has(dead), rest.has(alive), rest.size]).toEqual([false, true, 19]);
  });

  it('splits a table over shares that together miss nothing and do nothing twice', async () => {
    const here = await stage(engine.endpoint, { count: 400, events: 1, expired: 0.5 });
    let deleted = 0;
    for (const index of [1, 2, 3]) {
      const { result } = await planAndPurge(here, { shard: { index, count: 3 } });
      deleted += result.deleted;
      expect(result.deleted).toBeLessThan(200);
    }
    expect(deleted).toBe(200);
    expect((await itemsOf(engine.raw, here.sessions)).filter(isPast)).toEqual([]);
    expect(await itemsOf(engine.raw, here.events)).toHaveLength(200);
  });

  it('refuses where rows are not expendable, and filters that a layout can never meet', async () => {
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    await engine.raw.call('UpdateTimeToLive', {
      TableName: here.sessions,
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'ttl' },
    });
    const generic = await targetOf(here.context, { layout: 'generic', sessions: here.sessions });
    await expect(planPurge(here.context, generic, REQUEST, here.files)).rejects.toMatchObject({
      code: 'PURGE_REFUSED',
    });
    const { layout } = here.target;
    const timeless = {
      ...here.target,
      layout: { ...layout, session: { ...layout.session, lastActivityAt: null, createdAt: null } },
    };
    await expect(
      planPurge(here.context, timeless, { ...REQUEST, filter: { idle: 1000 } }, here.files),
    ).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('neither activity nor creation') });
  });

  it('goes by what was observed also where an attribute was absent', async () => {
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    for (const id of ['a', 'b'])
      await engine.raw.call('PutItem', { TableName: here.sessions, Item: { session_id: { S: id }, ttl: { N: '1' } } });
    const summary = await planPurge(here.context, here.target, REQUEST, here.files);
    await engine.raw.call('UpdateItem', {
      TableName: here.sessions,
      Key: { session_id: { S: 'a' } },
      UpdateExpression: 'SET last_activity = :t',
      ExpressionAttributeValues: { ':t': { N: '5' } },
    });
    const result = await purge(here.context, here.target, REQUEST, summary, here.files, 'statements');
    expect(result).toMatchObject({ deleted: 1, skippedLive: 1 });
    expect(await idsOf(engine.raw, here.sessions)).toEqual(new Set(['a']));
  });
});

describe('purge, where something fails', () => {
  it('takes DeleteItem where statements are not allowed', async () => {
    const { double, context, raw } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 30, events: 0, expired: 1 });
    double.inject({
      operation: 'BatchExecuteStatement',
      error: awsFaults.accessDenied('BatchExecuteStatement', here.sessions),
    });
    const { result } = await planAndPurge({ ...here, context: context() });
    expect(result).toMatchObject({ deleted: 30, failed: 0 });
    expect(await itemsOf(raw, here.sessions)).toEqual([]);
    expect(double.calls.filter(({ operation }) => operation === 'DeleteItem')).toHaveLength(30);
  });

  it('tries again what was throttled, and only that', async () => {
    const { double, context, raw } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 60, events: 2, expired: 1 });
    double.inject({ operation: 'BatchExecuteStatement', times: 2, error: awsFaults.throughputExceeded });
    double.inject({ operation: 'BatchWriteItem', times: 3, unprocessedAfter: 5 });
    const { result } = await planAndPurge({ ...here, context: context() });
    expect(result).toMatchObject({ deleted: 60, failed: 0, events: { deleted: 120, failed: 0 } });
    expect(await itemsOf(raw, here.events)).toEqual([]);
  });

  it('is stopped, and the next run goes on: each session once, none lost', async () => {
    const stop = new AbortController();
    const here = await stage(engine.endpoint, { count: 500, events: 2, expired: 1 });
    const summary = await planPurge(here.context, here.target, REQUEST, here.files);
    let batches = 0;
    const context = contextFor(engine.endpoint, {
      signal: stop.signal,
      onCall: ({ operation }) => {
        batches += operation === 'BatchExecuteStatement' ? 1 : 0;
        if (batches === 6) stop.abort();
      },
    });
    const first = await purge(context, here.target, REQUEST, summary, here.files, 'statements');
    expect(first.interrupted).toBe(true);
    expect(first.deleted).toBeLessThan(500);
    expect(statSync(here.files.plan).mode & 0o077).toBe(0);
    const second = await purge(here.context, here.target, REQUEST, summary, here.files, 'statements');
    expect(second).toMatchObject({
      deleted: 500,
      skippedLive: 0,
      failed: 0,
      events: { deleted: 1000 },
      interrupted: false,
    });
    expect(await itemsOf(engine.raw, here.sessions)).toEqual([]);
    expect(await itemsOf(engine.raw, here.events)).toEqual([]);
    expect(existsSync(here.files.done)).toBe(false);
  });

  it('takes no batch for finished whose line was torn', async () => {
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    writeFileSync(here.files.done, '[0,"dd",0,0]\n[1,"d');
    expect([...readDone(here.files).batches.keys()]).toEqual([0]);
    expect(readFileSync(here.files.done, 'utf8')).toBe('[0,"dd",0,0]\n');
  });

  it('gives the same files to the same request, others to any other', () => {
    expect(purgeFiles('/x', { a: 1 }).plan).toBe(purgeFiles('/x', { a: 1 }).plan);
    expect(purgeFiles('/x', { a: 1 }).plan).not.toBe(purgeFiles('/x', { a: 2 }).plan);
  });
});

describe('events whose session is gone', () => {
  it('are found and deleted, and those of sessions that are there stay', async () => {
    const here = await stage(engine.endpoint, { count: 80, events: 3, expired: 0.5 });
    await planAndPurge(here, { keepEvents: true });
    const summary = await planOrphans(here.context, here.target, REQUEST, here.files);
    expect(summary).toMatchObject({ matched: 120, scanned: 240 });
    const result = await purgeOrphans(here.context, REQUEST, summary, here.files);
    expect(result).toMatchObject({ deleted: 120, failed: 0, interrupted: false });
    expect(await idsOf(engine.raw, here.events)).toEqual(await idsOf(engine.raw, here.sessions));
    expect((await planOrphans(here.context, here.target, REQUEST, here.files)).matched).toBe(0);
  });
});
