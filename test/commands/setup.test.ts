import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { dropTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

const engine = useEngine();

beforeEach(() => dropTables(engine));

const tableNames = async (): Promise<readonly string[]> => (await engine.raw.call('ListTables')).TableNames ?? [];

const setup = (argv: readonly string[] = [], options: RunCommandOptions = {}) =>
  runCommand(['setup', ...argv, ...at(engine.endpoint)], options);

describe('setup', () => {
  it('json has the keys of the contract', async () => {
    const { code, stdout, stderr } = await setup(['--yes', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      region: 'us-east-1',
      endpoint: engine.endpoint,
      layout: 'mcp',
      dryRun: false,
      applied: true,
      tables: [
        { name: 'mcp-sessions', role: 'sessions', action: 'create' },
        { name: 'mcp-session-events', role: 'events', action: 'create' },
      ],
      warnings: [],
    });
    expect(result.tables[0].changes).toContainEqual({
      property: 'ttl',
      from: null,
      to: 'ttl',
      kind: 'add',
      outcome: 'done',
    });
    expect(await tableNames()).toEqual(['mcp-session-events', 'mcp-sessions']);
  });

  it('changes nothing when it is run again', async () => {
    await setup(['--yes']);
    const { code, stdout } = await setup(['--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: false,
      applied: false,
      tables: [
        { action: 'none', changes: [] },
        { action: 'none', changes: [] },
      ],
    });
    expect((await setup(['-q'])).stdout).toContain('nothing to do: the tables are as the layout says');
  });

  it('only compares with --check, exit 3 on drift, and with --dry-run', async () => {
    const check = await setup(['--check', '--json']);
    expect(check.code).toBe(3);
    expect(JSON.parse(check.stdout)).toMatchObject({ dryRun: true, applied: false });
    expect((await setup(['--dry-run', '--json'])).code).toBe(0);
    expect(await tableNames()).toEqual([]);
    await setup(['--yes']);
    expect((await setup(['--check', '--json'])).code).toBe(0);
  });

  it('shows its plan in words', async () => {
    const { stdout } = await setup(['--dry-run', '-q']);
    expect(stdout.replace(engine.endpoint, '[endpoint]')).toMatchInlineSnapshot(`
      "layout mcp in us-east-1 at [endpoint]

      + mcp-sessions (sessions): create
      +   keys                     session_id (S)
      +   index LastActivityIndex  last_activity (N), KEYS_ONLY
      +   index CreatedAtIndex     created_at (N), KEYS_ONLY
      +   stream                   NEW_AND_OLD_IMAGES
      +   billing                  on-demand
      +   tag Environment          development
      +   tag Application          MCP-Session-Storage
      +   tag Purpose              SessionManagement
      +   TTL                      ttl
      + mcp-session-events (events): create
      +   keys                  session_id (S) + event_id (N)
      +   index TimestampIndex  timestamp (N) + session_id (S), ALL
      +   stream                NEW_AND_OLD_IMAGES
      +   billing               on-demand
      +   tag Environment       development
      +   tag Application       MCP-Session-Storage
      +   tag Purpose           EventStreaming
      +   TTL                   ttl

      nothing was changed; without --check and --dry-run, setup applies this
      "
    `);
  });

  it('shows what differs', async () => {
    await setup(['--yes']);
    const { code, stdout } = await setup(['--dry-run', '-q', '--stream-view', 'KEYS_ONLY', '--tag', 'Team=agents']);
    expect(code).toBe(0);
    expect(stdout.replace(engine.endpoint, '[endpoint]')).toMatchInlineSnapshot(`
      "layout mcp in us-east-1 at [endpoint]

      ~ mcp-sessions (sessions): change
      ~   stream    NEW_AND_OLD_IMAGES → KEYS_ONLY
            a new stream begins empty; the old one can be read for 24 hours
      +   tag Team  agents
      ~ mcp-session-events (events): change
      ~   stream    NEW_AND_OLD_IMAGES → KEYS_ONLY
            a new stream begins empty; the old one can be read for 24 hours
      +   tag Team  agents

      nothing was changed; without --check and --dry-run, setup applies this
      "
    `);
  });

  it('keeps to ASCII where the locale has no more', async () => {
    await setup(['--yes']);
    const { stdout } = await setup(['--dry-run', '-q', '--stream-view', 'KEYS_ONLY'], { env: { LANG: 'C' } });
    expect(stdout).toContain('NEW_AND_OLD_IMAGES -> KEYS_ONLY');
    expect(stdout).toMatch(/^[\n -~]*$/);
  });

  it('csv has a line a change, ndjson a line a table, yaml the same as json', async () => {
    const csv = (await setup(['--dry-run', '-o', 'csv'])).stdout.split('\r\n');
    expect(csv[0]).toBe('table,role,action,property,from,to,outcome');
    expect(csv[1]).toBe('mcp-sessions,sessions,create,table,,session_id (S),');
    expect(csv).toContain('mcp-session-events,events,create,ttl,,ttl,');
    const lines = (await setup(['--dry-run', '-o', 'ndjson'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(['mcp-sessions', 'mcp-session-events']);
    const yaml = parse((await setup(['--dry-run', '-o', 'yaml'])).stdout);
    expect(yaml).toEqual(JSON.parse((await setup(['--dry-run', '--json'])).stdout));
  });

  it('asks nobody who cannot answer, and changes nothing: exit 4', async () => {
    for (const [argv, options] of [
      [[], {}],
      [['--no-input'], { columns: 80 }],
      [[], { env: { CI: 'true' } }],
    ] as const) {
      const { code, stdout, stderr } = await setup([...argv, '--json'], options);
      expect([code, stdout]).toEqual([4, '']);
      expect(JSON.parse(stderr.split('\n').find((line) => line.startsWith('{"error"')) ?? '')).toEqual({
        error: {
          code: 'NOT_CONFIRMED',
          message: 'setup needs consent, and there is no terminal to ask on: nothing was changed',
          hint: 'give --yes',
        },
      });
    }
    expect(await tableNames()).toEqual([]);
  });

  it('asks on a terminal, and takes no for an answer: exit 4', async () => {
    const { code, stdout, stderr } = await setup([], { columns: 100, user: answer('Apply this plan?', 'n\r') });
    expect([code, stdout]).toEqual([4, '']);
    expect(stripVTControlCharacters(stderr)).toContain('error: setup: not confirmed, so nothing was changed');
    expect(await tableNames()).toEqual([]);
  });

  it('applies after a yes, says the command without a question, and does not show the plan twice', async () => {
    const { code, stdout, stderr } = await setup([], { columns: 100, user: answer('Apply this plan?', 'y\r') });
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stdout)).toBe(
      '+ mcp-sessions (sessions): created\n+ mcp-session-events (events): created\n\ndone: the tables are as the layout says\n',
    );
    expect(stripVTControlCharacters(stderr)).toContain(`$ mcp-sessions setup --endpoint-url ${engine.endpoint} --yes`);
    expect(await tableNames()).toHaveLength(2);
  });

  it('tells a blocked table, the way out, and exits 1', async () => {
    await engine.raw.call('CreateTable', {
      TableName: 'mcp-sessions',
      AttributeDefinitions: [{ AttributeName: 'other', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'other', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    const flags = ['--layout', 'mcp', '--events-table', 'mcp-session-events'];
    const json = await setup([...flags, '--dry-run', '--json']);
    expect(JSON.parse(json.stdout).tables[0]).toMatchObject({
      action: 'blocked',
      changes: [{ property: 'keySchema', kind: 'blocked', reason: expect.any(String), wayOut: expect.any(String) }],
    });
    const { code, stdout, stderr } = await setup([...flags, '--yes', '-q']);
    expect(stdout).toContain('! mcp-sessions (sessions): blocked');
    expect(stdout).toContain('The way out:');
    expect(stderr).toContain('error: setup is blocked for mcp-sessions');
    expect([1, 5]).toContain(code);
  });
});
