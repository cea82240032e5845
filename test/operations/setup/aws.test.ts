import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import {
  changesOf,
  closeAll,
  contextFor,
  freshName,
  index,
  outcomesOf,
  planFor,
  type RunningDouble,
  type SetupOptions,
  sessionsDefinition,
  setUp,
  startDouble,
} from '../harness.js';

closeAll();
const engine = useEngine();

const names = (): { sessions: string; events: string } => {
  const sessions = freshName('aws');
  return { sessions, events: `${sessions}-events` };
};

const wrongKeys = (name: string) => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [{ AttributeName: 'sid', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'sid', AttributeType: 'S' }],
});

const billing = (units: number): SetupOptions => ({
  overrides: { billing: { mode: 'provisioned', readCapacityUnits: units, writeCapacityUnits: units } },
});

/** Both tables as the layout has them, with the calls so far forgotten. */
async function ready(running: RunningDouble, options: SetupOptions): Promise<void> {
  const result = await setUp(running.context(), options);
  expect(outcomesOf(result).filter((outcome) => !outcome.startsWith('done'))).toEqual([]);
  running.double.forgetCalls();
}

describe.concurrent('a setup from nothing', () => {
  it('creates both tables, waits, and finds nothing to do the second time', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const said: string[] = [];
    const result = await setUp(running.context({ onProgress: ({ step }) => said.push(step) }), tables);
    expect(result.error).toBeNull();
    expect(result.tables.map(({ action }) => action)).toEqual(['create', 'create']);
    expect(running.writes()).toEqual(['CreateTable', 'UpdateTimeToLive', 'CreateTable', 'UpdateTimeToLive']);
    for (const name of [tables.sessions, tables.events]) {
      const { Table: table } = await running.raw.call('DescribeTable', { TableName: name });
      expect(table).toMatchObject({
        TableStatus: 'ACTIVE',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      });
    }
    expect(said).toContain('creating the table');
    running.double.forgetCalls();
    const plan = await planFor(running.context(), tables);
    expect(plan.tables.map(({ action }) => action)).toEqual(['none', 'none']);
    await setUp(running.context(), tables);
    expect(running.writes()).toEqual([]);
  });

  it('does what production asks for, once its backups can be set', async () => {
    const running = await startDouble(engine.endpoint, { delays: { backups: 300 } });
    const options = { ...names(), environment: 'production' };
    const result = await setUp(running.context(), options);
    expect(result.error).toBeNull();
    const { ContinuousBackupsDescription: recovery } = await running.raw.call('DescribeContinuousBackups', {
      TableName: options.sessions,
    });
    expect(recovery?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe('ENABLED');
    const { Table: table } = await running.raw.call('DescribeTable', { TableName: options.sessions });
    expect(table?.DeletionProtectionEnabled).toBe(true);
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
  });

  it('waits when AWS does not know a table yet that it has just created', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const plan = await planFor(running.context(), tables);
    running.double.inject({
      operation: 'DescribeTable',
      table: tables.sessions,
      after: 1,
      times: 3,
      error: { name: 'ResourceNotFoundException', message: 'Requested resource not found' },
    });
    const { applySetup } = await import('../../../src/operations/setup/setup.js');
    const result = await applySetup(running.context(), plan, { wait: true });
    expect(result.error).toBeNull();
    expect(changesOf(await planFor(running.context(), tables))).toEqual([]);
  });

  it('takes a warning for what an engine does not offer', async () => {
    const context = contextFor(engine.endpoint);
    const options = { ...names(), environment: 'production' };
    const result = await setUp(context, options);
    expect(result.error).toBeNull();
    expect(result.warnings).toHaveLength(2);
    expect(result.warnings[0]).toMatch(/pointInTimeRecovery was left out: .*does not offer UpdateContinuousBackups/);
    expect(outcomesOf(result)).toContain('unsupported pointInTimeRecovery');
    const again = await planFor(context, options);
    expect(again.tables.map(({ action }) => action)).toEqual(['none', 'none']);
    expect(changesOf(again)).toEqual(['unsupported pointInTimeRecovery', 'unsupported pointInTimeRecovery']);
  });

  it('warns of a replica on an engine that takes the call and does nothing', async () => {
    const options = { ...names(), overrides: { replicas: ['us-west-2'] } };
    const result = await setUp(contextFor(engine.endpoint), options);
    expect(result.error).toBeNull();
    expect(outcomesOf(result)).toContain('unsupported replica:us-west-2');
  });
});

describe.concurrent('settings of an existing table that only AWS has', () => {
  const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';

  it.each([
    ['point-in-time recovery on', { pointInTimeRecovery: true }, ['UpdateContinuousBackups']],
    ['a replica', { replicas: ['us-west-2'] }, ['UpdateTable']],
    ['two replicas, one after the other', { replicas: ['us-west-2', 'eu-central-1'] }, ['UpdateTable', 'UpdateTable']],
    ['a KMS key by its ARN', { kmsKey: KEY }, ['UpdateTable']],
    ['a KMS key by its id', { kmsKey: '99999999-2222-3333-4444-555555555555' }, ['UpdateTable']],
    ['a table class', { tableClass: 'STANDARD_INFREQUENT_ACCESS' }, ['UpdateTable']],
  ] as const)('sets %s, waits for it, and does not ask again', async (_what, overrides, writes) => {
    const running = await startDouble(engine.endpoint, { delays: { encryption: 80, replica: 80 } });
    const tables = names();
    await ready(running, tables);
    const options = { ...tables, overrides };
    const result = await setUp(running.context(), options);
    expect(result.error).toBeNull();
    expect(running.writes()).toEqual([...writes, ...writes]);
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
  });

  it('changes from one KMS key to another, and waits while AWS still names the old one', async () => {
    const running = await startDouble(engine.endpoint, { delays: { encryption: 150 } });
    const tables = names();
    await ready(running, { ...tables, overrides: { kmsKey: KEY } });
    const options = { ...tables, overrides: { kmsKey: KEY.replace('1111', '2222') } };
    expect((await setUp(running.context(), options)).error).toBeNull();
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
    expect(running.writes()).toEqual(['UpdateTable', 'UpdateTable']);
  });

  it('goes back to the key that DynamoDB owns', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await ready(running, { ...tables, overrides: { kmsKey: KEY } });
    const result = await setUp(running.context(), { ...tables, overrides: { kmsKey: 'default' } });
    expect(result.error).toBeNull();
    const { Table: table } = await running.raw.call('DescribeTable', { TableName: tables.sessions });
    expect(table).not.toHaveProperty('SSEDescription');
  });

  it('turns point-in-time recovery off when told so, and says what that loses', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await ready(running, { ...tables, overrides: { pointInTimeRecovery: true } });
    const options = { ...tables, overrides: { pointInTimeRecovery: false } };
    const [plan] = (await planFor(running.context(), options)).tables;
    expect(plan?.changes[0]?.loses).toMatch(/recovery points/);
    expect((await setUp(running.context(), options)).error).toBeNull();
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
  });

  it('changes the capacity only of those indexes that differ', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await ready(running, { ...tables, ...billing(5) });
    await running.raw.call('UpdateTable', {
      TableName: tables.sessions,
      GlobalSecondaryIndexUpdates: [
        {
          Update: {
            IndexName: 'CreatedAtIndex',
            ProvisionedThroughput: { ReadCapacityUnits: 10, WriteCapacityUnits: 10 },
          },
        },
      ],
    });
    const result = await setUp(running.context(), { ...tables, ...billing(10) });
    expect(result.error).toBeNull();
    const { Table: table } = await running.raw.call('DescribeTable', { TableName: tables.sessions });
    expect(table?.ProvisionedThroughput?.ReadCapacityUnits).toBe(10);
    expect(table?.GlobalSecondaryIndexes?.map((each) => each.ProvisionedThroughput?.ReadCapacityUnits)).toEqual([
      10, 10,
    ]);
  });
});

describe.concurrent('the rules of AWS', () => {
  it('builds indexes one at a time, with the progress of the back-fill', async () => {
    const running = await startDouble(engine.endpoint, { delays: { backfill: 120 } });
    const tables = names();
    await ready(running, tables);
    for (const IndexName of ['LastActivityIndex', 'CreatedAtIndex']) {
      await running.raw.call('UpdateTable', {
        TableName: tables.sessions,
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }],
      });
      await sleep(30);
    }
    const said: string[] = [];
    const context = running.context({ onProgress: ({ step, detail }) => said.push(`${step}: ${detail ?? ''}`) });
    const result = await setUp(context, tables);
    expect(outcomesOf(result)).toEqual(['done index:LastActivityIndex', 'done index:CreatedAtIndex']);
    expect(said.join('\n')).toMatch(/building index LastActivityIndex: back-filling/);
    expect(said.join('\n')).toMatch(/building index CreatedAtIndex: back-filling/);
  });

  it('waits for an index that is back-filled before it changes the stream', async () => {
    const running = await startDouble(engine.endpoint, { delays: { backfill: 200 } });
    const tables = names();
    await ready(running, tables);
    await running.raw.call('UpdateTable', {
      TableName: tables.sessions,
      AttributeDefinitions: [{ AttributeName: 'x', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [{ Create: index('ForeignIndex', 'x') }],
    });
    const result = await setUp(running.context(), { ...tables, overrides: { stream: 'KEYS_ONLY' } });
    expect(result.error).toBeNull();
    expect(outcomesOf(result)).toEqual(['done stream', 'done stream']);
  });

  it('waits until AWS takes another change of TTL, although its state reads ENABLED', async () => {
    const running = await startDouble(engine.endpoint, { delays: { ttlCooldown: 150 } });
    const tables = names();
    await ready(running, { ...tables, overrides: { ttlAttribute: 'expires' } });
    const said = new Set<string>();
    const context = running.context({ onProgress: ({ detail }) => said.add(detail?.replace(/\d+ s/, 'n s') ?? '') });
    const result = await setUp(context, tables);
    expect(result.error).toBeNull();
    expect([...said].join('\n')).toMatch(/one change an hour/);
    const { TimeToLiveDescription: ttl } = await running.raw.call('DescribeTimeToLive', { TableName: tables.sessions });
    expect(ttl?.AttributeName).toBe('ttl');
  });

  it('tries TTL again while the backups of a new table are being enabled', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    running.double.inject({
      operation: 'UpdateTimeToLive',
      times: 2,
      error: {
        name: 'ContinuousBackupsUnavailableException',
        message: 'Backups are being enabled for the table: x. Please retry later',
      },
    });
    expect((await setUp(running.context(), tables)).error).toBeNull();
    expect(changesOf(await planFor(running.context(), tables))).toEqual([]);
  });

  it('goes on waiting when AWS fails to say how far it is', async () => {
    const running = await startDouble(engine.endpoint, { delays: { create: 300 } });
    const tables = names();
    const plan = await planFor(running.context(), tables);
    vi.spyOn(Math, 'random').mockReturnValue(0.05);
    // Two looks fail, each after all attempts of the SDK; the look before them was answered.
    running.double.inject({ operation: 'DescribeTable', after: 2, times: 8, error: awsFaults.internalServerError });
    const { applySetup } = await import('../../../src/operations/setup/setup.js');
    const result = await applySetup(running.context(), plan, { wait: true });
    expect(result.error).toBeNull();
    expect(outcomesOf(result).filter((outcome) => !outcome.startsWith('done'))).toEqual([]);
  });

  it('waits while TTL is being turned off by somebody', async () => {
    const running = await startDouble(engine.endpoint, { delays: { ttl: 200, ttlCooldown: 0 } });
    const tables = names();
    await ready(running, tables);
    await sleep(220);
    await running.raw.call('UpdateTimeToLive', {
      TableName: tables.sessions,
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'ttl' },
    });
    running.double.forgetCalls();
    const result = await setUp(running.context(), tables);
    expect(result.error).toBeNull();
    expect(running.writes()).toEqual(['UpdateTimeToLive']);
  });

  it('does not turn off a stream that is off', async () => {
    const running = await startDouble(engine.endpoint);
    const options = { ...names(), overrides: { stream: false } as const };
    await ready(running, options);
    await setUp(running.context(), options);
    expect(running.writes()).toEqual([]);
  });

  it('sets all tags in one call, and waits until they can be read', async () => {
    const running = await startDouble(engine.endpoint, { delays: { tags: 250 } });
    const tables = names();
    await ready(running, tables);
    const tags = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`Key${at}`, `value ${at}`]));
    const options = { ...tables, overrides: { tags } };
    expect((await setUp(running.context(), options)).error).toBeNull();
    expect(running.writes()).toEqual(['TagResource', 'TagResource']);
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
  });

  it('waits for a table that somebody else is creating, and then adds what is missing', async () => {
    const running = await startDouble(engine.endpoint, { delays: { create: 250 } });
    const tables = names();
    await setUp(running.context(), { ...tables, wait: true });
    await running.raw.call('DeleteTable', { TableName: tables.sessions });
    await sleep(30);
    await running.raw.call('CreateTable', { ...sessionsDefinition(tables.sessions), Tags: undefined });
    const plan = await planFor(running.context(), tables);
    expect(plan.tables[0]?.observed?.status).toBe('CREATING');
    const { applySetup } = await import('../../../src/operations/setup/setup.js');
    const result = await applySetup(running.context(), plan, { wait: true });
    expect(result.error).toBeNull();
    expect(outcomesOf(result)).toEqual([
      'done ttl',
      'done tag:Environment',
      'done tag:Application',
      'done tag:Purpose',
    ]);
    expect(changesOf(await planFor(running.context(), tables))).toEqual([]);
  });

  it('waits until a table that is DELETING is gone, and creates it anew', async () => {
    const running = await startDouble(engine.endpoint, { delays: { delete: 250 } });
    const tables = names();
    await ready(running, tables);
    await running.raw.call('DeleteTable', { TableName: tables.sessions });
    const plan = await planFor(running.context(), tables);
    expect(plan.tables.map(({ action }) => action)).toEqual(['create', 'none']);
    expect(plan.tables[0]?.observed?.status).toBe('DELETING');
    const said: string[] = [];
    const result = await setUp(running.context({ onProgress: ({ step }) => said.push(step) }), tables);
    expect(result.error).toBeNull();
    expect(said).toContain('waiting until the old table is gone');
    expect(changesOf(await planFor(running.context(), tables))).toEqual([]);
  });
});

describe.concurrent('what AWS cannot change', () => {
  it('leaves a table with other keys untouched, says why, and does the other table', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await running.raw.call('CreateTable', wrongKeys(tables.sessions));
    await sleep(30);
    running.double.forgetCalls();
    const result = await setUp(running.context(), { ...tables, prune: true });
    expect(result.tables.map(({ action }) => action)).toEqual(['blocked', 'create']);
    const [change] = result.tables[0]?.changes ?? [];
    expect(change).toMatchObject({ property: 'keySchema', outcome: 'blocked', from: 'sid (S)', to: 'session_id (S)' });
    expect(change?.wayOut).toMatch(/--sessions-table/);
    expect(running.writes()).toEqual(['CreateTable', 'UpdateTimeToLive']);
  });

  it('leaves an index with other keys untouched without --prune, and still mends the rest', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await running.raw.call('CreateTable', {
      ...sessionsDefinition(tables.sessions),
      GlobalSecondaryIndexes: [index('LastActivityIndex', 'other'), index('CreatedAtIndex', 'created_at')],
      AttributeDefinitions: [
        { AttributeName: 'session_id', AttributeType: 'S' },
        { AttributeName: 'other', AttributeType: 'N' },
        { AttributeName: 'created_at', AttributeType: 'N' },
      ],
    });
    await sleep(30);
    const result = await setUp(running.context(), tables);
    expect(outcomesOf(result).slice(0, 2)).toEqual(['blocked index:LastActivityIndex', 'done ttl']);
    expect(result.tables[0]?.changes[0]?.wayOut).toMatch(/--prune/);
    const { Table: table } = await running.raw.call('DescribeTable', { TableName: tables.sessions });
    const found = table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === 'LastActivityIndex');
    expect(found?.KeySchema?.[0]?.AttributeName).toBe('other');
  });
});
