import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/index.js';
import { runCli, tempFolder, testNode } from '../support/cli.js';
import { screenOf } from '../support/fake-terminal.js';
import { runInTerminal } from '../support/terminal.js';
import { CTRL_C, DOWN, ENDINGS, ENTER, ESCAPE, inLanes, type Step, walk } from '../support/walk.js';

const MENU = 'What would you like to do?';
const BACK = 'Enter: back to the menu';
const cwd = tempFolder();

const cli = async (...argv: readonly string[]): Promise<string> => (await runCli([...argv, '--local'], { cwd })).stdout;

let before: unknown;
beforeAll(async () => {
  await cli('setup', '--yes', '-q');
  await cli('seed', '--count', '3', '--events', '1', '--expired', '0.4', '-q');
  await cli('backup', '-q');
  before = await everything();
}, 60_000);

/** The tables with their rows and settings, and what archives there are. */
async function everything(): Promise<unknown> {
  const [list, status] = [JSON.parse(await cli('list', '--all', '--json')), JSON.parse(await cli('status', '--json'))];
  const sessions = list.sessions.map(({ id, state }: { id: string; state: string }) => `${id} ${state}`);
  const kept = path.join(cwd, '.mcp-sessions', 'backups');
  return { sessions, tables: status.tables, archives: existsSync(kept) ? readdirSync(kept) : [] };
}

/** Chooses an entry by its place among those of its level. */
const entry = (names: readonly string[], name: string): string => {
  const at = names.indexOf(name);
  if (at < 0) throw new Error(`there is no ${name} among ${names.join(', ')}`);
  return `${DOWN.repeat(at)}${ENTER}`;
};

/** The entries of the menu, `quit` aside. */
const ENTRIES = COMMANDS.flatMap(({ name, interactive }) =>
  interactive === undefined ? [name] : [name, `${name} --interactive`],
);

/** From the menu to a command. */
function stepsTo(command: string): readonly Step[] {
  const isEntry = ENTRIES.includes(command);
  const [first = '', second] = isEntry ? [command] : command.split(' ');
  const below = COMMANDS.find(({ name }) => name === first)?.subcommands?.map(({ name }) => name) ?? [];
  const choice: Step = [/❯ setup {2}/, entry(ENTRIES, first)];
  return second === undefined ? [choice] : [choice, [`${first}: which?`, entry(below, second)]];
}

/** A path below the menu: the questions of the command, answered so that nothing is changed, and what it ends with. */
interface Path {
  readonly command: string;
  readonly asks?: readonly Step[];
  readonly ends: string | RegExp;
}

const PATHS: readonly Path[] = [
  { command: 'setup', ends: 'nothing to do' },
  {
    command: 'setup --interactive',
    asks: [
      ['Which layout?', ENTER],
      ['Name of the sessions table?', ENTER],
      ['Name of the events table?', ENTER],
      ['Billing?', ENTER],
      ['TTL?', ENTER],
      ['A stream of what changes?', ENTER],
      ['Protect the tables from deletion?', `y${ENTER}`],
      ["Tags beside the layout's?", ENTER],
      ['Apply this plan?', ENTER],
    ],
    ends: 'not confirmed',
  },
  { command: 'status', ends: 'in sync with the layout' },
  { command: 'backup list', ends: '1 backup, newest first' },
  { command: 'backup show', asks: [['Which backup?', ENTER]], ends: "3 items of 'mcp-sessions'" },
  {
    command: 'backup delete',
    asks: [
      ['Which backup?', ENTER],
      ['Delete this backup for good?', ENTER],
    ],
    ends: 'not confirmed',
  },
  { command: 'backup prune', asks: [['How many backups of each table stay?', ENTER]], ends: /no backup|nothing/ },
  { command: 'backup verify', asks: [['Which archive?', ENTER]], ends: 'every byte is as it was written' },
  {
    command: 'restore',
    asks: [
      ['Which backup?', ENTER],
      ['mcp-sessions is there. Restore how?', ENTER],
      ['Name of the new sessions table?', ENTER],
      ['Restore 6 items?', ENTER],
    ],
    ends: 'not confirmed',
  },
  { command: 'streams status', ends: 'NEW_AND_OLD_IMAGES' },
  { command: 'streams enable', ends: /nothing|already|as/ },
  { command: 'streams disable', asks: [['Turn this off?', ENTER]], ends: 'not confirmed' },
  {
    command: 'teardown',
    asks: [
      ['Tear down what?', `${DOWN.repeat(3)}${ENTER}`],
      ['Type DELETE to go on', ENTER],
    ],
    ends: 'not confirmed',
  },
  { command: 'list', ends: 'Last activity' },
  { command: 'show', asks: [['Which session?', ENTER]], ends: 'Events' },
  { command: 'events', asks: [['Which session?', ENTER]], ends: 'message' },
  {
    command: 'purge',
    asks: [
      ['Purge what?', `${DOWN.repeat(3)}${ENTER}`],
      ['Which session?', ENTER],
      ['Delete 1 session?', ENTER],
    ],
    ends: 'not confirmed',
  },
  { command: 'stats', ends: 'never' },
  { command: 'local exec', asks: [['command', `${testNode()} -p 40+2${ENTER}`]], ends: '42' },
  { command: 'local reset', asks: [[/\(y\/N\)/, ENTER]], ends: 'not confirmed' },
  { command: 'layouts list', ends: 'express' },
  { command: 'schema', asks: [['Whom is the policy for?', ENTER]], ends: '2012-10-17' },
  { command: 'completion', asks: [[/shell/, ENTER]], ends: 'complete -F' },
  { command: 'layouts show', asks: [['Which layout?', ENTER]], ends: 'session_id' },
  { command: 'layouts detect', asks: [['Which table?', `${DOWN}${ENTER}`]], ends: 'mcp (certain)' },
  { command: 'doctor', ends: 'engine' },
];

describe('each entry of the menu', () => {
  it('is walked here, but for those that write without a question or run until they are stopped', () => {
    const all = COMMANDS.flatMap(({ name, run, subcommands = [] }) =>
      run === undefined ? subcommands.map((below) => `${name} ${below.name}`) : [name],
    );
    expect(PATHS.map(({ command }) => command)).toEqual(expect.arrayContaining(['setup --interactive']));
    const walked = new Set(PATHS.map(({ command }) => command));
    expect(all.filter((command) => !walked.has(command))).toEqual([
      'backup create',
      'streams tail',
      'seed',
      'local start',
    ]);
  });

  it.each(PATHS.map((each) => [each.command, each] as const))('%s', async (command, { asks = [], ends }) => {
    const { code, output, isRestored } = await walk(
      ['--local'],
      [...stepsTo(command), ...asks, [ends, ''], [BACK, ENTER], [/❯ setup {2}/, ESCAPE]],
      { cwd },
    );
    expect([code, isRestored]).toEqual([4, true]);
    expect(output).toContain(`$ mcp-sessions ${command} `);
    expect(output.split(MENU).length).toBeGreaterThan(2);
  });

  it('none of them has changed anything', async () => {
    expect(await everything()).toEqual(before);
  });

  it('backup create and seed write, and say so', async () => {
    const folder = tempFolder();
    await runCli(['setup', '--local', '--yes', '-q'], { cwd: folder });
    const { output } = await walk(
      ['--local'],
      [
        ...stepsTo('seed'),
        ['10 sessions', ''],
        [BACK, ENTER],
        ...stepsTo('backup create'),
        ['archive:', ''],
        [BACK, ENTER],
        [/❯ setup {2}/, ESCAPE],
      ],
      { cwd: folder },
    );
    expect(output).toContain('$ mcp-sessions seed --local');
    expect(output).toContain('$ mcp-sessions backup create --local');
    expect(readdirSync(path.join(folder, '.mcp-sessions', 'backups'))).toHaveLength(1);
  });

  it.each(['local start', 'streams tail'])('%s runs until Ctrl-C, which ends the menu as well', async (command) => {
    const sees = command === 'local start' ? 'Ctrl-C stops it.' : 'Ctrl-C ends it';
    const { code, output, isRestored } = await walk(['--local'], [...stepsTo(command), [sees, CTRL_C]], { cwd });
    expect([code, isRestored]).toEqual([0, true]);
    expect(output.trimEnd()).not.toContain('interrupted at a question');
  });
});

describe('Esc and Ctrl-C', () => {
  it('leave at every question below the menu, with nothing changed', async () => {
    // One after the other for each command: a purge does not run beside the same purge.
    await inLanes(PATHS, async ({ command, asks = [] }) => {
      const way = stepsTo(command);
      // The menu's own questions are those of one path.
      const from = command === 'layouts show' ? 0 : way.length;
      const steps = [...way, ...asks];
      for (const at of steps.keys())
        for (const [key, keys, expected] of at < from ? [] : ENDINGS) {
          const { code, isRestored, output } = await walk(['--local'], steps, { cwd, stop: { at, keys } });
          expect([key, command, at, code, isRestored]).toEqual([key, command, at, expected, true]);
          expect(output).not.toContain('    at ');
        }
    });
    expect(await everything()).toEqual(before);
  }, 180_000);
});

describe('the menu', () => {
  it('leaves a result in sight until Enter is pressed', async () => {
    const { sessions } = JSON.parse(await cli('list', '--all', '--json'));
    let seen: readonly string[] = [];
    const { code } = await runInTerminal(['--local'], {
      cwd,
      columns: 80,
      rows: 24,
      script: async (screen) => {
        await screen.waitFor('quit');
        screen.type(entry(ENTRIES, 'list'));
        await screen.waitFor(BACK);
        seen = screenOf(screen.raw()).slice(-24);
        screen.key('enter');
        await screen.waitFor('quit');
        screen.key('escape');
      },
    });
    expect(code).toBe(4);
    const shown = seen.join('\n');
    expect(shown).toContain('$ mcp-sessions list --local');
    for (const { id } of sessions) expect(shown).toContain(id);
    // Of the menu there is only the answer.
    expect(shown).not.toContain('❯');
  });

  it.each(ENDINGS)('is left with %s as well where a result stands', async (_, keys, expected) => {
    const { code, output, isRestored } = await walk(
      ['--local'],
      [...stepsTo('status'), ['in sync with the layout', ''], [BACK, keys]],
      { cwd },
    );
    expect([code, isRestored]).toEqual([expected, true]);
    expect(output).not.toContain('    at ');
  });

  it('goes on when the terminal is resized', async () => {
    const { code, raw } = await runInTerminal(['--local'], {
      cwd,
      columns: 80,
      rows: 24,
      script: async (screen) => {
        await screen.waitFor('quit');
        screen.resize(40, 12);
        screen.key('down');
        await screen.waitFor('❯ setup --interactive');
        screen.resize(200, 50);
        screen.key('down');
        await screen.waitFor('❯ status');
        screen.resize(80, 24);
        screen.key('down');
        await screen.waitFor('❯ backup');
        screen.key('up');
        await screen.waitFor('❯ status');
        screen.key('enter');
        await screen.waitFor('in sync with the layout');
        await screen.waitFor(BACK);
        screen.key('enter');
        await screen.waitFor('quit');
        screen.key('escape');
      },
    });
    expect(code).toBe(4);
    expect(raw).not.toContain('undefined');
  });

  it('has no colour with NO_COLOR', async () => {
    const { code, raw } = await walk(['--local'], [...stepsTo('show'), ['Which session?', ESCAPE]], {
      cwd,
      env: { NO_COLOR: '1' },
    });
    expect(code).toBe(4);
    // oxlint-disable-next-line no-control-regex -- colour is what is looked for
    expect(raw).not.toMatch(/\u001B\[[\d;]*m/);
  });

  it('asks in plain lines on a dumb terminal, also to search', async () => {
    const { sessions } = JSON.parse(await cli('list', '--all', '--json'));
    const [{ id }] = sessions;
    const quit = `${ENTRIES.length + 1}\n`;
    const { code, raw } = await walk(
      ['--local'],
      [
        [`Number (1-${ENTRIES.length + 1}):`, `${ENTRIES.indexOf('show') + 1}\n`],
        ['Number (1-3), or text to search for:', `${id}\n`],
        [`$ mcp-sessions show ${id} --local`, ''],
        [BACK, '\n'],
        [`Number (1-${ENTRIES.length + 1}):`, quit],
      ],
      { cwd, env: { TERM: 'dumb' } },
    );
    expect(code).toBe(0);
    expect(raw).not.toContain(ESCAPE);
  });
});
