import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { startDouble } from '../operations/harness.js';
import { awsFaults } from '../support/aws-double.js';
import { dropTables } from '../support/mcp-tables.js';
import { errorOf, itemsOf, ROWS, TABLES, undoIn, useTeardown } from './teardown-harness.js';

const on = useTeardown();
const { contents, engine, run, runPrinted, teardown } = on;

describe('teardown with backups of AWS', () => {
  it('tells of each step, and of the backup by name and ARN', async () => {
    const { code, stdout, stderr } = await teardown(['--all', '--yes', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { steps } = JSON.parse(stdout);
    expect(steps.map(({ step, table, outcome }: Record<string, string>) => [step, table, outcome])).toEqual([
      ['backup', 'mcp-session-events', 'done'],
      ['backup', 'mcp-sessions', 'done'],
      ['delete', 'mcp-session-events', 'done'],
      ['delete', 'mcp-sessions', 'done'],
    ]);
    expect(steps[1]).toEqual({
      step: 'backup',
      table: 'mcp-sessions',
      outcome: 'done',
      backup: {
        name: 'mcp-sessions-backup-20261120-120000',
        arn: expect.stringMatching(/^arn:aws:dynamodb:eu-west-1:123456789012:table\/mcp-sessions\/backup\//),
        status: 'AVAILABLE',
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        record: path.join(on.cwd, '.mcp-sessions', 'backups', 'mcp-sessions-backup-20261120-120000.json'),
      },
      archive: null,
      seconds: expect.any(Number),
    });
    expect(await contents()).toEqual([null, null]);
  });

  it('has the ARN in csv, and says for people what there is', async () => {
    const csv = await teardown(['--backup', '-o', 'csv']);
    expect(csv.stdout).toMatch(/^backup,mcp-sessions,done,,,,,[\d.]+,,,arn:aws:dynamodb:[^,]+,$/m);
    const { stdout } = await teardown(['--backup', '-q']);
    // The second run within the same second: it takes the next one.
    expect(stdout).toContain('mcp-sessions: backed up: mcp-sessions-backup-20261120-120001 is AVAILABLE');
    expect(stdout).not.toContain('undo');
  });

  it('is undone by the printed commands: rows and settings are back', async () => {
    const before = await contents();
    const { stdout } = await teardown(['--all', '--yes', '--json']);
    const undo = undoIn(stdout);
    expect(undo.map(({ tables }) => tables)).toEqual([['mcp-session-events'], ['mcp-sessions']]);
    for (const { command } of undo) expect((await runPrinted(command)).code).toBe(0);
    expect(await contents()).toEqual(before);
    const check = await run(['setup', '--check', '--json']);
    expect(check.code).toBe(0);
  });

  it('is undone in place where the tables were cleared and are still there', async () => {
    const before = await contents();
    const { stdout } = await teardown(['--backup', '--clear-data', '--yes', '--json']);
    expect(await contents()).toEqual([[], []]);
    for (const { command, tables } of undoIn(stdout)) {
      expect(command).toContain('--in-place');
      const consent = ['--no-settle', ...tables.flatMap((table) => ['--confirm', table])];
      expect((await runPrinted(command, consent)).code).toBe(0);
    }
    expect(await contents()).toEqual(before);
  });

  it('is undone in place of a protected table too, which is protected again', async () => {
    const before = await contents();
    await run(['setup', '--deletion-protection', '--yes', '-q']);
    const { stdout } = await teardown(['--backup', '--clear-data', '--only', 'events', '--yes', '--json']);
    const [way] = undoIn(stdout);
    expect(way?.command).toContain('--in-place --force-unprotect');
    const printed = await runPrinted(way?.command ?? '', ['--no-settle', '--confirm', 'mcp-session-events']);
    expect(printed.code).toBe(0);
    expect(await contents()).toEqual(before);
    const { Table } = await on.aws.raw.call('DescribeTable', { TableName: 'mcp-session-events' });
    expect(Table).toMatchObject({ DeletionProtectionEnabled: true });
  });

  it('is undone beside a table with replicas, which is not replaced', async () => {
    const ReplicaUpdates = [{ Create: { RegionName: 'eu-central-1' } }];
    await on.aws.raw.call('UpdateTable', { TableName: 'mcp-sessions', ReplicaUpdates });
    const { stdout } = await teardown(['--backup', '--clear-data', '--only', 'sessions', '--yes', '--json']);
    const [way] = undoIn(stdout);
    expect((await runPrinted(way?.command ?? '')).code).toBe(0);
    expect(await itemsOf(on.aws.raw, 'mcp-sessions-restored')).toHaveLength(ROWS['mcp-sessions']);
    await engine.raw.call('DeleteTable', { TableName: 'mcp-sessions-restored' });
  });

  it('prefers the backup of this run to an archive here, where backups may not be listed', async () => {
    await run(['backup', '--to', path.join('.mcp-sessions', 'backups', 'mcp-sessions-backup-20261101-000000'), '-q']);
    const error = awsFaults.accessDenied('ListBackups', 'mcp-sessions');
    // The looks at both tables; whether there are backups at all is asked after them.
    on.aws.double.inject({ operation: 'ListBackups', times: 2, error });
    const { stdout } = await teardown(['--all', '--yes', '--json']);
    expect(undoIn(stdout).map(({ command }) => command)).toEqual(
      TABLES.map((table) => expect.stringMatching(`restore arn:\\S+table/${table}/`)),
    );
  });

  it('turns each stream on again with the view that it had', async () => {
    await run(['streams', 'enable', '--view', 'KEYS_ONLY', '--only', 'events', '--yes', '-q']);
    const { stdout } = await run(['teardown', '--disable-streams', '--yes', '--json']);
    for (const { command } of undoIn(stdout)) expect((await runPrinted(command)).code).toBe(0);
    const views = TABLES.map(async (TableName) => {
      const { Table } = await on.aws.raw.call('DescribeTable', { TableName });
      return Table?.StreamSpecification?.StreamViewType;
    });
    expect(await Promise.all(views)).toEqual(['KEYS_ONLY', 'NEW_AND_OLD_IMAGES']);
  });

  it('is undone from an earlier backup where this run made none', async () => {
    await run(['backup', '-q']);
    const before = await contents();
    const deleted = await run(['teardown', '--delete', '--yes', '--json']);
    for (const { command, what } of undoIn(deleted.stdout)) {
      expect(what).toMatch(/^the rows of mcp-[\w-]+ as of \d{4}-/);
      expect((await runPrinted(command)).code).toBe(0);
    }
    expect(await contents()).toEqual(before);
  });

  it('is undone from the last backup that AWS makes of a table with recovery points', async () => {
    await run(['setup', '--pitr', '--yes', '-q']);
    const before = await contents();
    const { stdout } = await run(['teardown', '--delete', '--yes', '--json']);
    for (const { command } of undoIn(stdout)) expect((await runPrinted(command)).code).toBe(0);
    expect(await contents()).toEqual(before);
  });

  it('is undone from recovery points, each table beside the old one, after rows were deleted', async () => {
    let ahead = 0;
    on.aws = await startDouble(engine.endpoint, { clock: () => Date.now() + ahead });
    await run(['setup', '--pitr', '--yes', '-q']);
    // Recovery points begin within the second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const { stdout } = await run(['teardown', '--clear-data', '--yes', '--json'], { now: Date.now() });
    const undo = undoIn(stdout);
    expect(undo.map(({ tables }) => tables)).toEqual(TABLES.map((table) => [table]));
    expect(undo[0]?.what).toContain('five minutes');
    expect((await runPrinted(undo[0]?.command ?? '')).code).toBe(1);
    ahead = 360_000;
    for (const { command } of undo) expect((await runPrinted(command)).code).toBe(0);
    // What the rows were then only AWS knows.
    for (const table of TABLES) expect(await itemsOf(on.aws.raw, `${table}-restored`)).not.toBeNull();
    for (const table of TABLES) await engine.raw.call('DeleteTable', { TableName: `${table}-restored` });
  });

  it('ends with 5 and deletes nothing when a backup stays CREATING, with 1 when none can be made', async () => {
    on.aws.double.state.delays.backup = 60_000;
    const before = await contents();
    const hanging = await teardown(['--all', '--yes', '--json', '--timeout', '100ms']);
    expect([hanging.code, errorOf(hanging).code]).toEqual([5, 'WAIT_TIMEOUT']);
    expect(errorOf(hanging).message).toContain('nothing was deleted');
    expect(JSON.parse(hanging.stdout).steps[0].backup.status).toBe('CREATING');
    const error = awsFaults.accessDenied('CreateBackup', 'mcp-sessions');
    on.aws.double.inject({ operation: 'CreateBackup', error });
    const denied = await teardown(['--all', '--yes', '--json']);
    expect([denied.code, errorOf(denied).code]).toEqual([1, 'ACCESS_DENIED']);
    expect(await contents()).toEqual(before);
  });

  it('ends with 130 and deletes nothing when it is interrupted while it waits', async () => {
    on.aws.double.state.delays.backup = 60_000;
    const before = await contents();
    const interruption = new AbortController();
    on.aws.double.inject({
      operation: 'DescribeBackup',
      after: 2,
      when: () => {
        interruption.abort();
        return false;
      },
    });
    const result = await teardown(['--all', '--yes', '--json'], { signal: interruption.signal });
    expect(result.code).toBe(130);
    expect(errorOf(result).message).toMatch(
      /nothing was deleted; AWS goes on with mcp-session-events-backup-\d+-\d+ and mcp-sessions-backup-/,
    );
    expect(await contents()).toEqual(before);
  });

  it('names the way back for a table whose deletion was asked for when it was interrupted', async () => {
    const before = await contents();
    const interruption = new AbortController();
    on.aws.double.inject({
      operation: 'DeleteTable',
      when: () => {
        interruption.abort();
        return false;
      },
    });
    const { code, stdout } = await teardown(['--all', '--yes', '--json'], { signal: interruption.signal });
    expect(code).toBe(130);
    const [way, ...others] = undoIn(stdout);
    expect([way?.tables, others]).toEqual([['mcp-session-events'], []]);
    expect(way?.what).toContain('should the table be gone');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await contents())[1]).toBeNull();
    expect((await runPrinted(way?.command ?? '')).code).toBe(0);
    expect(await contents()).toEqual(before);
  });

  it('says when all is gone, makes nothing, and ends with 0', async () => {
    await dropTables(engine);
    on.aws.double.forgetCalls();
    const { code, stdout } = await teardown(['--all']);
    expect(code).toBe(0);
    expect(stdout.match(/it does not exist/g)).toHaveLength(4);
    expect(on.aws.writes()).toEqual([]);
    expect(existsSync(path.join(on.cwd, '.mcp-sessions'))).toBe(false);
  });

  it('shows in a dry run what it waits for and what is lost, and makes nothing', async () => {
    on.aws.double.forgetCalls();
    const { code, stdout } = await teardown(['--all', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('back up mcp-sessions');
    expect(stdout.match(/what is written after the backup was asked for is lost/g)).toHaveLength(1);
    expect(on.aws.writes()).toEqual([]);
  });
});
