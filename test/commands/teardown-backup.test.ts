import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, removeFolders } from '../operations/backup/harness.js';
import { closeAll, type RunningDouble, startDouble } from '../operations/harness.js';
import { awsFaults } from '../support/aws-double.js';
import { type RawClient, useEngine } from '../support/engine.js';
import { dropTables, fillTables, NOW, setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

removeFolders();
closeAll();
const engine = useEngine();
const TABLES = ['mcp-session-events', 'mcp-sessions'] as const;
const ROWS = { 'mcp-session-events': 2, 'mcp-sessions': 4 };

let aws: RunningDouble;
let cwd: string;
beforeEach(async () => {
  await dropTables(engine);
  await setUpTables(engine);
  await fillTables(engine);
  aws = await startDouble(engine.endpoint);
  cwd = freshFolder();
});
afterAll(() => dropTables(engine));

const run = (argv: readonly string[], options: RunCommandOptions = {}) =>
  runCommand([...argv, ...at(aws.double.endpoint)], { cwd, now: NOW, env: { AWS_REGION: 'eu-west-1' }, ...options });

const teardown = (argv: readonly string[], options: RunCommandOptions = {}) =>
  run(['teardown', '--no-settle', ...argv], options);

const errorOf = ({ stderr }: { readonly stderr: string }) => JSON.parse(stderr).error;

/** All items of a table, in one order; null when there is no such table. */
async function itemsOf(raw: RawClient, TableName: string): Promise<readonly string[] | null> {
  try {
    const { Items = [] } = await raw.call('Scan', { TableName });
    return Items.map((item) =>
      JSON.stringify(Object.entries(item).toSorted(([a], [b]) => a.localeCompare(b))),
    ).toSorted();
  } catch {
    return null;
  }
}

const contents = (raw: RawClient = engine.raw) =>
  Promise.all(['mcp-sessions', 'mcp-session-events'].map((table) => itemsOf(raw, table)));

interface Undo {
  readonly tables: readonly string[];
  readonly what: string;
  readonly command: string;
}

const undoIn = (stdout: string): readonly Undo[] => JSON.parse(stdout).undo;

/** Runs a printed command as it stands, beside the consent that a terminal would give. */
const runPrinted = (command: string, consent: readonly string[] = ['--yes']) =>
  runCommand([...command.split(' ').slice(1), ...consent, '--json'], {
    cwd,
    now: NOW,
    env: { AWS_REGION: 'eu-west-1' },
  });

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
        record: path.join(cwd, '.mcp-sessions', 'backups', 'mcp-sessions-backup-20261120-120000.json'),
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
    const { Table } = await aws.raw.call('DescribeTable', { TableName: 'mcp-session-events' });
    expect(Table).toMatchObject({ DeletionProtectionEnabled: true });
  });

  it('is undone beside a table with replicas, which is not replaced', async () => {
    const ReplicaUpdates = [{ Create: { RegionName: 'eu-central-1' } }];
    await aws.raw.call('UpdateTable', { TableName: 'mcp-sessions', ReplicaUpdates });
    const { stdout } = await teardown(['--backup', '--clear-data', '--only', 'sessions', '--yes', '--json']);
    const [way] = undoIn(stdout);
    expect((await runPrinted(way?.command ?? '')).code).toBe(0);
    expect(await itemsOf(aws.raw, 'mcp-sessions-restored')).toHaveLength(ROWS['mcp-sessions']);
    await engine.raw.call('DeleteTable', { TableName: 'mcp-sessions-restored' });
  });

  it('prefers the backup of this run to an archive here, where backups may not be listed', async () => {
    await run(['backup', '--to', path.join('.mcp-sessions', 'backups', 'mcp-sessions-backup-20261101-000000'), '-q']);
    const error = awsFaults.accessDenied('ListBackups', 'mcp-sessions');
    // The looks at both tables; whether there are backups at all is asked after them.
    aws.double.inject({ operation: 'ListBackups', times: 2, error });
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
      const { Table } = await aws.raw.call('DescribeTable', { TableName });
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
    aws = await startDouble(engine.endpoint, { clock: () => Date.now() + ahead });
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
    for (const table of TABLES) expect(await itemsOf(aws.raw, `${table}-restored`)).not.toBeNull();
    for (const table of TABLES) await engine.raw.call('DeleteTable', { TableName: `${table}-restored` });
  });

  it('ends with 5 and deletes nothing when a backup stays CREATING, with 1 when none can be made', async () => {
    aws.double.state.delays.backup = 60_000;
    const before = await contents();
    const hanging = await teardown(['--all', '--yes', '--json', '--timeout', '100ms']);
    expect([hanging.code, errorOf(hanging).code]).toEqual([5, 'WAIT_TIMEOUT']);
    expect(errorOf(hanging).message).toContain('nothing was deleted');
    expect(JSON.parse(hanging.stdout).steps[0].backup.status).toBe('CREATING');
    const error = awsFaults.accessDenied('CreateBackup', 'mcp-sessions');
    aws.double.inject({ operation: 'CreateBackup', error });
    const denied = await teardown(['--all', '--yes', '--json']);
    expect([denied.code, errorOf(denied).code]).toEqual([1, 'ACCESS_DENIED']);
    expect(await contents()).toEqual(before);
  });

  it('ends with 130 and deletes nothing when it is interrupted while it waits', async () => {
    aws.double.state.delays.backup = 60_000;
    const before = await contents();
    const interruption = new AbortController();
    aws.double.inject({
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
    aws.double.inject({
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
    aws.double.forgetCalls();
    const { code, stdout } = await teardown(['--all']);
    expect(code).toBe(0);
    expect(stdout.match(/it does not exist/g)).toHaveLength(4);
    expect(aws.writes()).toEqual([]);
    expect(existsSync(path.join(cwd, '.mcp-sessions'))).toBe(false);
  });

  it('shows in a dry run what it waits for and what is lost, and makes nothing', async () => {
    aws.double.forgetCalls();
    const { code, stdout } = await teardown(['--all', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('back up mcp-sessions');
    expect(stdout.match(/what is written after the backup was asked for is lost/g)).toHaveLength(1);
    expect(aws.writes()).toEqual([]);
  });
});

/** On the engine itself, which has no backups. */
const local = (argv: readonly string[], options: RunCommandOptions = {}) =>
  runCommand(['teardown', ...argv, ...at(engine.endpoint)], { cwd, now: NOW, ...options });

describe('teardown with an archive', () => {
  it.each([[['--all']], [['--all', '--to', 'kept']], [['--backup', '--clear-data']], [['--all', '--only', 'events']]])(
    '%j is undone by the printed command',
    async (argv) => {
      const before = await contents();
      const { code, stdout } = await local([...argv, '--yes', '--json']);
      expect(code).toBe(0);
      const { steps, undo } = JSON.parse(stdout);
      expect(steps[0]).toMatchObject({
        step: 'backup',
        table: 'mcp-session-events',
        outcome: 'done',
        backup: null,
        archive: { path: expect.stringContaining(cwd), items: ROWS['mcp-session-events'], verified: true },
      });
      expect(undo).toHaveLength(1);
      expect(await contents()).not.toEqual(before);
      expect((await runPrinted(undo[0].command)).code).toBe(0);
      expect(await contents()).toEqual(before);
    },
  );

  it('says which earlier archive holds the rows where this run made none', async () => {
    const before = await contents();
    await runCommand(['backup', '-q', ...at(engine.endpoint)], { cwd, now: NOW - 60_000 });
    const asked = await local(['--delete'], { columns: 100, user: answer('Type DELETE', 'DELETE\r') });
    expect(stripVTControlCharacters(asked.stderr)).toMatch(/newest archive: +\S.* ago:\s+\S/);
    const command = /^ {2}mcp-sessions (restore .*)$/m.exec(stripVTControlCharacters(asked.stdout))?.[0].trim();
    expect((await runPrinted(command ?? '')).code).toBe(0);
    expect(await contents()).toEqual(before);
  });

  it('refuses a folder that holds something, before it asks', async () => {
    await local(['--backup', '--to', 'kept', '-q']);
    const result = await local(['--all', '--to', 'kept', '--json']);
    expect([result.code, errorOf(result).code]).toEqual([1, 'ARCHIVE_EXISTS']);
    expect(readdirSync(cwd)).toEqual(['kept']);
  });

  it.each([
    [['--delete', '--to', 'x'], '--to'],
    [['--clear-data', '--no-settle'], '--no-settle'],
    [['--all', '--to', 's3://bucket/x'], 'S3'],
  ])('%j is a usage error', async (argv, what) => {
    const result = await local([...argv, '--yes', '--json']);
    expect([result.code, errorOf(result).code]).toEqual([2, 'USAGE']);
    expect(errorOf(result).message).toContain(what);
  });
});

describe('consent', () => {
  const production = ['--environment', 'production'];
  const both = TABLES.flatMap((table) => ['--confirm', table]);
  const one = ['--confirm', 'mcp-sessions'];
  const typed = 'Type DELETE to go on';

  it.each([
    // [how, flags, what is typed on a terminal and at which question, exit code]
    ['nothing, no terminal', ['--all'], null, 4],
    ['--yes, no terminal', ['--all', '--yes'], null, 0],
    ['names, no terminal', ['--all', ...both], null, 4],
    ['--no-input on a terminal', ['--all', '--no-input'], [], 4],
    ['--yes on a terminal', ['--all', '--yes'], [], 0],
    ['DELETE on a terminal', ['--all'], [[typed, 'DELETE\r']], 0],
    ['nothing typed on a terminal', ['--all'], [[typed, '\r']], 4],
    ['Esc on a terminal', ['--all'], [[typed, '\u001b']], 4],
    ['Ctrl-C on a terminal', ['--all'], [[typed, '\u0003']], 130],
    ['Ctrl-D on a terminal', ['--all'], [[typed, '\u0004']], 4],
    ['nothing in production', ['--all', ...production], null, 4],
    ['--yes in production', ['--all', ...production, '--yes'], null, 4],
    ['one name in production', ['--all', ...production, ...one], null, 4],
    ['all names in production', ['--all', ...production, ...both], null, 0],
    ['all names in production, --no-input', ['--all', ...production, ...both, '--no-input'], [], 0],
    [
      'both names typed in production',
      ['--all', ...production, '--yes'],
      [
        ['Type mcp-session-events to', 'mcp-session-events\r'],
        ['Type mcp-sessions to', 'mcp-sessions\r'],
      ],
      0,
    ],
    [
      'Ctrl-C at the second name',
      ['--all', ...production],
      [
        ['Type mcp-session-events to', 'mcp-session-events\r'],
        ['Type mcp-sessions to', '\u0003'],
      ],
      130,
    ],
    ['one name given and Esc', ['--all', ...production, ...one], [['Type mcp-session-events to', '\u001b']], 4],
    ['backups alone, no terminal', ['--backup'], null, 0],
    ['backups alone in production', ['--backup', ...production], null, 0],
    ['backups and streams, no terminal', ['--backup', '--disable-streams'], null, 4],
    ['backups and streams, n', ['--backup', '--disable-streams'], [['Back up and disable', 'n\r']], 4],
    ['clear, no terminal', ['--backup', '--clear-data'], null, 4],
    ['clear by DELETE', ['--backup', '--clear-data'], [[typed, 'DELETE\r']], 0],
  ] as const)('%s', async (_, argv, keys, code) => {
    aws.double.forgetCalls();
    const result = await teardown(argv, {
      ...(keys !== null && { columns: 100 }),
      user: async (streams) => {
        for (const [question, what] of keys ?? []) await answer(question, what)(streams);
      },
    });
    expect(result.code).toBe(code);
    if (code !== 0) {
      expect(aws.writes()).toEqual([]);
      expect(existsSync(path.join(cwd, '.mcp-sessions'))).toBe(false);
    } else expect(aws.writes()).toContain('CreateBackup');
  });

  it('shows account, region, endpoint, table, rows, newest activity and newest backup, in 80 columns', async () => {
    await run(['backup', '-q']);
    const { stderr } = await teardown(['--all'], { columns: 80, user: answer(typed, '\r') });
    const told = stripVTControlCharacters(stderr);
    const flat = told.replaceAll(/\s+/g, ' ');
    expect(flat).toContain(`in eu-west-1 at ${aws.double.endpoint}, account 123456789012`);
    expect(told).toMatch(/^table: +mcp-sessions \(sessions\)/m);
    expect(told).toMatch(/^rows: +4/m);
    expect(told).toMatch(/^newest activity: +5m ago/m);
    expect(flat).toMatch(/newest backup: mcp-sessions-backup-20261120-120000/);
    expect(told.split('\n').filter((line) => line.length > 80 && !line.startsWith('? '))).toEqual([]);
  });
});

describe('the menu of teardown', () => {
  const MENU = 'Tear down what?';
  const DOWN = '\u001b[B';

  it.each([
    ['clear data', 0, '--clear-data', 'Type DELETE'],
    ['disable streams', 2, '--disable-streams', 'Disable the stream'],
    ['delete', 3, '--delete', 'Type DELETE'],
    ['full clean-up', 4, '--all', 'Type DELETE'],
  ] as const)('%s says the command and asks', async (_, downs, flag, question) => {
    aws.double.forgetCalls();
    const { code, stderr } = await run(['teardown'], {
      columns: 100,
      user: async (streams) => {
        await answer(MENU, `${DOWN.repeat(downs)}\r`)(streams);
        await answer(question, '\u001b')(streams);
      },
    });
    expect(code).toBe(4);
    expect(stripVTControlCharacters(stderr)).toContain(
      `$ mcp-sessions teardown --endpoint-url ${aws.double.endpoint} ${flag}\n`,
    );
    expect(aws.writes()).toEqual([]);
  });

  it('goes through with a clearing, and says the whole command', async () => {
    const { code, stderr } = await run(['teardown'], {
      columns: 100,
      user: async (streams) => {
        await answer(MENU, '\r')(streams);
        await answer('Type DELETE', 'DELETE\r')(streams);
      },
    });
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stderr)).toContain(`${aws.double.endpoint} --clear-data --yes\n`);
    expect(await contents()).toEqual([[], []]);
  });

  it('makes backups without another question', async () => {
    const { code, stdout } = await run(['teardown'], { columns: 100, user: answer(MENU, `${DOWN}\r`) });
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stdout)).toContain('mcp-sessions: backed up');
  });

  it.each([
    ['cancel', `${DOWN.repeat(5)}\r`, 4],
    ['Esc', '\u001b', 4],
    ['Ctrl-D', '\u0004', 4],
    ['Ctrl-C', '\u0003', 130],
  ] as const)('%s changes nothing', async (_, keys, code) => {
    aws.double.forgetCalls();
    const result = await run(['teardown'], { columns: 100, user: answer(MENU, keys) });
    expect(result.code).toBe(code);
    expect(aws.double.calls).toEqual([]);
  });

  it('asks in plain lines on a dumb terminal', async () => {
    const { code, stderr } = await run(['teardown'], {
      columns: 80,
      env: { AWS_REGION: 'eu-west-1', TERM: 'dumb', LANG: 'C' },
      user: async (streams) => {
        await answer('Number (1-6)', '1\n')(streams);
        await answer('Type DELETE', 'DELETE\n')(streams);
      },
    });
    expect(stderr).toContain('5) full clean-up');
    expect(stderr).not.toContain('\u001b');
    expect(code).toBe(0);
  });

  it('is not shown without a terminal, nor with --no-input', async () => {
    expect((await run(['teardown'])).code).toBe(2);
    const result = await run(['teardown', '--no-input'], { columns: 80 });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--all');
  });
});
