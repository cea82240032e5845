import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CliError } from '../../src/errors.js';
import vitestSetup, { startTestTables, type TestTables, type TestTablesOptions } from '../../src/testing/index.js';
import { tempFolder } from '../support/cli.js';
import { rawClient } from '../support/engine.js';
import { runCommand } from '../support/run-command.js';

const started: TestTables[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((tables) => tables.stop()));
  vi.unstubAllEnvs();
});

async function start(options: TestTablesOptions = {}): Promise<TestTables> {
  const tables = await startTestTables(options);
  started.push(tables);
  return tables;
}

const namesAt = async ({ endpoint }: Pick<TestTables, 'endpoint'>): Promise<readonly string[]> =>
  ((await rawClient(endpoint).call('ListTables')).TableNames ?? []).toSorted();

describe('startTestTables', () => {
  it("sets a layout's tables up, and says where they are", async () => {
    const test = await start();
    expect(test).toMatchObject({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      region: 'us-east-1',
      layout: 'mcp',
      tables: { sessions: 'mcp-sessions', events: 'mcp-session-events' },
    });
    expect(test.env).toEqual({
      AWS_ENDPOINT_URL_DYNAMODB: test.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: test.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      DYNAMODB_SESSIONS_TABLE: 'mcp-sessions',
      MCP_SESSION_TABLE: 'mcp-sessions',
      DYNAMODB_EVENTS_TABLE: 'mcp-session-events',
      MCP_SESSION_EVENT_TABLE: 'mcp-session-events',
      MCP_SESSIONS_LAYOUT: 'mcp',
    });
    expect((await runCommand(['status', '--check', '--quiet'], { env: test.env })).code).toBe(0);
  });

  it.each<[TestTablesOptions, readonly string[], TestTables['tables']]>([
    [
      { layout: 'turul', suffix: '7' },
      ['mcp-sessions-7', 'mcp-sessions-events-7'],
      { sessions: 'mcp-sessions-7', events: 'mcp-sessions-events-7' },
    ],
    [{ layout: 'express', sessionsTable: 'web' }, ['web'], { sessions: 'web', events: null }],
  ])('takes layout, names and suffix: %j', async (options, names, tables) => {
    const test = await start(options);
    expect(test).toMatchObject({ layout: options.layout, tables });
    expect(await namesAt(test)).toEqual(names);
  });

  it('takes them from the environment and the configuration file where they are not given, as the command does', async () => {
    const folder = tempFolder();
    writeFileSync(path.join(folder, 'mcp-sessions.config.json'), JSON.stringify({ layout: 'llm-duel', suffix: 'f' }));
    vi.stubEnv('SESSION_TABLE_NAME', 'duel');
    expect((await start({ folder })).tables.sessions).toBe('duel-f');
  });

  it('has each its own engine', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    await rawClient(one.endpoint).call('DeleteTable', { TableName: 'mcp-sessions' });
    expect(await namesAt(two)).toHaveLength(2);
  });

  it('resets the tables to what they were, whatever a test did to them', async () => {
    const test = await start({ sessions: 5, events: 2 });
    const raw = rawClient(test.endpoint);
    const keys = async (TableName: string): Promise<readonly string[]> =>
      ((await raw.call('Scan', { TableName })).Items ?? [])
        .map(({ session_id, event_id }) => JSON.stringify([session_id, event_id]))
        .toSorted();
    const before = [await keys('mcp-sessions'), await keys('mcp-session-events')];
    expect(before.map(({ length }) => length)).toEqual([5, 10]);
    await raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: 'mine' } } });
    await raw.call('UpdateTable', { TableName: 'mcp-sessions', DeletionProtectionEnabled: true });
    await raw.call('DeleteTable', { TableName: 'mcp-session-events' });
    await test.reset();
    const after = [await keys('mcp-sessions'), await keys('mcp-session-events')];
    expect(after.map(({ length }) => length)).toEqual([5, 10]);
    expect(after.join()).not.toContain('mine');
    expect((await runCommand(['status', '--check', '--quiet'], { env: test.env })).code).toBe(0);
  });

  it('turns what would lead past the engine off in the variables that it answers', async () => {
    vi.stubEnv('AWS_PROFILE', 'production');
    vi.stubEnv('AWS_SESSION_TOKEN', '');
    const { env } = await start();
    expect(env['AWS_PROFILE']).toBe('');
    expect(env).not.toHaveProperty('AWS_SESSION_TOKEN');
  });

  it('leaves no engine where it cannot set up what was asked for', async () => {
    const failure = startTestTables({ layout: 'generic' });
    await expect(failure).rejects.toBeInstanceOf(CliError);
    await expect(failure).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
    await expect(startTestTables({ layout: 'django' })).rejects.toMatchObject({ code: 'LAYOUT_UNKNOWN' });
  });
});

describe('the global set-up for vitest', () => {
  it('leaves the environment as it was', async () => {
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('DYNAMODB_SESSIONS_TABLE', undefined);
    const provide = vi.fn();
    const teardown = await vitestSetup({ provide });
    const [[key, value] = []] = provide.mock.calls;
    expect([key, process.env['AWS_REGION'], process.env['DYNAMODB_SESSIONS_TABLE']]).toEqual([
      'mcpSessions',
      'us-east-1',
      'mcp-sessions',
    ]);
    // vitest hands it to its workers as a clone.
    expect(structuredClone(value)).toEqual(value);
    await teardown();
    expect([process.env['AWS_REGION'], process.env['DYNAMODB_SESSIONS_TABLE']]).toEqual(['eu-west-1', undefined]);
    await expect(rawClient(value.endpoint).call('ListTables')).rejects.toThrow();
  });
});
