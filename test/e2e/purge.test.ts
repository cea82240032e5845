import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { idsOf, itemsOf } from '../operations/purge/harness.js';
import { runCli, tempFolder } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { fewestKills, roundsOf, seededNumbers } from '../support/crashes.js';

const engine = useEngine();

const at = (): readonly string[] => ['--endpoint-url', engine.endpoint];

const ROUNDS = roundsOf(30);

describe('purge, the built command', () => {
  it(`ends as it should after kill -9 in each of ${ROUNDS} rounds`, async () => {
    const random = seededNumbers(3);
    const tables = ['--sessions-table', 'kill-sessions', '--events-table', 'kill-events'];
    const common = [...at(), ...tables, '--layout', 'mcp'];
    expect((await runCli(['setup', '--no-streams', '--yes', '-q', ...common])).code).toBe(0);
    let killed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await runCli([
        'seed',
        '--count',
        '150',
        '--events',
        '2',
        '--expired',
        '60%',
        '--random-seed',
        String(round),
        '-q',
        ...common,
      ]);
      const living = new Set(
        (await itemsOf(engine.raw, 'kill-sessions'))
          .filter((item) => Number(item['ttl']?.['N']) * 1000 > Date.now() + 60_000)
          .map((item) => String(item['session_id']?.['S'])),
      );
      const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-kill-'));
      try {
        const argv = [
          'purge',
          '--expired',
          '--yes',
          '--json',
          '--delete-with',
          'statements',
          '--concurrency',
          '2',
          ...common,
        ];
        const first = await runCli(argv, {
          cwd: folder,
          onStart: (child) => void setTimeout(() => child.kill('SIGKILL'), 120 + random() * 180),
        });
        if (first.signal === 'SIGKILL') killed += 1;
        const second = await runCli([...argv, '--resume'], { cwd: folder });
        // Killed while it read the table, or before, it has nothing to go on with.
        const stderr = expect.stringMatching(/^(.*begins anew.*\n)?$/);
        expect({ round, code: second.code, stderr: second.stderr }).toEqual({ round, code: 0, stderr });
        const left = await idsOf(engine.raw, 'kill-sessions');
        expect([...living].filter((id) => !left.has(id))).toEqual([]);
        const past = (await itemsOf(engine.raw, 'kill-sessions')).filter(
          (item) => Number(item['ttl']?.['N']) * 1000 <= Date.now() - 60_000,
        );
        expect(past).toEqual([]);
        const owners = await idsOf(engine.raw, 'kill-events');
        expect([...owners].filter((id) => !left.has(id))).toEqual([]);
        expect([...left].filter((id) => !owners.has(id))).toEqual([]);
        expect(readdirSync(path.join(folder, '.mcp-sessions')).filter((name) => name.startsWith('purge-'))).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    expect(killed).toBeGreaterThanOrEqual(fewestKills(ROUNDS));
  }, 240_000);

  it('asks for consent, counts in a dry run, and says what is missing', async () => {
    const cwd = tempFolder();
    const tables = ['--sessions-table', 'dry-sessions', '--events-table', 'dry-events', ...at()];
    await runCli(['setup', '--no-streams', '--yes', '-q', ...tables], { cwd });
    await runCli(['seed', '--count', '20', '--expired', '0.5', '-q', ...tables], { cwd });
    const dry = await runCli(['purge', '--expired', '--dry-run', '--json', ...tables], { cwd });
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dryRun: true,
      matched: 10,
      deleted: 0,
      skippedLive: 0,
      failed: 0,
      events: { deleted: 0, failed: 0 },
      resume: null,
    });
    const unattended = await runCli(['purge', '--expired', '--json', ...tables], { cwd });
    expect(unattended).toMatchObject({ code: 4, stdout: '' });
    const careless = await runCli(['purge', '--json', ...tables], { cwd });
    expect([careless.code, JSON.parse(careless.stderr).error.code]).toEqual([2, 'USAGE']);
    const production = await runCli(
      ['purge', '--expired', '--yes', '--json', '--environment', 'production', ...tables],
      { cwd },
    );
    expect(production.code).toBe(4);
    expect(JSON.parse(production.stderr).error.hint).toContain('--confirm dry-sessions --confirm dry-events');
    expect((await itemsOf(engine.raw, 'dry-sessions')).length).toBe(20);
    const done = await runCli(
      [
        'purge',
        '--expired',
        '--environment',
        'production',
        '--confirm',
        'dry-sessions',
        '--confirm',
        'dry-events',
        '--json',
        ...tables,
      ],
      { cwd },
    );
    expect(JSON.parse(done.stdout)).toMatchObject({
      dryRun: false,
      matched: 10,
      deleted: 10,
      events: { deleted: 30, failed: 0 },
    });
    expect(Object.keys(JSON.parse(done.stdout))).toEqual(
      expect.arrayContaining([
        'dryRun',
        'matched',
        'deleted',
        'skippedLive',
        'failed',
        'events',
        'capacity',
        'seconds',
        'resume',
      ]),
    );
  });

  it('says on Ctrl-C how to go on, with 130', async () => {
    const cwd = tempFolder();
    const tables = ['--sessions-table', 'stop-sessions', '--events-table', 'stop-events', ...at()];
    await runCli(['setup', '--no-streams', '--yes', '-q', ...tables], { cwd });
    await runCli(['seed', '--count', '3000', '--events', '1', '--expired', '1', '-q', ...tables], {
      cwd,
      timeoutMs: 60_000,
    });
    const argv = ['purge', '--expired', '--yes', '--json', '--concurrency', '1', '--max-wcu', '300', ...tables];
    const stopped = await runCli(argv, { cwd, onStart: (child) => void setTimeout(() => child.kill('SIGINT'), 2000) });
    expect(stopped.code).toBe(130);
    const result = JSON.parse(stopped.stdout);
    expect(result.deleted).toBeLessThan(3000);
    expect(result.resume.command).toBe(`mcp-sessions ${argv.join(' ')} --resume`);
    const refused = await runCli(argv, { cwd });
    expect(JSON.parse(refused.stderr).error).toMatchObject({
      code: 'PURGE_UNFINISHED',
      hint: expect.stringContaining('--resume'),
    });
    const resumed = await runCli([...argv.filter((word) => !['--max-wcu', '300'].includes(word)), '--resume'], {
      cwd,
      timeoutMs: 60_000,
    });
    expect(JSON.parse(resumed.stdout)).toMatchObject({
      matched: 3000,
      deleted: 3000,
      events: { deleted: 3000 },
      resume: null,
    });
  }, 120_000);

  it('runs once at a time: a second one waits for nothing and touches nothing, until the first was killed', async () => {
    const cwd = tempFolder();
    const tables = ['--sessions-table', 'twice-sessions', '--events-table', 'twice-events', ...at()];
    await runCli(['setup', '--no-streams', '--yes', '-q', ...tables], { cwd });
    await runCli(['seed', '--count', '500', '--events', '1', '--expired', '1', '-q', ...tables], { cwd });
    const argv = ['purge', '--expired', '--yes', '--json', ...tables];
    const running: { kill(signal: NodeJS.Signals): boolean }[] = [];
    const first = runCli([...argv, '--max-wcu', '10'], {
      cwd,
      timeoutMs: 60_000,
      onStart: (child) => void running.push(child),
    });
    const folder = path.join(cwd, '.mcp-sessions');
    const isBegun = (): boolean =>
      existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('purge-') && name.endsWith('.done'));
    await expect.poll(isBegun, { timeout: 20_000 }).toBe(true);
    for (const more of [[], ['--resume'], ['--restart']]) {
      const second = await runCli([...argv, ...more], { cwd });
      expect([second.code, second.stdout]).toEqual([1, '']);
      expect(JSON.parse(second.stderr).error).toMatchObject({
        code: 'PURGE_RUNNING',
        message: expect.stringContaining('this purge is running (process '),
      });
    }
    expect((await runCli([...argv, '--dry-run'], { cwd })).code).toBe(0);
    for (const child of running) child.kill('SIGKILL');
    expect((await first).signal).toBe('SIGKILL');
    const resumed = await runCli([...argv, '--resume'], { cwd, timeoutMs: 60_000 });
    expect({ code: resumed.code, ...JSON.parse(resumed.stdout) }).toMatchObject({
      code: 0,
      matched: 500,
      deleted: 500,
      events: { deleted: 500 },
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('purge-'))).toEqual([]);
  }, 120_000);
});
