import { cpSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { NOW } from '../support/mcp-tables.js';
import { answer, at, runCommand } from '../support/run-command.js';
import { errorOf, ROWS, undoIn, useTeardown } from './teardown-harness.js';

const on = useTeardown();
const { contents, engine, local, runPrinted } = on;

describe('teardown with an archive', () => {
  it.each([[['--all']], [['--all', '--to', 'kept']], [['--backup', '--clear-data']], [['--all', '--only', 'events']]])(
    '%j is undone by the printed command',
    async (argv) => {
      const before = await contents();
      const { code, stdout } = await local([...argv, '--yes', '--json']);
      expect(code).toBe(0);
      const { steps, undo } = JSON.parse(stdout);
      expect(steps[0]).toMatchObject({
        step: 'backup',
        table: 'mcp-session-events',
        outcome: 'done',
        backup: null,
        archive: { path: expect.stringContaining(on.cwd), items: ROWS['mcp-session-events'], verified: true },
      });
      expect(undo).toHaveLength(1);
      expect(await contents()).not.toEqual(before);
      expect((await runPrinted(undo[0].command)).code).toBe(0);
      expect(await contents()).toEqual(before);
    },
  );

  it('says which earlier archive holds the rows where this run made none', async () => {
    const before = await contents();
    await runCommand(['backup', '-q', ...at(engine.endpoint)], { cwd: on.cwd, now: NOW - 60_000 });
    const asked = await local(['--delete'], { columns: 100, user: answer('Type DELETE', 'DELETE\r') });
    expect(stripVTControlCharacters(asked.stderr)).toMatch(/newest archive: +\S.* ago:\s+\S/);
    const command = /^ {2}mcp-sessions (restore .*)$/m.exec(stripVTControlCharacters(asked.stdout))?.[0].trim();
    expect((await runPrinted(command ?? '')).code).toBe(0);
    expect(await contents()).toEqual(before);
  });

  it('takes for the newest archive a whole one of these tables, whatever else is newer', async () => {
    const before = await contents();
    const backup = (minutesAgo: number, argv: readonly string[]) =>
      runCommand(['backup', '-q', ...argv, ...at(engine.endpoint)], { cwd: on.cwd, now: NOW - minutesAgo * 60_000 });
    await backup(60, []);
    await backup(50, ['--expired']);
    await backup(40, ['--no-events']);
    writeFileSync(path.join(on.cwd, 'key'), 'x'.repeat(32));
    await backup(30, ['--key-file', 'key']);
    await backup(20, ['--sessions-table', 'mcp-session-events', '--layout', 'generic']);
    const folder = path.join(on.cwd, '.mcp-sessions', 'backups');
    const named = (minute: string) => path.join(folder, `mcp-sessions-backup-20261120-${minute}`);
    // One that a kill left half written, and one that was damaged since.
    cpSync(named('110000'), named('115000'), { recursive: true });
    renameSync(path.join(named('115000'), 'archive.json'), path.join(named('115000'), 'archive.partial.jsonl'));
    cpSync(named('110000'), named('115500'), { recursive: true });
    writeFileSync(path.join(named('115500'), 'archive.json'), '{}');
    expect(readdirSync(folder)).toHaveLength(7);
    const { stdout, code } = await local(['--delete', '--yes', '--json']);
    expect(code).toBe(0);
    const [way] = undoIn(stdout);
    expect(way?.command).toContain('mcp-sessions-backup-20261120-110000');
    expect((await runPrinted(way?.command ?? '')).code).toBe(0);
    expect(await contents()).toEqual(before);
  });

  it('refuses a folder that holds something, before it asks', async () => {
    await local(['--backup', '--to', 'kept', '-q']);
    const result = await local(['--all', '--to', 'kept', '--json']);
    expect([result.code, errorOf(result).code]).toEqual([1, 'ARCHIVE_EXISTS']);
    expect(readdirSync(on.cwd)).toEqual(['kept']);
  });

  it.each([
    [['--delete', '--to', 'x'], '--to'],
    [['--clear-data', '--no-settle'], '--no-settle'],
    [['--all', '--to', 's3://bucket/x'], 'S3'],
  ])('%j is a usage error', async (argv, what) => {
    const result = await local([...argv, '--yes', '--json']);
    expect([result.code, errorOf(result).code]).toEqual([2, 'USAGE']);
    expect(errorOf(result).message).toContain(what);
  });
});
