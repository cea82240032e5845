import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../src/operations/tables/put-back.js';
import { recreate } from '../../../src/operations/tables/recreate.js';
import { recordFile } from '../../../src/operations/tables/record-file.js';
import type { TableRecord } from '../../../src/schema/index.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, freshName, index, type RunningDouble, startDouble } from '../harness.js';
import { testFolder } from '../teardown/harness.js';

const engine = useEngine();
closeAll();

/** Everything that CreateTable takes and this endpoint keeps. */
const rich = (name: string): Record<string, unknown> => ({
  TableName: name,
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 3 },
  KeySchema: [
    { AttributeName: 'session_id', KeyType: 'HASH' },
    { AttributeName: 'event_id', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'session_id', AttributeType: 'S' },
    { AttributeName: 'event_id', AttributeType: 'N' },
    { AttributeName: 'created_at', AttributeType: 'N' },
    { AttributeName: 'kind', AttributeType: 'B' },
  ],
  GlobalSecondaryIndexes: [
    {
      ...index('CreatedAtIndex', 'created_at'),
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['state', 'a.b'] },
      ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 9 },
    },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: 'KindIndex',
      KeySchema: [
        { AttributeName: 'session_id', KeyType: 'HASH' },
        { AttributeName: 'kind', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'OLD_IMAGE' },
  TableClass: 'STANDARD_INFREQUENT_ACCESS',
  DeletionProtectionEnabled: true,
  SSESpecification: {
    Enabled: true,
    SSEType: 'KMS',
    KMSMasterKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555',
  },
  Tags: [
    { Key: 'Team', Value: 'agents' },
    { Key: 'Cost', Value: '42' },
  ],
});

const onDemand = (name: string): Record<string, unknown> => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [
    { AttributeName: 'session_id', KeyType: 'HASH' },
    { AttributeName: 'event_id', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'session_id', AttributeType: 'S' },
    { AttributeName: 'event_id', AttributeType: 'N' },
  ],
  OnDemandThroughput: { MaxReadRequestUnits: 500, MaxWriteRequestUnits: 20 },
});

const POLICY = '{"Version":"2012-10-17","Statement":[]}';

interface Stage extends RunningDouble {
  readonly table: { readonly name: string; readonly role: 'sessions'; readonly layout: string };
  readonly file: string;
  readonly record: TableRecord;
}

async function untilActive({ raw }: RunningDouble, name: string): Promise<void> {
  for (;;) {
    const { Table } = await raw.call('DescribeTable', { TableName: name });
    if (Table?.TableStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A table with every setting, recovery and TTL among them, and a row in it. */
async function stage(definition = rich): Promise<Stage> {
  const name = freshName('anew');
  const double = await startDouble(engine.endpoint);
  const { raw } = double;
  await raw.call('CreateTable', definition(name));
  await untilActive(double, name);
  await new Promise((resolve) => setTimeout(resolve, 25));
  await raw.call('UpdateTimeToLive', {
    TableName: name,
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'ends' },
  });
  await raw.call('UpdateContinuousBackups', {
    TableName: name,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  await raw.call('PutItem', { TableName: name, Item: { session_id: { S: 'a' }, event_id: { N: '1' } } });
  const table = { name, role: 'sessions', layout: 'mcp' } as const;
  const record = await readRecord(double.context(), table);
  if (record === null) throw new Error('no record');
  return { ...double, table, file: recordFile(testFolder(), 'test', name), record };
}

const again = async ({ context, table }: Stage): Promise<TableRecord> => {
  const record = await readRecord(context(), table);
  if (record === null) throw new Error('the table is not there');
  return record;
};

/** A record, but for when it was taken. */
const settingsOf = (record: TableRecord) => ({ ...record, recordedAt: 0 });

describe('recreate', () => {
  it('puts back every setting that the table had, and no row', async () => {
    const all = await stage();
    expect(settingsOf(all.record)).toMatchObject({
      ttlAttribute: 'ends',
      stream: 'OLD_IMAGE',
      billing: { mode: 'provisioned', readCapacityUnits: 7, writeCapacityUnits: 3 },
      pointInTimeRecovery: true,
      deletionProtection: true,
      tableClass: 'STANDARD_INFREQUENT_ACCESS',
      tags: { Team: 'agents', Cost: '42' },
      extras: {
        localIndexes: [{ name: 'KindIndex', sortKey: { name: 'kind', type: 'B' } }],
        indexCapacity: { CreatedAtIndex: { readCapacityUnits: 2, writeCapacityUnits: 9 } },
      },
    });
    // What AWS answers for a table without a policy.
    const message = 'Resource-based policy not found for the provided ResourceArn';
    all.double.inject({ operation: 'GetResourcePolicy', error: { name: 'PolicyNotFoundException', message } });
    const result = await recreate(all.context(), { ...all, forceUnprotect: true });
    expect(result).toMatchObject({ way: 'recreate', resumed: false, missed: [], interrupted: false, error: null });
    expect(result.reapplied).toEqual(expect.arrayContaining(['table', 'ttl', 'pointInTimeRecovery', 'tag:Team']));
    expect(settingsOf(await again(all))).toEqual(settingsOf(all.record));
    expect((await engine.raw.call('Scan', { TableName: all.table.name })).Count).toBe(0);
    expect(readdirSync(path.dirname(all.file))).toEqual([]);
    // AWS keeps a last backup of a table that had recovery points.
    expect(all.double.state.backups.map(({ type }) => type)).toEqual(['SYSTEM']);
  });

  it("puts back the limits of a table on demand and its resource's policy", async () => {
    const all = await stage(onDemand);
    // AWS may answer a policy in another order of its own.
    all.double.inject({
      operation: 'GetResourcePolicy',
      answer: () => ({ Policy: '{"Statement":[],"Version":"2012-10-17"}', RevisionId: '1' }),
      after: 1,
    });
    all.double.inject({
      operation: 'GetResourcePolicy',
      answer: () => ({ Policy: POLICY, RevisionId: '1' }),
      times: 1,
    });
    expect(await recreate(all.context(), { ...all, forceUnprotect: true })).toMatchObject({ missed: [], error: null });
    const { body } = all.double.calls.findLast(({ operation }) => operation === 'CreateTable') ?? {};
    expect(body).toMatchObject({
      OnDemandThroughput: { MaxReadRequestUnits: 500, MaxWriteRequestUnits: 20 },
      ResourcePolicy: expect.stringContaining('2012-10-17'),
    });
    expect((await again(all)).extras?.onDemandMaximum).toEqual({ readUnits: 500, writeUnits: 20 });
  });

  it('writes the settings down before anything is changed, for nobody else to read', async () => {
    const all = await stage();
    let [mode, kept] = [0, ''];
    all.double.inject({
      operation: 'UpdateTable',
      when: () => {
        mode = statSync(all.file).mode & 0o777;
        kept = readFileSync(all.file, 'utf8');
        return false;
      },
      error: { name: 'ValidationException', message: 'never' },
    });
    await recreate(all.context(), { ...all, forceUnprotect: true });
    expect(mode).toBe(0o600);
    expect(settingsOf(JSON.parse(kept).record)).toEqual(settingsOf(all.record));
  });

  it('does nothing to a table that is protected, unless told to', async () => {
    const all = await stage();
    const before = all.writes().length;
    await expect(recreate(all.context(), { ...all, forceUnprotect: false })).rejects.toMatchObject({
      code: 'TEARDOWN_REFUSED',
      hint: expect.stringContaining('--force-unprotect'),
    });
    expect(all.writes().length).toBe(before);
  });

  const kinesis = 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes';
  const denied = {
    name: 'AccessDeniedException',
    message: 'User: arn:aws:iam::1:user/x is not authorized to perform: dynamodb:GetResourcePolicy',
  };
  it.each([
    [
      'a Kinesis stream',
      kinesis,
      {
        operation: 'DescribeKinesisStreamingDestination',
        answer: () => ({ KinesisDataStreamDestinations: [{ StreamArn: kinesis, DestinationStatus: 'ACTIVE' }] }),
      },
    ],
    [
      'contributor insights',
      'CloudWatch Contributor Insights',
      {
        operation: 'ListContributorInsights',
        answer: () => ({ ContributorInsightsSummaries: [{ ContributorInsightsStatus: 'ENABLED' }] }),
      },
    ],
    ['a policy that may not be read', 'dynamodb:GetResourcePolicy', { operation: 'GetResourcePolicy', error: denied }],
    [
      'a recovery window of its own',
      'a recovery window of 7 days',
      {
        operation: 'DescribeContinuousBackups',
        answer: () => ({
          ContinuousBackupsDescription: {
            ContinuousBackupsStatus: 'ENABLED',
            PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED', RecoveryPeriodInDays: 7 },
          },
        }),
      },
    ],
  ])('refuses what it could not put back: %s', async (_, named, rule) => {
    const all = await stage();
    all.double.inject(rule);
    const before = all.writes().length;
    await expect(recreate(all.context(), { ...all, forceUnprotect: true })).rejects.toMatchObject({
      code: 'TEARDOWN_REFUSED',
      message: expect.stringContaining(named),
    });
    expect(all.writes().length).toBe(before);
  });

  it('refuses a table that has replicas: they keep its name', async () => {
    const all = await stage(onDemand);
    await all.raw.call('UpdateTable', {
      TableName: all.table.name,
      ReplicaUpdates: [{ Create: { RegionName: 'eu-central-1' } }],
    });
    await expect(recreate(all.context(), { ...all, forceUnprotect: true })).rejects.toMatchObject({
      code: 'TEARDOWN_REFUSED',
      message: expect.stringContaining('eu-central-1'),
    });
  });

  it('refuses to go on from a file that is no record, and drops nothing', async () => {
    const all = await stage();
    writeFileSync(all.file, '{"record":{"version":9},"tableId":"x"}');
    await expect(recreate(all.context(), { ...all, forceUnprotect: true })).rejects.toMatchObject({
      code: 'FILE_ERROR',
    });
    expect((await engine.raw.call('Scan', { TableName: all.table.name })).Count).toBe(1);
  });

  it('says what is not as it was, and keeps the settings for the next run', async () => {
    const all = await stage();
    const lift = all.double.inject({
      operation: 'UpdateTimeToLive',
      error: {
        name: 'AccessDeniedException',
        message: 'User: x is not authorized to perform: dynamodb:UpdateTimeToLive',
      },
    });
    const first = await recreate(all.context(), { ...all, forceUnprotect: true });
    expect(first).toMatchObject({
      missed: [{ property: 'ttl' }],
      error: { code: 'ACCESS_DENIED', hint: expect.stringContaining('run the same command again') },
    });
    lift();
    const second = await recreate(all.context(), { ...all, forceUnprotect: true });
    expect(second).toMatchObject({ resumed: true, reapplied: ['ttl'], missed: [], error: null });
    expect(settingsOf(await again(all))).toEqual(settingsOf(all.record));
  });
});

/** Calls of a run that is not cut off. */
async function callsOfWholeRun(): Promise<number> {
  const all = await stage();
  all.double.forgetCalls();
  await recreate(all.context(), { ...all, forceUnprotect: true });
  return all.double.calls.length;
}

describe('recreate, cut off', () => {
  it('between any two calls, goes on when run again, to the same table', async () => {
    const count = await callsOfWholeRun();
    expect(count).toBeGreaterThan(20);
    const phases = new Set<string>();
    // Every write, and the reads around it: what lies between is the same to the table.
    for (let at = 0; at < count; at += 1) {
      const all = await stage();
      all.double.forgetCalls();
      const interruption = new AbortController();
      // What the process did not live to do is not done: the signal ends it before the next call.
      const context = all.context({
        signal: interruption.signal,
        onCall: () => {
          if (all.double.calls.length > at) interruption.abort();
        },
      });
      const first = await recreate(context, { ...all, forceUnprotect: true }).catch((error: unknown) => error);
      const wasThere = (await engine.raw.call('ListTables')).TableNames?.includes(all.table.name) === true;
      phases.add(`${wasThere ? 'there' : 'gone'}, ${readdirSync(path.dirname(all.file)).length} file`);
      const second = await recreate(all.context(), { ...all, forceUnprotect: true });
      expect({ at, first, second }).toMatchObject({ at, second: { missed: [], interrupted: false, error: null } });
      expect({ at, ...settingsOf(await again(all)) }).toEqual({ at, ...settingsOf(all.record) });
      expect({ at, files: readdirSync(path.dirname(all.file)) }).toEqual({ at, files: [] });
    }
    expect([...phases]).toEqual(expect.arrayContaining(['there, 0 file', 'there, 1 file', 'gone, 1 file']));
  }, 240_000);

  it('by a call whose answer is lost, goes on as well', async () => {
    for (const operation of ['DeleteTable', 'CreateTable', 'UpdateTimeToLive', 'UpdateContinuousBackups']) {
      const all = await stage();
      const interruption = new AbortController();
      all.double.inject({
        operation,
        times: 1,
        when: () => {
          interruption.abort();
          return false;
        },
      });
      await recreate(all.context({ signal: interruption.signal }), { ...all, forceUnprotect: true }).catch(() => null);
      const second = await recreate(all.context(), { ...all, forceUnprotect: true });
      expect({ operation, second }).toMatchObject({ second: { missed: [], error: null } });
      expect({ operation, ...settingsOf(await again(all)) }).toEqual({ operation, ...settingsOf(all.record) });
    }
  }, 60_000);
});
