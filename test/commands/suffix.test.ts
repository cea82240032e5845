import { beforeEach, describe, expect, it } from 'vitest';
import { useEngine } from '../support/engine.js';
import { dropTables, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();

beforeEach(() => dropTables(engine));

const run = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCommand([...argv, ...at(engine.endpoint)], { env });

const tables = async (): Promise<readonly string[]> =>
  ((await engine.raw.call('ListTables')).TableNames ?? []).toSorted();

describe('--suffix', () => {
  it('leads every command to tables of its own, and leaves the others alone', async () => {
    await setUpTables(engine);
    const suffix = ['--suffix', 'run-7'];
    const setup = await run(['setup', '--yes', '--json', ...suffix]);
    expect(JSON.parse(setup.stdout).tables).toMatchObject([
      { name: 'mcp-sessions-run-7', action: 'create' },
      { name: 'mcp-session-events-run-7', action: 'create' },
    ]);
    expect((await run(['seed', '--count', '3', '--events', '1', '--json', ...suffix])).code).toBe(0);
    const counts = async (argv: readonly string[]): Promise<unknown> =>
      JSON.parse((await run(['list', '--json', ...argv])).stdout).sessions.length;
    expect([await counts(suffix), await counts([])]).toEqual([3, 0]);
    expect((await run(['purge', '--created-before', '0s', '--yes', '--json', ...suffix])).code).toBe(0);
    expect(await counts(suffix)).toBe(0);
    expect((await run(['teardown', '--delete', '--yes', ...suffix])).code).toBe(0);
    expect(await tables()).toEqual(['mcp-session-events', 'mcp-sessions']);
  });

  it('comes from the environment as well, and is appended to names that are given', async () => {
    const env = { MCP_SESSIONS_SUFFIX: '7', DYNAMODB_EVENTS_TABLE: 'their-events' };
    await run(['setup', '--yes', '--sessions-table', 'mine'], env);
    expect(await tables()).toEqual(['mine-7', 'their-events-7']);
  });

  it('is not appended again to a variable that names the whole table, as setup tells it to the application', async () => {
    const { stdout } = await run(['setup', '--yes', '--json', '--suffix', '7']);
    const { env } = JSON.parse(stdout);
    expect(env).toEqual({
      DYNAMODB_SESSIONS_TABLE: 'mcp-sessions-7',
      MCP_SESSION_TABLE: 'mcp-sessions-7',
      DYNAMODB_EVENTS_TABLE: 'mcp-session-events-7',
      MCP_SESSION_EVENT_TABLE: 'mcp-session-events-7',
      MCP_SESSIONS_LAYOUT: 'mcp',
      MCP_SESSIONS_SUFFIX: '7',
    });
    expect((await run(['status', '--check', '--quiet'], env)).code).toBe(0);
    expect((await run(['teardown', '--delete', '--yes'], env)).code).toBe(0);
    expect(await tables()).toEqual([]);
  });

  it('never makes the tables themselves out of a suffix that their names happen to end with', async () => {
    await setUpTables(engine);
    const { stdout } = await run(['teardown', '--delete', '--yes', '--json', '--suffix', 'sessions']);
    const outcomes = JSON.parse(stdout).steps.map(({ table, outcome }: Record<string, string>) => [table, outcome]);
    expect(outcomes).toEqual([
      ['mcp-session-events-sessions', 'skipped'],
      ['mcp-sessions-sessions', 'skipped'],
    ]);
    expect(await tables()).toHaveLength(2);
  });

  it('goes after the whole name, of a table too whose name follows another one, detected or named', async () => {
    await run(['setup', '--yes', '--layout', 'turul', '--suffix', '7']);
    expect(await tables()).toEqual(['mcp-sessions-7', 'mcp-sessions-events-7']);
    const { layout, tables: found } = JSON.parse((await run(['status', '--json', '--suffix', '7'])).stdout);
    expect([layout, found.map(({ name }: { name: string }) => name)]).toEqual([
      'turul',
      ['mcp-sessions-7', 'mcp-sessions-events-7'],
    ]);
  });

  it.each([[['--suffix', '7'], {}] as const, [[], { MCP_SESSIONS_SUFFIX: '7' }] as const])(
    'is in the command that undoes a teardown, which works wherever it is pasted: %j %j',
    async (flags, env) => {
      await run(['setup', '--yes', ...flags], env);
      const { stdout } = await run(['teardown', '--delete', '--yes', '--json', ...flags], env);
      const command: string = JSON.parse(stdout).undo.at(-1).command;
      const { endpoint } = engine;
      expect(command).toBe(
        `mcp-sessions setup --endpoint-url ${endpoint} --layout mcp --sessions-table mcp-sessions --events-table mcp-session-events --suffix 7`,
      );
      const words = command.split(' ').slice(1);
      expect((await runCommand([...words, '--yes'], { env })).code).toBe(0);
      expect(await tables()).toEqual(['mcp-session-events-7', 'mcp-sessions-7']);
    },
  );

  it('is in the commands of hints, and in what doctor tells of settings', async () => {
    const missing = await run(['list', '--json', '--suffix', '7']);
    expect(JSON.parse(missing.stderr).error).toMatchObject({
      code: 'TABLE_NOT_FOUND',
      message: expect.stringContaining("'mcp-sessions-7'"),
      hint: expect.stringContaining('--suffix 7`'),
    });
    const doctor = await run(['doctor', '--json'], { MCP_SESSIONS_SUFFIX: '7' });
    expect(JSON.parse(doctor.stdout).findings).toContainEqual({
      check: 'suffix',
      ok: true,
      detail: '7 (MCP_SESSIONS_SUFFIX)',
      cure: null,
    });
  });

  it.each([
    ['', '--suffix was given an empty value'],
    ['x'.repeat(243), "(default, with the suffix 'xxx"],
  ])('that does not do is refused before anything is touched: %j', async (suffix, said) => {
    await setUpTables(engine);
    const { code, stderr } = await run(['teardown', '--delete', '--yes', '--json', `--suffix=${suffix}`]);
    expect([code, JSON.parse(stderr).error]).toEqual([
      2,
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(said) }),
    ]);
    expect(await tables()).toHaveLength(2);
  });
});
