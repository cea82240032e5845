import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../src/operations/context.js';
import {
  planRestore,
  requireFreeTargets,
  type RestoreRequest,
  type RestoreResult,
  restoreBackups,
} from '../../../src/operations/restore/from-backup.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { type BackedUp, FIRST, lose, removeFolders, restoreOf, settingsOf, twoTables } from '../backup/harness.js';
import { closeAll, contextFor, targetOf } from '../harness.js';

closeAll();
removeFolders();
const engine = useEngine();

async function restore(
  tables: BackedUp,
  more: Partial<RestoreRequest>,
  context: OperationContext = tables.context,
): Promise<RestoreResult> {
  const plan = await planRestore(context, tables.target, restoreOf(tables, more));
  return restoreBackups(context, plan, await requireFreeTargets(context, plan));
}

const copies = ({ names }: BackedUp): Partial<RestoreRequest> => ({ targets: { sessions: `${names.sessions}-copy` } });

const expiry = (at: number) => ({ ttl: { N: String(at) } });

const PUT_BACK = [
  'deletionProtection',
  'tableClass',
  'stream',
  'ttl',
  'pointInTimeRecovery',
  'tag:Environment',
  'tag:Application',
  'tag:Purpose',
  'tag:Owner',
];

describe.concurrent('restore of the latest backups', () => {
  it('makes new tables with the items of the backup and all settings of the originals', async () => {
    const tables = await twoTables(engine, { delays: { restore: 150 } });
    const { names } = tables;
    await tables.backUp();
    await tables.put(names.sessions, 'later');
    const { tables: restored, error, interrupted } = await restore(tables, copies(tables));
    expect([error, interrupted]).toEqual([null, false]);
    const [sessions, events] = restored;
    expect(sessions).toMatchObject({
      source: names.sessions,
      target: `${names.sessions}-copy`,
      outcome: 'done',
      items: 1,
      expectedItems: 1,
      missed: [],
    });
    expect(events).toMatchObject({ source: names.events, target: `${names.sessions}-events-copy`, outcome: 'done' });
    expect(sessions?.reapplied.toSorted()).toEqual(PUT_BACK.toSorted());
    expect(await tables.ids(`${names.sessions}-copy`)).toEqual(['first']);
    for (const { source, target } of restored)
      expect(await settingsOf(tables, target)).toEqual(await settingsOf(tables, source));
  });

  it('brings lost tables back under their own names, with the settings recorded beside the backup', async () => {
    const tables = await twoTables(engine);
    const { names } = tables;
    const before = await Promise.all([settingsOf(tables, names.sessions), settingsOf(tables, names.events)]);
    await tables.backUp();
    await lose(tables);
    const plan = await planRestore(tables.context, tables.target, restoreOf(tables));
    expect(plan.warnings).toEqual([]);
    expect(plan.tasks.map(({ settings }) => settings.from)).toEqual(['file', 'file']);
    const { tables: restored } = await restoreBackups(tables.context, plan, new Set());
    expect(restored.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect([await settingsOf(tables, names.sessions), await settingsOf(tables, names.events)]).toEqual(before);
  });

  it("takes AWS's and the layout's settings where tables and record are lost, and says what nobody knows", async () => {
    const tables = await twoTables(engine);
    const { names } = tables;
    await tables.backUp();
    await lose(tables);
    const plan = await planRestore(tables.context, tables.target, restoreOf(tables, { recordFolder: '/nonexistent' }));
    expect(plan.tasks[0]?.settings).toMatchObject({
      from: 'backup',
      unknown: ['tags', 'pointInTimeRecovery', 'deletionProtection', 'tableClass'],
    });
    expect(plan.warnings[0]).toContain('tags, pointInTimeRecovery, deletionProtection, tableClass');
    const { tables: restored } = await restoreBackups(tables.context, plan, new Set());
    expect(restored.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(await settingsOf(tables, names.sessions)).toMatchObject({
      ttl: { status: 'ENABLED', attribute: 'ttl' },
      stream: { enabled: true, viewType: 'NEW_AND_OLD_IMAGES' },
      indexes: [{ name: 'LastActivityIndex' }, { name: 'CreatedAtIndex' }],
      pointInTimeRecovery: { enabled: false },
      deletionProtection: false,
      tags: { Environment: 'development', Application: 'MCP-Session-Storage', Purpose: 'SessionManagement' },
    });
  });

  it('takes TTL and stream for unknown, not for off, where the endpoint does not tell them', async () => {
    const tables = await twoTables(engine);
    const { names, running } = tables;
    const { backups } = await tables.backUp();
    await lose(tables);
    for (const { arn } of backups) {
      const { BackupDescription } = await running.raw.call('DescribeBackup', { BackupArn: arn });
      running.double.inject({
        operation: 'DescribeBackup',
        when: ({ BackupArn }) => BackupArn === arn,
        answer: () => ({
          BackupDescription: {
            BackupDetails: BackupDescription?.BackupDetails,
            SourceTableDetails: { TableName: BackupDescription?.SourceTableDetails?.TableName },
          },
        }),
      });
    }
    const plan = await planRestore(tables.context, tables.target, restoreOf(tables, { recordFolder: '/nonexistent' }));
    const untold = ['ttl', 'stream', 'billingMode'];
    expect(plan.tasks[0]?.settings.unknown).toEqual([
      ...untold,
      'tags',
      'pointInTimeRecovery',
      'deletionProtection',
      'tableClass',
    ]);
    expect(plan.warnings[0]).toContain('ttl, stream, billingMode');
    const { tables: restored } = await restoreBackups(tables.context, plan, new Set());
    expect(restored).toMatchObject([{ outcome: 'done', expiredItems: 0 }, { outcome: 'done' }]);
    expect(await settingsOf(tables, names.sessions)).toMatchObject({
      ttl: { status: 'ENABLED', attribute: 'ttl' },
      stream: { enabled: true, viewType: 'NEW_AND_OLD_IMAGES' },
      billing: { mode: 'on-demand' },
    });
  });

  it('turns recovery and protection on in production where nobody knows how they were', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    await lose(tables);
    await restore(tables, { recordFolder: '/nonexistent', environment: 'production', withoutEvents: true });
    expect(await settingsOf(tables, tables.names.sessions)).toMatchObject({
      pointInTimeRecovery: { enabled: true },
      deletionProtection: true,
      tags: { Environment: 'production' },
    });
  });

  it('asks the table itself where there is no record, and says when it differs from one', async () => {
    const tables = await twoTables(engine);
    const { names, running } = tables;
    await tables.backUp();
    await running.raw.call('UpdateTable', { TableName: names.sessions, DeletionProtectionEnabled: false });
    const withRecord = await planRestore(tables.context, tables.target, restoreOf(tables, copies(tables)));
    expect(withRecord.tasks.map(({ settings }) => settings.differs)).toEqual([['deletionProtection'], []]);
    expect(withRecord.warnings[0]).toContain('deletionProtection');
    const request = restoreOf(tables, { ...copies(tables), recordFolder: '/nonexistent' });
    const without = await planRestore(tables.context, tables.target, request);
    expect(without.tasks[0]?.settings).toMatchObject({ from: 'table', record: { deletionProtection: false } });
  });

  it('refuses a record that was named and does not know the backup', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    const request = restoreOf(tables, { ...copies(tables), recordFile: `${tables.folder}/other.json` });
    await expect(planRestore(tables.context, tables.target, request)).rejects.toMatchObject({ code: 'FILE_ERROR' });
  });
});

describe.concurrent('restore of one backup', () => {
  it.for(['name', 'arn'] as const)('takes its %s, into a table of another name', async (key) => {
    const tables = await twoTables(engine);
    const { names } = tables;
    const [, events] = (await tables.backUp()).backups;
    const source = { backups: [events?.[key] ?? ''] };
    const { tables: restored } = await restore(tables, { source, targets: { sessions: `${names.events}-old` } });
    expect(restored).toMatchObject([{ source: names.events, target: `${names.events}-old`, outcome: 'done' }]);
    expect(await settingsOf(tables, `${names.events}-old`)).toEqual(await settingsOf(tables, names.events));
  });

  it('takes other billing, and leaves indexes and TTL out when told so', async () => {
    const tables = await twoTables(engine);
    const target = `${tables.names.sessions}-copy`;
    await tables.backUp();
    const billing = { mode: 'provisioned', readCapacityUnits: 7, writeCapacityUnits: 8 } as const;
    const { tables: restored } = await restore(tables, {
      targets: { sessions: target },
      withoutEvents: true,
      overrides: { ttl: 'off', noIndexes: true, billing },
    });
    expect(restored).toMatchObject([{ outcome: 'done', missed: [] }]);
    expect(restored[0]?.reapplied).not.toContain('ttl');
    expect(await settingsOf(tables, target)).toMatchObject({
      billing,
      indexes: [],
      ttl: { status: 'DISABLED' },
      stream: { enabled: true },
    });
    const asked = tables.running.double.calls.find(({ operation }) => operation === 'RestoreTableFromBackup')?.body;
    expect(asked).toMatchObject({ GlobalSecondaryIndexOverride: [], BillingModeOverride: 'PROVISIONED' });
  });

  it("restores under the table's own key at once", async () => {
    const tables = await twoTables(engine);
    const kmsKey = 'arn:aws:kms:eu-west-1:123456789012:key/1111';
    await tables.running.raw.call('UpdateTable', {
      TableName: tables.names.sessions,
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKey },
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    await tables.backUp();
    const { tables: restored } = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(restored).toMatchObject([{ outcome: 'done', missed: [] }]);
    expect(restored[0]?.reapplied).not.toContain('encryption');
    const { Table } = await tables.running.raw.call('DescribeTable', { TableName: `${tables.names.sessions}-copy` });
    expect(Table?.SSEDescription?.KMSMasterKeyArn).toBe(kmsKey);
  });

  it('restores under the key that AWS manages, which is not to be named', async () => {
    const tables = await twoTables(engine);
    const { raw } = tables.running;
    const { sessions } = tables.names;
    const keyOf = async (TableName: string) =>
      (await raw.call('DescribeTable', { TableName })).Table?.SSEDescription?.KMSMasterKeyArn;
    await raw.call('UpdateTable', { TableName: sessions, SSESpecification: { Enabled: true, SSEType: 'KMS' } });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const managed = await keyOf(sessions);
    expect(managed).toContain(':key/');
    await tables.backUp();
    const { tables: restored } = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(restored).toMatchObject([{ outcome: 'done', missed: [] }]);
    expect(restored[0]?.reapplied).not.toContain('encryption');
    expect(await keyOf(`${sessions}-copy`)).toBe(managed);
    const unrecorded = {
      targets: { sessions: `${sessions}-again` },
      withoutEvents: true,
      recordFolder: '/nonexistent',
    };
    await lose(tables);
    const { tables: again } = await restore(tables, unrecorded);
    expect(again[0]?.reapplied).not.toContain('encryption');
    expect(await keyOf(`${sessions}-again`)).toBe(managed);
  });

  it('tries no other key where one of your own is refused', async () => {
    const tables = await twoTables(engine);
    await tables.running.raw.call('UpdateTable', {
      TableName: tables.names.sessions,
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/1' },
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    await tables.backUp();
    tables.running.double.inject({
      operation: 'RestoreTableFromBackup',
      error: { name: 'ValidationException', message: 'KMS key access denied error' },
    });
    const { error } = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(error).toMatchObject({ code: 'REQUEST_INVALID' });
    const asked = tables.running.double.calls.filter(({ operation }) => operation === 'RestoreTableFromBackup');
    expect(asked).toHaveLength(1);
  });

  it('counts the items that TTL would remove, before it is turned on', async () => {
    const tables = await twoTables(engine);
    const { names } = tables;
    const seconds = Math.floor(Date.now() / 1000);
    await tables.put(names.sessions, 'expired', expiry(seconds - 60));
    await tables.put(names.sessions, 'alive', expiry(seconds + 3600));
    await tables.put(names.sessions, 'milliseconds', expiry(Date.now() - 60_000));
    await tables.put(names.sessions, 'long-past', expiry(seconds - 6 * 365 * 86_400));
    await tables.backUp();
    const { tables: restored } = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(restored).toMatchObject([{ items: 5, expiredItems: 1 }]);
    const operations = tables.running.double.calls.map(({ operation }) => operation);
    expect(operations.lastIndexOf('Scan')).toBeLessThan(operations.indexOf('UpdateTimeToLive'));
  });

  it('reads nothing when it is not to count', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    const { tables: restored } = await restore(tables, { ...copies(tables), count: false });
    expect(restored).toMatchObject([{ items: null, expiredItems: null }, { items: null }]);
    expect(tables.running.double.calls.map(({ operation }) => operation)).not.toContain('Scan');
  });

  it('refuses one that is CREATING, and names it', async () => {
    const tables = await twoTables(engine, { delays: { backup: 60_000 } });
    const { backups } = await tables.backUp(FIRST, { wait: false });
    const source = { backups: [backups[0]?.name ?? ''] };
    await expect(restore(tables, { ...copies(tables), source })).rejects.toMatchObject({
      code: 'BACKUP_BUSY',
      message: expect.stringContaining(backups[0]?.name ?? ''),
    });
  });

  it('begins nothing when one of the targets is there', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    const targets = { sessions: `${tables.names.sessions}-new`, events: tables.names.events };
    await expect(restore(tables, { targets })).rejects.toMatchObject({ code: 'TABLE_EXISTS' });
    expect(tables.running.writes()).not.toContain('RestoreTableFromBackup');
  });

  it.for([
    ['a bad name', { sessions: 'a b' }],
    ['one name for both', { sessions: 'same-name', events: 'same-name' }],
  ] as const)('refuses %s', async ([, targets]) => {
    const tables = await twoTables(engine);
    await tables.backUp();
    await expect(restore(tables, { targets })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('restores the other table when one fails', async () => {
    const tables = await twoTables(engine);
    const { names } = tables;
    await tables.backUp();
    tables.running.double.inject({
      operation: 'RestoreTableFromBackup',
      when: ({ TargetTableName }) => TargetTableName === `${names.events}-copy`,
      error: awsFaults.accessDenied('RestoreTableFromBackup', names.events),
    });
    const { tables: restored, error } = await restore(tables, copies(tables));
    expect(restored.map(({ outcome }) => outcome)).toEqual(['done', 'failed']);
    expect(error?.code).toBe('ACCESS_DENIED');
  });

  it('tells a setting that was not put back from data that is not there', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    tables.running.double.inject({
      operation: 'UpdateTimeToLive',
      error: awsFaults.accessDenied('UpdateTimeToLive', 'x'),
    });
    const { tables: restored, error } = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(restored).toMatchObject([{ outcome: 'partly', items: 1, missed: [{ property: 'ttl' }] }]);
    expect(restored[0]?.reapplied).toContain('stream');
    expect(error?.code).toBe('ACCESS_DENIED');
  });

  it('waits while too many restores run at once', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    tables.running.double.inject({ operation: 'RestoreTableFromBackup', times: 2, error: awsFaults.limitExceeded });
    const { tables: restored } = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(restored).toMatchObject([{ outcome: 'done' }]);
  });

  it('interrupted, leaves it to AWS, and the next run goes on with what is there', async () => {
    const tables = await twoTables(engine, { delays: { restore: 400 } });
    await tables.backUp();
    const abort = new AbortController();
    const context = tables.running.context({
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === 'restoring') abort.abort();
      },
    });
    const { tables: stopped, interrupted } = await restore(tables, copies(tables), context);
    expect(interrupted).toBe(true);
    expect(stopped.map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
    tables.running.double.forgetCalls();
    const { tables: restored } = await restore(tables, copies(tables));
    expect(restored.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(tables.running.writes()).not.toContain('RestoreTableFromBackup');
    for (const { source, target } of restored)
      expect(await settingsOf(tables, target)).toEqual(await settingsOf(tables, source));
  });
});

describe.concurrent('restore to a point in time', () => {
  const hour = 3_600_000;
  /** Recovery has been on for an hour. */
  const anHourOn = async (): Promise<BackedUp & { readonly now: () => number }> => {
    let ahead = 0;
    const clock = (): number => Date.now() + ahead;
    const tables = await twoTables(engine, { clock });
    ahead = hour;
    return { ...tables, now: clock };
  };

  it('restores both tables to the same instant, with the settings that they have today', async () => {
    const tables = await anHourOn();
    const at = tables.now() - hour / 2;
    const { tables: restored } = await restore(tables, { ...copies(tables), source: { instant: at } });
    expect(restored.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    const asked = tables.running.double.calls.filter(({ operation }) => operation === 'RestoreTableToPointInTime');
    expect(asked.map(({ body }) => body['RestoreDateTime'])).toEqual([at / 1000, at / 1000]);
    for (const { source, target } of restored)
      expect(await settingsOf(tables, target)).toEqual(await settingsOf(tables, source));
  });

  it('names no key, for AWS takes the one that the table has', async () => {
    const tables = await twoTables(engine);
    const { raw, double } = tables.running;
    const kmsKey = 'arn:aws:kms:eu-west-1:123456789012:key/1111';
    const SSESpecification = { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKey };
    await raw.call('UpdateTable', { TableName: tables.names.sessions, SSESpecification });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const more = { source: { instant: 'latest' }, ...copies(tables), withoutEvents: true } as const;
    const { tables: restored } = await restore(tables, more);
    expect(restored).toMatchObject([{ outcome: 'done', missed: [] }]);
    expect(restored[0]?.reapplied).not.toContain('encryption');
    const asked = double.calls.find(({ operation }) => operation === 'RestoreTableToPointInTime')?.body;
    expect(asked).not.toHaveProperty('SSESpecificationOverride');
  });

  it('takes for the latest the last instant that both tables can be restored to', async () => {
    const tables = await anHourOn();
    const plan = await planRestore(
      tables.context,
      tables.target,
      restoreOf(tables, { ...copies(tables), source: { instant: 'latest' } }),
    );
    const [sessions, events] = plan.tasks;
    expect(sessions?.source).toEqual(events?.source);
    const at = sessions?.source.kind === 'instant' ? sessions.source.at : 0;
    expect(Math.abs(tables.now() - 300_000 - at)).toBeLessThan(120_000);
  });

  it('shows the window when the instant is out of it', async () => {
    const tables = await anHourOn();
    for (const at of [tables.now() - 2 * hour, tables.now()])
      await expect(restore(tables, { ...copies(tables), source: { instant: at } })).rejects.toMatchObject({
        code: 'RECOVERY_UNAVAILABLE',
        message: expect.stringMatching(/only from \d{4}-.*Z to \d{4}-.*Z$/),
      });
  });

  it('says which table has no recovery', async () => {
    const tables = await anHourOn();
    await tables.running.raw.call('UpdateContinuousBackups', {
      TableName: tables.names.events,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    });
    await expect(restore(tables, { ...copies(tables), source: { instant: 'latest' } })).rejects.toMatchObject({
      code: 'RECOVERY_UNAVAILABLE',
      message: expect.stringContaining(tables.names.events),
    });
  });

  it('goes on with a restore that an earlier run began', async () => {
    const tables = await anHourOn();
    const source = { instant: tables.now() - hour / 2 };
    const plan = await planRestore(tables.context, tables.target, restoreOf(tables, { ...copies(tables), source }));
    await restoreBackups(tables.context, plan, new Set());
    tables.running.double.forgetCalls();
    expect((await requireFreeTargets(tables.context, plan)).size).toBe(2);
    const other = { instant: source.instant - 60_000 };
    await expect(restore(tables, { ...copies(tables), source: other })).rejects.toMatchObject({ code: 'TABLE_EXISTS' });
  });
});

it('says that an endpoint without backups has none', async () => {
  const context = contextFor(engine.endpoint);
  const target = await targetOf(context, { sessions: 'none-here' });
  const request = restoreOf({ folder: '/nonexistent' });
  await expect(planRestore(context, target, request)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
});
