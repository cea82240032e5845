import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../operations/archive/harness.js';
import { bareEnvironment, COMMAND, runCli, tempFolder, testNode } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { fewestKills, roundsOf, seededNumbers } from '../support/crashes.js';

const engine = useEngine();

const at = (): readonly string[] => ['--endpoint-url', engine.endpoint];

const SESSIONS = 'kill-sessions';
const EVENTS = 'kill-events';
const tables = (): readonly string[] => [
  '--sessions-table',
  SESSIONS,
  '--events-table',
  EVENTS,
  '--layout',
  'mcp',
  ...at(),
];

async function inFolder(work: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-kill-'));
  try {
    await work(cwd);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** Runs a command and kills it after so many milliseconds; true when it was still running. */
async function killed(argv: readonly string[], cwd: string, ms: number): Promise<boolean> {
  const result = await runCli(argv, { cwd, onStart: (child) => void setTimeout(() => child.kill('SIGKILL'), ms) });
  return result.signal === 'SIGKILL';
}

const interrupt = (child: { kill(signal: NodeJS.Signals): boolean }): void =>
  void setTimeout(() => child.kill('SIGINT'), 1500);

const ROUNDS = roundsOf(30);

describe('backup and restore, the built command', () => {
  it(`end as they should after kill -9 in each of ${ROUNDS} rounds`, async () => {
    await runCli(['setup', '--no-streams', '--yes', '-q', ...tables()]);
    await runCli(['seed', '--count', '400', '--events', '2', '-q', ...tables()]);
    const before = [await contentOf(engine.raw, SESSIONS), await contentOf(engine.raw, EVENTS)];
    const random = seededNumbers(5);
    let [cutBackups, cutRestores] = [0, 0];
    for (let round = 0; round < ROUNDS; round += 1)
      await inFolder(async (cwd) => {
        const backup = ['backup', '--to', 'archive', '--segments', '4', '--json', ...tables()];
        if (await killed(backup, cwd, 100 + random() * 250)) cutBackups += 1;
        // A partial archive is refused, and never taken for a whole one.
        if (existsSync(path.join(cwd, 'archive')) && !existsSync(path.join(cwd, 'archive', 'archive.json'))) {
          const refused = await runCli(['backup', 'verify', 'archive', '--json'], { cwd });
          // A folder in which not even the journal was begun is none yet.
          const isBegun = existsSync(path.join(cwd, 'archive', 'archive.partial.jsonl'));
          expect([round, refused.code]).toEqual([round, isBegun ? 3 : 1]);
          if (isBegun) expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, tables: [] });
        }
        if (!existsSync(path.join(cwd, 'archive', 'archive.json'))) {
          const second = await runCli([...backup, '--resume'], { cwd });
          expect({ round, code: second.code, stderr: second.stderr }).toEqual({ round, code: 0, stderr: '' });
        }
        expect((await runCli(['backup', 'verify', 'archive', '-q'], { cwd })).code).toBe(0);

        const copy = `kill-copy-${round}`;
        const restore = [
          'restore',
          'archive',
          '--to-table',
          copy,
          '--to-events-table',
          `${copy}-e`,
          '--yes',
          '--json',
          ...at(),
        ];
        if (await killed(restore, cwd, 150 + random() * 700)) cutRestores += 1;
        const second = await runCli([...restore, '--resume'], { cwd });
        // What was finished before the signal came is there, and is not restored over.
        if (second.code !== 0) expect(JSON.parse(second.stderr).error.code).toBe('NOTHING_TO_RESUME');
        expect([round, await contentOf(engine.raw, copy)]).toEqual([round, before[0]]);
        expect([round, await contentOf(engine.raw, `${copy}-e`)]).toEqual([round, before[1]]);
        const { TimeToLiveDescription: ttl } = await engine.raw.call('DescribeTimeToLive', { TableName: `${copy}-e` });
        expect(ttl?.TimeToLiveStatus).toBe('ENABLED');
        expect(readdirSync(path.join(cwd, '.mcp-sessions')).filter((name) => name.startsWith('restore-'))).toEqual([]);
        for (const TableName of [copy, `${copy}-e`]) await engine.raw.call('DeleteTable', { TableName });
      });
    expect(Math.min(cutBackups, cutRestores)).toBeGreaterThanOrEqual(fewestKills(ROUNDS));
  }, 400_000);

  it('say on Ctrl-C how to go on, with 130', async () => {
    const cwd = tempFolder();
    const names = ['--sessions-table', 'stop-sessions', '--events-table', 'stop-events', ...at()];
    await runCli(['setup', '--no-streams', '--yes', '-q', ...names], { cwd });
    await runCli(['seed', '--count', '1500', '--events', '0', '-q', ...names], { cwd, timeoutMs: 60_000 });
    const backup = ['backup', '--to', 'archive', '--max-rcu', '20', '--json', ...names];
    const stopped = await runCli(backup, { cwd, onStart: interrupt });
    expect(stopped.code).toBe(130);
    const { archive, resume } = JSON.parse(stopped.stdout);
    expect(archive.tables[0]).toMatchObject({ table: 'stop-sessions', sha256: null });
    // The folder by its whole name: the command goes on from anywhere.
    const others = backup.filter((word) => !['--to', 'archive'].includes(word));
    expect(resume.command).toBe(`mcp-sessions ${others.join(' ')} --to ${path.join(cwd, 'archive')} --resume`);
    const whole = await runCli([...backup.filter((word) => !['--max-rcu', '20'].includes(word)), '--resume'], { cwd });
    expect(JSON.parse(whole.stdout).archive.tables[0]).toMatchObject({ items: 1500 });

    const restore = ['restore', 'archive', '--to-table', 'stop-copy', '--max-wcu', '200', '--yes', '--json', ...at()];
    const cut = await runCli(restore, { cwd, onStart: interrupt });
    expect(cut.code).toBe(130);
    expect(JSON.parse(cut.stdout).resume.command).toBe(`mcp-sessions ${restore.join(' ')} --resume`);
    const again = await runCli(restore, { cwd });
    expect(JSON.parse(again.stderr).error).toMatchObject({
      code: 'TABLE_EXISTS',
      hint: expect.stringContaining('--resume'),
    });
    const done = await runCli([...restore.filter((word) => !['--max-wcu', '200'].includes(word)), '--resume'], { cwd });
    expect(done.code).toBe(0);
    expect(await contentOf(engine.raw, 'stop-copy')).toEqual(await contentOf(engine.raw, 'stop-sessions'));
  }, 120_000);

  it.skipIf(process.platform === 'win32')('say so when the disk is full, and go on when there is room', async () => {
    const cwd = tempFolder();
    const names = ['--sessions-table', 'full-sessions', '--events-table', 'full-events', ...at()];
    await runCli(['setup', '--no-streams', '--yes', '-q', ...names], { cwd });
    await runCli(['seed', '--count', '500', '--events', '0', '-q', ...names], { cwd });
    const argv = ['backup', '--to', 'archive', '--json', ...names];
    // No file may have more than 8 KB; the signal that comes with that is ignored, as a full disk sends none.
    const script = `trap '' XFSZ; ulimit -f 16; exec "$0" "$@"`;
    const { code, stderr } = await new Promise<{ code: number | string | undefined; stderr: string }>((resolve) => {
      execFile(
        '/bin/sh',
        ['-c', script, testNode(), COMMAND, ...argv],
        { cwd, env: bareEnvironment(cwd, { NODE_DISABLE_COMPILE_CACHE: '1' }) },
        (error, _stdout, text) => resolve({ code: error?.code ?? 0, stderr: text }),
      );
    });
    expect(code).toBe(1);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'FILE_ERROR',
      message: expect.stringContaining('no room'),
      hint: expect.stringContaining('--resume'),
    });
    expect(existsSync(path.join(cwd, 'archive', 'archive.json'))).toBe(false);
    const whole = await runCli([...argv, '--resume'], { cwd });
    expect(JSON.parse(whole.stdout).archive.tables[0]).toMatchObject({ items: 500 });
    expect((await runCli(['backup', 'verify', 'archive'], { cwd })).code).toBe(0);
  });

  it('verify: exit 3 and the exact place when a line is not as it was written', async () => {
    const cwd = tempFolder();
    const names = ['--sessions-table', 'bad-sessions', '--events-table', 'bad-events', ...at()];
    await runCli(['setup', '--no-streams', '--yes', '-q', ...names], { cwd });
    await runCli(['seed', '--count', '20', '-q', ...names], { cwd });
    await runCli(['backup', '--to', 'archive', '-q', ...names], { cwd });
    const data = path.join(cwd, 'archive', 'sessions', 'AWSDynamoDB');
    const folder = path.join(data, readdirSync(data)[0] ?? '', 'data');
    const file = path.join(folder, readdirSync(folder)[0] ?? '');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const found = await runCli(['backup', 'verify', 'archive', '--json'], { cwd });
    expect(found.code).toBe(3);
    expect(JSON.parse(found.stdout)).toMatchObject({
      ok: false,
      tables: [
        { table: 'bad-sessions', expected: 20, ok: false },
        { table: 'bad-events', items: 60, expected: 60, ok: true },
      ],
      problems: [{ file, line: expect.any(Number), reason: expect.stringContaining('SHA-256') }],
    });
    const refused = await runCli(['restore', 'archive', '--to-table', 'bad-copy', '--yes', '--json', ...at()], { cwd });
    expect([refused.code, JSON.parse(refused.stderr).error.code]).toEqual([3, 'ARCHIVE_INVALID']);
    const { TableNames } = await engine.raw.call('ListTables', {});
    expect(TableNames).not.toContain('bad-copy');
  });
});
