import { describe, expect, it } from 'vitest';
import { expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const PITR = (PointInTimeRecoveryEnabled: boolean, RecoveryPeriodInDays?: number) => ({
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled, RecoveryPeriodInDays },
});

describe('point-in-time recovery', () => {
  it('cannot be set for a while after the table is ACTIVE', async () => {
    const { raw, advance, table } = await start({ delays: { backups: 120_000 } });
    await table('early');
    const name = { TableName: 'early' };
    const status = async () =>
      (await raw.call('DescribeContinuousBackups', name)).ContinuousBackupsDescription?.ContinuousBackupsStatus;
    expect(await status()).toBe('DISABLED');
    const message = 'Backups are being enabled for the table: early. Please retry later';
    await expectRefusal(
      raw.call('UpdateContinuousBackups', { ...name, ...PITR(true) }),
      'ContinuousBackupsUnavailableException',
      message,
    );
    await expectRefusal(
      raw.call('CreateBackup', { ...name, BackupName: 'bak' }),
      'ContinuousBackupsUnavailableException',
      message,
    );
    advance(120_000);
    expect(await status()).toBe('ENABLED');
    await raw.call('UpdateContinuousBackups', { ...name, ...PITR(true) });
    await raw.call('CreateBackup', { ...name, BackupName: 'bak' });
  });

  it('is ENABLED at once, its window five minutes behind and no longer than its period', async () => {
    const { raw, advance, now, table } = await start();
    await table('win');
    const name = { TableName: 'win' };
    const since = now() / 1000;
    const first = await raw.call('UpdateContinuousBackups', { ...name, ...PITR(true) });
    expect(first.ContinuousBackupsDescription).toEqual({
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: 'ENABLED',
        RecoveryPeriodInDays: 35,
        EarliestRestorableDateTime: since,
        LatestRestorableDateTime: since,
      },
    });
    advance(3_600_000);
    const later = async () =>
      (await raw.call('DescribeContinuousBackups', name)).ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
    expect(await later()).toMatchObject({
      EarliestRestorableDateTime: since,
      LatestRestorableDateTime: now() / 1000 - 300,
    });
    await raw.call('UpdateContinuousBackups', { ...name, ...PITR(true, 2) });
    expect(await later()).toMatchObject({ RecoveryPeriodInDays: 2, EarliestRestorableDateTime: since });
    advance(10 * 86_400_000);
    expect(await later()).toMatchObject({ EarliestRestorableDateTime: now() / 1000 - 2 * 86_400 });
  });

  it('starts a new window when it was off', async () => {
    const { raw, advance, now, table } = await start();
    await table('flap');
    const update = async (on: boolean) => {
      const answer = await raw.call('UpdateContinuousBackups', { TableName: 'flap', ...PITR(on) });
      return answer.ContinuousBackupsDescription;
    };
    await update(true);
    advance(3_600_000);
    expect(await update(false)).toEqual({
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    });
    expect((await update(true))?.PointInTimeRecoveryDescription?.EarliestRestorableDateTime).toBe(now() / 1000);
  });

  it('refuses a wrong period and an unknown table', async () => {
    const { raw, table } = await start();
    await table('period');
    const update = (body: object, TableName = 'period') => raw.call('UpdateContinuousBackups', { TableName, ...body });
    await expectRefusal(update(PITR(true, 36)), 'ValidationException', /'36' at .*less than or equal to 35$/);
    await expectRefusal(update(PITR(true, 0)), 'ValidationException', /greater than or equal to 1$/);
    await expectRefusal(
      update(PITR(false, 7)),
      'ValidationException',
      /Cannot specify RecoveryPeriodInDays when disabling/,
    );
    await expectRefusal(update(PITR(true), 'nowhere'), 'TableNotFoundException', 'Table not found: nowhere');
    await expectRefusal(
      raw.call('DescribeContinuousBackups', { TableName: 'nowhere' }),
      'TableNotFoundException',
      'Table not found: nowhere',
    );
  });

  it('leaves a SYSTEM backup of a deleted table, which cannot be deleted', async () => {
    const { raw, table } = await start();
    await table('sys');
    await raw.call('UpdateContinuousBackups', { TableName: 'sys', ...PITR(true) });
    await raw.call('DeleteTable', { TableName: 'sys' });
    expect((await raw.call('ListBackups', { TableName: 'sys' })).BackupSummaries).toEqual([]);
    const { BackupSummaries } = await raw.call('ListBackups', { TableName: 'sys', BackupType: 'SYSTEM' });
    expect(BackupSummaries).toMatchObject([{ BackupName: 'sys$DeletedTableBackup', BackupType: 'SYSTEM' }]);
    const BackupArn = BackupSummaries?.[0]?.BackupArn;
    await expectRefusal(
      raw.call('DeleteBackup', { BackupArn }),
      'ValidationException',
      /not allowed to delete the system backup/,
    );
  });
});

describe('on-demand backups', () => {
  it('are CREATING, then AVAILABLE, and describe the table as it was', async () => {
    const { raw, advance, now, table } = await start();
    await table('src', {
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    await raw.call('PutItem', { TableName: 'src', Item: { id: { S: '1' } } });
    await raw.call('UpdateTimeToLive', {
      TableName: 'src',
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' },
    });
    advance(30);
    const { BackupDetails } = await raw.call('CreateBackup', { TableName: 'src', BackupName: 'nightly' });
    expect(BackupDetails).toMatchObject({
      BackupName: 'nightly',
      BackupStatus: 'CREATING',
      BackupType: 'USER',
      BackupCreationDateTime: now() / 1000,
    });
    const BackupArn = BackupDetails?.BackupArn ?? '';
    expect(BackupArn).toMatch(/^arn:aws:dynamodb:eu-west-1:123456789012:table\/src\/backup\/\d{14}-[0-9a-f]{8}$/);
    const inUse = raw.call('DeleteBackup', { BackupArn });
    await expectRefusal(inUse, 'BackupInUseException', /being created/);
    advance(30);
    const { BackupDescription } = await raw.call('DescribeBackup', { BackupArn });
    expect(BackupDescription).toMatchObject({
      BackupDetails: { BackupStatus: 'AVAILABLE' },
      SourceTableDetails: {
        TableName: 'src',
        TableArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/src',
        ItemCount: 1,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      },
      SourceTableFeatureDetails: {
        GlobalSecondaryIndexes: [{ IndexName: 'byA', Projection: { ProjectionType: 'KEYS_ONLY' } }],
        StreamDescription: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
        TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'ttl' },
      },
    });
    expect(JSON.stringify(BackupDescription)).not.toContain('"Tags"');
  });

  it('outlive their table until they are deleted', async () => {
    const { raw, advance, table } = await start();
    await table('dead');
    const { BackupDetails } = await raw.call('CreateBackup', { TableName: 'dead', BackupName: 'last' });
    const BackupArn = BackupDetails?.BackupArn;
    await raw.call('DeleteTable', { TableName: 'dead' });
    advance(1000);
    await raw.call('DescribeBackup', { BackupArn });
    const { BackupDescription } = await raw.call('DeleteBackup', { BackupArn });
    expect(BackupDescription?.BackupDetails?.BackupStatus).toBe('DELETED');
    await expectRefusal(
      raw.call('DescribeBackup', { BackupArn }),
      'BackupNotFoundException',
      `Backup not found: ${BackupArn}`,
    );
    await expectRefusal(
      raw.call('DeleteBackup', { BackupArn }),
      'BackupNotFoundException',
      `Backup not found: ${BackupArn}`,
    );
    await expectRefusal(raw.call('DescribeBackup', { BackupArn: 'last' }), 'ValidationException', 'Invalid Backup ARN');
  });

  it('may have the same name, and are listed page by page, oldest first', async () => {
    const { raw, advance, now, table } = await start();
    for (const name of ['list-a', 'list-b']) await table(name);
    const times: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      await raw.call('CreateBackup', { TableName: 'list-a', BackupName: 'same' });
      times.push(now() / 1000);
      advance(1000);
    }
    await raw.call('CreateBackup', { TableName: 'list-b', BackupName: 'other' });
    const list = (body: object) => raw.call('ListBackups', { TableName: 'list-a', ...body });
    const created = async (body: object) =>
      ((await list(body)).BackupSummaries ?? []).map((backup) => backup.BackupCreationDateTime);
    expect(await created({})).toEqual(times);
    const first = await list({ Limit: 2 });
    expect(first.BackupSummaries).toHaveLength(2);
    expect(first.LastEvaluatedBackupArn).toBe(first.BackupSummaries?.[1]?.BackupArn);
    expect(await created({ Limit: 3, ExclusiveStartBackupArn: first.LastEvaluatedBackupArn })).toEqual(times.slice(2));
    expect(await created({ TimeRangeLowerBound: times[1], TimeRangeUpperBound: times[3] })).toEqual(times.slice(1, 3));
    expect((await raw.call('ListBackups')).BackupSummaries).toHaveLength(6);
    expect(await created({ BackupType: 'ALL' })).toHaveLength(5);
    await expectRefusal(list({ Limit: 101 }), 'ValidationException', /less than or equal to 100$/);
    await expectRefusal(list({ TimeRangeLowerBound: 2, TimeRangeUpperBound: 1 }), 'ValidationException', /lower bound/);
  });

  it('names the last of a full page even when no more follow', async () => {
    const { raw, table } = await start();
    await table('exact');
    await raw.call('CreateBackup', { TableName: 'exact', BackupName: 'one' });
    const page = await raw.call('ListBackups', { TableName: 'exact', Limit: 1 });
    const next = await raw.call('ListBackups', {
      TableName: 'exact',
      Limit: 1,
      ExclusiveStartBackupArn: page.LastEvaluatedBackupArn,
    });
    expect(next).toEqual({ BackupSummaries: [] });
  });

  it('need a good name and a table', async () => {
    const { raw, table } = await start();
    await table('named');
    const create = (BackupName: string, TableName = 'named') => raw.call('CreateBackup', { TableName, BackupName });
    await expectRefusal(create('a b c'), 'ValidationException', /regular expression pattern: \[a-zA-Z0-9_\.-\]\+$/);
    await expectRefusal(create('ab'), 'ValidationException', /length greater than or equal to 3$/);
    await expectRefusal(create('good', 'nowhere'), 'TableNotFoundException', 'Table not found: nowhere');
  });
});
