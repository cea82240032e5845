import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  type AttributeValue,
  canonicalItem,
  genericFor,
  type Item,
  itemToWire,
  type KeySchema,
  type Layout,
  LAYOUTS,
  sessionIdOf,
} from '../../src/schema/index.js';
import { freshFolder, removeFolders } from '../operations/backup/harness.js';
import { useEngine } from '../support/engine.js';
import { hostileRows } from '../support/hostile.js';
import { at, runCommand } from '../support/run-command.js';

removeFolders();
const engine = useEngine();
/** What must never reach a terminal or a line of a log; line feeds and colours are the command's own. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200b\u202a-\u202e\u2066-\u2069]/u;
const ROWS = 25;

let counter = 0;

/** The rows of a table as the engine has them, in one order. */
async function rowsOf(TableName: string): Promise<readonly string[]> {
  const { Items = [] } = await engine.raw.call('Scan', { TableName, ConsistentRead: true });
  return Items.map((item) => canonicalItem(JSON.parse(JSON.stringify(item)))).toSorted();
}

async function put(TableName: string, rows: readonly Item[]): Promise<void> {
  for (const row of rows) await engine.raw.call('PutItem', { TableName, Item: itemToWire(row) });
}

/** Tables that no layout describes have keys of any type. */
const KEYS: Readonly<Record<string, KeySchema>> = {
  'generic, keys of text and number': {
    partitionKey: { name: 'owner', type: 'S' },
    sortKey: { name: 'part', type: 'N' },
  },
  'generic, a binary key': { partitionKey: { name: 'owner', type: 'B' } },
};

const CASES: readonly (readonly [string, Layout])[] = [
  ...LAYOUTS.filter(({ tables }) => tables[0]?.keys).map((layout) => [layout.id, layout] as const),
  ...Object.entries(KEYS).map(
    ([about, keys]) =>
      [about, genericFor({ name: about, keys, indexes: [], ttl: { status: 'ENABLED', attribute: 'ttl' } })] as const,
  ),
];

/** What `setup` does for a layout that says what its tables are. */
async function makeTable(TableName: string, { partitionKey, sortKey }: KeySchema): Promise<void> {
  const keys = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
  await engine.raw.call('CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    KeySchema: keys.map(({ name }, index) => ({ AttributeName: name, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
  });
  await engine.raw.call('UpdateTimeToLive', {
    TableName,
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
  });
}

describe.each(CASES)('hostile rows of %s', (_about, layout) => {
  const { id } = layout;
  const [sessions, events] = layout.tables;
  if (sessions === undefined) throw new Error('a layout has a sessions table');

  it('are shown safely in every format, crash nothing, and come back whole from an archive', async () => {
    const tables = { sessions: `hostile-${(counter += 1)}`, events: `hostile-${counter}-events` };
    const names = [
      '--sessions-table',
      tables.sessions,
      ...(events === undefined ? [] : ['--events-table', tables.events]),
    ];
    const flags = ['--layout', id, ...names, ...at(engine.endpoint)];
    const cwd = freshFolder();
    const run = (argv: readonly string[], columns?: number) =>
      runCommand([...argv, ...flags], { cwd, ...(columns !== undefined && { columns, env: { NO_COLOR: '1' } }) });
    if (id === 'generic' && sessions.keys !== null) await makeTable(tables.sessions, sessions.keys);
    else expect((await run(['setup', '--no-streams', '--yes', '-q'])).code).toBe(0);
    const [deep = {}, ...others] = fc.sample(hostileRows(layout, sessions), { numRuns: ROWS, seed: 7 });
    const payloads = layout.session.payload.flatMap(({ names: [first] }) => (first === undefined ? [] : [first]));
    const nested: AttributeValue = { S: `{"a":${'['.repeat(150_000)}${']'.repeat(150_000)}}` };
    const required = sessions.attributes.some(({ names: all }) => all.includes('type'))
      ? { type: { S: 'connect-session' } }
      : {};
    const rows = [{ ...deep, ...required, ...(payloads[0] !== undefined && { [payloads[0]]: nested }) }, ...others];
    await put(tables.sessions, rows);
    if (events !== undefined) {
      const owned = fc.sample(hostileRows(layout, events), { numRuns: ROWS, seed: 11 });
      const owner = events.keys?.partitionKey.name ?? '';
      const key = sessions.keys?.partitionKey.name ?? '';
      // The first ones belong to the first session.
      await put(
        tables.events,
        owned.map((event, index) => {
          const value = rows[0]?.[key];
          return index < 5 && value !== undefined ? { ...event, [owner]: value } : event;
        }),
      );
    }
    const ids = [...new Set(rows.map((row) => sessionIdOf(row, layout.session.id)))];
    const listed = await run(['list', '--all', '--json']);
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    // A session is what the layout's filter lets through.
    const found = JSON.parse(listed.stdout).sessions.map((session: { id: string }) => session.id);
    expect(found.filter((one: string) => !ids.includes(one))).toEqual([]);
    if (layout.session.filter.length === 0) expect(found.toSorted()).toEqual(ids.toSorted());

    const commands = [['list', '--all'], ['stats'], ['doctor']];
    for (const one of found.slice(0, 8)) commands.push(['show', '--', one], ['show', '--reveal', '--', one]);
    if (events !== undefined) for (const one of found.slice(0, 3)) commands.push(['events', '--', one]);
    for (const argv of commands) {
      const split = argv.indexOf('--');
      const words = (more: readonly string[]) =>
        split < 0 ? [...argv, ...more] : [...argv.slice(0, split), ...more, ...flags, ...argv.slice(split)];
      const runOn = (more: readonly string[], columns?: number) =>
        split < 0
          ? run(words(more), columns)
          : runCommand(words(more), { cwd, ...(columns !== undefined && { columns, env: { NO_COLOR: '1' } }) });
      const codes = argv[0] === 'doctor' ? [0, 3] : [0];
      for (const format of ['json', 'ndjson', 'yaml', 'csv', 'table']) {
        const { code, stdout, stderr } = await runOn(['-o', format]);
        expect({ argv, format, code: codes.includes(code) ? 0 : code, stderr }).toEqual({
          argv,
          format,
          code: 0,
          stderr,
        });
        expect(stderr).not.toContain('INTERNAL');
        if (format === 'json') JSON.parse(stdout);
        if (format === 'ndjson') for (const line of stdout.trimEnd().split('\n')) if (line !== '') JSON.parse(line);
        // The reader of YAML in this test has a stack of its own to run out of.
        if (format === 'yaml' && !argv.includes('--reveal'))
          expect(parse(stdout)).toEqual(JSON.parse((await runOn(['--json'])).stdout));
        if (format !== 'csv') expect(UNSAFE.exec(stdout)?.[0]).toBeUndefined();
      }
      const terminal = await runOn(['-o', 'table'], 80);
      expect(UNSAFE.exec(terminal.stdout)?.[0]).toBeUndefined();
      const csv = await runOn(['-o', 'csv'], 80);
      expect(UNSAFE.exec(csv.stdout.replaceAll('\r\n', '\n'))?.[0]).toBeUndefined();
      for (const cell of csv.stdout.split(/[,\n]/)) expect(cell).not.toMatch(/^"?[=@]/);
    }

    const archived = await run(['backup', '--to', 'archive', '--json']);
    expect([archived.code, archived.stderr]).toEqual([0, '']);
    expect((await run(['backup', 'verify', 'archive', '--json'])).code).toBe(0);
    const copy = `${tables.sessions}-copy`;
    const restored = await run(['restore', 'archive', '--to-table', copy, '--yes', '--verify', 'full', '--json']);
    expect([restored.code, restored.stderr]).toEqual([0, '']);
    expect(await rowsOf(copy)).toEqual(await rowsOf(tables.sessions));
    if (events !== undefined) {
      const target = JSON.parse(restored.stdout).tables.find(
        ({ source }: { source: string }) => source === tables.events,
      ).target;
      expect(await rowsOf(target)).toEqual(await rowsOf(tables.events));
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
