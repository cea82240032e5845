import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runCli, tempFolder } from '../support/cli.js';
import { screenOf } from '../support/fake-terminal.js';
import { runInTerminal, type TerminalOptions } from '../support/terminal.js';

type Script = NonNullable<TerminalOptions['script']>;
type Screen = Parameters<Script>[0];

const MENU = 'Tear down what?';
const TYPE = 'Type DELETE to go on';

let cwd: string;
beforeEach(async () => {
  cwd = tempFolder();
  await runCli(['setup', '--local', '--yes', '-q'], { cwd });
  await runCli(['seed', '--local', '--count', '3', '--events', '1', '-q'], { cwd });
});

const teardown = (argv: readonly string[], script: Script, options: TerminalOptions = {}) =>
  runInTerminal(['teardown', '--local', ...argv], {
    cwd,
    columns: 80,
    rows: 24,
    script,
    timeoutMs: 20_000,
    ...options,
  });

/** What is left: the sessions, or null where there is no table. */
async function left(): Promise<number | null> {
  const { stdout } = await runCli(['list', '--local', '--json'], { cwd });
  return stdout === '' ? null : JSON.parse(stdout).sessions.length;
}

async function choose(screen: Screen, name: string): Promise<void> {
  await screen.waitFor(MENU);
  await screen.waitFor('cancel');
  for (let step = 0; step < 6 && !screen.recent().includes(`❯ ${name}`); step += 1) {
    screen.key('down');
    await screen.waitFor('❯ ');
  }
}

const declineDelete: Script = async (screen) => {
  await choose(screen, 'delete');
  screen.key('enter');
  await screen.waitFor(TYPE);
  screen.key('enter');
};

/** Chooses by number and answers, on a dumb terminal. */
const plainly =
  (line: string, answer: string): Script =>
  async (screen) => {
    await screen.waitFor('Number (1-6):');
    screen.type(`${line}\n`);
    await screen.waitFor(TYPE);
    screen.type(answer);
  };

describe('the menu of teardown, on a terminal', () => {
  it('takes a full clean-up through to its end, and the printed command undoes it', async () => {
    const { code, output } = await teardown([], async (screen) => {
      await choose(screen, 'full clean-up');
      screen.key('enter');
      await screen.waitFor('$ mcp-sessions teardown --local --all');
      await screen.waitFor(TYPE);
      screen.type('DELETE');
      screen.key('enter');
      await screen.waitFor('To undo it');
    });
    expect(code).toBe(0);
    expect(output).toContain('$ mcp-sessions teardown --local --all --yes');
    expect(await left()).toBeNull();
    const command = /^ {2}mcp-sessions (restore .*)$/m.exec(output)?.[1] ?? '';
    expect((await runCli([...command.split(' '), '--yes', '-q'], { cwd })).code).toBe(0);
    expect(await left()).toBe(3);
  }, 60_000);

  it.each([
    ['clear data', '--clear-data', 'DELETE', 0],
    ['create backups', '--backup', null, 3],
    ['disable streams', '--disable-streams', 'y', 3],
    ['delete', '--delete', 'DELETE', null],
  ] as const)('%s', async (name, flag, typed, rows) => {
    const { code, output, raw } = await teardown([], async (screen) => {
      await choose(screen, name);
      screen.key('enter');
      await screen.waitFor(`$ mcp-sessions teardown --local ${flag}`);
      if (typed === null) return;
      await screen.waitFor(typed === 'DELETE' ? TYPE : '(y/N)');
      screen.type(typed);
      screen.key('enter');
    });
    expect(code).toBe(0);
    expect(output).toContain('teardown in the embedded engine');
    expect(screenOf(raw).filter((line) => line.length > 80 && !line.includes('mcp-sessions '))).toEqual([]);
    expect(await left()).toBe(rows);
  });

  it.each([
    ['cancel', 4],
    ['escape', 4],
    ['ctrl-d', 4],
    ['ctrl-c', 130],
  ] as const)('is left with %s', async (key, expected) => {
    const { code, output } = await teardown([], async (screen) => {
      await choose(screen, key === 'cancel' ? 'cancel' : 'delete');
      screen.key(key === 'cancel' ? 'enter' : key);
    });
    expect(code).toBe(expected);
    expect(output).not.toContain('at Object');
    expect(await left()).toBe(3);
    expect(existsSync(path.join(cwd, '.mcp-sessions', 'backups'))).toBe(false);
  });

  it.each([
    ['--clear-data', TYPE],
    ['--all', TYPE],
    ['--delete', TYPE],
    ['--disable-streams', '(y/N)'],
  ])('%s: Ctrl-C and Esc at the question change nothing', async (flag, question) => {
    for (const [key, expected] of [
      ['ctrl-c', 130],
      ['escape', 4],
    ] as const) {
      const { code } = await teardown([flag], async (screen) => {
        await screen.waitFor(question);
        screen.key(key);
      });
      expect([key, code]).toEqual([key, expected]);
    }
    expect(await left()).toBe(3);
    expect((await runCli(['streams', 'status', '--local', '--json'], { cwd })).stdout).toContain('NEW_AND_OLD_IMAGES');
  });

  it('in production asks for each name, and Ctrl-C at either changes nothing', async () => {
    for (const first of [null, 'mcp-session-events']) {
      const script: Script = async (screen) => {
        await screen.waitFor('Type mcp-session-events to go on');
        if (first !== null) {
          screen.type(first);
          screen.key('enter');
          await screen.waitFor('Type mcp-sessions to go on');
        }
        screen.key('ctrl-c');
      };
      const { code } = await teardown(['--all', '--environment', 'production'], script, { columns: 120 });
      expect(code).toBe(130);
    }
    expect(await left()).toBe(3);
  });

  it('goes on when the terminal is resized, in the menu and at a question', async () => {
    const { code } = await teardown([], async (screen) => {
      await choose(screen, 'clear data');
      screen.resize(40, 12);
      screen.key('down');
      await screen.waitFor('❯ create backups');
      screen.resize(120, 40);
      screen.key('up');
      await screen.waitFor('❯ clear data');
      screen.key('enter');
      await screen.waitFor(TYPE);
      screen.resize(50, 10);
      screen.type('DELETE');
      screen.key('enter');
    });
    expect(code).toBe(0);
    expect(await left()).toBe(0);
  });

  it('has no colour with NO_COLOR', async () => {
    const { code, raw } = await teardown([], declineDelete, { env: { NO_COLOR: '1' } });
    expect(code).toBe(4);
    // oxlint-disable-next-line no-control-regex -- colour is what is looked for
    expect(raw).not.toMatch(/\u001B\[[\d;]*m/);
  });

  it('asks in plain lines on a dumb terminal, where Ctrl-C and Esc leave as well', async () => {
    const dumb = { env: { TERM: 'dumb' } };
    const stopped = await teardown([], plainly('4', '\u0003'), dumb);
    expect([stopped.code, stopped.raw.includes('\u001b')]).toEqual([130, false]);
    expect((await teardown([], plainly('4', '\u001b\n'), dumb)).code).toBe(4);
    expect((await teardown([], plainly('4', '\u0004'), dumb)).code).toBe(4);
    expect((await teardown([], plainly('4', '\n'), dumb)).code).toBe(4);
    expect(await left()).toBe(3);
    const done = await teardown([], plainly('1', 'DELETE\n'), dumb);
    expect([done.code, done.raw.includes('\u001b')]).toEqual([0, false]);
    expect(await left()).toBe(0);
  }, 60_000);
});

describe('Ctrl-C while a backup is made', () => {
  it('deletes nothing', async () => {
    cwd = tempFolder();
    await runCli(['setup', '--local', '--no-streams', '--yes', '-q'], { cwd });
    await runCli(['seed', '--local', '--count', '5000', '--events', '0', '-q'], { cwd, timeoutMs: 60_000 });
    const { code, output } = await teardown(['--all', '--yes', '--max-rcu', '50'], async (screen) => {
      await screen.waitFor('archiving');
      screen.key('ctrl-c');
    });
    expect(code).toBe(130);
    expect(output).toContain('nothing was deleted');
    expect(await left()).toBe(50);
  }, 90_000);
});
