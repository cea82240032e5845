import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, tempFolder, testNode } from '../support/cli.js';
import { screenOf } from '../support/fake-terminal.js';
import { runInTerminal, type TerminalOptions } from '../support/terminal.js';

const folder = tempFolder();
const terminal = (args: readonly string[], options: TerminalOptions = {}) =>
  runInTerminal(args, { cwd: folder, columns: 80, rows: 24, ...options });

let ids: readonly string[] = [];

beforeAll(async () => {
  await runCli(['setup', '--local', '--yes', '-q'], { cwd: folder });
  await runCli(['seed', '--local', '--count', '4', '-q'], { cwd: folder });
  const { stdout } = await runCli(['list', '--local', '--json'], { cwd: folder });
  ids = JSON.parse(stdout).sessions.map(({ id }: { id: string }) => id);
});

describe('the menu', () => {
  it('runs what is chosen, says the command that does the same, and comes back until it is left', async () => {
    const { code, output } = await terminal(['--local'], {
      script: async (screen) => {
        await screen.waitFor('What would you like to do?');
        // All of it is in sight.
        await screen.waitFor('quit');
        screen.key('down');
        await screen.waitFor(/❯ setup --interactive/);
        screen.key('down');
        await screen.waitFor(/❯ status/);
        screen.key('enter');
        await screen.waitFor('$ mcp-sessions status --local');
        await screen.waitFor('in sync with the layout');
        await screen.waitFor('Enter: back to the menu');
        screen.key('enter');
        await screen.waitFor(/❯ setup/);
        screen.key('up');
        for (let step = 0; step < 30 && !screen.recent().includes('❯ quit'); step += 1) {
          screen.key('down');
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
        screen.key('enter');
      },
    });
    expect(code).toBe(0);
    expect(output).toContain('mcp-sessions (sessions)');
  });

  it('asks for the rest of a command that has several parts, and goes back from there', async () => {
    const { code, output } = await terminal(['--local'], {
      script: async (screen) => {
        await screen.waitFor('What would you like to do?');
        const choose = async (name: RegExp): Promise<void> => {
          for (let step = 0; step < 30 && !name.test(screen.recent()); step += 1) {
            screen.key('down');
            await new Promise((resolve) => setTimeout(resolve, 40));
          }
          screen.key('enter');
        };
        await choose(/❯ layouts \.\.\./);
        await screen.waitFor('layouts: which?');
        await choose(/❯ back/);
        await screen.waitFor(/❯ setup/);
        await choose(/❯ layouts \.\.\./);
        await screen.waitFor(/❯ layouts list/);
        screen.key('enter');
        await screen.waitFor('$ mcp-sessions layouts list --local');
        await screen.waitFor('Enter: back to the menu');
        screen.key('enter');
        await screen.waitFor(/❯ setup/);
        await choose(/❯ quit/);
      },
    });
    expect(code).toBe(0);
    expect(output).toContain('express');
  });

  it('lets an argument be chosen that has choices', async () => {
    const { code, output } = await terminal([], {
      script: async (screen) => {
        await screen.waitFor('What would you like to do?');
        const choose = async (name: RegExp): Promise<void> => {
          for (let step = 0; step < 30 && !name.test(screen.recent()); step += 1) {
            screen.key('down');
            await new Promise((resolve) => setTimeout(resolve, 40));
          }
          screen.key('enter');
        };
        await choose(/❯ completion/);
        await screen.waitFor('the shell that is to complete:');
        await choose(/❯ fish/);
        await screen.waitFor('$ mcp-sessions completion fish');
        await screen.waitFor('Enter: back to the menu');
        screen.key('enter');
        await screen.waitFor(/❯ setup/);
        await choose(/❯ quit/);
      },
    });
    expect(code).toBe(0);
    expect(output).toContain('function __mcp_sessions_complete');
  });

  it('ends with 130 on Ctrl-C', async () => {
    const { code, output } = await terminal([], {
      script: async (screen) => {
        await screen.waitFor('What would you like to do?');
        screen.key('ctrl-c');
      },
    });
    expect(code).toBe(130);
    expect(output).not.toContain('at Object');
  });
});

describe('prompts', () => {
  it('fill the gap of a missing id, and say the command that has none', async () => {
    const { code, output } = await terminal(['show', '--local'], {
      script: async (screen) => {
        await screen.waitFor('Which session?');
        screen.key('down');
        await screen.waitFor(`❯ ${ids[1]}`);
        screen.key('enter');
      },
    });
    expect(code).toBe(0);
    expect(output).toContain(`$ mcp-sessions show ${ids[1]} --local\n`);
    expect(output).toMatch(/State: +\w+/);
  });

  it('take a declined consent for exit 4', async () => {
    const { code, output } = await terminal(['setup', '--local=declined.db'], {
      script: async (screen) => {
        await screen.waitFor('Apply this plan?');
        screen.key('enter');
      },
    });
    expect(code).toBe(4);
    expect(output).toContain('error: setup: not confirmed, so nothing was changed');
  });

  it('are not asked with --no-input', async () => {
    const { code, output } = await terminal(['setup', '--local=declined.db', '--no-input']);
    expect(code).toBe(4);
    expect(output).not.toContain('?');
  });

  it('end with 130 on Ctrl-C, and change nothing', async () => {
    const { code } = await terminal(['setup', '--local=declined.db'], {
      script: async (screen) => {
        await screen.waitFor('Apply this plan?');
        screen.key('ctrl-c');
      },
    });
    expect(code).toBe(130);
    const { stdout } = await runCli(['status', '--local=declined.db', '--json'], { cwd: folder });
    expect(JSON.parse(stdout).tables[0].exists).toBe(false);
  });
});

describe('output on a terminal', () => {
  it('shows the list at 80 columns with ids whole and times as seen from now', async () => {
    const { code, output, raw } = await terminal(['list', '--local']);
    expect(code).toBe(0);
    for (const id of ids) expect(output).toContain(id);
    expect(output).toMatch(/Id +State +Last activity +(Created +)?Expires/);
    expect(output).toMatch(/\d+m ago|\d+s ago|now/);
    expect(screenOf(raw).filter((line) => line.length > 80)).toEqual([]);
    expect(raw).toContain('\u001B[1m');
  });

  it('has no colour with NO_COLOR or --no-color', async () => {
    // oxlint-disable-next-line no-control-regex -- colour is what is looked for
    const colour = /\u001B\[[\d;]*m/;
    expect((await terminal(['list', '--local'], { env: { NO_COLOR: '1' } })).raw).not.toMatch(colour);
    expect((await terminal(['list', '--local', '--no-color'])).raw).not.toMatch(colour);
  });

  it('stays below 80 columns for status, setup, show, layouts and doctor', async () => {
    const commands = [
      ['status', '--local'],
      ['setup', '--local=new.db', '--dry-run'],
      ['show', '--local', ids[0] ?? ''],
      ['layouts', 'show', 'mcp'],
      ['layouts', 'list'],
      ['doctor', '--local'],
    ];
    for (const argv of commands) {
      const { raw } = await terminal(argv);
      expect({ argv, wide: screenOf(raw).filter((line) => line.length > 80) }).toEqual({ argv, wide: [] });
    }
  });
});

describe('Ctrl-C', () => {
  it('ends local start, which it is told to do', async () => {
    const { code, output } = await terminal(['local', 'start'], {
      cwd: tempFolder(),
      script: async (screen) => {
        await screen.waitFor('Ctrl-C stops it.');
        screen.key('ctrl-c');
      },
    });
    expect(code).toBe(0);
    expect(output).toMatch(/export AWS_ENDPOINT_URL_DYNAMODB=http:\/\/127\.0\.0\.1:\d+/);
  });

  it('lets the command of local exec end in its own way, and returns its exit code', async () => {
    const program = `process.on('SIGINT', () => setTimeout(() => { console.log('cleaned up'); process.exit(9); }, 300));
      setInterval(() => {}, 1000); console.log('at work');`;
    const { code, output } = await terminal(['local', 'exec', '--', testNode(), '-e', program], {
      script: async (screen) => {
        await screen.waitFor('at work');
        screen.key('ctrl-c');
        await screen.waitFor('cleaned up');
      },
    });
    expect(code).toBe(9);
    expect(output).not.toContain('error');
  });

  it('ends a command at work with 130', async () => {
    const { code, output } = await terminal(['seed', '--local', '--count', '200000', '--events', '0'], {
      script: async (screen) => {
        await screen.waitFor('writing sessions');
        screen.key('ctrl-c');
      },
    });
    expect(code).toBe(130);
    expect(output).toContain('interrupted');
  });
});
