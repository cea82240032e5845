import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { fillTables, IDS, NOW, SECRETS, setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand } from '../support/run-command.js';

const engine = useEngine();
const FORMATS = ['table', 'json', 'ndjson', 'csv', 'yaml'] as const;

beforeAll(async () => {
  await setUpTables(engine);
  await fillTables(engine);
});

const show = (argv: readonly string[], columns?: number) =>
  runCommand(['show', ...argv, ...at(engine.endpoint)], { now: NOW, ...(columns !== undefined && { columns }) });

describe('show', () => {
  it('json has the keys of the contract', async () => {
    const { code, stdout, stderr } = await show([IDS.active, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual({
      id: IDS.active,
      state: 'active',
      createdAt: '2026-11-20T11:40:00.000Z',
      lastActivityAt: '2026-11-20T11:55:00.000Z',
      expiresAt: '2026-11-20T12:25:00.000Z',
      sizeBytes: expect.any(Number),
      problems: [],
      layout: 'mcp',
      table: 'mcp-sessions',
      attributes: {
        session_id: IDS.active,
        client_capabilities: { sampling: {} },
        server_capabilities: { logging: {} },
        state: { apiToken: '••••••4e36', password: '••••••' },
        created_at: NOW - 20 * 60_000,
        last_activity: NOW - 5 * 60_000,
        is_initialized: true,
        metadata: { client: 'vscode', cookie: '••••••alue' },
        ttl: NOW / 1000 + 25 * 60,
      },
      events: [
        {
          id: 1,
          timestamp: '2026-11-20T11:45:00.000Z',
          type: 'message',
          data: { method: 'ping', accessToken: '••••••bb69' },
        },
        {
          id: 2,
          timestamp: '2026-11-20T11:55:00.000Z',
          type: 'message',
          data: { method: 'ping', accessToken: '••••••bb69' },
        },
      ],
    });
  });

  it('yaml and ndjson hold the same session', async () => {
    const json = JSON.parse((await show([IDS.active, '--json'])).stdout);
    expect(parse((await show([IDS.active, '-o', 'yaml'])).stdout)).toEqual(json);
    const lines = (await show([IDS.active, '-o', 'ndjson'])).stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const { id, attributes, events } = JSON.parse(lines[0] ?? '');
    expect({ id, attributes, events }).toEqual({ id: json.id, attributes: json.attributes, events: json.events });
  });

  it('csv is one record', async () => {
    const { stdout } = await show([IDS.expired, '-o', 'csv']);
    const [header, record] = stdout.split('\r\n');
    expect(header).toBe('id,state,createdAt,lastActivityAt,expiresAt,sizeBytes,problems,attributes');
    expect(record).toMatch(new RegExp(`^${IDS.expired},expired,2026-11-20T07:00:00.000Z,.*"\\{""session_id""`));
  });

  it('reads well at 80 columns', async () => {
    const { stdout } = await show([IDS.active], 80);
    const text = stripVTControlCharacters(stdout);
    expect(text.replace(/\d+ B/, '[size]')).toMatchInlineSnapshot(`
      "01a1f8d6eb41708d98f53a7d94186ed5
      State:          active
      Created:        2026-11-20 11:40:00Z (20m ago)
      Last activity:  2026-11-20 11:55:00Z (5m ago)
      Expires:        2026-11-20 12:25:00Z (in 25m)
      Size:           [size]
      Table:          mcp-sessions (layout mcp)

      Attributes
        {
          "session_id": "01a1f8d6eb41708d98f53a7d94186ed5",
          "client_capabilities": {
            "sampling": {}
          },
          "server_capabilities": {
            "logging": {}
          },
          "state": {
            "apiToken": "••••••4e36",
            "password": "••••••"
          },
          "created_at": 1795174800000,
          "last_activity": 1795175700000,
          "is_initialized": true,
          "metadata": {
            "client": "vscode",
            "cookie": "••••••alue"
          },
          "ttl": 1795177500
        }

      Events
      Id  When     Type     Data
      ──  ───────  ───────  ────────────────────────────────────────────
       1  15m ago  message  {"method":"ping","accessToken":"••••••bb69"}
       2  5m ago   message  {"method":"ping","accessToken":"••••••bb69"}
      "
    `);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it.each(FORMATS)('masks secrets in %s, and shows them with --reveal', async (format) => {
    const { stdout } = await show([IDS.active, '-o', format, '-q']);
    for (const secret of SECRETS) expect(stdout).not.toContain(secret);
    const revealed = (await show([IDS.active, '-o', format, '-q', '--reveal'])).stdout;
    for (const secret of format === 'csv' ? SECRETS.slice(0, 3) : SECRETS) expect(revealed).toContain(secret);
  });

  it('tells what is odd about a session', async () => {
    expect((await show([IDS.incomplete, '-q'])).stdout).toContain('warning: without created_at');
  });

  it('gives as many of the newest events as asked for', async () => {
    expect(JSON.parse((await show([IDS.active, '--events', '1', '--json'])).stdout).events).toMatchObject([{ id: 2 }]);
    expect((await show([IDS.active, '--events', '1', '-q'])).stdout).toContain('Newest event');
    expect(JSON.parse((await show([IDS.active, '--events', '0', '--json'])).stdout).events).toEqual([]);
  });

  it('fails for an id that is not there', async () => {
    const { code, stdout, stderr } = await show(['nobody', '--json']);
    expect([code, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'SESSION_NOT_FOUND',
      message: "there is no session 'nobody' in table 'mcp-sessions'",
      hint: expect.stringContaining(`\`mcp-sessions list --all --endpoint-url ${engine.endpoint}\``),
    });
  });

  it('needs an id where nobody can choose one', async () => {
    const { code, stdout, stderr } = await show(['-q']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('error: the id of the session is missing\nhint: mcp-sessions show <id>');
  });

  it('marks in the choice of sessions those with problems', async () => {
    const argv = ['show', ...at(engine.endpoint)];
    const { code, stderr } = await runCommand(argv, { now: NOW, columns: 80, user: answer('Which session?', '\r') });
    expect(code).toBe(0);
    const shown = stripVTControlCharacters(stderr);
    expect(shown).toContain(`${IDS.incomplete}  incomplete  15m ago  with problems`);
    expect(shown).toMatch(new RegExp(`${IDS.expired}  expired     4h ago *$`, 'm'));
  });
});
