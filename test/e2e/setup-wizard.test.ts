import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, tempFolder } from '../support/cli.js';
import { screenOf } from '../support/fake-terminal.js';
import { runInTerminal } from '../support/terminal.js';
import { DOWN, ENDINGS, ENTER, inLanes, type Step, walk } from '../support/walk.js';

/** The wizard on a machine with nothing yet, to the question whether to apply. */
const STEPS: readonly Step[] = [
  ['Where are the tables?', `${DOWN}${ENTER}`],
  ['Which layout?', ENTER],
  ['Name of the sessions table?', ENTER],
  ['Name of the events table?', ENTER],
  ['How are the tables billed?', `${DOWN}${ENTER}`],
  ['Read capacity units a second?', ENTER],
  ['Write capacity units a second?', ENTER],
  ['TTL?', ENTER],
  ['A stream of what changes?', `${DOWN}${ENTER}`],
  ['Protect the tables from deletion?', `y${ENTER}`],
  ["Tags beside the layout's?", `Team=agents, Cost center=4711${ENTER}`],
  ['Apply this plan?', `y${ENTER}`],
];

const COMMAND =
  'setup --local --layout mcp --billing provisioned --read-capacity 5 --write-capacity 5 --no-streams ' +
  "--deletion-protection --tag=Team=agents '--tag=Cost center=4711'";

const existing = async (cwd: string): Promise<readonly boolean[]> => {
  const { stdout } = await runCli(['status', '--local', '--json'], { cwd });
  return JSON.parse(stdout).tables.map(({ exists }: { exists: boolean }) => exists);
};

describe('setup --interactive', () => {
  it('asks, shows the plan, applies it, and says the command that does the same', async () => {
    const cwd = tempFolder();
    const { code, output, isRestored } = await walk(['setup', '--interactive'], STEPS, { cwd, columns: 200 });
    expect([code, isRestored]).toEqual([0, true]);
    expect(output).toContain(`$ mcp-sessions ${COMMAND}\n`);
    expect(output).toContain(`$ mcp-sessions ${COMMAND} --yes\n`);
    const { stdout } = await runCli(['status', '--local', '--json'], { cwd });
    expect(JSON.parse(stdout).tables[0]).toMatchObject({
      billingMode: 'PROVISIONED',
      stream: { enabled: false },
      deletionProtection: true,
      tags: { Team: 'agents', 'Cost center': '4711' },
    });
  });

  it('is left with Esc and Ctrl-C at every question, and no table was made', async () => {
    const stops = STEPS.flatMap((_, at) => ENDINGS.map((ending) => [at, ...ending] as const));
    await inLanes(stops, async ([at, key, keys, expected]) => {
      const cwd = tempFolder();
      const { code, isRestored } = await walk(['setup', '--interactive'], STEPS, { cwd, stop: { at, keys } });
      expect([at, key, code, isRestored]).toEqual([at, key, expected, true]);
      if (existsSync(path.join(cwd, '.mcp-sessions'))) expect(await existing(cwd)).toEqual([false, false]);
    });
  }, 120_000);

  it('fits on 80 columns, and goes on when the terminal is resized', async () => {
    const cwd = tempFolder();
    const sizes = [
      [40, 12],
      [200, 50],
      [80, 24],
    ] as const;
    const { code, raw, output } = await runInTerminal(['setup', '--interactive'], {
      cwd,
      columns: 80,
      rows: 24,
      script: async (screen) => {
        for (const [at, [sees, types]] of STEPS.entries()) {
          await screen.waitFor(sees);
          const [columns, rows] = sizes[at % sizes.length] ?? [80, 24];
          screen.resize(columns, rows);
          screen.type(types);
        }
      },
    });
    expect(code).toBe(0);
    expect(output).not.toMatch(/undefined|\[object/);
    expect(await existing(cwd)).toEqual([true, true]);
    const fixed = await walk(['setup', '--interactive', '--dry-run'], STEPS.slice(0, -1), { cwd: tempFolder() });
    expect(screenOf(fixed.raw).filter((line) => line.length > 80 && !line.includes('$ mcp-sessions'))).toEqual([]);
    expect(raw.length).toBeGreaterThan(0);
  });

  it('asks in plain lines on a dumb terminal, without an escape sequence', async () => {
    const cwd = tempFolder();
    const steps: readonly Step[] = [
      ['Number (1-3, Enter for 1):', '2\n'],
      ['Number (1-6, Enter for 1):', '\n'],
      ['Name of the sessions table? (mcp-sessions)', 'x\n'],
      ['the name is shorter', 'agents\n'],
      ['Name of the events table? (mcp-session-events)', '\n'],
      ['Number (1-2, Enter for 1):', '\n'],
      ['Number (1-3, Enter for 1):', '\n'],
      ['Number (1-5, Enter for 1):', '\n'],
      ['Protect the tables from deletion? (y/N)', '\n'],
      ["Tags beside the layout's?", '\n'],
      ['Apply this plan? (y/N)', 'y\n'],
    ];
    const { code, raw, output } = await walk(['setup', '--interactive'], steps, { cwd, env: { TERM: 'dumb' } });
    expect(code).toBe(0);
    expect(raw).not.toContain('\u001B');
    expect(output).toContain('$ mcp-sessions setup --local --layout mcp --sessions-table agents --yes');
  });
});
