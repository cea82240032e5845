import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { canonicalItem } from '../../src/schema/index.js';
import { tempFolder } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { type FakeStreams, until } from '../support/fake-terminal.js';
import { setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions, type RunCommandResult } from '../support/run-command.js';

const engine = useEngine();
const NOW = Date.UTC(2026, 10, 20, 14, 25, 0);

beforeAll(async () => {
  await setUpTables(engine);
  await runCommand(['seed', '--count', '8', '--events', '2', '--expired', '50%', ...at(engine.endpoint)], { now: NOW });
});

const run = (argv: readonly string[], cwd: string, more: RunCommandOptions = {}): Promise<RunCommandResult> =>
  runCommand([...argv, ...at(engine.endpoint)], { cwd, now: NOW, ...more });

/** The name of an archive that is made some minutes after NOW. */
const name = (minutes: number): string => `mcp-sessions-backup-20261120-142${5 + minutes}00`;

/** Answers several questions, one after the other. */
const answers =
  (...pairs: readonly (readonly [question: string, keys: string])[]) =>
  async (streams: FakeStreams): Promise<void> => {
    for (const [question, keys] of pairs) await answer(question, keys)(streams);
  };

const SESSIONS = { table: 'mcp-sessions', items: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) };

describe('backup to a folder', () => {
  it('tells what was archived, in every format', async () => {
    const cwd = tempFolder();
    const json = await run(['backup', 'create', '--to', 'a', '--json'], cwd);
    expect([json.code, json.stderr]).toEqual([0, '']);
    const archive = {
      path: path.join(cwd, 'a'),
      tables: [SESSIONS, { ...SESSIONS, table: 'mcp-session-events' }],
    };
    expect(JSON.parse(json.stdout)).toMatchObject({ archive, encrypted: false, resume: null });
    const { items } = JSON.parse(json.stdout).archive.tables[0];
    archive.path = path.join(cwd, 'b');
    expect(parse((await run(['backup', '--to', 'b', '-o', 'yaml'], cwd)).stdout)).toMatchObject({ archive });
    archive.path = path.join(cwd, 'c');
    expect(JSON.parse((await run(['backup', '--to', 'c', '-o', 'ndjson'], cwd)).stdout)).toMatchObject({ archive });
    const csv = (await run(['backup', '--to', 'd', '-o', 'csv'], cwd)).stdout.split('\r\n');
    expect(csv[0]).toBe('path,table,role,items,files,bytes,sha256');
    expect(csv[1]).toContain(`${path.join(cwd, 'd')},mcp-sessions,sessions,${items},`);
    const { stdout } = await run(['backup', '--to', 'e', '-q'], cwd);
    expect(stdout).toContain(`✓ ${items} items of 'mcp-sessions', `);
    expect(stdout).toContain(`archive: ${path.join(cwd, 'e')}\n`);
  });

  it('goes below .mcp-sessions/backups/ where the endpoint has no backups, under the name and the time', async () => {
    const cwd = tempFolder();
    const { code, stdout } = await run(['backup', '--json'], cwd);
    expect(code).toBe(0);
    const folder = path.join(cwd, '.mcp-sessions', 'backups', 'mcp-sessions-backup-20261120-142500');
    expect(JSON.parse(stdout).archive.path).toBe(folder);
    expect(existsSync(path.join(folder, 'archive.json'))).toBe(true);
    // `latest` is the newest of them.
    await run(['backup', '-q'], cwd, { now: NOW + 60_000 });
    const restored = await run(['restore', 'latest', '--to-table', 'latest-copy', '--dry-run', '--json'], cwd);
    expect(JSON.parse(restored.stdout).archive).toBe(`${folder.slice(0, -4)}2600`);
  });

  it('takes the next second where the name of this one is taken', async () => {
    const cwd = tempFolder();
    const folders: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { stdout } = await run(['backup', '--json'], cwd);
      folders.push(path.basename(JSON.parse(stdout).archive.path));
    }
    expect(folders).toEqual(['00', '01', '02'].map((seconds) => `mcp-sessions-backup-20261120-1425${seconds}`));
    const { stdout } = await run(['teardown', '--backup', '--yes', '--json'], cwd);
    expect(stdout).toContain('mcp-sessions-backup-20261120-142503');
  });

  it('is the latest only for its own tables, and only if it is whole', async () => {
    const cwd = tempFolder();
    await run(['backup', '-q'], cwd);
    await run(['backup', '-q', '--expired'], cwd, { now: NOW + 60_000 });
    await run(['backup', '-q', '--no-events'], cwd, { now: NOW + 120_000 });
    await run(['backup', '-q', '--layout', 'generic', '--sessions-table', 'mcp-session-events'], cwd, {
      now: NOW + 180_000,
    });
    mkdirSync(path.join(cwd, '.mcp-sessions', 'backups', 'other-backup-20261120-180000'));
    const latest = async (argv: readonly string[]): Promise<string> => {
      const { stdout, stderr } = await run(['restore', 'latest', '--dry-run', '--json', ...argv], cwd);
      return stdout === '' ? JSON.parse(stderr).error.code : path.basename(JSON.parse(stdout).archive);
    };
    const copy = ['--to-table', 'latest-copy'];
    expect(await latest(copy)).toBe('mcp-sessions-backup-20261120-142500');
    expect(await latest([...copy, '--no-events'])).toBe('mcp-sessions-backup-20261120-142700');
    const shown = await run(['backup', 'show', 'latest', '--json'], cwd);
    expect(JSON.parse(shown.stdout).backups).toMatchObject([{ name: name(0) }]);
    expect(await latest([...copy, '--sessions-table', 'nowhere'])).toBe('FILE_ERROR');
  });

  it('takes the next second too where another run takes the name at the same moment', async () => {
    const cwd = tempFolder();
    const runs = await Promise.all([1, 2, 3].map(() => run(['backup', '--json'], cwd)));
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([1, 2, 3].map(() => [0, '']));
    const folders = runs.map(({ stdout }) => path.basename(JSON.parse(stdout).archive.path)).toSorted();
    expect(folders).toEqual(['00', '01', '02'].map((seconds) => `mcp-sessions-backup-20261120-1425${seconds}`));
    const named = await Promise.all([1, 2].map(() => run(['backup', '--to', 'mine', '--json'], cwd)));
    expect(named.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(readdirSync(cwd).toSorted()).toEqual(['.mcp-sessions', 'mine']);
  });

  it('is listed, shown, pruned and deleted where the endpoint has no backups', async () => {
    const cwd = tempFolder();
    const folders = path.join(cwd, '.mcp-sessions', 'backups');
    for (const minute of [0, 1, 2]) await run(['backup', '-q'], cwd, { now: NOW + minute * 60_000 });
    const partial = 'mcp-sessions-backup-20261120-150000';
    mkdirSync(path.join(folders, partial));
    writeFileSync(path.join(folders, partial, 'archive.partial.jsonl'), '');
    mkdirSync(path.join(folders, 'something-else'));
    const listed = async (): Promise<readonly string[]> =>
      JSON.parse((await run(['backup', 'list', '--json'], cwd)).stdout)
        .backups.filter(({ status }: { status: string }) => status === 'AVAILABLE')
        .map((one: { name: string }) => one.name);
    expect(await listed()).toEqual([name(2), name(1), name(0)]);
    const { backups } = JSON.parse((await run(['backup', 'list', '--json'], cwd)).stdout);
    expect(backups.find((one: { name: string }) => one.name === partial)).toMatchObject({ status: 'PARTIAL' });
    expect(backups.find((one: { name: string }) => one.name === name(0))).toMatchObject({
      type: 'ARCHIVE',
      path: path.join(folders, name(0)),
      tables: ['mcp-sessions', 'mcp-session-events'],
      items: expect.any(Number),
      sizeBytes: expect.any(Number),
      createdAt: '2026-11-20T14:25:00.000Z',
    });
    expect((await run(['backup', 'show', name(0), '-q'], cwd)).stdout).toContain("items of 'mcp-sessions'");
    const mistyped = await run(['restore', 'te', '--yes', '--json'], cwd);
    expect([mistyped.code, JSON.parse(mistyped.stderr).error.code]).toEqual([1, 'BACKUP_NOT_FOUND']);
    expect((await run(['backup', 'prune', '--keep', '2', '--json'], cwd)).code).toBe(4);
    expect((await run(['backup', 'prune', '--keep', '2', '--yes', '-q'], cwd)).code).toBe(0);
    expect(await listed()).toEqual([name(2), name(1)]);
    const later = { now: NOW + 86_400_000 };
    const old = await run(['backup', 'prune', '--older-than', '1h', '--yes', '-q'], cwd, later);
    expect(old.stdout).toContain(`${name(2)} stays`);
    expect(await listed()).toEqual([name(2)]);
    const deleted = await run(['backup', 'delete', name(2), partial, '--yes', '--json'], cwd);
    expect(deleted.code).toBe(0);
    expect(readdirSync(folders)).toEqual(['something-else']);
    expect((await run(['backup', 'delete', 'something-else', '--yes', '--json'], cwd)).code).toBe(1);
    expect(readdirSync(folders)).toEqual(['something-else']);
  });

  it('is marked in the list where it holds chosen sessions only, and what is listed is not taken for all', async () => {
    const cwd = tempFolder();
    await run(['backup', '-q'], cwd);
    await run(['backup', '--expired', '-q'], cwd, { now: NOW + 60_000 });
    const { backups } = JSON.parse((await run(['backup', 'list', '--json'], cwd)).stdout);
    expect(backups).toMatchObject([
      { name: name(1), isPartOfTables: true },
      { name: name(0), isPartOfTables: false },
    ]);
    const csv = (await run(['backup', 'list', '-o', 'csv'], cwd)).stdout.trimEnd().split('\r\n');
    expect(csv.map((line) => line.split(',').at(-1))).toEqual(['isPartOfTables', 'true', 'false']);
    const text = stripVTControlCharacters((await run(['backup', 'list'], cwd, { columns: 160 })).stdout);
    expect(text).toMatch(new RegExp(`${name(1)} .*ARCHIVE, in part`));
    expect(text).not.toMatch(new RegExp(`${name(0)} .*in part`));
    expect(text).toContain(`of chosen sessions only: ${name(1)}\n`);
    const shown = JSON.parse((await run(['backup', 'show', name(1), '--json'], cwd)).stdout);
    expect(shown.backups).toMatchObject([{ isPartOfTables: true }]);
  });

  it('writes nothing with --dry-run', async () => {
    const cwd = tempFolder();
    const { code, stdout } = await run(['backup', '--to', 'a', '--dry-run', '--json'], cwd);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { dryRun: true, archive: { path: path.join(cwd, 'a') } }]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('takes only the sessions that were chosen', async () => {
    const cwd = tempFolder();
    const { stdout } = await run(['backup', '--to', 'a', '--expired', '--no-events', '--json'], cwd);
    expect(JSON.parse(stdout).archive.tables).toMatchObject([{ table: 'mcp-sessions', items: 4 }]);
  });

  it('says where it stands that a folder is not free, and that a table is missing', async () => {
    const cwd = tempFolder();
    await run(['backup', '--to', 'a', '-q'], cwd);
    const again = await run(['backup', '--to', 'a', '--json'], cwd);
    expect([again.code, again.stdout, JSON.parse(again.stderr).error.code]).toEqual([1, '', 'ARCHIVE_EXISTS']);
    const nowhere = await run(['backup', '--to', 'b', '--sessions-table', 'nowhere', '--json'], cwd);
    expect([nowhere.code, JSON.parse(nowhere.stderr).error.code]).toEqual([1, 'TABLE_NOT_FOUND']);
    expect(existsSync(path.join(cwd, 'b'))).toBe(false);
  });
});

describe('an archive of a table whose billing was changed', () => {
  it('is taken by the reader, and its table can be made', async () => {
    const cwd = tempFolder();
    const names = ['--sessions-table', 'switched', '--events-table', 'switched-events', '--layout', 'mcp'];
    await run(['setup', ...names, '--yes', '-q'], cwd);
    const billing = ['--billing', 'provisioned', '--read-capacity', '5', '--write-capacity', '5'];
    expect((await run(['setup', ...names, ...billing, '--yes', '-q'], cwd)).code).toBe(0);
    expect((await run(['backup', '--to', 'a', '-q', ...names], cwd)).code).toBe(0);
    expect((await run(['backup', 'verify', 'a', '-q'], cwd)).code).toBe(0);
    const copies = ['--to-table', 'switched-copy', '--to-events-table', 'switched-copy-events'];
    expect((await run(['restore', 'a', ...copies, '--yes', '-q'], cwd)).code).toBe(0);
    const { Table } = await engine.raw.call('DescribeTable', { TableName: 'switched-copy' });
    expect(Table).toMatchObject({ ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 } });
  });
});

describe('an encrypted archive', () => {
  it('asks for the passphrase twice when it is written, and once when it is read', async () => {
    const cwd = tempFolder();
    const typed = {
      columns: 100,
      user: answers(['Passphrase of the archive:', 'open\r'], ['The same again:', 'open\r']),
    };
    const written = await run(['backup', '--to', 'a', '--encrypt', '--json'], cwd, typed);
    expect([written.code, JSON.parse(written.stdout).encrypted]).toEqual([0, true]);
    expect(written.stderr).not.toContain('open\r');
    const asked = { columns: 100, user: answer('Passphrase of the archive:', 'open\r') };
    expect((await run(['backup', 'verify', 'a'], cwd, asked)).code).toBe(0);
    const different = {
      columns: 100,
      user: answers(['Passphrase of the archive:', 'a\r'], ['The same again:', 'b\r']),
    };
    expect((await run(['backup', '--to', 'b', '--encrypt'], cwd, different)).code).toBe(2);
    expect(existsSync(path.join(cwd, 'b'))).toBe(false);
  });

  it('takes it from a file, the environment or a key file; never from the command line', async () => {
    const cwd = tempFolder();
    writeFileSync(path.join(cwd, 'phrase'), 'open\nmore\n');
    writeFileSync(path.join(cwd, 'key'), Buffer.alloc(32, 9));
    writeFileSync(path.join(cwd, 'short'), 'short');
    expect((await run(['backup', '--to', 'a', '--passphrase-file', 'phrase', '-q'], cwd)).code).toBe(0);
    expect((await run(['backup', '--to', 'b', '--key-file', 'key', '-q'], cwd)).code).toBe(0);
    const verify = async (argv: readonly string[], env: Record<string, string> = {}): Promise<unknown> => {
      const { code, stderr } = await run(['backup', 'verify', ...argv, '--json'], cwd, { env });
      return code === 0 ? 0 : JSON.parse(stderr).error.code;
    };
    expect(await verify(['a', '--passphrase-file', 'phrase'])).toBe(0);
    expect(await verify(['a'], { MCP_SESSIONS_PASSPHRASE: 'open' })).toBe(0);
    expect(await verify(['a'], { MCP_SESSIONS_PASSPHRASE: 'wrong' })).toBe('ARCHIVE_LOCKED');
    expect(await verify(['a'])).toBe('ARCHIVE_LOCKED');
    expect(await verify(['b', '--key-file', 'key'])).toBe(0);
    expect(await verify(['b', '--key-file', 'short'])).toBe('USAGE');
    expect(await verify(['b', '--key-file', 'key', '--passphrase-file', 'phrase'])).toBe('USAGE');
    expect(await verify(['b', '--key-file', 'nowhere'])).toBe('FILE_ERROR');
    // Without a terminal there is nobody to ask.
    const unattended = await run(['backup', '--to', 'c', '--encrypt', '--json'], cwd);
    expect([unattended.code, JSON.parse(unattended.stderr).error.hint]).toEqual([
      4,
      expect.stringContaining('--passphrase-file'),
    ]);
    expect((await run(['backup', '--passphrase', 'x'], cwd)).code).toBe(2);
  });
});

describe('a passphrase for an archive that is not encrypted', () => {
  it('is a reason to refuse: somebody may have put it in the place of one that is', async () => {
    const cwd = tempFolder();
    writeFileSync(path.join(cwd, 'key'), Buffer.alloc(32, 9));
    await run(['backup', '--to', 'a', '-q'], cwd);
    const given = { env: { MCP_SESSIONS_PASSPHRASE: 'open' } };
    for (const [argv, more] of [
      [['backup', 'verify', 'a'], given],
      [['restore', './a', '--to-table', 'plain', '--yes'], given],
      [['backup', 'verify', 'a', '--key-file', 'key'], {}],
      [['backup', 'verify', path.join('a', 'sessions'), '--key-file', 'key'], {}],
    ] as const) {
      const { code, stderr } = await run([...argv, '--json'], cwd, more);
      expect([code, JSON.parse(stderr).error]).toMatchObject([
        1,
        { code: 'ARCHIVE_LOCKED', message: expect.stringContaining('is not encrypted') },
      ]);
    }
  });

  it('in the environment is told of when the archive is written without', async () => {
    const env = { MCP_SESSIONS_PASSPHRASE: 'open' };
    const { code, stderr } = await run(['backup', '--to', 'a'], tempFolder(), { env });
    expect(code).toBe(0);
    expect(stderr).toContain('the archive is not encrypted: MCP_SESSIONS_PASSPHRASE is set');
    expect((await run(['backup', '--to', 'a', '--encrypt'], tempFolder(), { env })).stderr).not.toContain(
      'not encrypted',
    );
  });
});

describe('backup verify', () => {
  it('of an archive that was not finished ends with 3, and says where and how to go on', async () => {
    const cwd = tempFolder();
    const folder = path.join(cwd, 'a');
    mkdirSync(folder);
    const journal = path.join(folder, 'archive.partial.jsonl');
    const command = 'mcp-sessions backup --to a --resume';
    writeFileSync(journal, `${JSON.stringify({ command })}\n`);
    const json = await run(['backup', 'verify', 'a', '--json'], cwd);
    expect([json.code, json.stderr, JSON.parse(json.stdout)]).toMatchObject([
      3,
      '',
      { ok: false, problems: [{ file: journal, line: null }], unfinished: { command } },
    ]);
    const { stdout } = await run(['backup', 'verify', 'a', '-q'], cwd);
    expect(stdout).toContain('archive.partial.jsonl: the archive was not finished');
    expect(stdout).toContain(`remove the folder, or go on with it:\n  ${command}\n`);
    writeFileSync(journal, '');
    const lost = await run(['backup', 'verify', 'a', '-q'], cwd);
    expect([lost.code, lost.stdout]).toEqual([3, expect.stringContaining('remove the folder, and begin again')]);
  });

  it.each([
    ['nowhere', "there is no folder '"],
    ['.', "there is no archive in '"],
    ['plain', "' is a file: an archive is a folder"],
    ['plain/below', "there is no folder '"],
  ])('%s is no archive', async (named, said) => {
    const cwd = tempFolder();
    writeFileSync(path.join(cwd, 'plain'), 'x');
    const { code, stdout, stderr } = await run(['backup', 'verify', named, '--json'], cwd);
    expect([code, stdout, JSON.parse(stderr).error]).toMatchObject([
      1,
      '',
      { code: 'FILE_ERROR', message: expect.stringContaining(said), hint: expect.stringMatching(/./) },
    ]);
    expect(stderr).not.toContain('ENOTDIR');
  });

  it('tells what it found, in every format', async () => {
    const cwd = tempFolder();
    await run(['backup', '--to', 'a', '-q'], cwd);
    const json = await run(['backup', 'verify', 'a', '--json'], cwd);
    expect([json.code, json.stderr]).toEqual([0, '']);
    const { tables, ...rest } = JSON.parse(json.stdout);
    expect(rest).toMatchObject({ ok: true, problems: [] });
    expect(tables.map(({ table, ok }: Record<string, unknown>) => [table, ok])).toEqual([
      ['mcp-sessions', true],
      ['mcp-session-events', true],
    ]);
    for (const { items, expected } of tables) expect(items).toBe(expected);
    const { stdout } = await run(['backup', 'verify', 'a', '-q'], cwd);
    expect(stdout).toMatch(/✓ 'mcp-sessions': \d+ of \d+ items\n/);
    expect((await run(['backup', 'verify', 'a', '-o', 'csv'], cwd)).stdout).toMatch(/^table,role,items,expected,ok,/);
  });

  it('needs no endpoint, and says when there is no archive', async () => {
    const cwd = tempFolder();
    await run(['backup', '--to', 'a', '-q'], cwd);
    expect((await runCommand(['backup', 'verify', 'a', '-q'], { cwd })).code).toBe(0);
    const { code, stderr } = await runCommand(['backup', 'verify', 'nowhere', '--json'], { cwd });
    expect([code, JSON.parse(stderr).error.code]).toEqual([1, 'FILE_ERROR']);
    writeFileSync(path.join(cwd, 'a', 'archive.json'), '{}');
    const broken = await runCommand(['backup', 'verify', 'a', '--json'], { cwd });
    expect([broken.code, JSON.parse(broken.stdout).problems[0].file]).toEqual([3, path.join(cwd, 'a', 'archive.json')]);
  });
});

describe('an attribute called __proto__', () => {
  const text = '{"session_id":{"S":"proto"},"__proto__":{"M":{"__proto__":{"S":"kept"}}},"state":{"S":"{}"}}';

  it('is shown, found, archived and restored like any other', async () => {
    const own = { TableName: 'mcp-sessions', Key: { session_id: { S: 'proto' } } };
    await engine.raw.call('PutItem', { TableName: own.TableName, Item: JSON.parse(text) });
    try {
      const cwd = tempFolder();
      expect(await run(['backup', '--to', 'a', '--json'], cwd)).toMatchObject({ code: 0, stderr: '' });
      expect((await run(['backup', 'verify', 'a', '-q'], cwd)).code).toBe(0);
      const argv = ['restore', './a', '--to-table', 'proto', '--verify', 'full', '--yes', '--json'];
      expect(await run(argv, cwd)).toMatchObject({ code: 0, stderr: '' });
      const { Item } = await engine.raw.call('GetItem', { ...own, TableName: 'proto' });
      expect(canonicalItem(JSON.parse(JSON.stringify(Item)))).toBe(canonicalItem(JSON.parse(text)));
      const shown = JSON.parse((await run(['show', 'proto', '--json'], cwd)).stdout);
      expect(Object.entries(shown.attributes)).toContainEqual(['__proto__', JSON.parse('{"__proto__":"kept"}')]);
      const found = await run(['list', '--where', '__proto__.__proto__=kept', '--json'], cwd);
      expect(JSON.parse(found.stdout).sessions).toMatchObject([{ id: 'proto' }]);
    } finally {
      await engine.raw.call('DeleteItem', own);
    }
  });
});

const archived = async (): Promise<string> => {
  const cwd = tempFolder();
  await run(['backup', '--to', 'a', '-q'], cwd);
  return cwd;
};

describe('restore from a folder', () => {
  it('tells what it restored, and what it put back', async () => {
    const cwd = await archived();
    const { code, stdout, stderr } = await run(['restore', './a', '--to-table', 'told', '--yes', '--json'], cwd);
    expect([code, stderr]).toEqual([0, '']);
    const { tables, resume } = JSON.parse(stdout);
    expect(resume).toBeNull();
    expect(tables).toMatchObject([
      { source: 'mcp-sessions', target: 'told', reapplied: expect.arrayContaining(['ttl', 'stream', 'tag:Purpose']) },
      { source: 'mcp-session-events', target: 'told-events' },
    ]);
    const human = await run(['restore', 'a', '--to-table', 'told-2', '--yes', '-q'], cwd);
    expect(human.stdout).toContain("items of 'mcp-sessions' in 'told-2', counted\n");
    expect(human.stdout).toContain('put back: index:LastActivityIndex');
  });

  it('says before it asks what TTL would remove at once, and changes nothing without consent', async () => {
    const cwd = await archived();
    const argv = ['restore', 'a', '--to-table', 'asked'];
    const unattended = await run([...argv, '--json'], cwd);
    expect([unattended.code, JSON.parse(unattended.stderr).error.hint]).toEqual([4, 'give --yes']);
    const question = /Restore \d+ items\?/;
    let before = '';
    const declined = await run(argv, cwd, {
      columns: 100,
      user: async (streams) => {
        await until(() => question.test(stripVTControlCharacters(streams.stderr.written)), 'the question');
        before = stripVTControlCharacters(streams.stderr.written).replaceAll(/\s+/g, ' ');
        await answer('Restore', 'n\r')(streams);
      },
    });
    expect(declined.code).toBe(4);
    expect(before).toMatch(/of them are past their 'ttl': TTL removes them within days; --shift-expiry/);
    const dry = await run([...argv, '--dry-run', '--json'], cwd);
    expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, tables: [{ target: 'asked', exists: false }, {}] });
    const { TableNames } = await engine.raw.call('ListTables', {});
    expect(TableNames).not.toContain('asked');
    expect((await run(argv, cwd, { columns: 100, user: answer('Restore', 'y\r') })).code).toBe(0);
  });

  it('in production what is overwritten has to be named', async () => {
    const cwd = await archived();
    const argv = ['restore', 'a', '--on-conflict', 'overwrite', '--environment', 'production', '--yes', '--json'];
    const { code, stderr } = await run(argv, cwd);
    expect([code, JSON.parse(stderr).error.hint]).toEqual([
      4,
      expect.stringContaining('--confirm mcp-sessions --confirm mcp-session-events'),
    ]);
    const confirmed = [...argv, '--confirm', 'mcp-sessions', '--confirm', 'mcp-session-events'];
    expect((await run(confirmed, cwd)).code).toBe(0);
    expect(
      (await run(['restore', 'a', '--on-conflict', 'skip', '--environment', 'production', '--yes', '-q'], cwd)).code,
    ).toBe(0);
  });

  it('says what is wrong with what was asked for', async () => {
    const cwd = await archived();
    const failure = async (...argv: readonly string[]): Promise<readonly unknown[]> => {
      const { code, stderr } = await run(['restore', ...argv, '--yes', '--json'], cwd);
      return [code, JSON.parse(stderr).error.code];
    };
    expect(await failure()).toEqual([2, 'USAGE']);
    expect(await failure('a')).toEqual([1, 'TABLE_EXISTS']);
    expect(await failure('./nowhere')).toEqual([1, 'FILE_ERROR']);
    expect(await failure('a', '--in-place')).toEqual([2, 'USAGE']);
    expect(await failure('a', '--to-table', 'x-1', '--shift-expiry', '1500ms')).toEqual([2, 'USAGE']);
    expect(await failure('a', '--to-table', 'x-1', '--billing', 'provisioned')).toEqual([2, 'USAGE']);
    expect(await failure('a', '--to-table', 'x-1', '--layout', 'express')).toEqual([1, 'LAYOUT_MISMATCH']);
    expect(await failure('a', '--on-conflict', 'maybe')).toEqual([2, 'USAGE']);
  });
});
