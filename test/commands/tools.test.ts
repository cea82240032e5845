import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();

beforeAll(() => setUpTables(engine));

const records = (csv: string): string[] => csv.split('\r\n').filter((line) => line !== '');

const doctor = (argv: readonly string[] = []) => runCommand(['doctor', ...argv, ...at(engine.endpoint)]);

describe('layouts list', () => {
  it('gives id, title and tables in every format', async () => {
    const json = await runCommand(['layouts', 'list', '--json']);
    expect([json.code, json.stderr]).toEqual([0, '']);
    const { layouts } = JSON.parse(json.stdout);
    expect(layouts[0]).toMatchObject({
      id: 'mcp',
      title: expect.any(String),
      tables: ['mcp-sessions', 'mcp-session-events'],
    });
    expect(parse((await runCommand(['layouts', 'list', '-o', 'yaml'])).stdout)).toEqual({ layouts });
    const lines = (await runCommand(['layouts', 'list', '-o', 'ndjson'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(layouts);
    const csv = records((await runCommand(['layouts', 'list', '-o', 'csv'])).stdout);
    expect(csv[0]).toBe('id,title,tables,purgeSafe');
    expect(csv).toHaveLength(layouts.length + 1);
    const { stdout } = await runCommand(['layouts', 'list'], { columns: 80 });
    expect(stdout).toContain('mcp-sessions');
    for (const { id } of layouts) expect(stdout).toContain(id);
  });
});

describe('layouts show', () => {
  it('gives a layout as the configuration file takes it, and for people', async () => {
    const json = JSON.parse((await runCommand(['layouts', 'show', 'mcp', '--json'])).stdout);
    expect(json).toMatchObject({
      id: 'mcp',
      tables: [{ role: 'sessions' }, { role: 'events' }],
      lifetimeSeconds: 1800,
    });
    expect(parse((await runCommand(['layouts', 'show', 'mcp', '-o', 'yaml'])).stdout)).toEqual(json);
    const { stdout } = await runCommand(['layouts', 'show', 'mcp']);
    expect(stdout).toMatch(/Name: +mcp-sessions, \$DYNAMODB_SESSIONS_TABLE, \$MCP_SESSION_TABLE/);
    expect(stdout).toMatch(/Expires: +ttl \(epoch seconds\)/);
    expect(stdout).toMatch(/Last activity: +last_activity or lastActivity \(epoch milliseconds\)/);
  });

  it('suggests the nearest id', async () => {
    const { code, stdout, stderr } = await runCommand(['layouts', 'show', 'mpc', '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'LAYOUT_UNKNOWN',
      message: "there is no layout 'mpc'",
      hint: expect.stringMatching(/^Did you mean mcp\? Layouts: mcp, turul/),
    });
  });
});

describe('layouts detect', () => {
  it('says layout, confidence and why', async () => {
    const { code, stdout, stderr } = await runCommand([
      'layouts',
      'detect',
      'mcp-sessions',
      '--json',
      ...at(engine.endpoint),
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ table: 'mcp-sessions', layout: 'mcp', confidence: 'certain' });
    expect(found.why).toContain('keys session_id (S)');
    const words = await runCommand(['layouts', 'detect', 'mcp-sessions', ...at(engine.endpoint)]);
    expect(words.stdout).toContain('✓ mcp-sessions: mcp (certain)');
  });

  it('exits 3 where no layout is certain, 1 where there is no table, 2 where there can be none', async () => {
    await engine.raw.call('CreateTable', {
      TableName: 'odd',
      AttributeDefinitions: [{ AttributeName: 'wildly', AttributeType: 'B' }],
      KeySchema: [{ AttributeName: 'wildly', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    const detect = (table: string) => runCommand(['layouts', 'detect', table, '--json', ...at(engine.endpoint)]);
    expect((await detect('odd')).code).toBe(3);
    expect(await detect('nowhere')).toMatchObject({ code: 1, stdout: '' });
    expect(await detect('a b')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('doctor', () => {
  it('json has the keys of the contract', async () => {
    const { code, stdout, stderr } = await doctor(['--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(true);
    for (const finding of findings) expect(Object.keys(finding).toSorted()).toEqual(['check', 'cure', 'detail', 'ok']);
    const details = Object.fromEntries(findings.map(({ check, detail }: Record<string, string>) => [check, detail]));
    expect(details).toMatchObject({
      'region in use': 'us-east-1',
      target: `${engine.endpoint} (--endpoint-url)`,
      'sessions table': "'mcp-sessions' is ACTIVE",
      schema: 'the tables are as the layout says',
    });
  });

  it('gives the same in the other formats', async () => {
    const { ok, findings } = JSON.parse((await doctor(['--json'])).stdout);
    expect(parse((await doctor(['-o', 'yaml'])).stdout)).toEqual({ ok, findings });
    const lines = (await doctor(['-o', 'ndjson'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(findings);
    const csv = records((await doctor(['-o', 'csv'])).stdout);
    expect(csv[0]).toBe('check,ok,detail,cure');
    expect(csv).toHaveLength(findings.length + 1);
    expect((await doctor()).stdout).toMatch(/✓ region in use: us-east-1\n[\s\S]*\n\n✓ no findings\n$/);
  });

  it('shows where each value came from', async () => {
    const { stdout } = await runCommand(['doctor', '--json', '--sessions-table', 'mine'], {
      env: {
        AWS_ENDPOINT_URL: engine.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB_STREAMS: 'http://streams:1',
        AWS_DEFAULT_REGION: 'eu-west-1',
        ENVIRONMENT: 'staging',
      },
    });
    const details = JSON.parse(stdout).findings.map(
      ({ check, detail }: Record<string, string>) => `${check}: ${detail}`,
    );
    expect(details).toEqual(
      expect.arrayContaining([
        'region: eu-west-1 (AWS_DEFAULT_REGION)',
        `target: ${engine.endpoint} (AWS_ENDPOINT_URL)`,
        'streams: http://streams:1 (AWS_ENDPOINT_URL_DYNAMODB_STREAMS)',
        'environment: staging (ENVIRONMENT)',
        'sessions table asked for: mine (--sessions-table)',
      ]),
    );
  });

  it('shows the name that counts where several are given, and what the configuration file is overruled in', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
    const file = path.join(cwd, 'mcp-sessions.config.json');
    writeFileSync(file, '{ "local": true, "sessionsTable": "of-the-file", "eventsTable": "events-of-the-file" }');
    const { stdout } = await runCommand(['doctor', '--json'], {
      cwd,
      env: {
        MCP_SESSIONS_LOCAL: '0',
        AWS_ENDPOINT_URL: engine.endpoint,
        AWS_ENDPOINT_URL_CLOUDWATCH: 'http://alarms:1',
        DYNAMODB_SESSIONS_TABLE: 'mcp-sessions',
      },
    });
    rmSync(cwd, { recursive: true });
    const details = JSON.parse(stdout).findings.map(
      ({ check, detail }: Record<string, string>) => `${check}: ${detail}`,
    );
    expect(details).toEqual(
      expect.arrayContaining([
        `configuration file: ${file}`,
        'embedded engine: not to be used (MCP_SESSIONS_LOCAL)',
        'CloudWatch: http://alarms:1 (AWS_ENDPOINT_URL_CLOUDWATCH)',
        'sessions table asked for: mcp-sessions (DYNAMODB_SESSIONS_TABLE)',
        // Known once the layout is found out.
        `events table asked for: events-of-the-file (${file})`,
        'region in use: us-east-1',
      ]),
    );
  });

  it('exits 3 with a cure for every finding', async () => {
    const { code, stdout } = await doctor(['--sessions-table', 'nowhere', '--json']);
    expect(code).toBe(3);
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(false);
    const failed = findings.filter((finding: { ok: boolean }) => !finding.ok);
    expect(failed).toMatchObject([{ check: 'sessions table', detail: "table 'nowhere' does not exist" }]);
    expect(failed[0].cure).toContain('mcp-sessions setup --endpoint-url');
    expect((await doctor(['--sessions-table', 'nowhere'])).stdout).toMatch(/! sessions table: .*\n {4}run `mcp-/);
    expect((await doctor(['--sessions-table', 'nowhere'])).stdout).toContain('warning: 1 finding\n');
  });
});
