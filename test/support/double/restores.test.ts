import { describe, expect, it } from 'vitest';
import { type ClockedDouble, DEFINITION, expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const ids = async (raw: ClockedDouble['raw'], TableName: string): Promise<readonly string[]> =>
  ((await raw.call('Scan', { TableName })).Items ?? []).map(({ id }) => id?.S ?? '').toSorted();

const put = (raw: ClockedDouble['raw'], TableName: string, id: string) =>
  raw.call('PutItem', { TableName, Item: { id: { S: id }, a: { N: '1' } } });

/** A table with one item and every setting that a restore drops, and its AVAILABLE backup. */
async function backedUp({ raw, advance, table }: ClockedDouble, name: string): Promise<string> {
  await table(name, {
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    Tags: [{ Key: 'a', Value: 'b' }],
    DeletionProtectionEnabled: true,
  });
  await put(raw, name, 'before');
  await raw.call('UpdateTimeToLive', {
    TableName: name,
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' },
  });
  await raw.call('UpdateContinuousBackups', {
    TableName: name,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  const { BackupDetails } = await raw.call('CreateBackup', { TableName: name, BackupName: 'bak' });
  advance(1000);
  await put(raw, name, 'after');
  return BackupDetails?.BackupArn ?? '';
}

describe('a restore from a backup', () => {
  it('is CREATING, then a table with the items and indexes of the backup and none of the other settings', async () => {
    const running = await start();
    const { raw, advance } = running;
    const BackupArn = await backedUp(running, 'src');
    const { TableDescription } = await raw.call('RestoreTableFromBackup', { BackupArn, TargetTableName: 'dst' });
    expect(TableDescription).toMatchObject({
      TableName: 'dst',
      TableStatus: 'CREATING',
      RestoreSummary: { SourceBackupArn: BackupArn, RestoreInProgress: true },
    });
    await expectRefusal(raw.call('Scan', { TableName: 'dst' }), 'ResourceNotFoundException', /not found/);
    advance(60_000);
    const { Table } = await raw.call('DescribeTable', { TableName: 'dst' });
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      GlobalSecondaryIndexes: [{ IndexName: 'byA', Projection: { ProjectionType: 'KEYS_ONLY' } }],
      RestoreSummary: { SourceBackupArn: BackupArn, RestoreInProgress: false },
    });
    expect(Table?.StreamSpecification?.StreamEnabled ?? false).toBe(false);
    expect(Table?.DeletionProtectionEnabled ?? false).toBe(false);
    expect(await ids(raw, 'dst')).toEqual(['before']);
    const ttl = await raw.call('DescribeTimeToLive', { TableName: 'dst' });
    expect(ttl.TimeToLiveDescription?.TimeToLiveStatus).toBe('DISABLED');
    const recovery = await raw.call('DescribeContinuousBackups', { TableName: 'dst' });
    expect(recovery.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe(
      'DISABLED',
    );
    const tags = await raw.call('ListTagsOfResource', { ResourceArn: Table?.TableArn });
    expect(tags.Tags ?? []).toEqual([]);
  });

  it('takes billing and fewer indexes, and refuses what is there, is coming, or is unknown', async () => {
    const running = await start({ delays: { backup: 5000, restore: 5000 } });
    const { raw, advance, table } = running;
    await table('one');
    const { BackupDetails } = await raw.call('CreateBackup', { TableName: 'one', BackupName: 'bak' });
    const BackupArn = BackupDetails?.BackupArn ?? '';
    const restore = (TargetTableName: string, more: object = {}) =>
      raw.call('RestoreTableFromBackup', { BackupArn, TargetTableName, ...more });
    await expectRefusal(restore('new'), 'BackupInUseException', /being created/);
    advance(5000);
    await expectRefusal(restore('one'), 'TableAlreadyExistsException', 'Table already exists: one');
    await restore('two', {
      GlobalSecondaryIndexOverride: [],
      BillingModeOverride: 'PROVISIONED',
      ProvisionedThroughputOverride: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
    });
    await expectRefusal(restore('two'), 'TableInUseException', /being created: two/);
    advance(60_000);
    const { Table } = await raw.call('DescribeTable', { TableName: 'two' });
    expect(Table?.GlobalSecondaryIndexes).toBeUndefined();
    expect(Table?.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 3, WriteCapacityUnits: 4 });
    await raw.call('DeleteTable', { TableName: 'two' });
    await expectRefusal(restore('two'), 'TableInUseException', /being deleted: two/);
    const unknown = BackupArn.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x'));
    await expectRefusal(
      raw.call('RestoreTableFromBackup', { BackupArn: unknown, TargetTableName: 'new' }),
      'BackupNotFoundException',
      /not found/,
    );
  });
});

describe('a restore to a point in time', () => {
  it('needs recovery to be on and an instant in its window', async () => {
    const { raw, advance, now, table } = await start();
    await table('pit');
    await put(raw, 'pit', 'x');
    const restore = (more: object) =>
      raw.call('RestoreTableToPointInTime', { SourceTableName: 'pit', TargetTableName: 'pit-2', ...more });
    await expectRefusal(
      restore({ UseLatestRestorableTime: true }),
      'PointInTimeRecoveryUnavailableException',
      /not enabled/,
    );
    await raw.call('UpdateContinuousBackups', {
      TableName: 'pit',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    const since = now() / 1000;
    advance(3_600_000);
    const invalid = 'InvalidRestoreTimeException';
    await expectRefusal(restore({ RestoreDateTime: since - 1 }), invalid, /not valid/);
    await expectRefusal(restore({ RestoreDateTime: now() / 1000 - 299 }), invalid, /not valid/);
    const { TableDescription } = await restore({ RestoreDateTime: since + 60 });
    expect(TableDescription?.RestoreSummary).toMatchObject({ RestoreDateTime: since + 60, RestoreInProgress: true });
    advance(60_000);
    expect(await ids(raw, 'pit-2')).toEqual(['x']);
    expect(DEFINITION.KeySchema).toEqual((await raw.call('DescribeTable', { TableName: 'pit-2' })).Table?.KeySchema);
  });
});
