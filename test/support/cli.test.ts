import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCli, tempFolder, testNode } from './cli.js';
import { runInTerminal } from './terminal.js';

/** A script that stands in for the command, so that these tests do not depend on what the command does. */
function scriptOf(code: string): string {
  const file = path.join(tempFolder(), 'script.mjs');
  writeFileSync(file, code);
  return file;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('runCli', () => {
  it('runs the built command', async () => {
    const { code, signal, ms } = await runCli(['--version']);
    expect(code).not.toBeNull();
    expect(signal).toBeNull();
    expect(ms).toBeGreaterThan(0);
  });

  it('gives exit code, stdout and stderr apart', async () => {
    const script = scriptOf(`console.log(process.argv.slice(2).join()); console.error('err'); process.exitCode = 3;`);
    expect(await runCli(['a', '--b'], { script })).toMatchObject({ code: 3, stdout: 'a,--b\n', stderr: 'err\n' });
  });

  it('gives the command a bare environment with a home of its own, gone afterwards', async () => {
    vi.stubEnv('AWS_TEST_LEAK', 'leak');
    vi.stubEnv('CI', 'true');
    const script = scriptOf(`console.log(JSON.stringify({ ...process.env, cwd: process.cwd() }));`);
    const { stdout } = await runCli([], { script, env: { EXTRA: 'yes', LANG: undefined } });
    const seen: Record<string, string> = JSON.parse(stdout);
    expect(Object.keys(seen).toSorted()).toEqual(['EXTRA', 'HOME', 'PATH', 'cwd']);
    expect(existsSync(seen['HOME'] ?? '')).toBe(false);
  });

  it('closes stdin unless there is input', async () => {
    const script = scriptOf(
      `let text = ''; for await (const part of process.stdin) text += part; console.log('[' + text + ']');`,
    );
    expect((await runCli([], { script })).stdout).toBe('[]\n');
    expect((await runCli([], { script, input: 'yes\n' })).stdout).toBe('[yes\n]\n');
  });

  it('kills and reports a command that does not end', async () => {
    const script = scriptOf(`console.log('waiting'); setInterval(() => {}, 1000);`);
    await expect(runCli(['x'], { script, timeoutMs: 500 })).rejects.toThrow(/did not end in 500 ms\nstdout: waiting/);
  });

  it('lets a test send a signal', async () => {
    const script = scriptOf(`setInterval(() => {}, 1000);`);
    const result = await runCli([], { script, onStart: (child) => void setTimeout(() => child.kill('SIGINT'), 200) });
    expect(result).toMatchObject({ code: null, signal: 'SIGINT' });
  });

  it('runs on the Node that the environment names', () => {
    vi.stubEnv('MCP_SESSIONS_TEST_NODE', '/other/node');
    expect(testNode()).toBe('/other/node');
    vi.stubEnv('MCP_SESSIONS_TEST_NODE', undefined);
    expect(testNode()).toBe(process.execPath);
  });
});

const PROMPTS = pathToFileURL(createRequire(import.meta.url).resolve('@inquirer/prompts')).href;
const PROMPT = `
import { select } from '${PROMPTS}';
const answer = await select({ message: 'Fruit?', choices: ['apple', 'pear', 'plum'] });
console.log('chosen ' + answer + ' ' + process.stdout.columns + 'x' + process.stdout.rows + ' ' + process.stdin.isTTY);
process.exitCode = 4;
`;

describe('runInTerminal', () => {
  it('lets a user answer a prompt with keys', async () => {
    const { code, output, raw } = await runInTerminal([], {
      program: scriptOf(PROMPT),
      columns: 70,
      rows: 20,
      script: async (screen) => {
        await screen.waitFor('❯ apple');
        screen.key('down');
        await screen.waitFor('❯ pear');
        screen.key('down');
        await screen.waitFor(/❯ plum/);
        screen.key('enter');
        await screen.waitFor('chosen');
      },
    });
    expect(output).toContain('chosen plum 70x20 true');
    expect(output).not.toContain('\u001B');
    expect(raw).toContain('\u001B');
    expect(code).toBe(4);
  });

  it('types text and sends Ctrl-C', async () => {
    const script = scriptOf(
      `process.on('SIGINT', () => { console.log('interrupted'); process.exit(130); });
       process.stdin.once('data', (text) => console.log('got ' + text)); console.log('ready');`,
    );
    const { code, output } = await runInTerminal([], {
      program: script,
      script: async (screen) => {
        await screen.waitFor('ready');
        screen.type('hello\r');
        await screen.waitFor('got hello');
        screen.key('ctrl-c');
        await screen.waitFor('interrupted');
      },
    });
    expect(code).toBe(130);
    expect(output).toMatch(/^ready\n/);
  });

  it('says what the terminal shows when the awaited text does not come', async () => {
    const script = scriptOf(`console.log('something else');`);
    await expect(
      runInTerminal([], { program: script, script: (screen) => screen.waitFor('hoped for') }),
    ).rejects.toThrow(/the command ended with 0 without hoped for on the terminal, which shows:\nsomething else/);
  });

  it('kills a command that does not end', async () => {
    const script = scriptOf(`setInterval(() => {}, 1000);`);
    await expect(runInTerminal([], { program: script, timeoutMs: 300 })).rejects.toThrow(/did not end in 300 ms/);
  });
});

describe('tempFolder', () => {
  let seen = '';

  it('gives an empty folder', () => {
    seen = tempFolder();
    expect(existsSync(seen)).toBe(true);
  });

  it('removes it when its test ends', () => {
    expect(existsSync(seen)).toBe(false);
  });
});
