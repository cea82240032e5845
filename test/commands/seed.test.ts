import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand } from '../support/run-command.js';

const engine = useEngine();

beforeAll(() => setUpTables(engine));

const seed = (argv: readonly string[]) => runCommand(['seed', ...argv, ...at(engine.endpoint)]);

const count = async (): Promise<number> =>
  (await engine.raw.call('Scan', { TableName: 'mcp-sessions', Select: 'COUNT' })).Count ?? 0;

/** Seeds a new table, and takes it away again. */
const seededIds = async (): Promise<unknown> => {
  const argv = ['seed', '--count', '2', '--random-seed', '7', '--sessions-table', 'copy', ...at(engine.endpoint)];
  await runCommand(['setup', '--yes', '--sessions-table', 'copy', ...at(engine.endpoint)]);
  expect((await runCommand([...argv, '--layout', 'mcp', '--events', '0'], { now: 1_795_000_000_000 })).code).toBe(0);
  const { Items } = await engine.raw.call('Scan', { TableName: 'copy' });
  await engine.raw.call('DeleteTable', { TableName: 'copy' });
  return Items?.map(({ session_id: id }) => id);
};

describe('seed', () => {
  it('says how many it wrote, in every format', async () => {
    const before = await count();
    const json = await seed(['--count', '2', '--events', '1', '--json']);
    expect([json.code, json.stderr]).toEqual([0, '']);
    const result = { layout: 'mcp', tables: ['mcp-sessions', 'mcp-session-events'], sessions: 2, events: 2 };
    expect(JSON.parse(json.stdout)).toMatchObject(result);
    expect(await count()).toBe(before + 2);
    const flags = ['--count', '2', '--events', '1'];
    expect(parse((await seed([...flags, '-o', 'yaml'])).stdout)).toMatchObject(result);
    expect(JSON.parse((await seed([...flags, '-o', 'ndjson'])).stdout)).toMatchObject(result);
    expect((await seed([...flags, '-o', 'csv'])).stdout).toBe('layout,sessions,events\r\nmcp,2,2\r\n');
    expect((await seed(['--count', '1', '--events', '0', '-q'])).stdout).toBe(
      '✓ wrote 1 session in mcp-sessions (layout mcp)\n',
    );
    expect(await count()).toBe(before + 9);
  });

  it('writes nothing with --dry-run', async () => {
    const before = await count();
    const { stdout } = await seed(['--count', '3', '--dry-run', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ sessions: 3, events: 9, dryRun: true });
    expect((await seed(['--dry-run', '-q'])).stdout).toMatch(/^would write 10 sessions and 30 events in /);
    expect(await count()).toBe(before);
  });

  it('writes the same sessions for the same number', async () => {
    expect(await seededIds()).toEqual(await seededIds());
  });

  it('asks in production, also on this machine: exit 4 where nobody can answer', async () => {
    const before = await count();
    const { code, stderr } = await seed(['--environment', 'production', '--json']);
    expect(code).toBe(4);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'NOT_CONFIRMED', hint: 'give --yes' });
    expect(await count()).toBe(before);
    const asked = await runCommand(['seed', '--count', '1', '--environment', 'production', ...at(engine.endpoint)], {
      columns: 100,
      user: answer('Write 1 example session among the real ones?', 'n\r'),
    });
    expect(asked.code).toBe(4);
    expect((await seed(['--count', '1', '--environment', 'production', '--yes', '-q'])).code).toBe(0);
    expect(await count()).toBe(before + 1);
  });

  it('says what is missing', async () => {
    const { code, stderr } = await runCommand([
      'seed',
      '--json',
      '--sessions-table',
      'nowhere',
      ...at(engine.endpoint),
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stderr).error.code).toBe('TABLE_NOT_FOUND');
  });
});
