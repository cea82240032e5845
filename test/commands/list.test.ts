import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { fillTables, IDS, NOW, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();

beforeAll(async () => {
  await setUpTables(engine);
  await fillTables(engine);
});

const list = (argv: readonly string[] = [], columns?: number) =>
  runCommand(['list', ...argv, ...at(engine.endpoint)], { now: NOW, ...(columns !== undefined && { columns }) });

const ids = async (...argv: string[]): Promise<string[]> => {
  const { stdout } = await list([...argv, '--output', 'ndjson']);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).id]));
};

const ACTIVE = {
  id: IDS.active,
  state: 'active',
  createdAt: '2026-11-20T11:40:00.000Z',
  lastActivityAt: '2026-11-20T11:55:00.000Z',
  expiresAt: '2026-11-20T12:25:00.000Z',
  sizeBytes: expect.any(Number),
  problems: [],
};

describe('list', () => {
  it('json has the keys of the contract, newest activity first', async () => {
    const { code, stdout, stderr } = await list(['--json']);
    expect([code, stderr]).toEqual([0, '']);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      scanned: 4,
      capacity: { readUnits: expect.any(Number), writeUnits: 0 },
      truncated: false,
    });
    expect(result.sessions[0]).toEqual(ACTIVE);
    expect(result.sessions.map(({ id, state }: { id: string; state: string }) => [id, state])).toEqual([
      [IDS.active, 'active'],
      [IDS.terminated, 'terminated'],
      [IDS.incomplete, 'incomplete'],
      [IDS.expired, 'expired'],
    ]);
  });

  it('yaml is the same as json', async () => {
    const [yaml, json] = [await list(['-o', 'yaml']), await list(['-o', 'json'])];
    expect(yaml.stderr).toBe('');
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  });

  it('ndjson is one session a line', async () => {
    const { stdout, stderr } = await list(['-o', 'ndjson']);
    expect(stderr).toBe('');
    expect(stdout.endsWith('\n')).toBe(true);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines[0] ?? '')).toEqual(ACTIVE);
  });

  it('csv has a header and a record a session', async () => {
    const { stdout, stderr } = await list(['-o', 'csv', '--active']);
    expect(stderr).toBe('');
    const [header, first, ...rest] = stdout.split('\r\n');
    expect(header).toBe('id,state,lastActivityAt,createdAt,expiresAt,sizeBytes,problems');
    expect(first).toMatch(
      new RegExp(
        `^${IDS.active},active,2026-11-20T11:55:00.000Z,2026-11-20T11:40:00.000Z,2026-11-20T12:25:00.000Z,\\d+,$`,
      ),
    );
    expect(rest).toEqual(['']);
  });

  it('shows at 80 columns id whole, state, last activity and expiry, and what is wrong below', async () => {
    const { code, stdout } = await list([], 80);
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stdout)).toMatchInlineSnapshot(`
      "Id                                State       Last activity  Created  Expires
      ────────────────────────────────  ──────────  ─────────────  ───────  ──────────
      01a1f8d6eb41708d98f53a7d94186ed5  active      5m ago         20m ago  in 25m
      01a1f8cbdb8975d8a8429381364629b7  terminated  10m ago        1h ago   in 20m
      01a1f8ca3a7273eab83072b7e88dc461  incomplete  15m ago        -        in 15m
      01a1f20b3ed377eda780800ebac6eda3  expired     4h ago         5h ago   3h 30m ago
      columns not shown: Size (use a wider terminal, --columns or --output json)

      warning: 01a1f8ca3a7273eab83072b7e88dc461: without created_at

      4 sessions in 'mcp-sessions'; 4 items read, 0.5 read units
      "
    `);
    expect(
      stripVTControlCharacters(stdout)
        .split('\n')
        .every((line) => line.length <= 80),
    ).toBe(true);
    expect(stdout).toContain('\u001b[32mactive\u001b[39m');
  });

  it('shows more at 200 columns', async () => {
    const { stdout } = await list(['--active'], 200);
    const [header, , row] = stripVTControlCharacters(stdout).split('\n');
    expect(header).toMatch(/^Id +State +Last activity +Created +Expires +Size$/);
    expect(row).toMatch(new RegExp(`^${IDS.active}  active +5m ago +20m ago +in 25m +\\d+ B$`));
  });

  it('writes ISO times and every column whole where there is no terminal', async () => {
    const { stdout } = await list(['--active', '--quiet']);
    expect(stdout).toContain('2026-11-20T11:55:00.000Z');
    expect(stdout).not.toContain('ago');
    expect(stdout).not.toContain('\u001b');
  });

  it('filters', async () => {
    expect(await ids('--active')).toEqual([IDS.active]);
    expect(await ids('--terminated')).toEqual([IDS.terminated]);
    expect(await ids('--expired')).toEqual([IDS.expired]);
    expect(await ids('--idle', '12m')).toEqual([IDS.incomplete, IDS.expired]);
    expect(await ids('--created-after', '55m')).toEqual([IDS.active]);
    expect(await ids('--created-before', '2026-11-20T08:00:00Z')).toEqual([IDS.expired]);
  });

  it('filters by attributes, also inside payloads', async () => {
    expect(await ids('--where', 'state.apiToken^=tok_')).toEqual([IDS.active]);
    expect(await ids('--where', 'metadata.client=vscode', '--where', 'state.terminated=true')).toEqual([
      IDS.terminated,
    ]);
    expect(await ids('--where', 'created_at missing')).toEqual([IDS.incomplete]);
    const { code, stdout, stderr } = await list(['--where', 'nonsense', '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'USAGE', message: "--where 'nonsense' is not a condition" });
  });

  it('compares times with instants, whatever their unit', async () => {
    expect(await ids('--where', 'created_at<2020-01-01T00:00:00Z')).toEqual([]);
    expect(await ids('--where', 'created_at<2026-11-20T08:00:00Z')).toEqual([IDS.expired]);
    expect(await ids('--where', 'ttl<1h')).toEqual([IDS.expired]);
    expect(await ids('--where', 'last_activity>=8m')).toEqual([IDS.active]);
  });

  it.each([
    ['created_at<lately', "'created_at' holds a time, and 'lately' is neither"],
    ['state={"userId":42}', "'state' cannot be compared with a JSON object or list"],
    ['state..userId=42', 'is not a condition'],
    ['state<', 'is not a condition'],
  ])('refuses --where %s', async (condition, message) => {
    for (const more of [[], ['--all', '-o', 'ndjson']]) {
      const { code, stdout, stderr } = await list(['--where', condition, ...more]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(message);
    }
  });

  it.each([
    [['--idle', '1h'], 'neither activity nor creation'],
    [['--created-before', '1h'], 'does not record when a session was created'],
    [['--terminated'], 'does not record that a session was terminated'],
    [['--sort', 'created'], 'does not record when a session was created'],
  ])('refuses what the layout does not record: %j', async (argv, message) => {
    for (const more of argv[0] === '--sort' ? [[]] : [[], ['--all', '-o', 'ndjson']]) {
      const { code, stdout, stderr } = await list(['--layout', 'express', ...argv, ...more]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(message);
    }
  });

  it('sorts, limits and says that there is more', async () => {
    expect(await ids('--sort', 'id')).toEqual(Object.values(IDS).toSorted());
    expect(await ids('--sort', 'expiry', '--limit', '1')).toEqual([IDS.expired]);
    expect(JSON.parse((await list(['--limit', '1', '--json'])).stdout)).toMatchObject({ truncated: true, scanned: 4 });
    expect((await list(['--limit', '1', '-q'])).stdout).toContain(
      "1 of 4 sessions (--limit or --all for more) in 'mcp-sessions'",
    );
    expect(await ids('--all')).toHaveLength(4);
  });

  it('gives the columns that were asked for, in their order, in every format', async () => {
    const flags = ['--columns', 'state,id', '--active'];
    expect(JSON.parse((await list([...flags, '--json'])).stdout).sessions).toEqual([
      { state: 'active', id: IDS.active },
    ]);
    expect((await list([...flags, '-o', 'csv'])).stdout).toBe(`state,id\r\nactive,${IDS.active}\r\n`);
    expect((await list([...flags, '-q'])).stdout.split('\n')[0]).toMatch(/^State +Id$/);
  });

  it.each([
    [['--active', '--expired'], '--active and --expired exclude each other'],
    [['--active', '--terminated'], '--active and --terminated exclude each other'],
    [['--all', '--limit', '3'], '--all and --limit exclude each other'],
    [['--created-after', 'tomorrowish'], "--created-after 'tomorrowish' is not an instant"],
  ])('refuses %j', async (flags, message) => {
    const { code, stdout, stderr } = await list([...flags, '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'USAGE', message });
  });

  it('says which payload is not JSON, and that TTL never removes a row without its value, as show does', async () => {
    const Item = {
      session_id: { S: 'odd' },
      created_at: { N: String(NOW - 1000) },
      last_activity: { N: String(NOW - 1000) },
      state: { S: '{"userId":' },
      metadata: { S: '{}' },
    };
    await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item });
    const problems = ['state is not JSON', 'without ttl: TTL never removes it'];
    const shown = await runCommand(['show', 'odd', '--json', ...at(engine.endpoint)], { now: NOW });
    expect(JSON.parse(shown.stdout).problems).toEqual(problems);
    const where = ['--where', 'session_id=odd', '--json'];
    expect(JSON.parse((await list(where)).stdout).sessions[0].problems).toEqual(problems);
    const columns = await list([...where, '--columns', 'id,problems']);
    expect(JSON.parse(columns.stdout).sessions[0].problems).toEqual(problems);
    await engine.raw.call('DeleteItem', { TableName: 'mcp-sessions', Key: { session_id: { S: 'odd' } } });
  });

  it('says once that idle is counted from creation where no activity is recorded', async () => {
    await engine.raw.call('CreateTable', {
      TableName: 'duels',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
    });
    await engine.raw.call('PutItem', {
      TableName: 'duels',
      Item: { session_id: { S: 'duel' }, created_at: { S: '2026-11-20T09:00:00' } },
    });
    const idle = async (...argv: readonly string[]) =>
      (await list(['--layout', 'llm-duel', '--sessions-table', 'duels', ...argv])).stdout;
    const note = 'the layout llm-duel records no activity, so idle is counted from creation';
    expect((await idle('--idle', '1h')).split(note)).toHaveLength(2);
    expect((await idle('--idle', '10h')).split(note)).toHaveLength(2);
    expect(await idle()).not.toContain(note);
    expect((await list(['--idle', '1m'])).stdout).not.toContain('counted from creation');
    await engine.raw.call('DeleteTable', { TableName: 'duels' });
  });

  it('says what to do when there is nothing', async () => {
    const { stdout } = await list(['--idle', '52w', '-q']);
    expect(stdout).toBe("no such session among the 4 items of 'mcp-sessions'\n");
    const { code, stderr } = await list(['--sessions-table', 'nowhere', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'TABLE_NOT_FOUND' });
    expect(JSON.parse(stderr).error.hint).toContain('mcp-sessions (name one with --sessions-table)');
  });

  it('writes progress for people only', async () => {
    expect((await list(['--json'])).stderr).toBe('');
    expect((await list(['--quiet'])).stderr).toBe('');
    expect((await list(['--json', '--verbose'])).stderr).toMatch(/^aws: DescribeTable mcp-sessions 200 \d+ ms/m);
  });
});
