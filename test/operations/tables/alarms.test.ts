import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { connect, PLACEHOLDER_CREDENTIALS } from '../../../src/dynamodb/client.js';
import { alarmsOn } from '../../../src/operations/tables/alarms.js';
import { recordFile, recordOfBackup } from '../../../src/operations/backup/records.js';
import { planInPlace } from '../../../src/operations/restore/in-place-plan.js';
import { planRestore, restoreBackups } from '../../../src/operations/restore/from-backup.js';
import { planRestore as planArchive } from '../../../src/operations/restore/plan.js';
import { restoreInPlace } from '../../../src/operations/restore/in-place.js';
import { parseRecord } from '../../../src/schema/index.js';
import type { FaultRule } from '../../support/double/faults.js';
import { useEngine } from '../../support/engine.js';
import { type BackedUp, removeFolders, restoreOf, twoTables } from '../backup/harness.js';
import { archiveTo, restoreFrom, restoreRequest } from '../archive/harness.js';
import { closeAll } from '../harness.js';
import { stage } from '../purge/harness.js';

closeAll();
removeFolders();
const engine = useEngine();

const metricOf = (table: string) => ({
  Namespace: 'AWS/DynamoDB',
  MetricName: 'ThrottledRequests',
  Dimensions: [
    { Name: 'Operation', Value: 'PutItem' },
    { Name: 'TableName', Value: table },
  ],
});

const alarm = (AlarmName: string, table: string) => ({ AlarmName, ...metricOf(table) });

const math = (AlarmName: string, table: string) => ({
  AlarmName,
  Metrics: [
    { Id: 'sum', Expression: 'a * 2' },
    { Id: 'a', MetricStat: { Metric: metricOf(table), Period: 60, Stat: 'Sum' } },
  ],
});

const composite = (AlarmName: string, AlarmRule: string) => ({ AlarmName, AlarmRule });

/** What a region holds: alarms on both tables, on others, and on other things of the same name. */
function putAlarms({ running, names }: BackedUp): void {
  const { alarms } = running.double.state;
  // More than a page.
  for (let n = 0; n < 120; n += 1) alarms.push(alarm(`other-${n}`, 'another'));
  alarms.push(
    alarm('sessions-throttled', names.sessions),
    math('sessions-math', names.sessions),
    alarm('events-throttled', names.events),
    { AlarmName: 'a-queue', Namespace: 'AWS/SQS', Dimensions: [{ Name: 'TableName', Value: names.sessions }] },
    composite('sessions-any', 'ALARM("sessions-throttled") OR ALARM(a-queue)'),
    composite('elsewhere', 'ALARM("other-1") AND NOT OK(a-queue)'),
  );
}

const ON_SESSIONS = ['sessions-any', 'sessions-math', 'sessions-throttled'];

describe('alarms on a table', () => {
  const metric = { name: 'it (1)', tables: ['t'], rule: null };
  it.each([
    ['ALARM("it (1)")', true],
    ["alarm ( 'it (1)' ) or false", true],
    ['NOT INSUFFICIENT_DATA("arn:aws:cloudwatch:eu-west-1:1:alarm:it (1)")', true],
    ['ALARM(it)', false],
    ['TRUE', false],
  ])('a composite one with the rule %s: %s', (rule, watches) => {
    const found = alarmsOn([metric, { name: 'whole', tables: [], rule }], 't');
    expect(found.includes('whole')).toBe(watches);
  });

  it('may be made of composite ones, in a circle too', () => {
    const alarms = [
      { name: 'top', tables: [], rule: 'ALARM(middle)' },
      { name: 'middle', tables: [], rule: 'ALARM("it (1)") OR ALARM(top)' },
      { name: 'round', tables: [], rule: 'ALARM(round)' },
      metric,
    ];
    expect(alarmsOn(alarms, 't')).toEqual(['it (1)', 'middle', 'top']);
  });
});

describe.concurrent('backup create', () => {
  it('records the names of the alarms on each table, from all pages', async () => {
    const tables = await twoTables(engine);
    putAlarms(tables);
    const { backups } = await tables.backUp();
    expect(backups.map(({ alarms }) => alarms)).toEqual([ON_SESSIONS, ['events-throttled']]);
    for (const { record, arn, alarms } of backups)
      expect(recordOfBackup(record ?? '', arn ?? '')?.alarms).toEqual(alarms);
    const asked = tables.running.double.calls.filter(({ operation }) => operation === 'DescribeAlarms');
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['access is denied', { error: { name: 'AccessDenied', message: 'no' }, status: 403 }],
    ['what answers is not CloudWatch', { html: true }],
    ['it is throttled', { error: { name: 'ThrottlingException', message: 'Rate exceeded' } }],
  ])('is made all the same when %s', async (_, fault) => {
    const tables = await twoTables(engine);
    putAlarms(tables);
    tables.running.double.inject({ operation: 'DescribeAlarms', ...fault });
    const { backups, error } = await tables.backUp();
    expect(error).toBeNull();
    expect(backups.map(({ outcome, alarms }) => [outcome, alarms])).toEqual([
      ['done', null],
      ['done', null],
    ]);
    const [first] = backups;
    expect(recordOfBackup(first?.record ?? '', first?.arn ?? '')?.alarms).toBeNull();
  });

  it('reads a record from before there were alarms in it', async () => {
    const tables = await twoTables(engine);
    const { backups } = await tables.backUp();
    const { alarms: _, ...old } = recordOfBackup(backups[0]?.record ?? '', backups[0]?.arn ?? '') ?? {};
    expect(parseRecord(old)).toMatchObject({ ok: true, record: { alarms: null } });
  });
});

const restore = async (tables: BackedUp, more: Parameters<typeof restoreOf>[1]) => {
  const plan = await planRestore(tables.context, tables.target, restoreOf(tables, more));
  return (await restoreBackups(tables.context, plan, new Set())).tables.map(({ alarms }) => alarms);
};

describe.concurrent('restore', () => {
  it('tells which alarms watch the old table only', async () => {
    const tables = await twoTables(engine);
    putAlarms(tables);
    await tables.backUp();
    const copy = `${tables.names.sessions}-copy`;
    const both = alarm('sessions-both', tables.names.sessions);
    tables.running.double.state.alarms.push({ ...both, Metrics: math('', copy).Metrics });
    expect(await restore(tables, { targets: { sessions: copy } })).toEqual([ON_SESSIONS, ['events-throttled']]);
  });

  it('tells those that were recorded where none can be read', async () => {
    const tables = await twoTables(engine);
    putAlarms(tables);
    await tables.backUp();
    tables.running.double.inject({ operation: 'DescribeAlarms', error: { name: 'AccessDenied', message: 'no' } });
    const targets = { sessions: `${tables.names.sessions}-copy` };
    expect(await restore(tables, { targets })).toEqual([ON_SESSIONS, ['events-throttled']]);
    const unrecorded = { targets: { sessions: `${tables.names.sessions}-again` }, recordFolder: '/nonexistent' };
    expect(await restore(tables, unrecorded)).toEqual([null, null]);
  });

  it('tells in place which alarms go on, for they watch a name', async () => {
    const tables = await twoTables(engine);
    putAlarms(tables);
    await tables.backUp();
    const request = restoreOf(tables, { inPlace: true, withoutEvents: true });
    const plan = await planRestore(tables.context, tables.target, request);
    const forceUnprotect = true;
    const state = await planInPlace(tables.context, plan, { forceUnprotect });
    const options = { settle: false, timeoutMs: 10_000, forceUnprotect, recordFolder: tables.folder, save: () => {} };
    const { tables: replaced } = await restoreInPlace(tables.context, plan, state, options);
    expect(replaced).toMatchObject([{ outcome: 'done', alarms: ON_SESSIONS }]);
    // So that a restore of the safety backup knows them too.
    const { name = '', arn = '' } = replaced[0]?.safety ?? {};
    expect(recordOfBackup(recordFile(tables.folder, { name }), arn)?.alarms).toEqual(ON_SESSIONS);
  });
});

const archived = async (fault?: Omit<FaultRule, 'operation'>) => {
  const tables = await twoTables(engine);
  putAlarms(tables);
  if (fault !== undefined) tables.running.double.inject({ operation: 'DescribeAlarms', times: 5, ...fault });
  const folder = path.join(tables.folder, 'archive');
  const made = await archiveTo(tables.context, tables.target, folder);
  return { tables, folder, alarms: made.tables.map(({ alarms }) => alarms) };
};
const denied: Omit<FaultRule, 'operation'> = { error: { name: 'AccessDenied', message: 'no' }, status: 403 };
const restored = async (
  { tables, folder }: Awaited<ReturnType<typeof archived>>,
  more: Parameters<typeof restoreFrom>[2],
) => (await restoreFrom(tables.context, folder, more)).tables.map(({ alarms }) => alarms);

describe('an archive', () => {
  it('holds the names of the alarms on each table, and a restore tells which watch the old one only', async () => {
    const made = await archived();
    expect(made.alarms).toEqual([ON_SESSIONS, ['events-throttled']]);
    const { archive } = await planArchive(made.tables.context, restoreRequest(made.folder, { toTable: 'never-made' }));
    expect(archive.tables.map(({ record }) => record?.alarms)).toEqual(made.alarms);
    const { alarms } = made.tables.running.double.state;
    const copy = `${made.tables.names.sessions}-copy`;
    // Today's count, not those of the archive.
    alarms.splice(
      alarms.findIndex(({ AlarmName }) => AlarmName === 'sessions-math'),
      1,
    );
    expect(await restored(made, { toTable: copy })).toEqual([
      ['sessions-any', 'sessions-throttled'],
      ['events-throttled'],
    ]);
  });

  it('is made all the same where they may not be read, and a restore then tells those that were recorded', async () => {
    const made = await archived(denied);
    expect(made.alarms).toEqual([null, null]);
    const whole = await archived();
    whole.tables.running.double.inject({ operation: 'DescribeAlarms', times: 5, ...denied });
    const toTable = `${whole.tables.names.sessions}-copy`;
    expect(await restored(whole, { toTable })).toEqual([ON_SESSIONS, ['events-throttled']]);
  });

  it('of another region tells those of that region, and of an engine without CloudWatch none', async () => {
    const made = await archived();
    const elsewhere = made.tables.running.context({ region: 'us-west-2' });
    made.tables.running.double.state.alarms.splice(0);
    const there = (await restoreFrom(elsewhere, made.folder, { toTable: `${made.tables.names.sessions}-2` })).tables;
    expect(there.map(({ alarms }) => alarms)).toEqual([ON_SESSIONS, ['events-throttled']]);
    const staged = await stage(engine.endpoint, { count: 1, events: 1, expired: 0 });
    const folder = path.join(made.tables.folder, 'local');
    await archiveTo(staged.context, staged.target, folder);
    const { tables } = await restoreFrom(staged.context, folder, { toTable: `${staged.sessions}-copy` });
    for (const table of tables) expect(table).not.toHaveProperty('alarms');
  });
});

describe('where CloudWatch is asked', () => {
  it.each([
    ["at AWS's own host for AWS", null, undefined, { endpoint: null }],
    ['where a variable says, for AWS', null, 'http://cw:1', { endpoint: 'http://cw:1' }],
    ['with an endpoint on this machine', 'http://127.0.0.1:9', undefined, { endpoint: 'http://127.0.0.1:9' }],
    ["nowhere with another's, which is DynamoDB alone", 'https://vpce.example.com', undefined, null],
    ['where a variable says, with another', 'https://vpce.example.com', 'http://cw:1', { endpoint: 'http://cw:1' }],
    ['nowhere with the embedded engine', 'http://127.0.0.1:9', false as const, null],
  ])('%s', (_, endpoint, given, expected) => {
    const dynamo = connect({
      region: 'eu-west-1',
      endpoint,
      profile: null,
      credentials: PLACEHOLDER_CREDENTIALS,
      signal: new AbortController().signal,
      ...(given !== undefined && { cloudWatchEndpoint: given }),
    });
    dynamo.destroy();
    expect(dynamo.cloudWatch).toEqual(expected);
  });
});
