import { describe, expect, it } from 'vitest';
import { clearItems } from '../../../src/operations/clear/clear.js';
import { LAYOUTS } from '../../../src/schema/index.js';
import { awsFaults } from '../../support/aws-double.js';
import { type RawClient, useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, setUp, startDouble, targetOf } from '../harness.js';
import { itemsOf, stage } from '../purge/harness.js';
import { PACE } from '../teardown/harness.js';

const engine = useEngine();
closeAll();

const express = LAYOUTS.find(({ id }) => id === 'express') ?? null;

/** Rows of so many bytes each, of which a page holds few. */
async function fill(raw: RawClient, table: string, rows: number, bytes = 100): Promise<void> {
  const put = (at: number) => ({
    PutRequest: { Item: { session_id: { S: `s${at}` }, created_at: { N: '1' }, text: { S: 'x'.repeat(bytes) } } },
  });
  const batch = async (from: number): Promise<void> => {
    const requests = Array.from({ length: Math.min(25, rows - from) }, (_, at) => put(from + at));
    await raw.call('BatchWriteItem', { RequestItems: { [table]: requests } });
  };
  const starts = Array.from({ length: Math.ceil(rows / 25) }, (_, at) => at * 25);
  const lanes = Array.from({ length: 8 }, async () => {
    for (let from = starts.shift(); from !== undefined; from = starts.shift()) await batch(from);
  });
  await Promise.all(lanes);
}

async function tableWith(rows: number, bytes?: number) {
  const { context, target, sessions } = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
  await fill(engine.raw, sessions, rows, bytes);
  const { sessions: table } = await targetOf(context, { sessions, events: `${sessions}-events` });
  if (table === null) throw new Error('no table');
  return { context, target, table, name: sessions };
}

describe('clearItems', () => {
  it('deletes every one of 20,000 rows and keeps the table as it is', async () => {
    const { context, table, name } = await tableWith(20_000);
    const before = await engine.raw.call('DescribeTable', { TableName: name });
    const result = await clearItems(context, table, null, PACE);
    expect(result).toMatchObject({
      way: 'items',
      deleted: 20_000,
      failed: 0,
      left: 0,
      interrupted: false,
      error: null,
    });
    expect(await itemsOf(engine.raw, name)).toEqual([]);
    const { ItemCount: _, ...settings } = before.Table ?? {};
    const after = await engine.raw.call('DescribeTable', { TableName: name });
    expect(after.Table).toMatchObject(JSON.parse(JSON.stringify(settings)));
    // Each row costs a unit for itself, and one for the index that holds it.
    expect(result.capacity.writeUnits).toBeGreaterThanOrEqual(40_000);
    expect(result.capacity.readUnits).toBeGreaterThan(0);
  }, 60_000);

  it('deletes what many pages hold: the scan goes on while rows before its place are deleted', async () => {
    const { context, table, name } = await tableWith(300, 50_000);
    expect(await clearItems(context, table, null, PACE)).toMatchObject({ deleted: 300, left: 0 });
    expect(await itemsOf(engine.raw, name)).toEqual([]);
  });

  it('sends 25 keys a call, and one scan more than the pages: the last look', async () => {
    const calls: string[] = [];
    const { table, name } = await tableWith(60);
    const context = contextFor(engine.endpoint, { onCall: ({ operation }) => calls.push(operation) });
    await clearItems(context, table, null, PACE);
    expect(calls.toSorted()).toEqual(['BatchWriteItem', 'BatchWriteItem', 'BatchWriteItem', 'Scan', 'Scan']);
    expect(await itemsOf(engine.raw, name)).toEqual([]);
  });

  it('reads keys alone, in one segment outside AWS, and looks again with strong consistency', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const { table } = await tableWith(5);
    await clearItems(context(), table, null, { ...PACE, segments: 4 });
    const scans = double.calls.filter(({ operation }) => operation === 'Scan').map(({ body }) => body);
    expect(scans).toHaveLength(2);
    for (const scan of scans) {
      expect(scan).not.toHaveProperty('TotalSegments');
      expect(scan['ExpressionAttributeNames']).toEqual({ '#p0': 'session_id' });
    }
    expect(scans.map((scan) => scan['ConsistentRead'])).toEqual([undefined, true]);
  });

  it('deletes nothing of an empty table, and says so', async () => {
    const { context, table } = await tableWith(0);
    expect(await clearItems(context, table, null, PACE)).toMatchObject({
      deleted: 0,
      failed: 0,
      left: 0,
      capacity: { writeUnits: 0 },
    });
  });

  it('finds in the next look what the first one did not see', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const { table, name } = await tableWith(10);
    double.inject({ operation: 'Scan', times: 1, answer: () => ({ Items: [], Count: 0, ScannedCount: 0 }) });
    expect(await clearItems(context(), table, null, PACE)).toMatchObject({ deleted: 10, left: 0 });
    expect(await itemsOf(engine.raw, name)).toEqual([]);
  });

  it('ends although somebody goes on writing, and says how many rows are left', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const { table } = await tableWith(0);
    double.inject({ operation: 'Scan', answer: () => ({ Items: [{ session_id: { S: 'again' } }], ScannedCount: 1 }) });
    expect(await clearItems(context(), table, null, PACE)).toMatchObject({
      deleted: 5,
      failed: 0,
      left: 1,
      error: null,
    });
    expect(double.calls.map(({ operation }) => operation).filter((operation) => operation === 'Scan')).toHaveLength(6);
  });

  it('tries again what comes back, and nothing else', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const { table, name } = await tableWith(30);
    double.inject({ operation: 'BatchWriteItem', times: 1, unprocessedAfter: 10 });
    expect(await clearItems(context(), table, null, PACE)).toMatchObject({ deleted: 30, failed: 0, left: 0 });
    expect(await itemsOf(engine.raw, name)).toEqual([]);
  });

  it('says what was done before a failure', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const { table, name } = await tableWith(100);
    const error = awsFaults.accessDenied('BatchWriteItem', name);
    double.inject({ operation: 'BatchWriteItem', after: 2, error });
    const result = await clearItems(context(), table, null, { ...PACE, concurrency: 1 });
    expect(result).toMatchObject({ deleted: 50, left: null, interrupted: false, error: { code: 'ACCESS_DENIED' } });
    expect(await itemsOf(engine.raw, name)).toHaveLength(50);
  });

  it('says when interrupted how many are gone; the next run goes on', async () => {
    const interruption = new AbortController();
    const { table, name } = await tableWith(400);
    let batches = 0;
    const context = contextFor(engine.endpoint, {
      signal: interruption.signal,
      onCall: ({ operation }) => {
        if (operation !== 'BatchWriteItem') return;
        batches += 1;
        if (batches === 3) interruption.abort();
      },
    });
    const first = await clearItems(context, table, null, { ...PACE, concurrency: 2 });
    expect(first).toMatchObject({ interrupted: true, left: null, error: null });
    const left = (await itemsOf(engine.raw, name)).length;
    expect(left).toBeGreaterThan(0);
    expect(first.deleted).toBe(400 - left);
    const second = await clearItems(contextFor(engine.endpoint), table, null, PACE);
    expect(second).toMatchObject({ deleted: left, left: 0 });
  });

  it('keeps to budgets', async () => {
    const { context, table } = await tableWith(60);
    const started = performance.now();
    const { capacity } = await clearItems(context, table, null, { ...PACE, maxWriteUnits: 100 });
    const seconds = (performance.now() - started) / 1000;
    expect(capacity.writeUnits).toBeGreaterThanOrEqual(120);
    expect(capacity.writeUnits / seconds).toBeLessThanOrEqual(110);
  });

  it("deletes a layout's rows alone where others share the table", async () => {
    const name = freshName('shared');
    const context = contextFor(engine.endpoint);
    await setUp(context, { layout: 'express', sessions: name });
    const rows = [
      { id: { S: 'sess:a' }, type: { S: 'connect-session' } },
      // A touch of a row that is gone leaves one without a type.
      { id: { S: 'sess:b' } },
      { id: { S: 'user:1' }, type: { S: 'user' } },
      { id: { S: 'user:2' }, type: { N: '7' } },
    ];
    for (const Item of rows) await engine.raw.call('PutItem', { TableName: name, Item });
    const { sessions: table } = await targetOf(context, { layout: 'express', sessions: name });
    if (table === null) throw new Error('no table');
    expect(await clearItems(context, table, express, PACE)).toMatchObject({ deleted: 2, left: 0 });
    const ids = (await itemsOf(engine.raw, name)).map(({ id }) => String(id?.['S']));
    expect(ids.toSorted()).toEqual(['user:1', 'user:2']);
  });

  it('takes keys of two attributes as they are, numbers with all their digits', async () => {
    const { context, target, events } = await stage(engine.endpoint, { count: 3, events: 2, expired: 0 });
    const id = { N: '12345678901234567890123456789012345678' };
    await engine.raw.call('PutItem', { TableName: events, Item: { session_id: { S: 'x' }, event_id: id } });
    const { sessions: table } = await targetOf(context, { layout: 'generic', sessions: events });
    if (table === null) throw new Error('no table');
    expect(target.layout.id).toBe('mcp');
    expect(await clearItems(context, table, null, PACE)).toMatchObject({ deleted: 7, left: 0 });
    expect(await itemsOf(engine.raw, events)).toEqual([]);
  });
});
