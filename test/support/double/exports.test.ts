import { describe, expect, it } from 'vitest';
import { DEFINITION, expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const arnOf = (name: string): string => `arn:aws:dynamodb:eu-west-1:123456789012:table/${name}`;

async function recoverable(running: Awaited<ReturnType<typeof start>>, name: string): Promise<void> {
  await running.table(name);
  await running.raw.call('PutItem', { TableName: name, Item: { id: { S: 'x' }, a: { N: '1' } } });
  await running.raw.call('UpdateContinuousBackups', {
    TableName: name,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
}

describe('exports to S3', () => {
  it('need point-in-time recovery', async () => {
    const { raw, table } = await start();
    await table('plain');
    await expectRefusal(
      raw.call('ExportTableToPointInTime', { TableArn: arnOf('plain'), S3Bucket: 'bucket' }),
      'PointInTimeRecoveryUnavailableException',
      /not enabled/,
    );
  });

  it('are IN_PROGRESS, then COMPLETED with counts, and can be imported into a new table', async () => {
    const running = await start({ delays: { import: 5000 } });
    const { raw, advance } = running;
    await recoverable(running, 'src');
    const { ExportDescription } = await raw.call('ExportTableToPointInTime', {
      TableArn: arnOf('src'),
      S3Bucket: 'bucket',
      S3Prefix: 'here',
    });
    expect(ExportDescription).toMatchObject({ ExportStatus: 'IN_PROGRESS', ExportType: 'FULL_EXPORT' });
    expect(ExportDescription).not.toHaveProperty('ItemCount');
    advance(1000);
    const { ExportSummaries } = await raw.call('ListExports', {});
    expect(ExportSummaries).toMatchObject([{ ExportStatus: 'COMPLETED' }]);
    const ExportArn = ExportSummaries?.[0]?.ExportArn ?? '';
    const done = await raw.call('DescribeExport', { ExportArn });
    const id = ExportArn.replace(/^.*\//, '');
    expect(done.ExportDescription).toMatchObject({
      ItemCount: 1,
      ExportManifest: `here/AWSDynamoDB/${id}/manifest-summary.json`,
    });

    const source = { S3Bucket: 'bucket', S3KeyPrefix: `here/AWSDynamoDB/${id}/data/` };
    const made = await raw.call('ImportTable', {
      S3BucketSource: source,
      InputFormat: 'DYNAMODB_JSON',
      TableCreationParameters: { ...DEFINITION, TableName: 'dst' },
    });
    const ImportArn = made.ImportTableDescription?.ImportArn;
    expect(made.ImportTableDescription).toMatchObject({ ImportStatus: 'IN_PROGRESS' });
    expect((await raw.call('DescribeTable', { TableName: 'dst' })).Table?.TableStatus).toBe('CREATING');
    advance(5000);
    expect((await raw.call('DescribeImport', { ImportArn })).ImportTableDescription).toMatchObject({
      ImportStatus: 'COMPLETED',
      ImportedItemCount: 1,
    });
    expect((await raw.call('Scan', { TableName: 'dst' })).Items).toHaveLength(1);
    const { ImportSummaryList } = await raw.call('ListImports', { TableArn: arnOf('dst') });
    expect(ImportSummaryList).toMatchObject([{ ImportArn, S3BucketSource: source }]);
  });

  it('fail to be imported where nothing lies, and leave no table', async () => {
    const { raw, advance } = await start();
    const { ImportTableDescription } = await raw.call('ImportTable', {
      S3BucketSource: { S3Bucket: 'bucket', S3KeyPrefix: 'nothing/' },
      TableCreationParameters: { ...DEFINITION, TableName: 'none' },
    });
    advance(1000);
    const { ImportTableDescription: failed } = await raw.call('DescribeImport', {
      ImportArn: ImportTableDescription?.ImportArn,
    });
    expect(failed).toMatchObject({ ImportStatus: 'FAILED', FailureCode: 'S3NoSuchKey' });
    await expectRefusal(raw.call('DescribeTable', { TableName: 'none' }), 'ResourceNotFoundException', /none/);
  });

  it('may be incremental, for a quarter of an hour to a day', async () => {
    const running = await start();
    const { raw, advance, now } = running;
    await recoverable(running, 'inc');
    const since = now() / 1000;
    advance(86_400_000);
    const begin = (ExportFromTime: number) =>
      raw.call('ExportTableToPointInTime', {
        TableArn: arnOf('inc'),
        S3Bucket: 'bucket',
        ExportType: 'INCREMENTAL_EXPORT',
        IncrementalExportSpecification: { ExportFromTime },
      });
    await expectRefusal(begin(now() / 1000 - 60), 'InvalidExportTimeException', /not valid/);
    await expectRefusal(begin(since - 1), 'InvalidExportTimeException', /not valid/);
    const { ExportDescription } = await begin(since);
    expect(ExportDescription).toMatchObject({ ExportType: 'INCREMENTAL_EXPORT' });
  });
});
