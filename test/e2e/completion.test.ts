import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, tempFolder } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { findShell, runShell, shellEnvironment } from '../support/shells.js';
import { runInTerminal } from '../support/terminal.js';

const engine = useEngine();
const folder = tempFolder();

/** Each would run something, or end the word, if it reached a shell as it is. */
const HOSTILE = [
  'ho$(touch pwned1)',
  'ho`touch pwned2`',
  'ho;touch pwned3',
  "ho'; touch pwned4 #",
  'ho" && touch pwned5 #',
  'ho with blanks  two',
  'ho|a&b<c>d(e){f}*?[g]!h~\\',
  'hoarn:aws:x=1',
  'ho\u00fcml\u00e4ut \u65e5\u672c',
];
/** These cannot be typed on a line, or show as something else than they are. */
const UNTYPABLE = ['ho\ntouch pwned6', 'ho\ttab', 'ho\u001b[31mred', 'ho\u202eleft', 'ho\u0007'];

const environment = (): Record<string, string> =>
  shellEnvironment(folder, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'eu-west-1',
    HISTFILE: '/dev/null',
  });

const nothingWasRun = (): void => expect(readdirSync(folder).filter((name) => name.startsWith('pwned'))).toEqual([]);

beforeAll(async () => {
  const env = { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint, AWS_REGION: 'eu-west-1' };
  expect((await runCli(['setup', '--yes', '-q'], { cwd: folder, env })).code).toBe(0);
  for (const id of [...HOSTILE, ...UNTYPABLE, '-dash', 'only-one'])
    await engine.raw.call('PutItem', {
      TableName: 'mcp-sessions',
      Item: {
        session_id: { S: id },
        created_at: { N: '1700000000000' },
        last_activity: { N: '1700000000000' },
        ttl: { N: '4000000000' },
      },
    });
  mkdirSync(path.join(folder, 'files', 'a folder'), { recursive: true });
  writeFileSync(path.join(folder, 'files', 'ids here.txt'), '');
});

/** A bash, and what its own function makes of a line whose cursor is at its end. */
async function bashReplies(shell: string, line: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  const script = `eval "$(mcp-sessions completion bash)"
    set -f; COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=($1) COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
    _mcp_sessions mcp-sessions
    printf '%s\\0' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await runShell(shell, ['--norc', '-c', script, 'bash', line], { cwd: folder, env });
  expect(stderr).toBe('');
  return stdout.split('\0').filter((reply) => reply !== '');
}

const SHELLS = { bash: findShell('bash'), zsh: findShell('zsh'), fish: findShell('fish') };

describe.each(['bash', 'zsh', 'fish'] as const)('the script for %s', (name) => {
  const shell = SHELLS[name] ?? '';
  it.skipIf(SHELLS[name] === null)('is one that the shell can read', async () => {
    const { code, stdout, stderr } = await runCli(['completion', name]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const file = path.join(folder, `.script.${name}`);
    writeFileSync(file, stdout);
    await expect(runShell(shell, ['-n', file], { cwd: folder, env: environment() })).resolves.toEqual({
      stdout: '',
      stderr: '',
    });
  });
});

describe.skipIf(SHELLS.bash === null)('completion in bash', () => {
  const shell = SHELLS.bash ?? '';

  it('is registered for the command', async () => {
    const script = 'eval "$(mcp-sessions completion bash)"; complete -p mcp-sessions';
    const { stdout } = await runShell(shell, ['--norc', '-c', script], { cwd: folder, env: environment() });
    expect(stdout).toBe('complete -F _mcp_sessions mcp-sessions\n');
  });

  it.each([
    ['mcp-sessions pur', ['purge']],
    ['mcp-sessions backup ver', ['verify']],
    ['mcp-sessions help backup pr', ['prune']],
    ['mcp-sessions purge --exp', ['--expired']],
    ['mcp-sessions backup --enc', ['--encrypt']],
    ['mcp-sessions list --output nd', ['ndjson']],
    // `=` ends a word for bash: it replaces what follows.
    ['mcp-sessions list --output=nd', ['ndjson']],
    ['mcp-sessions list --columns id,las', ['id,lastActivityAt']],
    ['mcp-sessions --layout tu', ['turul']],
    ['mcp-sessions layouts show pm', ['pmcp-tasks']],
    ['mcp-sessions layouts detect mcp-session-', ['mcp-session-events']],
    ['mcp-sessions list --sessions-table=mcp-session-', ['mcp-session-events']],
    ['mcp-sessions show only', ['only-one']],
    ['mcp-sessions show "only', ['only-one']],
    ['mcp-sessions events only', ['only-one']],
    ['mcp-sessions purge --id only', ['only-one']],
    ['mcp-sessions streams tail --session=only', ['only-one']],
    // As an argument it would be taken for a flag.
    ['mcp-sessions show -- -d', ['-dash']],
    ['mcp-sessions show -d', []],
    ['mcp-sessions purge --id -d', ['-dash']],
    ['mcp-sessions show hoarn:aws:', ['x=1']],
    ['mcp-sessions show "ho with', ['ho with blanks  two']],
    ["mcp-sessions show 'ho;", ['ho;touch pwned3']],
    ['mcp-sessions show ho\\ ', ['ho\\ with\\ blanks\\ \\ two']],
    ['mcp-sessions show "ho`', []],
    ['mcp-sessions show $(touch pwned7)', []],
    ['mcp-sessions --profile $(touch pwned8) show ', []],
    ['mcp-sessions nonsense --nonsense ', []],
    ['mcp-sessions --profile `touch pwned8` sho', ['show']],
    ['mcp-sessions local exec -- mcp-sess', ['mcp-sessions']],
  ])('%s', async (line, expected) => {
    expect(await bashReplies(shell, line, environment())).toEqual(expected);
    nothingWasRun();
  });

  it('stands for every id as one word of its own, and runs none', async () => {
    for (const line of ['mcp-sessions show ho', "mcp-sessions show 'ho", 'mcp-sessions show "ho']) {
      const quote = /['"]/.exec(line)?.[0] ?? '';
      const replies = await bashReplies(shell, line, environment());
      const script = `set +H; printf '%s\\0' ${replies.map((reply) => `${quote}${reply}${quote}`).join(' ')}`;
      const { stdout } = await runShell(shell, ['--norc', '-c', script], { cwd: folder, env: environment() });
      const words = stdout.split('\0').slice(0, -1);
      const fits = HOSTILE.filter((id) =>
        quote === "'" ? !id.includes("'") : quote === '"' ? !id.includes('!') : true,
      );
      expect(words.toSorted()).toEqual(fits.toSorted());
    }
    nothingWasRun();
  });

  it('looks nothing up when it is told so', async () => {
    const env = { ...environment(), MCP_SESSIONS_COMPLETION: 'static' };
    expect(await bashReplies(shell, 'mcp-sessions show ', env)).toEqual([]);
    expect(await bashReplies(shell, 'mcp-sessions sho', env)).toEqual(['show']);
  });

  it('completes on a terminal with Tab: a command, an id that is quoted, a file', async () => {
    const { output } = await runInTerminal(['-i'], {
      node: shell,
      program: '--norc',
      cwd: folder,
      columns: 120,
      env: { ...environment(), PS1: 'ready> ' },
      script: async (screen) => {
        await screen.waitFor('ready> ');
        screen.type('eval "$(mcp-sessions completion bash)"\r');
        await screen.waitFor('ready> ');
        screen.type('mcp-sessions sho\t');
        await screen.waitFor('show ');
        screen.type('ho$(\t');
        screen.type('\u0015mcp-sessions show ho\\$\t');
        await screen.waitFor('ho\\$\\(touch\\ pwned1\\)');
        screen.type('--json\r');
        await screen.waitFor('"id": "ho$(touch pwned1)"');
        screen.type('mcp-sessions purge --ids-file=files/ids\t');
        await screen.waitFor('files/ids\\ here.txt');
        screen.type('\u0015mcp-sessions backup --to files/\t');
        await screen.waitFor('files/a\\ folder/');
        screen.type('\u0015mcp-sessions list --output=js\t');
        await screen.waitFor('--output=json ');
        screen.type('\u0015exit\r');
      },
    });
    expect(output).toContain('mcp-sessions show ');
    nothingWasRun();
  });
});

/** What fish's own `complete -C` says of a line. */
async function complete(fish: string, line: string): Promise<string[]> {
  const script = 'mcp-sessions completion fish | source; complete -C $argv[1]';
  const { stdout, stderr } = await runShell(fish, ['--no-config', '-c', script, line], {
    cwd: folder,
    env: environment(),
  });
  expect(stderr).toBe('');
  return stdout.split('\n').slice(0, -1);
}

describe.skipIf(SHELLS.fish === null)('completion in fish', () => {
  const shell = SHELLS.fish ?? '';
  it.each([
    ['mcp-sessions pur', ['purge\tdelete chosen sessions and their events, never one that came back to life']],
    ['mcp-sessions list --output nd', ['ndjson']],
    ['mcp-sessions list --output=nd', ['--output=ndjson']],
    ['mcp-sessions backup --enc', ['--encrypt\tencrypt the archive, and ask for a passphrase where none is given']],
    ['mcp-sessions layouts detect mcp-session-', ['mcp-session-events']],
    ['mcp-sessions show only', ['only-one']],
    ['mcp-sessions show -- -d', ['-dash']],
    ['mcp-sessions purge --id=only', ['--id=only-one']],
    ['mcp-sessions purge --ids-file files/', ['files/a folder/', 'files/ids here.txt']],
    ['mcp-sessions purge --ids-file=files/i', ['--ids-file=files/ids here.txt']],
    ['mcp-sessions backup --to files/', ['files/a folder/']],
    [
      'mcp-sessions local exec -- mcp-sessions pur',
      ['purge\tdelete chosen sessions and their events, never one that came back to life'],
    ],
  ])('%s', async (line, expected) => {
    expect(await complete(shell, line)).toEqual(expected);
  });

  it('offers every id as it is, and runs none', async () => {
    expect((await complete(shell, 'mcp-sessions show ho')).toSorted()).toEqual([...HOSTILE].toSorted());
    expect(await complete(shell, 'mcp-sessions show (touch pwned9)')).toEqual([]);
    nothingWasRun();
  });
});

describe.skipIf(SHELLS.zsh === null)('completion in zsh', () => {
  const shell = SHELLS.zsh ?? '';

  it('completes on a terminal with Tab: a command, a value, an id that is quoted, a file', async () => {
    await runInTerminal(['-i'], {
      node: shell,
      program: '-f',
      cwd: folder,
      columns: 120,
      env: { ...environment(), PS1: 'ready> ' },
      script: async (screen) => {
        await screen.waitFor('ready> ');
        screen.type('autoload -U compinit && compinit -u -D; source <(mcp-sessions completion zsh); echo $((40+2))\r');
        await screen.waitFor('42');
        screen.type('mcp-sessions sho\t');
        await screen.waitFor('show ');
        screen.type('ho\\$\t');
        await screen.waitFor('touch\\ pwned1\\)');
        screen.type('--json\r');
        await screen.waitFor('"id": "ho$(touch pwned1)"');
        screen.type('mcp-sessions show hoarn\t');
        await screen.waitFor('x=1');
        screen.type('--json\r');
        await screen.waitFor('"id": "hoarn:aws:x=1"');
        screen.type('mcp-sessions list --output=js\t');
        await screen.waitFor('on');
        screen.type('\r');
        await screen.waitFor('"sessions"');
        screen.type('mcp-sessions purge --ids-file files/ids\t');
        await screen.waitFor('here.txt');
        screen.type('\u0015exit\r');
      },
    });
    nothingWasRun();
    expect(existsSync(path.join(folder, '.mcp-sessions'))).toBe(false);
  });
});
