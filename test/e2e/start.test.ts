import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCli, tempFolder } from '../support/cli.js';

const userId = process.getuid?.() ?? 'user';

/** A folder for temporary files of the test's own, and where compiled code is kept in it. */
function temporary(): { env: { TMPDIR: string; TEMP: string }; code: string } {
  const folder = tempFolder();
  return { env: { TMPDIR: folder, TEMP: folder }, code: path.join(folder, `mcp-sessions-code-${userId}`) };
}

describe('the code that is kept', () => {
  it('is written by the first run and used by the second', async () => {
    const { env, code } = temporary();
    const first = await runCli(['--version'], { env });
    const [kept = ''] = readdirSync(code);
    const before = readFileSync(path.join(code, kept));
    const second = await runCli(['--version'], { env });
    expect(kept).toMatch(/^main-[0-9a-f]{8}\.js-v\d+\.\d+\.\d+-\w+$/);
    expect(readFileSync(path.join(code, kept)).equals(before)).toBe(true);
    expect([first.code, second.code, second.stdout]).toEqual([0, 0, first.stdout]);
    expect(first.stderr + second.stderr).toBe('');
  });

  it('grows by what each command needs, once, and by nothing for a command that there is not', async () => {
    const { env, code } = temporary();
    const sizes: number[] = [];
    for (const args of [['--version'], ['layouts', 'list'], ['layouts', 'show', 'mcp'], ['nonsense'], ['--version']]) {
      await runCli(args, { env });
      const kept = readdirSync(code).find((name) => name.startsWith('main-')) ?? '';
      sizes.push(readFileSync(path.join(code, kept)).length);
    }
    const [version = 0, layouts = 0] = sizes;
    expect(layouts).toBeGreaterThan(version);
    expect(sizes).toEqual([version, layouts, layouts, layouts, layouts]);
  });

  it('of another version goes when it is replaced', async () => {
    const { env, code } = temporary();
    await runCli(['--version'], { env });
    const [kept = ''] = readdirSync(code);
    const earlier = kept.replace(/-[0-9a-f]{8}\./, '-00000000.');
    writeFileSync(path.join(code, kept), 'not compiled code');
    writeFileSync(path.join(code, earlier), '');
    const { stdout, stderr, code: exit } = await runCli(['--version'], { env });
    expect({ exit, stderr, stdout }).toMatchObject({ exit: 0, stderr: '' });
    expect(readdirSync(code)).toEqual([kept]);
    expect(readFileSync(path.join(code, kept)).length).toBeGreaterThan(1000);
  });

  it.skipIf(process.platform === 'win32')('is not read from a folder that others can write to', async () => {
    const { env, code } = temporary();
    mkdirSync(code);
    chmodSync(code, 0o777);
    const { code: exit, stderr } = await runCli(['--version'], { env });
    expect([exit, stderr, readdirSync(code)]).toEqual([0, '', []]);
  });

  it('is left out with NODE_DISABLE_COMPILE_CACHE', async () => {
    const { env, code } = temporary();
    const { code: exit } = await runCli(['--version'], { env: { ...env, NODE_DISABLE_COMPILE_CACHE: '1' } });
    expect([exit, existsSync(code)]).toEqual([0, false]);
  });
});

describe('help', () => {
  const packs = fileURLToPath(new URL('../../dist/cli/', import.meta.url));
  const signer = (pack: string): boolean => {
    const name = readdirSync(packs).find((file) => file.startsWith(`${pack}-`)) ?? '';
    return readFileSync(path.join(packs, name), 'utf8').includes('AWS4-HMAC-SHA256');
  };

  it.each([['--help'], ['list', '--help'], ['local', 'exec', '--help'], ['--version']])(
    '%s loads no AWS code',
    async (...args) => {
      const { env, code } = temporary();
      const { code: exit } = await runCli(args, { env });
      expect(exit).toBe(0);
      expect(readdirSync(code).map((name) => name.replace(/-.*/, ''))).toEqual(['main']);
    },
  );

  it('is in a file of its own, away from the AWS SDK', () => {
    expect({ main: signer('main'), work: signer('work') }).toEqual({ main: false, work: true });
  });
});

describe('a configuration file', () => {
  const files = {
    'mcp-sessions.config.json': '{ "layout": "turul" }',
    'mcp-sessions.config.yaml': 'layout: turul\n',
    'mcp-sessions.config.js': "export default { layout: 'turul' };\n",
    'mcp-sessions.config.ts': "export default { layout: 'turul' as const };\n",
  };

  it.each(Object.entries(files))('%s is read, by compiled code as well', async (name, content) => {
    const { env } = temporary();
    const cwd = tempFolder();
    writeFileSync(path.join(cwd, 'package.json'), '{ "type": "module" }');
    writeFileSync(path.join(cwd, name), content);
    for (const run of ['first', 'second']) {
      const { stdout, stderr } = await runCli(['setup', '--local', '--yes', '--json'], { cwd, env });
      expect({ run, stderr, stdout }).toMatchObject({ stdout: expect.stringContaining('"layout": "turul"') });
      expect(stderr).not.toMatch(/warning|error/i);
    }
  });
});
