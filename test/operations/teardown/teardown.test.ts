import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chooseWay, estimateClear, NOTICEABLE_UNITS } from '../../../src/operations/clear/choice.js';
import { observeStructure } from '../../../src/dynamodb/describe.js';
import { recordFile } from '../../../src/operations/tables/record-file.js';
import { resolveTarget } from '../../../src/operations/target.js';
import { planTeardown } from '../../../src/operations/teardown/plan.js';
import type { StepName } from '../../../src/operations/teardown/table.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, freshName, type SetupOptions, setUp, targetOf } from '../harness.js';
import { itemsOf } from '../purge/harness.js';
import { linesOf, PACE, requestFor, type Stage, stageOn, tearDown } from './harness.js';

const engine = useEngine();
closeAll();

const ALL: readonly StepName[] = ['delete', 'disable-streams', 'clear-data'];

const stage = (options: SetupOptions = {}, rows = 0): Promise<Stage> => stageOn(engine.endpoint, options, rows);

const exists = async (name: string): Promise<boolean> =>
  (await engine.raw.call('ListTables')).TableNames?.includes(name) === true;

describe('teardown', () => {
  it('clears, then disables streams, then deletes, events before sessions, in whatever order it was asked', async () => {
    const { context, tables, folder, writes } = await stage({}, 3);
    const { sessions, events } = tables;
    const { result } = await tearDown(context(), tables, folder, { steps: ALL });
    expect(linesOf(result)).toEqual([
      `clear-data ${events} done`,
      `clear-data ${sessions} done`,
      `disable-streams ${events} done`,
      `disable-streams ${sessions} done`,
      `delete ${events} done`,
      `delete ${sessions} done`,
    ]);
    expect(writes()).toEqual([
      'BatchWriteItem',
      'BatchWriteItem',
      'UpdateTable',
      'UpdateTable',
      'DeleteTable',
      'DeleteTable',
    ]);
    expect(await exists(sessions)).toBe(false);
    expect(await exists(events)).toBe(false);
  });

  it('waits until a table is gone before the next', async () => {
    const { double, context, tables, folder } = await stage();
    double.state.delays.delete = 150;
    await tearDown(context(), tables, folder, { steps: ['delete'] });
    const order = double.calls
      .filter(({ operation }) => operation === 'DeleteTable' || operation === 'DescribeTable')
      .map(({ operation, body }) => `${operation} ${String(body['TableName'])}`);
    const first = order.indexOf(`DeleteTable ${tables.events}`);
    const second = order.indexOf(`DeleteTable ${tables.sessions}`);
    expect(
      order.slice(first, second).filter((each) => each === `DescribeTable ${tables.events}`).length,
    ).toBeGreaterThan(2);
  });

  it.each(['clear-data', 'disable-streams'] as const)('begins nothing after %s has failed', async (step) => {
    const { double, context, tables, folder } = await stage({}, 2);
    const operation = step === 'clear-data' ? 'BatchWriteItem' : 'UpdateTable';
    double.inject({ operation, error: awsFaults.accessDenied(operation, tables.events) });
    const { result } = await tearDown(context(), tables, folder, { steps: [step, 'delete'] });
    expect(result).toMatchObject({ interrupted: false, error: { code: 'ACCESS_DENIED' } });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'skipped', 'skipped', 'skipped']);
    expect(result.steps[1]?.reason).toBe(`${step} failed`);
    expect(await exists(tables.sessions)).toBe(true);
    expect(await exists(tables.events)).toBe(true);
  });

  it('ends between two steps when it is interrupted, and goes on when run again', async () => {
    const { double, context, tables, folder } = await stage({}, 2);
    const interruption = new AbortController();
    const signalled = context({
      signal: interruption.signal,
      onCall: ({ operation }) => {
        if (operation === 'DeleteTable') interruption.abort();
      },
    });
    const { result } = await tearDown(signalled, tables, folder, { steps: ['delete'] });
    expect(result).toMatchObject({ interrupted: true, error: null });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'skipped']);
    expect(await exists(tables.sessions)).toBe(true);
    const second = await tearDown(context(), tables, folder, { steps: ['delete'] });
    expect(second.result.steps.at(-1)?.outcome).toBe('done');
    expect(double.calls.filter(({ operation }) => operation === 'DeleteTable')).toHaveLength(2);
  });

  it('skips what is not there, or is so already', async () => {
    const { context, tables, folder, writes } = await stage({ overrides: { stream: false } });
    await tearDown(context(), tables, folder, { steps: ['delete'], only: 'events' });
    const before = writes().length;
    const { result } = await tearDown(context(), tables, folder, { steps: ['disable-streams'] });
    expect(result.steps).toMatchObject([
      { outcome: 'skipped', reason: 'it does not exist' },
      { outcome: 'skipped', reason: 'its stream is off' },
    ]);
    const gone = await tearDown(context(), tables, folder, { steps: ALL, only: 'events' });
    expect(gone.result.steps.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'skipped']);
    expect(writes().length).toBe(before);
  });

  it('waits for a table that somebody else is deleting', async () => {
    const { double, raw, context, tables, folder } = await stage();
    double.state.delays.delete = 100;
    await raw.call('DeleteTable', { TableName: tables.events });
    const { result } = await tearDown(context(), tables, folder, { steps: ['clear-data', 'delete'], only: 'events' });
    expect(result.steps).toMatchObject([{ outcome: 'skipped', reason: 'it is being deleted' }, { outcome: 'done' }]);
    await expect(raw.call('DescribeTable', { TableName: tables.events })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('waits for a change under way before it deletes', async () => {
    const { double, raw, context, tables, folder } = await stage();
    double.state.delays.update = 120;
    await raw.call('UpdateTable', { TableName: tables.sessions, TableClass: 'STANDARD_INFREQUENT_ACCESS' });
    const { result } = await tearDown(context(), tables, folder, { steps: ['delete'], only: 'sessions' });
    expect(linesOf(result)).toEqual([`delete ${tables.sessions} done`]);
  });

  it('argues with a refusal that passes', async () => {
    const { double, context, tables, folder } = await stage();
    double.inject({ operation: 'DeleteTable', times: 2, error: awsFaults.resourceInUse(tables.sessions) });
    double.inject({ operation: 'DeleteTable', times: 1, after: 2, error: awsFaults.limitExceeded });
    const { result } = await tearDown(context(), tables, folder, { steps: ['delete'], only: 'sessions' });
    expect(linesOf(result)).toEqual([`delete ${tables.sessions} done`]);
  });

  it('tells the last backup that AWS makes of a table with recovery points', async () => {
    const { context, tables, folder } = await stage({ overrides: { pointInTimeRecovery: true } });
    const { plan, result } = await tearDown(context(), tables, folder, { steps: ['delete'], only: 'sessions' });
    expect(plan.steps[0]?.notes.join()).toContain('35 days');
    expect(result.steps[0]?.backup).toMatchObject({ type: 'SYSTEM' });
  });

  it('deletes of a global table only what is here, and says so', async () => {
    const { raw, context, tables, folder } = await stage();
    await raw.call('UpdateTable', {
      TableName: tables.sessions,
      ReplicaUpdates: [{ Create: { RegionName: 'eu-central-1' } }],
    });
    const request = { steps: ['disable-streams'], only: 'sessions' } as const;
    await expect(tearDown(context(), tables, folder, request)).rejects.toMatchObject({
      code: 'TEARDOWN_REFUSED',
      message: expect.stringContaining('eu-central-1'),
    });
    const { plan, result } = await tearDown(context(), tables, folder, { steps: ['delete'], only: 'sessions' });
    expect(plan.steps[0]?.notes.join()).toContain('eu-central-1');
    expect(linesOf(result)).toEqual([`delete ${tables.sessions} done`]);
  });
});

describe('deletion protection', () => {
  const overrides = { deletionProtection: true };

  it.each([{ steps: ['delete'] }, { steps: ['clear-data'], recreate: true }] as const)(
    'keeps a table from %j unless it is taken off by name',
    async (request) => {
      const { context, tables, folder, writes } = await stage({ overrides });
      await expect(tearDown(context(), tables, folder, request)).rejects.toMatchObject({
        code: 'TEARDOWN_REFUSED',
        hint: expect.stringContaining('--force-unprotect'),
      });
      expect(writes()).toEqual([]);
      const { plan, result } = await tearDown(context(), tables, folder, { ...request, forceUnprotect: true });
      expect(plan.steps.every(({ unprotects }) => unprotects)).toBe(true);
      expect(result.steps.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    },
  );

  it('is said to be off when the table could not be deleted after all', async () => {
    const { double, context, tables, folder } = await stage({ overrides });
    double.inject({ operation: 'DeleteTable', error: awsFaults.accessDenied('DeleteTable', tables.events) });
    const { result } = await tearDown(context(), tables, folder, { steps: ['delete'], forceUnprotect: true });
    expect(result.error).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining(`the deletion protection of '${tables.events}' is off now`),
    });
  });

  it('does not keep rows from being deleted', async () => {
    const { context, tables, folder } = await stage({ overrides }, 2);
    const { result } = await tearDown(context(), tables, folder, { steps: ['clear-data'], recreate: false });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect((await engine.raw.call('DescribeTable', { TableName: tables.sessions })).Table).toMatchObject({
      DeletionProtectionEnabled: true,
    });
  });

  it('is put back when a run ended after it was taken off, and rows are deleted then', async () => {
    const { double, context, tables, folder } = await stage({ overrides }, 2);
    const denied = awsFaults.accessDenied('DeleteTable', tables.sessions);
    const lift = double.inject({ operation: 'DeleteTable', error: denied });
    const request = { steps: ['clear-data'], only: 'sessions', forceUnprotect: true } as const;
    const first = await tearDown(context(), tables, folder, { ...request, recreate: true });
    expect(first.result.error).toMatchObject({ code: 'ACCESS_DENIED', hint: expect.stringContaining(folder) });
    lift();
    expect(existsSync(recordFile(folder, 'test', tables.sessions))).toBe(true);
    const second = await tearDown(context(), tables, folder, { ...request, recreate: false });
    expect(linesOf(second.result)).toEqual([`clear-data ${tables.sessions} done`]);
    expect(existsSync(recordFile(folder, 'test', tables.sessions))).toBe(false);
    expect((await engine.raw.call('DescribeTable', { TableName: tables.sessions })).Table).toMatchObject({
      DeletionProtectionEnabled: true,
    });
  });
});

/** A re-creation whose table was dropped and could not be created. */
async function cutOff() {
  const all = await stage({}, 2);
  all.double.inject({
    operation: 'CreateTable',
    times: 1,
    error: awsFaults.accessDenied('CreateTable', all.tables.sessions),
  });
  const request = { steps: ['clear-data'], only: 'sessions' } as const;
  const { result } = await tearDown(all.context(), all.tables, all.folder, { ...request, recreate: true });
  expect(result.steps[0]).toMatchObject({ outcome: 'failed', error: { code: 'ACCESS_DENIED' } });
  expect(await exists(all.tables.sessions)).toBe(false);
  return { ...all, request, file: recordFile(all.folder, 'test', all.tables.sessions) };
}

describe('an unfinished re-creation', () => {
  it('is finished by the next clearing, whichever way it was to take', async () => {
    const { context, tables, folder, request, file } = await cutOff();
    const { plan, result } = await tearDown(context(), tables, folder, { ...request, recreate: false });
    expect(plan.steps[0]?.notes.join()).toContain(file);
    expect(result.steps[0]).toMatchObject({ outcome: 'done', cleared: { resumed: true, missed: [] } });
    expect(existsSync(file)).toBe(false);
  });

  it('never drops a table that was made since', async () => {
    const { context, tables, folder, request, writes } = await cutOff();
    await setUp(context(), { ...tables, overrides: { stream: false } });
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: { session_id: { S: 'new' } } });
    const before = writes().length;
    const { result } = await tearDown(context(), tables, folder, { ...request, recreate: true });
    expect(result.steps[0]).toMatchObject({ outcome: 'done', cleared: { resumed: true, reapplied: ['stream'] } });
    expect(writes().slice(before)).not.toContain('DeleteTable');
    expect(await itemsOf(engine.raw, tables.sessions)).toHaveLength(1);
  });

  it('is forgotten when the table is deleted', async () => {
    const { context, tables, folder, file } = await cutOff();
    const steps = ['clear-data', 'delete'] as const;
    const { result } = await tearDown(context(), tables, folder, { steps, only: 'sessions' });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['skipped', 'done']);
    expect(existsSync(file)).toBe(false);
  });
});

describe("a table that is not the layout's alone", () => {
  it("loses only the layout's rows, and is not dropped unless told so", async () => {
    const { context, tables, folder, raw } = await stage({ layout: 'express' });
    const express = { ...tables, layout: 'express' };
    for (const id of ['sess:1', 'user:1'])
      await raw.call('PutItem', { TableName: tables.sessions, Item: { id: { S: id } } });
    for (const request of [{ steps: ['delete'] }, { steps: ['clear-data'], recreate: true }] as const)
      await expect(tearDown(context(), express, folder, request)).rejects.toMatchObject({
        code: 'TEARDOWN_REFUSED',
        hint: expect.stringContaining('--force-shared'),
      });
    const { result } = await tearDown(context(), express, folder, { steps: ['clear-data'] });
    expect(result.steps[0]).toMatchObject({ cleared: { way: 'items', deleted: 1, left: 0 } });
    const forced = await tearDown(context(), express, folder, { steps: ['delete'], forceShared: true });
    expect(linesOf(forced.result)).toEqual([`delete ${tables.sessions} done`]);
  });

  it('is refused where its keys are others, unless it was named', async () => {
    const { context, raw, folder } = await stage();
    const name = freshName('foreign');
    await raw.call('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    });
    const request = requestFor(folder, { steps: ['delete'], only: 'sessions' });
    const named = (source: string) => ({
      layout: 'mcp' as const,
      tables: { flags: { sessions: { name, source } }, file: {} },
      env: {},
    });
    const byVariable = await resolveTarget(context(), named('DYNAMODB_SESSIONS_TABLE'));
    await expect(planTeardown(context(), byVariable, request)).rejects.toMatchObject({
      code: 'LAYOUT_MISMATCH',
      message: expect.stringContaining('pk (S)'),
    });
    const byFlag = await resolveTarget(context(), named('--sessions-table'));
    const plan = await planTeardown(context(), byFlag, request);
    expect(plan.tables.map(({ isOwn }) => isOwn)).toEqual([false]);
  });

  it('is refused where nothing tells what it is', async () => {
    const { context, tables, folder } = await stage();
    const request = { steps: ['clear-data'] } as const;
    await expect(
      tearDown(context(), { sessions: tables.sessions, layout: 'generic' }, folder, request),
    ).rejects.toMatchObject({ code: 'LAYOUT_MISMATCH' });
  });
});

/** The way that is chosen for a table that DynamoDB says has two million rows. */
async function wayFor(options: SetupOptions, request = {}): Promise<string | undefined> {
  const { double, raw, context, tables, folder } = await stage(options);
  const { Table } = await raw.call('DescribeTable', { TableName: tables.sessions });
  const answer = () => ({ Table: { ...JSON.parse(JSON.stringify(Table)), ItemCount: 2_000_000 } });
  double.inject({ operation: 'DescribeTable', table: tables.sessions, answer });
  const plan = await planTeardown(
    context(),
    await targetOf(context(), tables),
    requestFor(folder, { steps: ['clear-data'], only: 'sessions', ...request }),
  );
  const [step] = plan.steps;
  return step?.step === 'clear-data' ? step.choice?.way : undefined;
}

describe('the way to clear', () => {
  const estimate = { rows: 1, readUnits: 1, writeUnits: NOTICEABLE_UNITS, dollars: 1, seconds: 1 };
  const cheap = { ...estimate, writeUnits: NOTICEABLE_UNITS - 1 };

  it.each([
    ['as asked: recreate', cheap, true, ['a stream'], 'recreate'],
    ['as asked: items', estimate, false, [], 'items'],
    ['items where that costs little', cheap, null, [], 'items'],
    ['recreate where deleting costs and nothing is lost', estimate, null, [], 'recreate'],
    ['items where anything else would be lost', estimate, null, ['a stream'], 'items'],
  ] as const)('is %s', (_, facts, recreate, losses, way) => {
    const choice = chooseWay(facts, { recreate, losses });
    expect(choice.way).toBe(way);
    for (const loss of recreate === null && facts === estimate ? losses : []) expect(choice.why).toContain(loss);
  });

  it('is chosen by what the table has', async () => {
    const plain = { overrides: { stream: false } } as const;
    expect(await wayFor(plain)).toBe('recreate');
    expect(await wayFor(plain, { recreate: false })).toBe('items');
    expect(await wayFor(plain, { production: true })).toBe('items');
    expect(await wayFor(plain, { steps: ['clear-data', 'delete'] })).toBe('items');
    expect(await wayFor({})).toBe('items');
    expect(await wayFor({ overrides: { stream: false, pointInTimeRecovery: true } })).toBe('items');
    expect(await wayFor({ overrides: { stream: false, deletionProtection: true } })).toBe('items');
    expect(await wayFor({ overrides: { stream: false, tags: { Environment: 'production' } } })).toBe('items');
  });

  it('is judged by write units for rows and indexes', async () => {
    const { context, tables } = await stage();
    const table = await observeStructure(context().dynamo, tables.sessions);
    if (table === null) throw new Error('no table');
    const big = { ...table, itemCount: 1000, sizeBytes: 1_500_000 };
    // 1.5 KB: two units, and one for each of two indexes.
    expect(estimateClear(big, PACE, true)).toMatchObject({ rows: 1000, writeUnits: 4000, seconds: 1 });
    expect(estimateClear(big, { ...PACE, maxWriteUnits: 100 }, true).seconds).toBe(40);
    expect(estimateClear(big, PACE, false).seconds).toBeNull();
  });
});
