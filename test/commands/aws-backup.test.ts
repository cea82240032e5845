import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, removeFolders } from '../operations/backup/harness.js';
import { type RunningDouble, closeAll, startDouble } from '../operations/harness.js';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { dropTables, setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

removeFolders();
closeAll();
const engine = useEngine();
const NOW = Date.UTC(2026, 10, 20, 14, 25);

let aws: RunningDouble;
let cwd: string;
beforeEach(async () => {
  await dropTables(engine);
  await setUpTables(engine);
  aws = await startDouble(engine.endpoint);
  cwd = freshFolder();
  await aws.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: 'one' } } });
  aws.double.forgetCalls();
});
afterAll(() => dropTables(engine));

const run = (argv: readonly string[], options: RunCommandOptions = {}) =>
  runCommand([...argv, ...at(aws.double.endpoint)], { cwd, now: NOW, ...options });

const backup = (argv: readonly string[] = [], options: RunCommandOptions = {}) => run(['backup', ...argv], options);

const errorOf = ({ stderr }: { readonly stderr: string }): { readonly code: string; readonly hint: string } =>
  JSON.parse(stderr).error;

const NAMES = ['mcp-sessions-backup-20261120-142500', 'mcp-session-events-backup-20261120-142500'];

describe('backup', () => {
  it('json has the keys of the contract', async () => {
    const { code, stdout, stderr } = await backup(['--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { backups } = JSON.parse(stdout);
    expect(backups.map(({ name }: { name: string }) => name)).toEqual(NAMES);
    expect(backups[0]).toEqual({
      table: 'mcp-sessions',
      name: NAMES[0],
      arn: expect.stringContaining(':table/mcp-sessions/backup/'),
      status: 'AVAILABLE',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      sizeBytes: expect.any(Number),
      outcome: 'done',
      record: path.join(cwd, '.mcp-sessions', 'backups', `${NAMES[0]}.json`),
      alarms: [],
    });
  });

  it('says which alarms there are, or that they were not read', async () => {
    const Dimensions = [{ Name: 'TableName', Value: 'mcp-sessions' }];
    // The name is whatever somebody has typed.
    aws.double.state.alarms.push({ AlarmName: 'slow\u001b[31m', Namespace: 'AWS/DynamoDB', Dimensions });
    const text = (await backup(['-q', '--no-events'])).stdout;
    expect(text).toMatch(/alarms on mcp-sessions, recorded by name: slow/);
    expect(text).not.toContain('\u001b[31m');
    expect(JSON.parse((await backup(['--json'])).stdout).backups).toMatchObject([{ alarms: ['slow\u001b[31m'] }, {}]);
    const restored = await run(['restore', 'latest', '--to-table', 'watched', '--yes', '-q']);
    expect(restored.stdout).toContain('alarms that watch mcp-sessions, and not watched: slow');
    aws.double.inject({ operation: 'DescribeAlarms', error: { name: 'AccessDenied', message: 'no' } });
    expect((await backup(['-q'])).stdout).toContain('alarms on mcp-sessions not read (cloudwatch:DescribeAlarms)');
  });

  it('says for people what was made, and where the settings are', async () => {
    const { stdout } = await backup(['-q'], { columns: 80 });
    const text = stripVTControlCharacters(stdout);
    expect(text).toContain(`${NAMES[0]} is AVAILABLE`);
    expect(text).toContain('--record <file>');
  });

  it('makes nothing with --dry-run', async () => {
    const { code, stdout } = await backup(['--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, backups: [{ name: NAMES[0], arn: null }, {}] });
    expect(aws.writes()).toEqual([]);
    expect(existsSync(path.join(cwd, '.mcp-sessions'))).toBe(false);
  });

  it('ends with 5 and says how to go on when a backup stays CREATING', async () => {
    Object.assign(aws.double.state.delays, { backup: 60_000 });
    const result = await backup(['--timeout', '200ms', '--json']);
    expect(result.code).toBe(5);
    expect(JSON.parse(result.stdout).backups).toMatchObject([{ outcome: 'pending', status: 'CREATING' }, {}]);
    expect(errorOf(result)).toMatchObject({ code: 'WAIT_TIMEOUT', hint: expect.stringContaining('backup list') });
    expect((await backup(['--no-wait', '--json'])).code).toBe(0);
  });

  it('ends with 5 when one table has none, with 1 when neither has', async () => {
    const denied = { operation: 'CreateBackup', error: awsFaults.accessDenied('CreateBackup', 'x') };
    const heal = aws.double.inject({ ...denied, table: 'mcp-session-events' });
    const partly = await backup(['--json']);
    expect([partly.code, errorOf(partly).code]).toEqual([5, 'ACCESS_DENIED']);
    heal();
    aws.double.inject(denied);
    expect((await backup(['--json'])).code).toBe(1);
  });

  it.each([
    ['--active', ['--active']],
    ['--where', ['--where', 'a=b']],
    ['--encrypt', ['--encrypt']],
  ])('refuses %s, which goes with an archive', async (flag, argv) => {
    const result = await backup([...argv, '--json']);
    expect([result.code, errorOf(result).code]).toEqual([2, 'USAGE']);
    expect(result.stderr).toContain(flag);
    expect(aws.writes()).toEqual([]);
  });

  it('leaves the events out with --no-events, and warns of a table that is not there', async () => {
    expect(JSON.parse((await backup(['--no-events', '--json'])).stdout).backups).toHaveLength(1);
    await engine.raw.call('DeleteTable', { TableName: 'mcp-session-events' });
    for (const argv of [['--json'], ['--json', '--dry-run'], ['--json', '--to', 'archive']]) {
      const { code, stdout, stderr } = await backup(argv);
      expect(code).toBe(0);
      expect(stderr).toContain("table 'mcp-session-events' is left out: it does not exist");
      expect(JSON.parse(stdout).skipped).toEqual([
        { table: 'mcp-session-events', reason: expect.stringContaining('does not exist') },
      ]);
    }
    expect(JSON.parse((await backup(['--no-events', '--json'])).stdout).skipped).toEqual([]);
    aws.double.forgetCalls();
  });

  it.each([
    ['--events-table', ['--events-table', 'no-events-here'], {}],
    ['MCP_SESSION_EVENT_TABLE', [], { MCP_SESSION_EVENT_TABLE: 'no-events-here' }],
  ])('refuses an events table that %s names and that is not there', async (source, argv, env) => {
    for (const more of [[], ['--dry-run'], ['--to', 'archive']]) {
      const result = await backup([...argv, ...more, '--json'], { env });
      expect([result.code, errorOf(result).code]).toEqual([1, 'TABLE_NOT_FOUND']);
      expect(result.stderr).toContain(`'no-events-here' (${source})`);
    }
    expect(aws.writes()).toEqual([]);
    expect(existsSync(path.join(cwd, 'archive'))).toBe(false);
    expect((await backup([...argv, '--no-events', '--json'], { env })).code).toBe(0);
  });
});

describe('backup list, show, delete and prune', () => {
  it('lists with type and age, newest first, in each format', async () => {
    await backup(['-q']);
    const later = { now: NOW + 90_000 };
    const { code, stdout } = await backup(['list', '--json'], later);
    expect(code).toBe(0);
    const { backups } = JSON.parse(stdout);
    expect(backups[0]).toMatchObject({ type: 'USER', ageSeconds: expect.any(Number), status: 'AVAILABLE' });
    const csv = (await backup(['list', '-o', 'csv'], later)).stdout;
    expect(csv.split('\r\n')[0]).toBe('table,name,arn,status,createdAt,sizeBytes,type,ageSeconds');
    expect((await backup(['list', '-o', 'ndjson'], later)).stdout.trim().split('\n')).toHaveLength(2);
    const text = stripVTControlCharacters((await backup(['list', '-q'], { ...later, columns: 80 })).stdout);
    expect(text).toContain('2 backups, newest first');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('says so when there is none', async () => {
    expect((await backup(['list', '-q'])).stdout).toContain('no backup of mcp-sessions and mcp-session-events');
    expect(JSON.parse((await backup(['list', '--json'])).stdout)).toEqual({ backups: [] });
    expect((await backup(['list', '-o', 'csv'])).stdout.trim()).toContain('table,name,arn');
  });

  it('shows what is kept, and what was recorded', async () => {
    await backup(['-q']);
    const { stdout } = await backup(['show', 'latest', '--json']);
    expect(JSON.parse(stdout).backups).toMatchObject([
      { table: 'mcp-sessions', ttlAttribute: 'ttl', record: { settings: { ttlAttribute: 'ttl', tags: {} } } },
      { table: 'mcp-session-events' },
    ]);
    expect((await backup(['show', 'nothing', '--json'])).code).toBe(1);
  });

  it('deletes only with consent, in production by the table', async () => {
    await backup(['-q']);
    expect((await backup(['delete', NAMES[0] ?? '', '--json'])).code).toBe(4);
    const production = ['--environment', 'production'];
    const refused = await backup(['delete', NAMES[0] ?? '', '--yes', '--json', ...production]);
    expect([refused.code, errorOf(refused).hint]).toEqual([4, expect.stringContaining('--confirm mcp-sessions')]);
    expect((await backup(['delete', NAMES[0] ?? '', '--dry-run', '--json'])).code).toBe(0);
    expect(aws.writes()).not.toContain('DeleteBackup');
    const done = await backup(['delete', NAMES[0] ?? '', '--confirm', 'mcp-sessions', '--json', ...production]);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout).backups).toMatchObject([{ name: NAMES[0], status: 'DELETED', outcome: 'deleted' }]);
    expect((await backup(['delete', '20261120-142500', '--yes', '--json'])).code).toBe(0);
    expect(JSON.parse((await backup(['list', '--json'])).stdout).backups).toEqual([]);
    expect(readdirSync(path.join(cwd, '.mcp-sessions', 'backups'))).toEqual([]);
  });

  it('asks on a terminal, and shows what goes', async () => {
    await backup(['-q']);
    const { code, stderr } = await backup(['delete', NAMES[0] ?? ''], {
      columns: 80,
      user: answer('Delete this backup for good?', 'n\r'),
    });
    expect(code).toBe(4);
    expect(stripVTControlCharacters(stderr)).toContain(`- ${NAMES[0]}`);
    expect(aws.writes()).not.toContain('DeleteBackup');
  });

  it('asks on a terminal how many stay', async () => {
    await backup(['-q']);
    const { code, stdout, stderr } = await backup(['prune', '--dry-run'], {
      columns: 80,
      user: answer('How many backups of each table stay?', '1\r'),
    });
    expect(code).toBe(0);
    expect(stdout).toContain('nothing to delete');
    expect(stripVTControlCharacters(stderr)).toContain('How many backups');
  });

  it('prunes, and never takes the last good one', async () => {
    await backup(['-q']);
    await backup(['-q'], { now: NOW + 1000 });
    const usage = await backup(['prune', '--json']);
    expect([usage.code, errorOf(usage).code]).toEqual([2, 'USAGE']);
    const plan = await backup(['prune', '--keep', '1', '--dry-run', '--json']);
    expect(
      JSON.parse(plan.stdout)
        .backups.map(({ name }: { name: string }) => name)
        .toSorted(),
    ).toEqual(NAMES.toSorted());
    expect((await backup(['prune', '--keep', '1', '--yes', '--json'])).code).toBe(0);
    const old = { now: Date.now() + 86_400_000 };
    const rest = await backup(['prune', '--older-than', '1h', '--yes', '-q'], old);
    expect(rest.code).toBe(0);
    expect(rest.stdout).toContain('it is the last good backup of mcp-sessions');
    expect(JSON.parse((await backup(['list', '--json'])).stdout).backups).toHaveLength(2);
  });
});

const restore = (argv: readonly string[], options: RunCommandOptions = {}) => run(['restore', ...argv], options);

describe('restore', () => {
  it('json has the keys of the contract', async () => {
    await backup(['-q']);
    const { code, stdout, stderr } = await restore(['latest', '--to-table', 'copy', '--yes', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      tables: [
        { source: 'mcp-sessions', target: 'copy', items: 1, reapplied: expect.arrayContaining(['ttl', 'stream']) },
        { source: 'mcp-session-events', target: 'copy-events', items: 0 },
      ],
      resume: null,
    });
    const again = await restore(['latest', '--to-table', 'copy', '--yes', '--json']);
    expect([again.code, errorOf(again).code]).toEqual([1, 'TABLE_EXISTS']);
    expect(errorOf(again).hint).toContain('--resume');
    expect((await restore(['latest', '--to-table', 'copy', '--resume', '--json'])).code).toBe(0);
  });

  it('says what it would do with --dry-run, and needs consent without', async () => {
    await backup(['-q']);
    aws.double.forgetCalls();
    const { stdout } = await restore(['latest', '--to-table', 'copy', '--dry-run', '-q']);
    expect(stdout).toContain(`+ copy from backup ${NAMES[0]}`);
    expect(stdout).toContain('settings as recorded in');
    expect((await restore(['latest', '--to-table', 'copy', '--json'])).code).toBe(4);
    const there = await restore(['latest', '--yes', '--json']);
    expect(errorOf(there)).toMatchObject({ code: 'TABLE_EXISTS', hint: expect.stringContaining('--in-place') });
    expect(aws.writes()).toEqual([]);
  });

  it('in place wants each table named, whatever the environment, and replaces then', async () => {
    await backup(['-q']);
    await aws.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: 'two' } } });
    aws.double.forgetCalls();
    const inPlace = ['latest', '--in-place', '--no-settle', '--json'];
    const refused = await restore([...inPlace, '--yes']);
    expect([refused.code, errorOf(refused).hint]).toEqual([
      4,
      expect.stringContaining('--confirm mcp-sessions --confirm mcp-session-events'),
    ]);
    expect(aws.writes()).toEqual([]);
    const { code, stdout } = await restore([
      ...inPlace,
      '--confirm',
      'mcp-sessions',
      '--confirm',
      'mcp-session-events',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).tables).toMatchObject([{ target: 'mcp-sessions', items: 1, outcome: 'done' }, {}]);
    expect(readdirSync(path.join(cwd, '.mcp-sessions'))).toEqual(['backups']);
  });

  it('in place goes on with --resume where it was stopped, also when latest is another one by then', async () => {
    await backup(['-q']);
    // The safety backup has it, and is newer.
    await aws.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: 'two' } } });
    const heal = aws.double.inject({
      operation: 'RestoreTableFromBackup',
      error: awsFaults.accessDenied('RestoreTableFromBackup', 'mcp-sessions'),
    });
    const inPlace = ['latest', '--in-place', '--no-settle', '--json', '--confirm', 'mcp-sessions'];
    const argv = [...inPlace, '--confirm', 'mcp-session-events'];
    const stopped = await restore(argv, { now: NOW + 60_000 });
    expect(stopped.code).toBe(1);
    expect(errorOf(stopped).hint).toContain('--resume');
    expect(JSON.parse(stopped.stdout).resume.command).toMatch(/^mcp-sessions restore latest .*--resume$/);
    heal();
    expect(errorOf(await restore(argv))).toMatchObject({ code: 'RESTORE_UNFINISHED' });
    const { code, stdout } = await restore([...argv, '--resume'], { now: NOW + 120_000 });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).tables).toMatchObject([{ items: 1, outcome: 'done' }, { outcome: 'done' }]);
    expect(readdirSync(path.join(cwd, '.mcp-sessions'))).toEqual(['backups']);
  });

  it('with --resume touches nothing when there is nothing to go on with', async () => {
    await backup(['-q']);
    const argv = ['latest', '--in-place', '--no-settle', '--json', '--confirm', 'mcp-sessions'];
    const inPlace = [...argv, '--confirm', 'mcp-session-events'];
    expect((await restore(inPlace, { now: NOW + 60_000 })).code).toBe(0);
    await aws.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: 'since' } } });
    aws.double.forgetCalls();
    for (const resumed of [
      [...inPlace, '--resume'],
      ['latest', '--to-table', 'copy', '--yes', '--json', '--resume'],
    ]) {
      const result = await restore(resumed, { now: NOW + 120_000 });
      expect([result.code, errorOf(result).code]).toEqual([1, 'NOTHING_TO_RESUME']);
    }
    expect(aws.writes()).toEqual([]);
    const { Items } = await aws.raw.call('Scan', { TableName: 'mcp-sessions' });
    expect(Items?.map(({ session_id: id }) => id?.S).toSorted()).toEqual(['one', 'since']);
  });

  it.each([
    ['damaged', '{"version":1,'],
    ['without this backup', '{"version":1,"backups":[]}'],
  ])('warns of a record that is %s, names it, and does without it', async (_what, text) => {
    await backup(['-q']);
    const file = path.join(cwd, '.mcp-sessions', 'backups', `${NAMES[0]}.json`);
    writeFileSync(file, text);
    const shown = await backup(['show', 'latest', '--json']);
    expect([shown.code, JSON.parse(shown.stdout).backups[0].record]).toEqual([0, null]);
    expect(shown.stderr).toContain(file);
    const argv = ['latest', '--no-events', '--to-table', 'copy', '--json'];
    const plan = await restore([...argv, '--dry-run']);
    expect(JSON.parse(plan.stdout).tables[0].settings).toMatchObject({
      from: 'table',
      problem: expect.stringContaining(file),
    });
    const done = await restore([...argv, '--yes']);
    expect(done.code).toBe(0);
    expect(done.stderr).toContain(`the record was not used: '${file}'`);
    const named = await restore([...argv, '--yes', '--record', file, '--to-table', 'other']);
    expect([named.code, errorOf(named).code]).toEqual([1, 'FILE_ERROR']);
  });

  it('says that a record that was named does not exist', async () => {
    await backup(['-q']);
    for (const argv of [
      ['backup', 'show', 'latest'],
      ['restore', 'latest', '--to-table', 'copy', '--yes'],
    ]) {
      const { code, stderr } = await run([...argv, '--record', 'nofile.json', '--json']);
      expect([code, JSON.parse(stderr).error.code]).toEqual([1, 'FILE_ERROR']);
      expect(stderr).toContain(`there is no file '${path.join(cwd, 'nofile.json')}'`);
    }
  });

  it('does not offer --resume where no table came into being', async () => {
    await backup(['-q']);
    aws.double.inject({
      operation: 'RestoreTableFromBackup',
      error: awsFaults.accessDenied('RestoreTableFromBackup', 'mcp-sessions'),
    });
    const { code, stdout } = await restore(['latest', '--to-table', 'copy', '--yes', '--json']);
    expect([code, JSON.parse(stdout).resume]).toEqual([1, null]);
  });

  it.each([
    [['latest', '--shift-expiry', '1d'], '--shift-expiry'],
    [['latest', '--on-conflict', 'skip'], '--on-conflict'],
    [['latest', '--verify', 'full'], '--verify full'],
    [['latest', '--in-place', '--to-table', 'copy'], '--to-table'],
    [['latest', '--no-settle'], '--no-settle'],
    [['latest', '--billing', 'provisioned'], '--read-capacity'],
    [['latest', '--read-capacity', '5'], '--billing provisioned'],
    [['--point-in-time', 'yesterday'], 'not an instant'],
    [['--point-in-time', '1h', '--in-place'], 'needs a backup'],
    [['latest', '--point-in-time', '1h'], '--point-in-time'],
    [['arn:aws:s3:::bucket'], 'not the ARN'],
  ])('%j is a usage error', async (argv, said) => {
    const result = await restore([...argv, '--yes', '--json']);
    expect([result.code, errorOf(result).code]).toEqual([2, 'USAGE']);
    expect(result.stderr).toContain(said);
    expect(aws.writes()).toEqual([]);
  });

  it('writes the instant out in the command that goes on', async () => {
    await aws.raw.call('UpdateContinuousBackups', {
      TableName: 'mcp-sessions',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    aws.double.inject({
      operation: 'UpdateTimeToLive',
      error: awsFaults.accessDenied('UpdateTimeToLive', 'copy'),
    });
    const argv = ['--point-in-time', 'latest', '--no-events', '--to-table', 'copy', '--yes', '--json'];
    const { code, stdout } = await restore(argv);
    expect(code).toBe(5);
    expect(JSON.parse(stdout).resume.command).toMatch(/--point-in-time \d{4}-\d\d-\d\dT[\d:.]+Z .*--resume$/);
  });
});

const withRecovery = async (): Promise<void> => {
  for (const TableName of ['mcp-sessions', 'mcp-session-events'])
    await aws.raw.call('UpdateContinuousBackups', {
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  aws.double.forgetCalls();
};

describe('backup to S3 and restore from it', () => {
  it('json has the keys of the contract, and the place', async () => {
    await withRecovery();
    const { code, stdout, stderr } = await backup(['--to', 's3://bucket/here', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout).backups[0]).toEqual({
      table: 'mcp-sessions',
      name: expect.stringContaining('mcp-sessions-export-'),
      arn: expect.stringContaining(':table/mcp-sessions/export/'),
      status: 'COMPLETED',
      createdAt: expect.stringMatching(/Z$/),
      sizeBytes: 100,
      outcome: 'done',
      record: expect.stringContaining('.mcp-sessions'),
      alarms: [],
      place: expect.stringMatching(/^s3:\/\/bucket\/here\/AWSDynamoDB\//),
    });
    const plan = await restore(['s3://bucket/here', '--to-table', 'copy', '--dry-run', '-q']);
    expect(plan.stdout).toContain('+ copy from the export of mcp-sessions in s3://bucket/here');
    const done = await restore(['s3://bucket/here', '--to-table', 'copy', '--yes', '--json']);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout).tables).toMatchObject([
      { source: 'mcp-sessions', target: 'copy', items: 1, reapplied: expect.arrayContaining(['ttl', 'stream']) },
      { source: 'mcp-session-events', target: 'copy-events' },
    ]);
  });

  it.each([
    [['backup', '--to', 's3://UPPER'], 'not a place in S3'],
    [['backup', '--to', 's3:/bucket/x'], 'not a place in S3'],
    [['backup', '--to', 'S3:bucket'], 'not a place in S3'],
    [['backup', '--to', 's3:///x'], 'not a place in S3'],
    [['restore', 's3:/bucket/x'], 'not a place in S3'],
    [['teardown', '--backup', '--to', 's3:/bucket/x'], 'not a place in S3'],
    [['backup', '--to', 's3://bucket', '--changed-since', 'monday'], 'not an instant'],
    [['backup', '--changed-since', '1h'], '--to s3://'],
    [
      ['backup', '--to', 's3://bucket', '--changed-since', '5m'],
      "--changed-since '5m' (2026-11-20T14:20:00.000Z) is less",
    ],
    [
      ['backup', '--to', 's3://bucket', '--changed-since', '25h', '--dry-run'],
      "'25h' (2026-11-19T13:25:00.000Z) is more",
    ],
    [['backup', '--to', 's3://bucket', '--encrypt'], '--encrypt'],
    [['backup', '--record', 's3://bucket/record.json'], "--record 's3://bucket/record.json' is a place in S3"],
    [['backup', '--to', 's3://bucket', '--record', 'S3:bucket'], "--record 'S3:bucket' is a place in S3"],
    [['backup', '--dry-run', '--record', 's3://bucket/r'], "--record 's3://bucket/r' is a place in S3"],
    [['restore', 'latest', '--record', 's3://bucket/r', '--to-table', 'copy'], "--record 's3://bucket/r'"],
    [['backup', '--resume'], '--resume'],
    [['restore', 's3://bucket', '--in-place'], 'needs a backup'],
  ])('%j is a usage error', async (argv, said) => {
    const result = await run([...argv, '--json']);
    expect([result.code, errorOf(result).code]).toEqual([2, 'USAGE']);
    expect(result.stderr).toContain(said);
    expect(aws.writes()).toEqual([]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('says with --dry-run where to, and whether all is exported or what changed', async () => {
    await withRecovery();
    const now = Date.now() + 3_600_000;
    const full = ['--to', 's3://bucket/here/', '--dry-run'];
    expect(JSON.parse((await backup([...full, '--json'], { now })).stdout).backups).toMatchObject([
      { table: 'mcp-sessions', outcome: 'planned', place: 's3://bucket/here', type: 'FULL_EXPORT', changedSince: null },
      { table: 'mcp-session-events', place: 's3://bucket/here', type: 'FULL_EXPORT' },
    ]);
    expect((await backup([...full, '-q'], { now })).stdout).toContain(
      '+ mcp-sessions-export to s3://bucket/here: full, all items\n',
    );
    const since = new Date(now - 1_200_000).toISOString();
    const partial = [...full, '--changed-since', since];
    expect(JSON.parse((await backup([...partial, '--json'], { now })).stdout).backups).toMatchObject([
      { type: 'INCREMENTAL_EXPORT', changedSince: since },
      { type: 'INCREMENTAL_EXPORT', changedSince: since },
    ]);
    expect((await backup([...partial, '-q'], { now })).stdout).toContain(
      `+ mcp-sessions-export to s3://bucket/here: incremental, what changed since ${since}\n`,
    );
    expect(aws.writes()).toEqual([]);
  });

  it('takes S3:// for s3://', async () => {
    await withRecovery();
    const { code, stdout } = await backup(['--to', 'S3://bucket/here', '--json']);
    expect([code, JSON.parse(stdout).backups[0].place]).toEqual([0, expect.stringMatching(/^s3:\/\/bucket\/here\//)]);
    const plan = await restore(['S3://bucket/here', '--to-table', 'copy', '--dry-run', '-q']);
    expect(plan.stdout).toContain('+ copy from the export of mcp-sessions in s3://bucket/here');
  });

  it('says how to go on when it is not waited for', async () => {
    await withRecovery();
    Object.assign(aws.double.state.delays, { export: 60_000 });
    const { code, stdout } = await backup(['--to', 's3://bucket/here', '--no-wait', '-q']);
    expect(code).toBe(0);
    expect(stdout).toContain('is being made');
  });

  it('interrupted, tells of --resume, which follows the exports and makes no others', async () => {
    await withRecovery();
    Object.assign(aws.double.state.delays, { export: 60_000 });
    const to = ['--to', 's3://bucket/here', '--json'];
    const interrupt = new AbortController();
    const running = backup(to, { signal: interrupt.signal });
    const isAsked = () => aws.double.calls.filter(({ operation }) => operation === 'DescribeExport').length >= 2;
    while (!isAsked()) await new Promise((resolve) => setTimeout(resolve, 5));
    interrupt.abort();
    const stopped = await running;
    expect([stopped.code, errorOf(stopped).hint]).toEqual([130, expect.stringContaining('--resume')]);
    const { backups } = JSON.parse(stopped.stdout);
    aws.double.forgetCalls();
    const recorded = readFileSync(backups[0].record, 'utf8');
    const followed = await backup([...to, '--resume', '--no-wait'], { now: NOW + 1000 });
    expect(followed.code).toBe(0);
    expect(JSON.parse(followed.stdout).backups).toMatchObject(
      backups.map(({ arn }: { readonly arn: string }) => ({ arn })),
    );
    // As the table was when the export was asked for.
    expect(readFileSync(backups[0].record, 'utf8')).toBe(recorded);
    expect(aws.writes()).toEqual([]);
    const elsewhere = await backup(['--to', 's3://bucket/there', '--resume', '--json']);
    expect([elsewhere.code, errorOf(elsewhere).code]).toEqual([1, 'BACKUP_NOT_FOUND']);
  });
});
