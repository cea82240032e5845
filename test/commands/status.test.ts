import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { fillTables, NOW, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();
const empty = useEngine();

beforeAll(async () => {
  await setUpTables(engine);
  await fillTables(engine);
});

const status = (argv: readonly string[] = [], columns?: number) =>
  runCommand(['status', ...argv, ...at(engine.endpoint)], { now: NOW, ...(columns !== undefined && { columns }) });

const CONTRACT =
  'name role exists status itemCount sizeBytes billingMode keySchema indexes ttl stream pointInTimeRecovery deletionProtection tags drift'.split(
    ' ',
  );

describe('status', () => {
  it('json has the keys of the contract', async () => {
    const { code, stdout, stderr } = await status(['--json']);
    expect([code, stderr]).toEqual([0, '']);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ region: 'us-east-1', endpoint: engine.endpoint, layout: 'mcp', inSync: true });
    const [sessions, events] = result.tables;
    expect(Object.keys(sessions)).toEqual(expect.arrayContaining(CONTRACT));
    expect(sessions).toMatchObject({
      name: 'mcp-sessions',
      role: 'sessions',
      exists: true,
      status: 'ACTIVE',
      itemCount: 4,
      sizeBytes: expect.any(Number),
      billingMode: 'PAY_PER_REQUEST',
      keySchema: { partitionKey: 'session_id', sortKey: null },
      ttl: { status: 'ENABLED', attribute: 'ttl' },
      stream: { enabled: true, viewType: 'NEW_AND_OLD_IMAGES' },
      pointInTimeRecovery: { enabled: false },
      deletionProtection: false,
      tags: { Application: 'MCP-Session-Storage', Environment: 'development', Purpose: 'SessionManagement' },
      drift: [],
    });
    expect(sessions.indexes).toContainEqual(
      expect.objectContaining({
        name: 'LastActivityIndex',
        status: 'ACTIVE',
        partitionKey: 'last_activity',
        sortKey: null,
        projection: 'KEYS_ONLY',
      }),
    );
    expect(events).toMatchObject({
      role: 'events',
      keySchema: { partitionKey: 'session_id', sortKey: 'event_id' },
      indexes: [{ name: 'TimestampIndex', partitionKey: 'timestamp', sortKey: 'session_id', projection: 'ALL' }],
    });
  });

  it('has every key also for a table that is not there', async () => {
    const { code, stdout } = await runCommand(['status', '--json', '--check', ...at(empty.endpoint)]);
    expect(code).toBe(3);
    const { inSync, tables } = JSON.parse(stdout);
    expect(inSync).toBe(false);
    for (const table of tables) expect(Object.keys(table)).toEqual(expect.arrayContaining(CONTRACT));
    expect(tables[0]).toMatchObject({
      exists: false,
      status: null,
      indexes: [],
      drift: [{ property: 'table', expected: 'session_id (S)', actual: null }],
    });
    const { code: withoutCheck } = await runCommand(['status', '--json', ...at(empty.endpoint)]);
    expect(withoutCheck).toBe(0);
  });

  it('says drift, and exits 3 with --check only', async () => {
    const flags = ['--stream-view', 'KEYS_ONLY', '--tag', 'Team=agents'];
    const { code, stdout } = await status([...flags, '--check', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ inSync: false });
    expect(JSON.parse(stdout).tables[0].drift).toEqual([
      { property: 'stream', expected: 'KEYS_ONLY', actual: 'NEW_AND_OLD_IMAGES' },
      { property: 'tag:Team', expected: 'agents', actual: null },
    ]);
    expect((await status([...flags, '--json'])).code).toBe(0);
    expect((await status(['--check', '-q'])).code).toBe(0);
  });

  it('csv and ndjson have a line a table, yaml the same as json', async () => {
    const [header, sessions, events, end] = (await status(['-o', 'csv'])).stdout.split('\r\n');
    expect(header).toBe('name,role,exists,status,itemCount,sizeBytes,billingMode,ttl,stream,indexes,drift');
    expect(sessions).toMatch(
      /^mcp-sessions,sessions,true,ACTIVE,4,\d+,PAY_PER_REQUEST,ttl,NEW_AND_OLD_IMAGES,LastActivityIndex CreatedAtIndex,$/,
    );
    expect(events).toMatch(/^mcp-session-events,events,true,/);
    expect(end).toBe('');
    const json = JSON.parse((await status(['--json'])).stdout);
    const lines = (await status(['-o', 'ndjson'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(json.tables);
    expect(parse((await status(['-o', 'yaml'])).stdout)).toEqual(json);
  });

  it('reads well at 80 columns', async () => {
    const { stdout } = await status(['--stream-view', 'KEYS_ONLY'], 80);
    const text = stripVTControlCharacters(stdout);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(text.replaceAll(engine.endpoint, '[endpoint]').replace(/\d+(\.\d+)? K?B/g, '[size]')).toMatchInlineSnapshot(`
      "layout mcp (as detected) in us-east-1 at [endpoint]

      mcp-sessions (sessions)
      State:       ACTIVE
      Items:       4
      Keys:        session_id (S)
      Indexes:     LastActivityIndex: last_activity (N), KEYS_ONLY
                   CreatedAtIndex: created_at (N), KEYS_ONLY
      TTL:         ttl (ENABLED)
      Stream:      NEW_AND_OLD_IMAGES
      Billing:     on-demand
      Recovery:    not offered here, or not readable
      Protection:  off
      Encryption:  DynamoDB's own key
      Tags:        Application=MCP-Session-Storage, Environment=development,
                   Purpose=SessionManagement
      Backup:      not offered here, or not readable
      ~ drift  stream: NEW_AND_OLD_IMAGES, the layout says KEYS_ONLY

      mcp-session-events (events)
      State:       ACTIVE
      Items:       2
      Keys:        session_id (S) + event_id (N)
      Indexes:     TimestampIndex: timestamp (N) + session_id (S), ALL
      TTL:         ttl (ENABLED)
      Stream:      NEW_AND_OLD_IMAGES
      Billing:     on-demand
      Recovery:    not offered here, or not readable
      Protection:  off
      Encryption:  DynamoDB's own key
      Tags:        Application=MCP-Session-Storage, Environment=development,
                   Purpose=EventStreaming
      Backup:      not offered here, or not readable
      ~ drift  stream: NEW_AND_OLD_IMAGES, the layout says KEYS_ONLY

      warning: the tables differ from the layout; \`mcp-sessions setup --endpoint-url
               [endpoint]\` shows the plan and mends it
      "
    `);
  });

  it('advises a command that goes to the same tables', async () => {
    const { stdout } = await runCommand(['status', '-q', '--region', 'eu-west-1', ...at(empty.endpoint)]);
    expect(stdout).toContain(`\`mcp-sessions setup --region eu-west-1 --endpoint-url ${empty.endpoint}\` creates it`);
  });
});
