import { existsSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { answer } from '../support/run-command.js';
import { TABLES, useTeardown } from './teardown-harness.js';

const on = useTeardown();
const { contents, run, teardown } = on;

describe('consent', () => {
  const production = ['--environment', 'production'];
  const both = TABLES.flatMap((table) => ['--confirm', table]);
  const one = ['--confirm', 'mcp-sessions'];
  const typed = 'Type DELETE to go on';

  it.each([
    // [how, flags, what is typed on a terminal and at which question, exit code]
    ['nothing, no terminal', ['--all'], null, 4],
    ['--yes, no terminal', ['--all', '--yes'], null, 0],
    ['names, no terminal', ['--all', ...both], null, 4],
    ['--no-input on a terminal', ['--all', '--no-input'], [], 4],
    ['--yes on a terminal', ['--all', '--yes'], [], 0],
    ['DELETE on a terminal', ['--all'], [[typed, 'DELETE\r']], 0],
    ['nothing typed on a terminal', ['--all'], [[typed, '\r']], 4],
    ['Esc on a terminal', ['--all'], [[typed, '\u001b']], 4],
    ['Ctrl-C on a terminal', ['--all'], [[typed, '\u0003']], 130],
    ['Ctrl-D on a terminal', ['--all'], [[typed, '\u0004']], 4],
    ['nothing in production', ['--all', ...production], null, 4],
    ['--yes in production', ['--all', ...production, '--yes'], null, 4],
    ['one name in production', ['--all', ...production, ...one], null, 4],
    ['all names in production', ['--all', ...production, ...both], null, 0],
    ['all names in production, --no-input', ['--all', ...production, ...both, '--no-input'], [], 0],
    [
      'both names typed in production',
      ['--all', ...production, '--yes'],
      [
        ['Type mcp-session-events to', 'mcp-session-events\r'],
        ['Type mcp-sessions to', 'mcp-sessions\r'],
      ],
      0,
    ],
    [
      'Ctrl-C at the second name',
      ['--all', ...production],
      [
        ['Type mcp-session-events to', 'mcp-session-events\r'],
        ['Type mcp-sessions to', '\u0003'],
      ],
      130,
    ],
    ['one name given and Esc', ['--all', ...production, ...one], [['Type mcp-session-events to', '\u001b']], 4],
    ['backups alone, no terminal', ['--backup'], null, 0],
    ['backups alone in production', ['--backup', ...production], null, 0],
    ['backups and streams, no terminal', ['--backup', '--disable-streams'], null, 4],
    ['backups and streams, n', ['--backup', '--disable-streams'], [['Back up and disable', 'n\r']], 4],
    ['clear, no terminal', ['--backup', '--clear-data'], null, 4],
    ['clear by DELETE', ['--backup', '--clear-data'], [[typed, 'DELETE\r']], 0],
  ] as const)('%s', async (_, argv, keys, code) => {
    on.aws.double.forgetCalls();
    const result = await teardown(argv, {
      ...(keys !== null && { columns: 100 }),
      user: async (streams) => {
        for (const [question, what] of keys ?? []) await answer(question, what)(streams);
      },
    });
    expect(result.code).toBe(code);
    if (code !== 0) {
      expect(on.aws.writes()).toEqual([]);
      expect(existsSync(path.join(on.cwd, '.mcp-sessions'))).toBe(false);
    } else expect(on.aws.writes()).toContain('CreateBackup');
  });

  it('shows account, region, endpoint, table, rows, newest activity and newest backup, in 80 columns', async () => {
    await run(['backup', '-q']);
    const { stderr } = await teardown(['--all'], { columns: 80, user: answer(typed, '\r') });
    const told = stripVTControlCharacters(stderr);
    const flat = told.replaceAll(/\s+/g, ' ');
    expect(flat).toContain(`in eu-west-1 at ${on.aws.double.endpoint}, account 123456789012`);
    expect(told).toMatch(/^table: +mcp-sessions \(sessions\)/m);
    expect(told).toMatch(/^rows: +4/m);
    expect(told).toMatch(/^newest activity: +5m ago/m);
    expect(flat).toMatch(/newest backup: mcp-sessions-backup-20261120-120000/);
    expect(told.split('\n').filter((line) => line.length > 80 && !line.startsWith('? '))).toEqual([]);
  });
});

describe('the menu of teardown', () => {
  const MENU = 'Tear down what?';
  const DOWN = '\u001b[B';

  it.each([
    ['clear data', 0, '--clear-data', 'Type DELETE'],
    ['disable streams', 2, '--disable-streams', 'Disable the stream'],
    ['delete', 3, '--delete', 'Type DELETE'],
    ['full clean-up', 4, '--all', 'Type DELETE'],
  ] as const)('%s says the command and asks', async (_, downs, flag, question) => {
    on.aws.double.forgetCalls();
    const { code, stderr } = await run(['teardown'], {
      columns: 100,
      user: async (streams) => {
        await answer(MENU, `${DOWN.repeat(downs)}\r`)(streams);
        await answer(question, '\u001b')(streams);
      },
    });
    expect(code).toBe(4);
    expect(stripVTControlCharacters(stderr)).toContain(
      `$ mcp-sessions teardown --endpoint-url ${on.aws.double.endpoint} ${flag}\n`,
    );
    expect(on.aws.writes()).toEqual([]);
  });

  it('goes through with a clearing, and says the whole command', async () => {
    const { code, stderr } = await run(['teardown'], {
      columns: 100,
      user: async (streams) => {
        await answer(MENU, '\r')(streams);
        await answer('Type DELETE', 'DELETE\r')(streams);
      },
    });
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stderr)).toContain(`${on.aws.double.endpoint} --clear-data --yes\n`);
    expect(await contents()).toEqual([[], []]);
  });

  it('makes backups without another question', async () => {
    const { code, stdout } = await run(['teardown'], { columns: 100, user: answer(MENU, `${DOWN}\r`) });
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stdout)).toContain('mcp-sessions: backed up');
  });

  it.each([
    ['cancel', `${DOWN.repeat(5)}\r`, 4],
    ['Esc', '\u001b', 4],
    ['Ctrl-D', '\u0004', 4],
    ['Ctrl-C', '\u0003', 130],
  ] as const)('%s changes nothing', async (_, keys, code) => {
    on.aws.double.forgetCalls();
    const result = await run(['teardown'], { columns: 100, user: answer(MENU, keys) });
    expect(result.code).toBe(code);
    expect(on.aws.double.calls).toEqual([]);
  });

  it('asks in plain lines on a dumb terminal', async () => {
    const { code, stderr } = await run(['teardown'], {
      columns: 80,
      env: { AWS_REGION: 'eu-west-1', TERM: 'dumb', LANG: 'C' },
      user: async (streams) => {
        await answer('Number (1-6)', '1\n')(streams);
        await answer('Type DELETE', 'DELETE\n')(streams);
      },
    });
    expect(stderr).toContain('5) full clean-up');
    expect(stderr).not.toContain('\u001b');
    expect(code).toBe(0);
  });

  it('is not shown without a terminal, nor with --no-input', async () => {
    expect((await run(['teardown'])).code).toBe(2);
    const result = await run(['teardown', '--no-input'], { columns: 80 });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--all');
  });
});
