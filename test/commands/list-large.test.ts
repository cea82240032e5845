import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeAs } from '../operations/described.js';
import { closeAll, type RunningDouble, startDouble } from '../operations/harness.js';
import { useEngine } from '../support/engine.js';
import { fillTables, IDS, NOW, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

closeAll();
const engine = useEngine();
let running: RunningDouble;

beforeAll(async () => {
  await setUpTables(engine);
  await fillTables(engine);
  running = await startDouble(engine.endpoint);
  // 20 GB, of which the index is a sixteenth.
  const counted = { ItemCount: 16_000_000, IndexSizeBytes: 1_280_000_000 };
  await describeAs(running, 'mcp-sessions', {
    itemCount: 16_000_000,
    sizeBytes: 20_480_000_000,
    indexes: { LastActivityIndex: counted, CreatedAtIndex: counted },
  });
});

const run = (argv: readonly string[], columns?: number) =>
  runCommand([...argv, ...at(running.double.endpoint)], { now: NOW, ...(columns !== undefined && { columns }) });

const WARNING =
  "table 'mcp-sessions' is large and is read whole: about 16,000,000 items, 19.1 GB, 2,500,000 read units " +
  '(about $0.31 at on-demand list prices, us-east-1, 2026-11); ';

describe('a listing of a large table', () => {
  it('goes by the index, and says what that leaves out', async () => {
    const { stdout, stderr } = await run(['list', '--limit', '3', '--segments', '1']);
    // Three of them have an activity.
    expect(stdout).toContain(
      'from the index LastActivityIndex: sessions without last_activity are not counted, and one that was used in that ' +
        'moment may be missing (--no-index reads the table)\n',
    );
    expect(stderr).not.toContain('large');
    const json = await run(['list', '--limit', '3', '--segments', '1', '--json']);
    expect(json.stderr).toBe('');
    expect(JSON.parse(json.stdout)).toMatchObject({
      index: 'LastActivityIndex',
      sessions: [{ id: IDS.active }, {}, {}],
    });
    const created = await run(['list', '--sort', 'created', '--segments', '1']);
    expect(created.stdout).toContain('from the index CreatedAtIndex: sessions without created_at are not counted (');
    const none = await run(['list', '--idle', '52w', '--segments', '1', '-q']);
    expect(none.stdout).toBe(
      "no such session among the 4 items of 'mcp-sessions'; from the index LastActivityIndex: sessions without " +
        'last_activity are not counted (--no-index reads the table)\n',
    );
  });

  it('warns before the table is read, and says what would be cheaper', async () => {
    const { stdout, stderr, code } = await run(['list', '--no-index', '--segments', '1']);
    expect(code).toBe(0);
    expect(stderr).toContain(
      `warning: ${WARNING}--max-rcu <n> spreads it over time; the first few, with --limit and without --no-index, take ` +
        'about 156,300 from the index LastActivityIndex\n',
    );
    expect(stderr.indexOf('warning')).toBeLessThan(stderr.indexOf('reading sessions'));
    expect(stdout).not.toContain('large');
    const wide = await run(['list', '--no-index', '--segments', '1'], 80);
    const lines = stripVTControlCharacters(wide.stderr).split(/[\r\n]/);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('says how long it takes within a budget', async () => {
    const { stderr } = await run(['list', '--sort', 'size', '--segments', '1', '--max-rcu', '500']);
    expect(stderr).toContain(`${WARNING}at --max-rcu it takes about 1h 23m\n`);
  });

  it('tells programs in JSON on stderr, never in the result, and nobody with --quiet', async () => {
    for (const command of [
      ['list', '--all', '--segments', '1', '--sort', 'id'],
      ['stats', '--no-events', '--segments', '1'],
      ['purge', '--expired', '--dry-run', '--segments', '1'],
    ]) {
      const { stdout, stderr } = await run([...command, '--json']);
      expect(JSON.parse(stderr).warning.message).toContain(WARNING);
      expect(stdout).not.toContain('is large');
      expect(JSON.parse(stdout)).not.toHaveProperty('warning');
      expect((await run([...command, '--json', '--quiet'])).stderr).toBe('');
      expect((await run([...command, '--quiet'])).stderr).not.toContain('is large');
    }
  });
});

describe('list --all as it is read', () => {
  it('is written without waiting for the end, in ndjson and csv, with one header', async () => {
    const ids = new Set(Object.values(IDS));
    const ndjson = await run(['list', '--all', '-o', 'ndjson', '-q']);
    const lines = ndjson.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map((line) => JSON.parse(line).id))).toEqual(ids);
    const sorted = await run(['list', '--all', '--sort', 'activity', '-o', 'ndjson', '-q']);
    expect(sorted.stdout.trimEnd().split('\n').toSorted()).toEqual(lines.toSorted());
    expect(JSON.parse(sorted.stdout.split('\n')[0] ?? '').id).toBe(IDS.active);

    // A segment's page each: what is written in parts is one text all the same.
    const flags = ['--all', '-o', 'csv', '-q', '--segments', '7'];
    const csv = await run(['list', ...flags, '--columns', 'id,state']);
    const [header, ...rows] = csv.stdout.trimEnd().split('\r\n');
    expect(header).toBe('id,state');
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map((row) => row.split(',')[0]))).toEqual(ids);
    const none = await run(['list', ...flags, '--idle', '52w']);
    expect(none.stdout).toBe('id,state,lastActivityAt,createdAt,expiresAt,sizeBytes,problems\r\n');
    expect((await run(['list', '--all', '-o', 'ndjson', '-q', '--idle', '52w'])).stdout).toBe('');
  });

  it('is in the order of the table', async () => {
    const { Items: items = [] } = await engine.raw.call('Scan', { TableName: 'mcp-sessions' });
    const { stdout } = await run(['list', '--all', '-o', 'ndjson', '-q', '--columns', 'id']);
    expect(stdout).toBe(items.map(({ session_id: id }) => `${JSON.stringify({ id: Object(id).S })}\n`).join(''));
  });
});
