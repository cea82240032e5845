import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../src/operations/context.js';
import { status, type StatusResult } from '../../../src/operations/tables/status.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import {
  closeAll,
  contextFor,
  freshName,
  index,
  sessionsDefinition,
  setUp,
  startDouble,
  type TargetOptions,
  targetOf,
} from '../harness.js';

closeAll();
const engine = useEngine();

const names = (): { sessions: string; events: string } => {
  const sessions = freshName('status');
  return { sessions, events: `${sessions}-events` };
};

async function statusOf(context: OperationContext, options: TargetOptions): Promise<StatusResult> {
  const target = await targetOf(context, options);
  return status(context, target, { overrides: { environment: 'development' }, prune: false });
}

describe('status', () => {
  it('shows tables that are in sync, with all that is known of them', async () => {
    const context = contextFor(engine.endpoint);
    const tables = names();
    await setUp(context, tables);
    const result = await statusOf(context, tables);
    expect(result).toMatchObject({ layout: 'mcp', inSync: true, endpoint: engine.endpoint, region: 'eu-west-1' });
    expect(result.tables[0]?.observed).toMatchObject({
      status: 'ACTIVE',
      billing: { mode: 'on-demand' },
      ttl: { attribute: 'ttl' },
      stream: { enabled: true, viewType: 'NEW_AND_OLD_IMAGES' },
      tags: { Purpose: 'SessionManagement' },
      deletionProtection: false,
      pointInTimeRecovery: null,
    });
    expect(result.tables[0]?.newestBackup).toBeUndefined();
  });

  it('shows missing tables as such', async () => {
    const result = await statusOf(contextFor(engine.endpoint), names());
    expect(result.inSync).toBe(false);
    expect(result.tables.map(({ observed, newestBackup }) => [observed, newestBackup])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it.each([null, 'mcp'])('works while a table is CREATING (layout %s)', async (layout) => {
    const running = await startDouble(engine.endpoint, { delays: { create: 60_000 } });
    const tables = names();
    await running.raw.call('CreateTable', sessionsDefinition(tables.sessions));
    const result = await statusOf(running.context(), { ...tables, layout });
    expect(result.tables[0]?.observed).toMatchObject({
      status: 'CREATING',
      ttl: { status: 'DISABLED', attribute: null },
      tags: null,
      pointInTimeRecovery: null,
    });
    expect(result.layout).toBe('mcp');
    expect(result.inSync).toBe(false);
  });

  it('works while a table is DELETING, and counts it as missing', async () => {
    const running = await startDouble(engine.endpoint, { delays: { delete: 60_000 } });
    const tables = names();
    await setUp(running.context(), tables);
    await running.raw.call('DeleteTable', { TableName: tables.sessions });
    const result = await statusOf(running.context(), tables);
    expect(result.tables[0]?.observed?.status).toBe('DELETING');
    expect(result.tables.map(({ planned }) => planned.action)).toEqual(['create', 'none']);
  });

  it('shows an index that is built, and a table that is UPDATING', async () => {
    const running = await startDouble(engine.endpoint, { delays: { allocate: 100, backfill: 60_000 } });
    const tables = names();
    await setUp(running.context(), tables);
    await running.raw.call('UpdateTable', {
      TableName: tables.sessions,
      AttributeDefinitions: [{ AttributeName: 'x', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [{ Create: index('NewIndex', 'x') }],
    });
    expect((await statusOf(running.context(), tables)).tables[0]?.observed?.status).toBe('UPDATING');
    await sleep(120);
    const result = await statusOf(running.context(), tables);
    const [table] = result.tables;
    expect(table?.observed?.status).toBe('ACTIVE');
    expect(table?.observed?.indexes.find(({ name }) => name === 'NewIndex')).toMatchObject({
      status: 'CREATING',
      backfilling: true,
    });
    expect(result.inSync).toBe(true);
  });

  it('does without tags, recovery and backups that may not be read', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await setUp(running.context(), tables);
    for (const operation of ['ListTagsOfResource', 'DescribeContinuousBackups', 'ListBackups'])
      running.double.inject({ operation, error: awsFaults.accessDenied(operation, tables.sessions) });
    const result = await statusOf(running.context(), tables);
    expect(result.tables[0]).toMatchObject({ observed: { tags: null, pointInTimeRecovery: null } });
    expect(result.tables[0]?.newestBackup).toBeUndefined();
    expect(result.inSync).toBe(true);
  });

  it('says which action is missing where it cannot do without', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await setUp(running.context(), tables);
    running.double.inject({
      operation: 'DescribeTimeToLive',
      error: awsFaults.accessDenied('DescribeTimeToLive', tables.sessions),
    });
    await expect(statusOf(running.context(), tables)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(`dynamodb:DescribeTimeToLive on table '${tables.sessions}'`),
    });
  });

  it('finds the newest backup across pages, the last of which is empty', async () => {
    let time = Date.now();
    const running = await startDouble(engine.endpoint, { clock: () => time });
    const { raw } = running;
    const name = freshName('backed-up');
    await raw.call('CreateTable', sessionsDefinition(name));
    time += 60_000;
    // A page holds 100, and a full last page still names a next one.
    for (let at = 0; at < 200; at += 1) {
      await raw.call('CreateBackup', { TableName: name, BackupName: `backup-${at}` });
      time += 1000;
    }
    const context = running.context();
    running.double.forgetCalls();
    const result = await statusOf(context, { sessions: name, events: `${name}-events` });
    expect(result.tables[0]?.newestBackup?.name).toBe('backup-199');
    const pages = running.double.calls.filter(
      ({ operation, body }) => operation === 'ListBackups' && body['TableName'] === name,
    );
    expect(pages).toHaveLength(3);
    expect(result.tables[1]?.newestBackup).toBeNull();
  });

  it('reads all pages of tags', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const tags = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`Tag${at}`, String(at)]));
    await setUp(running.context(), { ...tables, overrides: { tags } });
    const result = await statusOf(running.context(), tables);
    expect(Object.keys(result.tables[0]?.observed?.tags ?? {})).toHaveLength(33);
  });
});
