import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { list } from '../../src/operations/sessions/list.js';
import { readRecord } from '../../src/operations/tables/put-back.js';
import { seed } from '../../src/operations/sessions/seed.js';
import { status } from '../../src/operations/tables/status.js';
import { tempFolder } from '../support/cli.js';
import { archiveTo, contentOf, restoreFrom } from './archive/harness.js';
import { type Elsewhere, isLeftOut, PLACES } from './elsewhere.js';
import { changesOf, closeAll, outcomesOf, planFor, setUp, targetOf } from './harness.js';
import { tearDown, testFolder } from './teardown/harness.js';

closeAll();

/** A second implementation, written by others, and AWS itself; where one is not to be had, it is said and these are skipped. */
describe.each(PLACES)('on $name', ({ name: place, start, timeout }) => {
  let there: Elsewhere | null = null;
  beforeAll(async () => {
    there = await start();
  }, timeout);
  afterAll(async () => {
    await there?.stop();
  }, timeout);
  const absent = `there is no ${place}`;
  it.for(['mcp', 'turul', 'llm-duel', 'pmcp-tasks', 'express'])(
    'layout %s: set up twice changes nothing the second time, and sessions can be seeded and listed',
    { timeout },
    async (layout, { skip }) => {
      if (there === null) return skip(absent);
      const context = there.context();
      const options = { ...there.names(), layout, overrides: { tags: there.tags } };
      const first = await setUp(context, options);
      expect(first.error).toBeNull();
      expect(first.warnings).toEqual([]);
      const again = await setUp(context, options);
      expect(outcomesOf(again)).toEqual([]);
      const target = await targetOf(context, options);
      await seed(context, target, { count: 30, events: 2, expired: 0.5, randomSeed: 1 });
      const { sessions } = await list(context, target, { filter: {}, sort: 'activity', limit: null });
      expect(sessions.filter(({ state }) => state === 'expired')).toHaveLength(15);
    },
  );

  it.for(['mcp', 'turul', 'llm-duel', 'pmcp-tasks', 'express'])(
    'layout %s: an archive holds what the tables hold, and restores it with its settings',
    { timeout },
    async (layout, { skip }) => {
      if (there === null) return skip(absent);
      const context = there.context();
      const { raw } = there;
      const tables = there.names();
      const overrides = {
        pointInTimeRecovery: true,
        deletionProtection: true,
        tags: { ...there.tags, Owner: 'agents' },
      };
      expect((await setUp(context, { ...tables, layout, overrides })).error).toBeNull();
      const target = await targetOf(context, { ...tables, layout });
      await seed(context, target, { count: 60, events: 2, expired: 0.5, randomSeed: 1 });
      const folder = path.join(tempFolder(), 'archive');
      await archiveTo(context, target, folder, { segments: 3 });
      const result = await restoreFrom(context, folder, { toTable: `${tables.sessions}-copy` });
      expect(result.error).toBeNull();
      for (const { role, source, target: copy, missed } of result.tables) {
        expect(missed).toEqual([]);
        expect(await contentOf(raw, copy)).toEqual(await contentOf(raw, source));
        const settings = async (name: string): Promise<object> => ({
          ...(await readRecord(context, { name, role, layout })),
          name: '',
          recordedAt: 0,
        });
        expect(await settings(copy)).toEqual(await settings(source));
      }
    },
  );

  it('mends what was spoilt by hand, and sees its backups', { timeout }, async ({ skip, task }) => {
    if (there === null) return skip(absent);
    const hour = 'TTL can be switched once an hour';
    if (isLeftOut(there, task.name, hour)) return skip(hour);
    const context = there.context();
    const { raw } = there;
    const tables = there.names();
    const options = { ...tables, environment: 'production' };
    await setUp(context, tables);
    const drop = { Delete: { IndexName: 'CreatedAtIndex' } };
    await raw.call('UpdateTable', { TableName: tables.sessions, GlobalSecondaryIndexUpdates: [drop] });
    await raw.call('UpdateTimeToLive', {
      TableName: tables.sessions,
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'ttl' },
    });
    await raw.call('CreateBackup', { TableName: tables.sessions, BackupName: 'by-hand' });
    const result = await setUp(context, options);
    expect(result.error).toBeNull();
    expect(outcomesOf(result)).toEqual(
      expect.arrayContaining([
        'done index:CreatedAtIndex',
        'done ttl',
        'done pointInTimeRecovery',
        'done tag:Environment',
      ]),
    );
    expect(changesOf(await planFor(context, options))).toEqual([]);
    const { Table: table } = await raw.call('DescribeTable', { TableName: tables.sessions });
    expect(table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).toSorted()).toEqual([
      'CreatedAtIndex',
      'LastActivityIndex',
    ]);
    expect(table?.DeletionProtectionEnabled).toBe(true);
    const request = { overrides: { environment: 'production' }, prune: false };
    const seen = await status(context, await targetOf(context, tables), request);
    expect(seen.tables[0]).toMatchObject({
      newestBackup: { name: 'by-hand' },
      observed: { pointInTimeRecovery: { enabled: true } },
    });
  });

  it('rows are cleared, tables made anew as they were, and deleted', { timeout }, async ({ skip }) => {
    if (there === null) return skip(absent);
    const context = there.context();
    const tables = there.names();
    await setUp(context, {
      ...tables,
      overrides: { pointInTimeRecovery: true, tags: { ...there.tags, Team: 'agents' } },
    });
    await seed(context, await targetOf(context, tables), { count: 60, events: 1, expired: 0, randomSeed: 1 });
    const folder = testFolder();
    const cleared = await tearDown(context, tables, folder, { steps: ['clear-data'] });
    expect(cleared.result.steps.map(({ cleared: each }) => each)).toMatchObject([
      { deleted: 60, left: 0 },
      { deleted: 60, left: 0 },
    ]);
    const anew = await tearDown(context, tables, folder, { steps: ['clear-data'], recreate: true });
    expect(anew.result).toMatchObject({
      error: null,
      steps: [{ cleared: { missed: [] } }, { cleared: { missed: [] } }],
    });
    expect(outcomesOf(await setUp(context, tables))).toEqual([]);
    const gone = await tearDown(context, tables, folder, { steps: ['delete'] });
    expect(gone.result.steps.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    const { TableNames = [] } = await there.raw.call('ListTables');
    expect(TableNames).not.toContain(tables.sessions);
  });
});
