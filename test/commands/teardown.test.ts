import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { startAwsDouble } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { dropTables, fillTables, NOW, setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

const engine = useEngine();

beforeEach(async () => {
  await dropTables(engine);
  await setUpTables(engine);
  await fillTables(engine);
});

const teardown = (argv: readonly string[], options: RunCommandOptions = {}) =>
  runCommand(['teardown', ...argv, ...at(engine.endpoint)], { now: NOW, ...options });

const countOf = async (TableName: string): Promise<number | undefined> =>
  (await engine.raw.call('Scan', { TableName })).Count;

const tables = async (): Promise<readonly string[]> =>
  ((await engine.raw.call('ListTables')).TableNames ?? []).toSorted();

const BOTH = ['mcp-session-events', 'mcp-sessions'];

describe('teardown', () => {
  it('has an object of steps, and a line or a record for each', async () => {
    const json = await teardown(['--clear-data', '--only', 'sessions', '--yes', '--json']);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toEqual({
      region: 'us-east-1',
      endpoint: engine.endpoint,
      account: null,
      layout: 'mcp',
      dryRun: false,
      steps: [
        {
          step: 'clear-data',
          table: 'mcp-sessions',
          outcome: 'done',
          way: 'items',
          deleted: 4,
          failed: 0,
          left: 0,
          // One unit a row, and one for each index that holds it: the row without created_at is in one only.
          capacity: { readUnits: expect.any(Number), writeUnits: 11 },
          seconds: expect.any(Number),
        },
      ],
      undo: [{ tables: ['mcp-sessions'], what: expect.stringContaining('no backup'), command: null }],
    });
    expect(await countOf('mcp-sessions')).toBe(0);
    expect(await countOf('mcp-session-events')).toBe(2);
    const csv = await teardown(['--clear-data', '--yes', '-o', 'csv']);
    expect(csv.stdout.trimEnd().split('\r\n')).toEqual([
      'step,table,outcome,way,deleted,failed,left,seconds,reason,error,backup,archive',
      expect.stringMatching(/^clear-data,mcp-session-events,done,items,2,0,0,[\d.]+,,,,$/),
      expect.stringMatching(/^clear-data,mcp-sessions,done,items,0,0,0,[\d.]+,,,,$/),
    ]);
    const lines = await teardown(['--disable-streams', '--yes', '-o', 'ndjson']);
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { step: 'disable-streams', table: 'mcp-session-events', outcome: 'done', view: 'NEW_AND_OLD_IMAGES' },
      { step: 'disable-streams', table: 'mcp-sessions', outcome: 'done' },
    ]);
  });

  it('says what was done and the command that undoes it, which does', async () => {
    const { code, stdout } = await teardown(['--delete', '--yes', '-q']);
    expect(code).toBe(0);
    expect(stdout).toContain('mcp-session-events: deleted');
    expect(await tables()).toEqual([]);
    const command = /^ {2}mcp-sessions (setup .*)$/m.exec(stdout)?.[1];
    expect((await runCommand([...(command ?? '').split(' '), '--yes', '-q'])).code).toBe(0);
    expect(await tables()).toEqual(BOTH);
  });

  it('says of which table a step was skipped, and why', async () => {
    await teardown(['--disable-streams', '--only', 'sessions', '--yes', '-q']);
    const { stdout } = await teardown(['--disable-streams', '--yes', '-q']);
    expect(stdout).toContain('= disable the stream of mcp-sessions: skipped, its stream is off\n');
    expect(stdout).toContain('mcp-session-events: stream disabled\n');
  });

  it('undoes a stream with the view that it had', async () => {
    const { stdout } = await teardown(['--disable-streams', '--yes', '--json']);
    const [undo] = JSON.parse(stdout).undo;
    expect(undo.command).toContain('streams enable --view NEW_AND_OLD_IMAGES');
    expect((await runCommand([...undo.command.split(' ').slice(1), '--yes', '-q'])).code).toBe(0);
    const { Table } = await engine.raw.call('DescribeTable', { TableName: 'mcp-sessions' });
    expect(Table).toMatchObject({ StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } });
  });

  it('undoes for the one table what was done to it, and leaves the other as it is', async () => {
    await runCommand(['setup', '--no-ttl', '--no-streams', '--prune', '--yes', '-q', ...at(engine.endpoint)]);
    await runCommand(['setup', '--only', 'events', '--yes', '-q', ...at(engine.endpoint)]);
    const before = await engine.raw.call('DescribeTable', { TableName: 'mcp-sessions' });
    for (const step of ['--disable-streams', '--delete']) {
      const { stdout } = await teardown([step, '--only', 'events', '--yes', '--json']);
      const { command } = JSON.parse(stdout).undo.at(-1);
      expect(command).toContain('--only events');
      expect((await runCommand([...command.split(' ').slice(1), '--yes', '-q'])).code).toBe(0);
      expect(await tables()).toEqual(BOTH);
    }
    const { Table } = await engine.raw.call('DescribeTable', { TableName: 'mcp-session-events' });
    expect(Table).toMatchObject({ StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } });
    expect(await engine.raw.call('DescribeTable', { TableName: 'mcp-sessions' })).toEqual(before);
    const ttl = await engine.raw.call('DescribeTimeToLive', { TableName: 'mcp-sessions' });
    expect(ttl).toMatchObject({ TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } });
  });

  it('says what leads to the place also where the environment said it', async () => {
    const { stdout } = await runCommand(['teardown', '--delete', '--yes', '--json'], {
      env: { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint, AWS_REGION: 'eu-central-1' },
    });
    const { command } = JSON.parse(stdout).undo.at(-1);
    expect(command).toContain(`--endpoint-url ${engine.endpoint}`);
    expect(command).toContain('--region eu-central-1');
  });

  it('has no way back for a table that no layout can make', async () => {
    await engine.raw.call('CreateTable', {
      TableName: 'users',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'email', AttributeType: 'S' }],
    });
    const argv = ['--delete', '--sessions-table', 'users', '--only', 'sessions', '--layout', 'mcp'];
    const { code, stdout } = await teardown([...argv, '--confirm', 'users', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).undo.map(({ command }: { command: string | null }) => command)).not.toContainEqual(
      expect.stringContaining('setup'),
    );
    expect(stdout).toContain('users: no layout says how to make it again');
  });

  it('ends with 0 where all is gone already, and asks nothing', async () => {
    await dropTables(engine);
    const { code, stdout, stderr } = await teardown(['--delete', '--clear-data', '--disable-streams']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.match(/it does not exist/g)).toHaveLength(6);
  });

  it('shows in a dry run what would be done, and changes nothing', async () => {
    const { code, stdout } = await teardown(['--clear-data', '--delete', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/newest activity: +5m ago/);
    expect(stdout).toContain('clear mcp-sessions');
    expect(stdout).toContain('a dry run: nothing was changed');
    const json = JSON.parse((await teardown(['--clear-data', '--dry-run', '--json'])).stdout);
    expect(json.dryRun).toBe(true);
    expect(json.steps[1]).toMatchObject({ outcome: 'skipped', reason: 'a dry run', way: 'items' });
    expect(json.tables[1]).toMatchObject({
      name: 'mcp-sessions',
      rows: 4,
      newestActivityAt: '2026-11-20T11:55:00.000Z',
    });
    expect(await countOf('mcp-sessions')).toBe(4);
  });

  it.each([
    [[], '--backup, --clear-data, --disable-streams, --delete or --all'],
    [['--delete', '--recreate'], '--clear-data'],
    [['--delete', '--no-recreate'], '--clear-data'],
  ])('%j is a usage error that says what to add', async (argv, hint) => {
    const { code, stderr } = await teardown([...argv, '--yes', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining(hint) });
    expect(await tables()).toEqual(BOTH);
  });

  it('takes one way to clear, not both', async () => {
    const { code, stderr } = await teardown(['--clear-data', '--recreate', '--no-recreate', '--yes', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('exclude') });
    expect(await countOf('mcp-sessions')).toBe(4);
  });

  it('refuses a layout without a table of the role', async () => {
    const argv = ['--delete', '--only', 'events', '--layout', 'express', '--sessions-table', 'nothing-there', '--yes'];
    expect((await teardown(argv)).code).toBe(2);
  });

  it('ends with 5 when a part was done, and with 1 when nothing was', async () => {
    const double = await startAwsDouble({ engineEndpoint: engine.endpoint });
    try {
      const run = (...argv: string[]) => runCommand(['teardown', ...argv, '--yes', '--json', ...at(double.endpoint)]);
      const error = {
        name: 'AccessDeniedException',
        message: 'User: x is not authorized to perform: dynamodb:DeleteTable',
      };
      double.inject({ operation: 'DeleteTable', after: 1, error });
      const partly = await run('--delete');
      expect(partly.code).toBe(5);
      const { steps, undo } = JSON.parse(partly.stdout);
      expect(steps).toMatchObject([
        { outcome: 'done' },
        { outcome: 'failed', error: { code: 'ACCESS_DENIED', message: expect.stringContaining('mcp-sessions') } },
      ]);
      expect(undo.map(({ tables: of }: { tables: unknown }) => of)).toContainEqual(['mcp-session-events']);
      expect((await run('--delete')).code).toBe(1);
    } finally {
      await double.stop();
    }
  });

  it('takes everything in the tables as it is: names of rows never reach the terminal', async () => {
    await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: '\u001b[2Jx' } } });
    const { stdout, stderr } = await teardown(['--clear-data', '--yes']);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(await countOf('mcp-sessions')).toBe(0);
  });
});

describe('consent to a teardown', () => {
  const production = ['--environment', 'production'];
  const names = ['--confirm', 'mcp-sessions', '--confirm', 'mcp-session-events'];
  const some = ['--confirm', 'mcp-sessions'];

  it.each([
    ['nothing', [], 4],
    ['--yes', ['--yes'], 0],
    ['one name', some, 4],
    ['all names', names, 4],
    ['--no-input', ['--no-input'], 4],
    ['--yes with --no-input', ['--yes', '--no-input'], 0],
    ['nothing in production', production, 4],
    ['--yes in production', [...production, '--yes'], 4],
    ['one name in production', [...production, ...some, '--yes'], 4],
    ['all names in production', [...production, ...names], 0],
  ] as const)('without a terminal, by %s', async (_, argv, code) => {
    const result = await teardown(['--delete', '--json', ...argv]);
    expect(result.code).toBe(code);
    expect(await tables()).toEqual(code === 0 ? [] : BOTH);
    if (code === 4) expect(JSON.parse(result.stderr).error.code).toBe('NOT_CONFIRMED');
  });

  it.each([
    ['DELETE', [], 'Type DELETE to go on', 'DELETE\r', 0],
    ['an empty line', [], 'Type DELETE to go on', '\r', 4],
    ['the name in production', production, 'Type mcp-sessions to go on', 'mcp-sessions\r', 0],
    ['an empty line in production', production, 'Type mcp-sessions to go on', '\r', 4],
    ['the name in production, even with --yes', [...production, '--yes'], 'Type mcp-sessions to', '\r', 4],
  ] as const)('on a terminal, by %s', async (_, argv, question, keys, code) => {
    const result = await teardown(['--delete', '--only', 'sessions', ...argv], {
      columns: 100,
      user: answer(question, keys),
    });
    expect(result.code).toBe(code);
    expect(await tables()).toEqual(code === 0 ? ['mcp-session-events'] : BOTH);
  });

  it('shows before it asks where, what, how many and how new', async () => {
    const { stderr } = await teardown(['--delete', '--clear-data', '--only', 'sessions'], {
      columns: 80,
      user: answer('Type DELETE', '\r'),
    });
    const told = stripVTControlCharacters(stderr);
    expect(told).toContain('us-east-1');
    expect(told).toContain(engine.endpoint);
    expect(told).toMatch(/^table: +mcp-sessions \(sessions\)/m);
    expect(told).toMatch(/^rows: +4/m);
    expect(told).toMatch(/^newest activity: +5m ago/m);
    expect(told).toContain('Clear and delete mcp-sessions?');
  });

  it('asks y or n for streams alone', async () => {
    const { code } = await teardown(['--disable-streams'], { columns: 100, user: answer('Disable the stream', 'y\r') });
    expect(code).toBe(0);
  });

  it('takes the tag of the tables for the environment', async () => {
    await runCommand([
      'setup',
      ...production,
      '--no-pitr',
      '--no-deletion-protection',
      '--yes',
      '-q',
      ...at(engine.endpoint),
    ]);
    await engine.raw.call('UpdateTable', { TableName: 'mcp-sessions', DeletionProtectionEnabled: false });
    await engine.raw.call('UpdateTable', { TableName: 'mcp-session-events', DeletionProtectionEnabled: false });
    expect((await teardown(['--delete', '--yes'])).code).toBe(4);
  });

  it('names the protection that is taken off', async () => {
    await engine.raw.call('UpdateTable', { TableName: 'mcp-sessions', DeletionProtectionEnabled: true });
    const refused = await teardown(['--delete', '--yes', '--json']);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stderr).error.code).toBe('TEARDOWN_REFUSED');
    const asked = await teardown(['--delete', '--force-unprotect'], {
      columns: 120,
      user: answer('Type DELETE', '\r'),
    });
    expect(stripVTControlCharacters(asked.stderr)).toContain('the deletion protection of mcp-sessions is taken off');
    expect(await tables()).toEqual(BOTH);
    expect((await teardown(['--delete', '--force-unprotect', '--yes'])).code).toBe(0);
  });

  it("asks for the name of a table that may be another's, in any environment", async () => {
    const argv = ['--clear-data', '--layout', 'generic', '--sessions-table', 'mcp-sessions'];
    expect((await teardown([...argv, '--yes'])).code).toBe(4);
    expect(await countOf('mcp-sessions')).toBe(4);
    expect((await teardown([...argv, '--confirm', 'mcp-sessions'])).code).toBe(0);
    expect(await countOf('mcp-sessions')).toBe(0);
  });
});
