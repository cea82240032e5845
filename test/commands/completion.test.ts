import { createServer, type Server } from 'node:net';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bashText, readBashLine } from '../../src/commands/completion/bash-line.js';
import { kindOfArgument, kindOfOption, nameOf } from '../../src/commands/completion/values.js';
import { buildProgram } from '../../src/program.js';
import { awsFaults } from '../support/aws-double.js';
import { runCli, tempFolder } from '../support/cli.js';
import { freePort, useEngine } from '../support/engine.js';
import { dropTables, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand, type RunCommandOptions } from '../support/run-command.js';
import { freshFolder, removeFolders } from '../operations/backup/harness.js';
import { closeAll, type RunningDouble, startDouble } from '../operations/harness.js';

removeFolders();
closeAll();
const engine = useEngine();

interface Answered {
  readonly directive: string | undefined;
  readonly values: readonly string[];
}

/** What fish is told; the last word is the one to complete. */
async function ask(words: readonly string[], options: RunCommandOptions = {}): Promise<Answered> {
  const { code, stdout, stderr } = await runCommand(['__complete', 'fish', '--', ...words], options);
  expect([code, stderr]).toEqual([0, '']);
  const [directive, ...lines] = stdout.split('\n').slice(0, -1);
  return { directive, values: lines.map((line) => line.replace(/\t.*/, '')) };
}

const valuesOf = async (words: readonly string[], options: RunCommandOptions = {}): Promise<readonly string[]> =>
  (await ask(words, options)).values;

const SILENT: Answered = { directive: 'nothing', values: [] };

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

describe('what completion knows of the declarations', () => {
  const commands = allCommands(buildProgram({ act: async () => {} }));
  const options = commands
    .flatMap((command) => command.options)
    .filter((option) => (option.required || option.optional) && option.argChoices === undefined);
  const args = commands.flatMap((command) =>
    command.registeredArguments.flatMap((argument) =>
      argument.argChoices === undefined ? [[command, argument] as const] : [],
    ),
  );

  it('is what each value is that a flag takes', () => {
    const unknown = options.filter((option: Option) => kindOfOption(option) === undefined);
    expect(unknown.map(({ flags }) => flags)).toEqual([]);
  });

  it('is what each argument is', () => {
    const unknown = args.filter(
      ([command, argument]: readonly [Command, Argument]) => !kindOfArgument(command, argument),
    );
    expect(unknown.map(([command, argument]) => `${nameOf(command)} ${argument.name()}`)).toEqual([]);
  });
});

describe('commands and flags', () => {
  it('are those of help, commands first', async () => {
    expect(await valuesOf([''])).toEqual([
      ...buildProgram({ act: async () => {} }).commands.map((command) => command.name()),
      'help',
    ]);
    expect(await valuesOf(['layouts', ''])).toEqual(['list', 'show', 'detect']);
    expect(await valuesOf(['help', 'layouts', ''])).toEqual(['list', 'show', 'detect']);
  });

  it('are offered once, but for flags that may be repeated', async () => {
    const flags = await valuesOf(['purge', '--expired', '--id', 'x', '-']);
    expect(flags).toContain('--id');
    expect(flags).toContain('--region');
    expect(flags).not.toContain('--expired');
  });

  it('follow a command that needs no argument without a dash, and those of the subcommand that is meant', async () => {
    expect(await valuesOf(['doctor', ''])).toContain('--local');
    expect(await valuesOf(['backup', '--to', 'x', '-'])).toEqual(expect.arrayContaining(['--encrypt', '--region']));
  });

  it('are found behind flags of all forms', async () => {
    for (const flags of [
      ['-ojson'],
      ['-o', 'json'],
      ['-qy'],
      ['--output=json'],
      ['--local'],
      ['--local', './x.db'],
      ['-qo', 'json'],
    ])
      expect(await valuesOf([...flags, 'backup', 'ver'])).toContain('verify');
  });

  it('are not offered behind --, nor behind a word that is no command', async () => {
    expect(await ask(['show', '--', '--re'], { env: { MCP_SESSIONS_COMPLETION: 'static' } })).toEqual(SILENT);
    expect(await ask(['nonsense', '--re'])).toEqual(SILENT);
    expect(await ask(['backup', 'nonsense', ''])).toEqual(SILENT);
  });
});

describe('values', () => {
  it('are the choices of a flag or an argument', async () => {
    expect(await valuesOf(['--output', ''])).toEqual(['table', 'json', 'ndjson', 'csv', 'yaml']);
    expect(await valuesOf(['--output='])).toContain('--output=yaml');
    expect(await valuesOf(['completion', ''])).toEqual(['bash', 'zsh', 'fish']);
    expect(await valuesOf(['--environment', ''])).toEqual(['development', 'production']);
  });

  it('are columns, those that are there already left out', async () => {
    const { directive, values } = await ask(['list', '--columns', 'id,state,']);
    expect(directive).toBe('list');
    expect(values).toContain('id,state,sizeBytes');
    expect(values).not.toContain('id,state,id');
  });

  it('are files, folders and the words of another program where the shell knows them', async () => {
    expect(await ask(['purge', '--ids-file', ''])).toEqual({ directive: 'files', values: [] });
    expect(await ask(['--local', './'])).toEqual({ directive: 'files', values: [] });
    expect(await ask(['backup', '--to', ''])).toEqual({ directive: 'folders', values: [] });
    expect(await ask(['-q', 'local', 'exec', '--', 'npm', 'te'])).toEqual({ directive: 'command 4', values: [] });
  });

  it('are layouts, those of the configuration file among them', async () => {
    const cwd = freshFolder();
    const layout = {
      title: 'sessions of the shop',
      tables: [
        {
          role: 'sessions',
          defaultName: 'shop',
          environmentVariables: [],
          indexes: [],
          ttl: null,
          tags: {},
          attributes: [],
          keys: { partitionKey: { name: 'sid', type: 'S' } },
        },
      ],
      session: { createdAt: null, lastActivityAt: null, expiresAt: null },
      purge: { safe: true, reason: 'they sign in again' },
    };
    writeFileSync(path.join(cwd, 'mcp-sessions.config.json'), JSON.stringify({ layouts: { shop: layout } }));
    expect(await valuesOf(['--layout', ''], { cwd })).toEqual([
      'mcp',
      'turul',
      'llm-duel',
      'pmcp-tasks',
      'express',
      'generic',
      'shop',
    ]);
    writeFileSync(path.join(cwd, 'mcp-sessions.config.json'), '{ broken');
    expect(await ask(['--layout', ''], { cwd })).toEqual(SILENT);
  });

  it('are profiles of the AWS configuration files', async () => {
    const folder = tempFolder();
    writeFileSync(path.join(folder, 'config'), '[default]\nregion = eu-west-1\n[profile ops]\nregion = eu-west-1\n');
    const env = {
      AWS_CONFIG_FILE: path.join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'none'),
    };
    const { stdout } = await runCli(['__complete', 'fish', '--', '--profile', ''], { env });
    expect(stdout).toBe('nothing\ndefault\nops\n');
  });
});

describe('sessions and tables', () => {
  beforeAll(async () => {
    await setUpTables(engine);
    for (const id of ['one', 'two', '-dash', 'a/b'])
      await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: id } } });
  });
  afterAll(() => dropTables(engine));

  it('are those of the endpoint that flags and environment name', async () => {
    const flags = at(engine.endpoint);
    expect(await valuesOf([...flags, '--sessions-table', ''])).toEqual(['mcp-session-events', 'mcp-sessions']);
    expect(await valuesOf([...flags, 'layouts', 'detect', ''])).toEqual(['mcp-session-events', 'mcp-sessions']);
    expect(await valuesOf(['teardown', '--confirm', ''], { env: { AWS_ENDPOINT_URL: engine.endpoint } })).toEqual([
      'mcp-session-events',
      'mcp-sessions',
    ]);
    expect([...(await valuesOf([...flags, 'purge', '--id', '']))].toSorted()).toEqual(['-dash', 'a/b', 'one', 'two']);
  });

  it('cost one small page', async () => {
    const { double } = await startDouble(engine.endpoint);
    await valuesOf([...at(double.endpoint), 'show', '']);
    const scans = double.calls.filter(({ operation }) => operation === 'Scan');
    expect(scans).toHaveLength(1);
    expect(double.calls.length).toBeLessThanOrEqual(3);
  });

  it('leave out as an argument what would be taken for a flag, or for the file of --local', async () => {
    const env = { AWS_ENDPOINT_URL: engine.endpoint };
    expect([...(await valuesOf(['show', ''], { env }))].toSorted()).toEqual(['a/b', 'one', 'two']);
    expect([...(await valuesOf(['show', '--', ''], { env }))].toSorted()).toEqual(['-dash', 'a/b', 'one', 'two']);
  });

  it('are none where there is no table, and nothing is said', async () => {
    const flags = [...at(engine.endpoint), '--sessions-table', 'nobody'];
    expect(await ask([...flags, 'show', ''])).toEqual(SILENT);
  });

  it('are not looked up where completion is to be static', async () => {
    const env = { MCP_SESSIONS_COMPLETION: 'static', AWS_ENDPOINT_URL: engine.endpoint };
    expect(await ask(['show', ''], { env })).toEqual(SILENT);
    expect(await ask(['restore', ''], { env })).toEqual({ directive: 'folders', values: [] });
  });
});

describe('where nothing can be looked up', () => {
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });

  it('nothing is offered and nothing said: no region, no endpoint, no rights, a table name that is none', async () => {
    const closed = `http://127.0.0.1:${await freePort()}`;
    const { double } = await startDouble(engine.endpoint);
    double.inject({ operation: 'ListTables', error: awsFaults.accessDenied('ListTables', '*') });
    for (const words of [
      ['show', ''],
      [...at(closed), 'show', ''],
      [...at('nonsense'), 'show', ''],
      [...at(double.endpoint), '--sessions-table', ''],
      [...at(double.endpoint), '--sessions-table', '!', 'show', ''],
      ['--profile', 'nobody', 'show', ''],
    ])
      expect(await ask(words)).toEqual(SILENT);
  });

  it('a shell is not kept waiting for an endpoint that says nothing', async () => {
    const server = createServer(() => {});
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { code, stdout, stderr } = await runCli(
      ['__complete', 'fish', '--', '--endpoint-url', `http://127.0.0.1:${port}`, 'show', ''],
      { env: { AWS_REGION: 'eu-west-1' } },
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'nothing\n', stderr: '' });
  });

  it('nor for credentials that never come', async () => {
    const folder = tempFolder();
    writeFileSync(path.join(folder, 'config'), '[profile slow]\ncredential_process = sleep 60\n');
    const env = { AWS_CONFIG_FILE: path.join(folder, 'config'), AWS_REGION: 'eu-west-1', AWS_PROFILE: 'slow' };
    const { code, stdout, stderr } = await runCli(['__complete', 'fish', '--', ...at(engine.endpoint), 'show', ''], {
      env,
    });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'nothing\n', stderr: '' });
  });

  it('a configuration file that is a program is not run', async () => {
    const cwd = freshFolder();
    const ran = path.join(cwd, 'ran');
    for (const ending of ['js', 'ts']) {
      const file = path.join(cwd, `mcp-sessions.config.${ending}`);
      writeFileSync(file, `require('node:fs').writeFileSync(${JSON.stringify(ran)}, ''); module.exports = {};`);
      for (const words of [
        ['--layout', ''],
        ['show', ''],
        ['restore', ''],
        ['--sessions-table', ''],
      ])
        await ask([...at(engine.endpoint), ...words], { cwd });
      rmSync(file);
    }
    expect(existsSync(ran)).toBe(false);
  });

  it('no engine is started for a data file that is not there yet', async () => {
    const cwd = freshFolder();
    expect(await ask(['--local', 'show', ''], { cwd })).toEqual(SILENT);
    expect(await ask(['--local', '--sessions-table', ''], { cwd })).toEqual(SILENT);
    expect(existsSync(path.join(cwd, '.mcp-sessions'))).toBe(false);
  });
});

describe('backups', () => {
  let aws: RunningDouble;
  const cwd = freshFolder();
  const run = (argv: readonly string[]) =>
    runCommand([...argv, ...at(aws.double.endpoint)], { cwd, now: Date.UTC(2026, 10, 20, 14, 25) });

  beforeAll(async () => {
    await setUpTables(engine);
    aws = await startDouble(engine.endpoint);
    expect((await run(['backup', '-q'])).code).toBe(0);
    expect((await run(['backup', '--to', '.mcp-sessions/backups/of-today', '-q'])).code).toBe(0);
  });
  afterAll(() => dropTables(engine));

  const NAMES = ['mcp-session-events-backup-20261120-142500', 'mcp-sessions-backup-20261120-142500'];

  it("are AWS's own, latest, and archives", async () => {
    const flags = at(aws.double.endpoint);
    const { directive, values } = await ask([...flags, 'restore', ''], { cwd });
    expect(directive).toBe('folders');
    expect([values[0], values.slice(1, 3).toSorted(), ...values.slice(3)]).toEqual([
      'latest',
      NAMES,
      '.mcp-sessions/backups/of-today',
    ]);
    const [latest, ...shown] = await valuesOf([...flags, 'backup', 'show', ''], { cwd });
    expect([latest, shown.toSorted()]).toEqual(['latest', NAMES]);
    expect([...(await valuesOf([...flags, 'backup', 'delete', ''], { cwd }))].toSorted()).toEqual(NAMES);
    const arns = await valuesOf([...flags, 'backup', 'delete', 'arn:'], { cwd });
    expect(arns).toEqual([expect.stringMatching(/^arn:aws:dynamodb:.*\/backup\//), expect.stringMatching(/^arn:/)]);
  });

  it('are asked of nobody where a path is typed', async () => {
    aws.double.forgetCalls();
    const archive = ['.mcp-sessions/backups/of-today'];
    expect(await valuesOf([...at(aws.double.endpoint), 'restore', './'], { cwd })).toEqual(archive);
    expect(await valuesOf([...at(aws.double.endpoint), 'backup', 'verify', ''], { cwd })).toEqual(archive);
    expect(aws.double.calls).toEqual([]);
  });

  it('are those on the disk where AWS cannot be asked', async () => {
    expect(await valuesOf(['restore', ''], { cwd })).toEqual(['latest', '.mcp-sessions/backups/of-today']);
    expect(await valuesOf(['backup', 'delete', ''], { cwd })).toEqual([]);
  });

  it('are the archives where the endpoint has none', async () => {
    const flags = at(engine.endpoint);
    expect(await valuesOf([...flags, 'restore', ''], { cwd })).toEqual(['latest', 'of-today']);
    expect(await valuesOf(['--local', 'backup', 'delete', ''], { cwd })).toEqual(['of-today']);
    mkdirSync(path.join(cwd, 'empty'));
    expect(await valuesOf(['--local', 'restore', ''], { cwd: path.join(cwd, 'empty') })).toEqual(['latest']);
  });
});

describe('a line as bash hands it on', () => {
  const BREAKS = ' \t\n"\'><=;|&(:';

  it.each([
    ['m a b', ['m', 'a'], 'b', 0, '', true],
    ['m a ', ['m', 'a'], '', 0, '', true],
    ["m 'a b' c", ['m', 'a b'], 'c', 0, '', true],
    ['m "a\\"b" c', ['m', 'a"b'], 'c', 0, '', true],
    ['m a\\ b', ['m'], 'a b', 0, '', true],
    ['m a:b:c', ['m'], 'a:b:c', 4, '', true],
    ['m a\\:b', ['m'], 'a:b', 0, '', true],
    ['m --x=y', ['m'], '--x=y', 4, '', true],
    ["m 'a:b", ['m'], 'a:b', 0, "'", true],
    ['m --x="y', ['m'], '--x=y', 4, '"', true],
    ['m a"b', ['m'], 'ab', 1, '"', false],
    ["m 'a'b", ['m'], 'ab', 0, '', false],
    ['m $x', ['m'], '$x', 0, '', false],
    ['m "$x', ['m'], '$x', 0, '"', false],
    ["m '$x", ['m'], '$x', 0, "'", true],
    ['m $(a b) c', ['m', '$(a b)'], 'c', 0, '', true],
    ['m `a b` c', ['m', '`a b`'], 'c', 0, '', true],
  ])('%j', (line, words, text, kept, quote, isPlain) => {
    expect(readBashLine(line, BREAKS)).toMatchObject({ words, text, kept, quote, isPlain });
  });

  it.each([
    ['a b', 0, '', 'a\\ b'],
    ['a:b', 2, '', 'b'],
    ["it's", 0, '', "it\\'s"],
    ["it's", 0, "'", undefined],
    ['a$b', 0, '"', 'a\\$b'],
    ['a!b', 0, '"', undefined],
    ['a!b', 0, '', 'a\\!b'],
    ['~x', 0, '', '\\~x'],
    ['日本', 0, '', '日本'],
  ] as const)('takes %j after %j characters in %j as %j', (value, kept, quote, expected) => {
    expect(bashText(value, { kept, quote })).toBe(expected);
  });
});
