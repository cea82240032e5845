import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { nearest } from '../src/commands/nearest.js';
import { buildProgram } from '../src/program.js';
import { runCommand } from './support/run-command.js';

const program = buildProgram({ act: async () => {} });

/** Every command as its words, the program itself as none. */
function wordsOf(command: Command, before: readonly string[] = []): readonly (readonly string[])[] {
  return [before, ...command.commands.flatMap((each) => wordsOf(each, [...before, each.name()]))];
}

const ALL = wordsOf(program);

function commandOf(words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) throw new Error(`no command ${word}`);
    command = next;
  }
  return command;
}

describe('help', () => {
  it('has a page for every command of the contract that is built', () => {
    const built = ['setup', 'status', 'list', 'show', 'seed', 'local start', 'local exec', 'local reset', 'doctor'];
    const layouts = ['layouts list', 'layouts show', 'layouts detect'];
    const names = ALL.map((words) => words.join(' '));
    expect(names).toEqual(expect.arrayContaining(built));
    expect(names).toEqual(expect.arrayContaining(layouts));
  });

  it.each(ALL.map((words) => [words.join(' '), words] as const))(
    '%s --help ends well, fits 80 columns, has examples and every option',
    async (_name, words) => {
      const { code, stdout, stderr } = await runCommand([...words, '--help']);
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^Usage: mcp-sessions/);
      expect(stdout).toMatch(/\nExamples:\n {2}\$ mcp-sessions /);
      expect(stdout).not.toContain('\u001b');
      // A sentence says what the command does; what is declared of a flag stands in one pair of brackets.
      expect(stdout.split('\n\n')[1]).toMatch(/^[A-Z][\s\S]*\.$/);
      expect(stdout.replaceAll(/\s+/g, ' ')).not.toMatch(/default: [^()]*\) \(/);
      expect(stdout.includes('help [command...]')).toBe(words.length === 0);
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      const options = [...commandOf(words).options, ...program.options];
      for (const { long } of options) {
        if (long !== '--version' || words.length === 0) expect(stdout).toMatch(new RegExp(`\\s${long}\\b`));
      }
      for (const { name } of commandOf(words).registeredArguments.map((each) => ({ name: each.name() })))
        expect(stdout).toContain(name);
    },
  );

  it('breaks descriptions at the width of the page, not where the source does', async () => {
    for (const name of ['list', 'purge', 'stats', 'restore']) {
      const { stdout } = await runCommand([name, '--help'], { columns: 100 });
      const [, paragraph = ''] = stdout.split('\n\n');
      const lines = paragraph.split('\n');
      for (const [index, line] of lines.slice(0, -1).entries()) {
        const [next = ''] = lines[index + 1]?.split(' ') ?? [];
        expect(line.length + 1 + next.length, `${name}: ${line}`).toBeGreaterThan(100);
      }
    }
  });

  it('puts the options of every command under the same headings', async () => {
    const { stdout } = await runCommand(['list', '--help']);
    expect(stdout.match(/^\w+:$/gm)).toEqual(['Options:', 'Target:', 'Output:', 'Consent:', 'Examples:']);
    const main = await runCommand(['--help']);
    expect(main.stdout.match(/^\w+:$/gm)).toEqual(
      expect.arrayContaining(['Tables:', 'Sessions:', 'Tools:', 'Target:', 'Output:', 'Consent:']),
    );
    expect(main.stdout).not.toContain('Commands:');
  });

  it('is no wider than 100 columns on the widest terminal, and coloured on a terminal only', async () => {
    const { stdout } = await runCommand(['setup', '--help'], { columns: 200 });
    const lines = stripVTControlCharacters(stdout).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(Math.max(...lines.map((line) => line.length))).toBeGreaterThan(80);
    expect(stdout).toContain('\u001b[1mExamples:');
    expect((await runCommand(['setup', '--help', '--no-color'], { columns: 200 })).stdout).not.toContain('\u001b');
    const quiet = await runCommand(['setup', '--help'], { columns: 200, env: { NO_COLOR: '1' } });
    expect(quiet.stdout).not.toContain('\u001b');
  });

  it.each([
    [['help', 'layouts', 'show'], 'Usage: mcp-sessions layouts show'],
    [['layouts', 'help', 'show'], 'Usage: mcp-sessions layouts show'],
    [['help', 'list'], 'Usage: mcp-sessions list'],
    [['help'], 'Usage: mcp-sessions [options] [command]'],
    [['local', 'exec', '--help', '--', 'npm'], 'Usage: mcp-sessions local exec'],
    [['show', '--local', '--help'], 'Usage: mcp-sessions show'],
  ])('%j shows the page asked for', async (argv, usage) => {
    const { code, stdout } = await runCommand(argv);
    expect(code).toBe(0);
    expect(stdout.startsWith(usage)).toBe(true);
  });

  it.each([[['help', 'lst']], [['lst', '--help']], [['lst', '-h', '--local']]])(
    '%j names the mistake instead of showing other help',
    async (argv) => {
      expect(await runCommand(argv)).toEqual({
        code: 2,
        stdout: '',
        stderr: "error: unknown command 'lst'\nhint: Did you mean list?\n",
      });
    },
  );

  it('gives the version', async () => {
    expect(await runCommand(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' });
    expect(await runCommand(['-V'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });
});

describe('without a command', () => {
  it('shows help on stderr and exits 2 where nobody can choose', async () => {
    const { code, stdout, stderr } = await runCommand([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: mcp-sessions [options] [command]');
    expect((await runCommand(['--no-input'], { columns: 80 })).code).toBe(2);
    expect((await runCommand(['layouts'])).stderr).toContain('Usage: mcp-sessions layouts');
  });

  it('is an error of one JSON line with a machine format', async () => {
    for (const argv of [['--json'], ['layouts', '--output', 'csv'], ['local', '-oyaml']]) {
      const { code, stdout, stderr } = await runCommand(argv);
      expect([code, stdout]).toEqual([2, '']);
      expect(JSON.parse(stderr)).toEqual({
        error: { code: 'USAGE', message: 'no command was given', hint: expect.any(String) },
      });
    }
  });
});

describe('usage errors', () => {
  it.each([
    [['lst'], "unknown command 'lst'", 'Did you mean list?'],
    [['xyzzy'], "unknown command 'xyzzy'", 'mcp-sessions --help shows the commands'],
    [['layouts', 'shw', 'mcp'], "unknown command 'shw'", 'Did you mean show?'],
    [['list', '--expird'], "unknown option '--expird'", 'Did you mean --expired?'],
    [['list', '--lokal'], "unknown option '--lokal'", 'Did you mean --local?'],
    [
      ['completion', 'bahs'],
      "<shell> 'bahs' is invalid: allowed choices are bash, zsh, fish",
      'Did you mean mcp-sessions completion bash?',
    ],
    [['--versionn'], "unknown option '--versionn'", 'Did you mean --version?'],
    [['setup', '--taag', 'a=b'], "unknown option '--taag'", 'Did you mean --tag?'],
    [
      ['list', '--sort', 'activty'],
      "--sort 'activty' is invalid: allowed choices are activity, created, expiry, size, id",
      'Did you mean --sort activity?',
    ],
    [
      ['list', '--output', 'yml'],
      "--output 'yml' is invalid: allowed choices are table, json, ndjson, csv, yaml",
      'Did you mean --output yaml?',
    ],
    [['list', '--limit', '0'], "--limit '0' is invalid: it must be a whole number of at least 1", 'list --help'],
    [['list', '--limit', '1e3'], "--limit '1e3' is invalid: it must be a whole number of at least 1", 'list --help'],
    [
      ['purge', '--expired', '--segments', '4097'],
      "--segments '4097' is invalid: it must be a whole number from 1 to 4096",
      'purge --help',
    ],
    [
      ['list', '--idle', '5x'],
      "--idle '5x' is invalid: it must be a duration such as 90s, 15m, 24h, 7d, 2w or 2h30m",
      'list --help',
    ],
    [
      ['list', '--columns', 'id,stat'],
      /^--columns 'id,stat' is invalid: .*'stat' \(did you mean state\?\)/,
      'list --help',
    ],
    [['list', '--region'], 'a value is missing: --region <region>', 'mcp-sessions --help'],
    [['list', 'foo'], "unexpected argument 'foo' for mcp-sessions list", 'usage: mcp-sessions list [options]'],
    [
      ['layouts', 'detect'],
      'the argument <table> of mcp-sessions layouts detect is missing',
      'usage: mcp-sessions layouts detect [options] <table>',
    ],
    [['local', 'exec', 'ls', '-l'], "unknown option '-l'", 'options of the command go after --'],
    [['local', 'start', '--port', '70000'], "--port '70000' is invalid: it must be a port from 1 to 65535", '--help'],
    [['--local', '0198c0ffee', 'show'], "unknown command '0198c0ffee'", '--local ./0198c0ffee'],
    [['list', '--json', '--output', 'csv'], /--json.*cannot be used with.*--output/, '--help'],
    [['seed', '--count', '-1'], "--count '-1' is invalid: it must be a whole number of at least 1", 'seed --help'],
    [['seed', '--expired', '3'], /^--expired '3' is invalid: it must be a share/, 'seed --help'],
    [['setup', '--replica', 'mars'], /^--replica 'mars' is invalid: it must be the name of an AWS region/, '--help'],
    [['setup', '--kms-key', 'alias/x'], /^--kms-key 'alias\/x' is invalid/, 'setup --help'],
  ])('%j', async (argv, message, hint) => {
    const { code, stdout, stderr } = await runCommand(['--json', ...argv]);
    expect([code, stdout]).toEqual([2, '']);
    // One line, so one error: it is not told twice.
    const { error } = JSON.parse(stderr);
    expect(error.code).toBe('USAGE');
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
    expect(error.hint).toContain(hint);
  });

  it('is told once, in words, without a machine format', async () => {
    expect(await runCommand(['list', '--expird'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "error: unknown option '--expird'\nhint: Did you mean --expired?\n",
    });
  });
});

describe('nearest', () => {
  it('finds slips and swaps, and nothing for other words', () => {
    const names = ['activity', 'created', 'expiry', 'size', 'id'];
    expect(nearest('activty', names)).toBe('activity');
    expect(nearest('craeted', names)).toBe('created');
    expect(nearest('SIZE', names)).toBe('size');
    expect(nearest('banana', names)).toBeUndefined();
    expect(nearest('', names)).toBeUndefined();
  });
});

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** What a module loads with itself. Type imports are free: the build keeps every other. */
function loadedBy(file: string, seen: Map<string, readonly string[]>): void {
  if (seen.has(file)) return;
  const source = readFileSync(file, 'utf8');
  const names = [...source.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from '([^']+)';/gms)].map(
    ([, name = '']) => name,
  );
  seen.set(file, names);
  for (const name of names)
    if (name.startsWith('.') && name.endsWith('.js'))
      loadedBy(path.resolve(path.dirname(file), name.replace(/\.js$/, '.ts')), seen);
}

describe('start-up', () => {
  it('loads for help nothing but commander and the declarations', () => {
    const seen = new Map<string, readonly string[]>();
    loadedBy(path.join(SRC, 'program.ts'), seen);
    const packages = new Set([...seen.values()].flat().filter((name) => !name.startsWith('.')));
    expect([...packages].toSorted()).toEqual(['commander', 'node:fs']);
    const folders = new Set([...seen.keys()].map((file) => path.relative(SRC, file).replaceAll('\\', '/')));
    const heavy = [...folders].filter((file) => /^(?:config|operations|dynamodb|local|output|archive)\//.test(file));
    expect(heavy).toEqual([]);
    expect([...folders].filter((file) => /session\.ts$|-view\.ts$|consent|menu|boundary/.test(file))).toEqual([]);
  });
});
