import { beforeEach, describe, expect, it } from 'vitest';
import { useEngine } from '../support/engine.js';
import { dropTables, IDS, mcpItem, NOW, SECRETS, setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

const engine = useEngine();

const streams = (argv: readonly string[], options: RunCommandOptions = {}) =>
  runCommand(['streams', ...argv, ...at(engine.endpoint)], options);

const viewOf = async (table: string): Promise<string | undefined> =>
  (await engine.raw.call('DescribeTable', { TableName: table })).Table?.StreamSpecification?.StreamViewType;

beforeEach(async () => {
  await dropTables(engine);
  await setUpTables(engine);
});

describe('streams status', () => {
  it('has the keys that scripts rely on, in every format', async () => {
    const { code, stdout, stderr } = await streams(['status', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const [sessions, events] = JSON.parse(stdout).tables;
    expect(sessions).toEqual({
      table: 'mcp-sessions',
      role: 'sessions',
      exists: true,
      enabled: true,
      viewType: 'NEW_AND_OLD_IMAGES',
      arn: expect.stringContaining('/stream/'),
      label: expect.any(String),
      status: 'ENABLED',
      shards: { open: 1, closed: 0 },
    });
    expect(events.table).toBe('mcp-session-events');
    expect((await streams(['status', '-o', 'ndjson'])).stdout.trim().split('\n')).toHaveLength(2);
    expect((await streams(['status', '-o', 'csv'])).stdout).toMatch(
      /^table,role,enabled,viewType,status,openShards,closedShards,arn\r\nmcp-sessions,sessions,true,NEW_AND_OLD_IMAGES,ENABLED,1,0,arn/,
    );
    expect((await streams(['status', '-o', 'yaml'])).stdout).toContain('viewType: NEW_AND_OLD_IMAGES');
  });

  it('tells people in a page of 80 columns', async () => {
    await engine.raw.call('DeleteTable', { TableName: 'mcp-session-events' });
    const { stdout } = await streams(['status', '--no-color'], { columns: 80 });
    expect(stdout).toContain('Stream:  ENABLED, NEW_AND_OLD_IMAGES\nShards:  1 open, 0 closed');
    expect(stdout).toContain('mcp-session-events (events)\nStream:  the table does not exist');
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
  });
});

describe('streams enable and disable', () => {
  it('without a terminal and --yes nothing is changed: exit 4', async () => {
    const { code, stdout, stderr } = await streams(['disable', '--json']);
    expect([code, stdout, JSON.parse(stderr).error.code]).toEqual([4, '', 'NOT_CONFIRMED']);
    expect(await viewOf('mcp-sessions')).toBe('NEW_AND_OLD_IMAGES');
  });

  it('--dry-run says what would be done, and does nothing', async () => {
    const { code, stdout } = await streams(['disable', '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: true,
      tables: [
        {
          table: 'mcp-sessions',
          role: 'sessions',
          action: 'disable',
          from: 'NEW_AND_OLD_IMAGES',
          to: null,
          outcome: null,
        },
        { table: 'mcp-session-events', role: 'events', action: 'disable', outcome: null },
      ],
    });
    expect(await viewOf('mcp-sessions')).toBe('NEW_AND_OLD_IMAGES');
    expect((await streams(['disable', '--dry-run'])).stdout).toContain('Lambda triggers');
  });

  it('disable, and enable again with another view, say what became of each table', async () => {
    const off = await streams(['disable', '--yes', '--only', 'events', '--json']);
    expect(JSON.parse(off.stdout).tables).toEqual([
      {
        table: 'mcp-session-events',
        role: 'events',
        action: 'disable',
        from: 'NEW_AND_OLD_IMAGES',
        to: null,
        outcome: 'done',
      },
    ]);
    expect(await viewOf('mcp-session-events')).toBeUndefined();
    const [undo] = JSON.parse(off.stdout).undo;
    expect(undo).toContain('mcp-sessions streams enable --view NEW_AND_OLD_IMAGES --only events');
    const on = await streams(['enable', '--yes', '--view', 'KEYS_ONLY', '--json']);
    expect(JSON.parse(on.stdout).tables).toMatchObject([
      { role: 'sessions', action: 'change', from: 'NEW_AND_OLD_IMAGES', to: 'KEYS_ONLY', outcome: 'done' },
      { role: 'events', action: 'enable', from: null, to: 'KEYS_ONLY', outcome: 'done' },
    ]);
    expect([await viewOf('mcp-sessions'), await viewOf('mcp-session-events')]).toEqual(['KEYS_ONLY', 'KEYS_ONLY']);
  });

  it('nothing to do needs no consent', async () => {
    const { code, stdout } = await streams(['enable']);
    expect(code).toBe(0);
    expect(stdout).toContain('nothing to do');
  });

  it('on a terminal the plan is shown, then asked; no is exit 4', async () => {
    const no = await streams(['disable', '--no-color'], { columns: 80, user: answer('Turn this off?', 'n\r') });
    expect(no.code).toBe(4);
    expect(no.stderr).toContain('- mcp-sessions (sessions): stream off, was NEW_AND_OLD_IMAGES');
    expect(await viewOf('mcp-sessions')).toBe('NEW_AND_OLD_IMAGES');
    const yes = await streams(['disable', '--no-color'], { columns: 80, user: answer('Turn this off?', 'y\r') });
    expect([yes.code, await viewOf('mcp-sessions')]).toEqual([0, undefined]);
    expect(yes.stderr).toContain('streams disable');
  });

  it('in production --yes is not enough to turn a stream off or to renew it, but to turn it on', async () => {
    const production = ['--environment', 'production', '--only', 'sessions', '--json', '--yes'];
    for (const words of [['disable'], ['enable', '--view', 'KEYS_ONLY']]) {
      const refused = await streams([...words, ...production]);
      expect([refused.code, JSON.parse(refused.stderr).error.hint]).toEqual([
        4,
        expect.stringContaining('--confirm mcp-sessions'),
      ]);
    }
    const off = await streams(['disable', ...production, '--confirm', 'mcp-sessions']);
    expect([off.code, await viewOf('mcp-sessions')]).toEqual([0, undefined]);
    expect((await streams(['enable', ...production])).code).toBe(0);
  });

  it.each([
    [['enable', '--view', 'ALL'], 'ALL'],
    [['disable', '--only', 'indexes'], 'indexes'],
    [['tail', '--from', 'yesterday'], 'yesterday'],
    [['tail', '--limit', '0'], '0'],
    [['tail', '-o', 'csv'], 'csv'],
    [['tail', '-o', 'yaml'], 'yaml'],
  ])('%j is a mistake of usage', async (words, named) => {
    const { code, stderr } = await streams(words);
    expect(code).toBe(2);
    expect(stderr).toContain(named);
  });
});

describe('streams tail', () => {
  // The engine keeps a table's records when it is deleted and created anew: each test has a table of its own.
  let counter = 0;
  let table = '';
  const tail = (words: readonly string[], options: RunCommandOptions = {}) =>
    streams(['tail', '--sessions-table', table, '--events-table', `${table}-events`, ...words], options);

  beforeEach(async () => {
    table = `tailed-${(counter += 1)}`;
    const names = ['--sessions-table', table, '--events-table', `${table}-events`];
    await runCommand(['setup', '--yes', '--quiet', ...names, ...at(engine.endpoint)]);
  });

  const put = async (state: object): Promise<void> => {
    const Item = mcpItem(IDS.active, { created: -20, active: -5, expires: 25 }, state);
    await engine.raw.call('PutItem', { TableName: table, Item });
  };

  it('is a JSON object a line, with the keys that scripts rely on, secrets masked unless --reveal', async () => {
    await put({ count: 1, apiToken: SECRETS[0] });
    await put({ count: 2, apiToken: `${SECRETS[0]}-new` });
    const words = ['--from', 'trim-horizon', '--limit', '2', '-o', 'ndjson'];
    const { code, stdout, stderr } = await tail(words);
    expect([code, stderr]).toEqual([0, '']);
    const [added, changed] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(Object.keys(added)).toEqual([
      'table',
      'role',
      'eventName',
      'at',
      'sequenceNumber',
      'sessionId',
      'ttlDelete',
      'keys',
      'changes',
      'old',
      'new',
    ]);
    expect(added).toMatchObject({ table, eventName: 'INSERT', sessionId: IDS.active, old: null });
    expect(added.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    expect(changed).toMatchObject({
      eventName: 'MODIFY',
      changes: [
        { attribute: 'state.count', from: 1, to: 2 },
        { attribute: 'state.apiToken', from: expect.stringContaining('•'), to: expect.stringContaining('•') },
      ],
      old: { state: { count: 1 } },
      new: { state: { count: 2 } },
    });
    expect(stdout).not.toContain(SECRETS[0]);
    expect((await tail([...words, '--reveal'])).stdout).toContain(`"${SECRETS[0]}-new"`);
  });

  it('tells people in lines that fit, with nothing in them that a terminal would obey', async () => {
    await put({ text: 'a' });
    await put({ text: `${'long '.repeat(40)}\u001b[31m\u202e` });
    const { stdout } = await tail(['--from', 'trim-horizon', '--limit', '2', '--no-color'], { columns: 80 });
    expect(stdout).toContain(`INSERT session ${IDS.active}`);
    expect(stdout).toMatch(/MODIFY session \S+\n {4}state\.text: a → long long/);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\u202e');
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it('tells people times as the other views do, and programs what is stored', async () => {
    for (const active of [-5, 0]) {
      const item = mcpItem(IDS.active, { created: -20, active, expires: 25 });
      await engine.raw.call('PutItem', { TableName: table, Item: { ...item, last_used: { N: '1795175700' } } });
    }
    const Item = { session_id: { S: IDS.active }, event_id: { N: '7' }, timestamp: { N: String(NOW) } };
    await engine.raw.call('PutItem', { TableName: `${table}-events`, Item });
    const words = ['--from', 'trim-horizon', '--limit', '3'];
    const { stdout } = await tail([...words, '--no-color'], { columns: 80 });
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ INSERT session /m);
    expect(stdout).toContain('    created_at: 2026-11-20 11:40:00Z\n');
    expect(stdout).toContain('    ttl: 2026-11-20 12:25:00Z\n');
    expect(stdout).toContain('    last_activity: 2026-11-20 11:55:00Z → 2026-11-20 12:00:00Z\n');
    expect(stdout).toContain('    timestamp: 2026-11-20 12:00:00Z\n');
    // No time of the layout, whatever it looks like.
    expect(stdout).toContain('    last_used: 1795175700\n');
    const lines = (await tail([...words, '-o', 'ndjson'])).stdout.trim().split('\n');
    const changed = lines.map((line) => JSON.parse(line)).find(({ eventName }) => eventName === 'MODIFY');
    expect(changed.new).toMatchObject({ last_activity: NOW, created_at: NOW - 20 * 60_000 });
    expect(changed.changes).toEqual([{ attribute: 'last_activity', from: NOW - 5 * 60_000, to: NOW }]);
  });

  it('ends with Ctrl-C, which is its end: exit 0', async () => {
    const stop = new AbortController();
    const { code, stderr } = await tail([], {
      signal: stop.signal,
      user: async (shown) => {
        while (!shown.stderr.written.includes('Ctrl-C ends it')) await new Promise((resolve) => setTimeout(resolve, 5));
        stop.abort();
      },
    });
    expect([code, stderr]).toEqual([0, `following ${table} and ${table}-events; Ctrl-C ends it\n`]);
  });

  it('without any stream says how to turn one on', async () => {
    await streams(['disable', '--yes']);
    const { code, stderr } = await streams(['tail', '--json']);
    expect([code, JSON.parse(stderr).error]).toMatchObject([
      1,
      { code: 'STREAM_NOT_FOUND', hint: expect.stringContaining('streams enable') },
    ]);
  });
});
