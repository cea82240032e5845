import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bareEnvironment, COMMAND, runCli, tempFolder, testNode } from '../support/cli.js';
import { processesNaming, runs, until } from '../support/engines.js';

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

interface Started {
  readonly child: ChildProcess;
  /** What it printed when it was ready. */
  readonly said: { readonly endpoint: string; readonly pid: number; readonly dataFile: string; readonly env: object };
  readonly exit: Promise<number | null>;
}

/** `local start --json`, until it is ready. */
async function startLocal(cwd: string, argv: readonly string[] = []): Promise<Started> {
  const child = spawn(testNode(), [COMMAND, 'local', 'start', '--json', ...argv], {
    cwd,
    env: bareEnvironment(cwd),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  await until(() => output.stdout.includes('\n') || child.exitCode !== null, 'local start is ready', 10_000);
  if (child.exitCode !== null) throw new Error(`local start ended with ${child.exitCode}: ${output.stderr}`);
  return { child, said: JSON.parse(output.stdout), exit };
}

describe('local start', () => {
  it('keeps an engine that commands find and share, until it is interrupted', async () => {
    const cwd = tempFolder();
    const { child, said, exit } = await startLocal(cwd);
    expect(said).toMatchObject({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      dataFile: expect.stringContaining('local.db'),
      env: { AWS_ENDPOINT_URL_DYNAMODB: said.endpoint, AWS_REGION: 'us-east-1' },
    });
    const setup = await runCli(['setup', '--local', '--yes', '--json'], { cwd });
    expect(JSON.parse(setup.stdout).endpoint).toBe(said.endpoint);
    const viaEndpoint = await runCli(['status', '--json'], { env: { AWS_ENDPOINT_URL_DYNAMODB: said.endpoint } });
    expect(JSON.parse(viaEndpoint.stdout).inSync).toBe(true);
    const busy = await runCli(['local', 'reset', '--yes', '--json'], { cwd });
    expect(busy).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(busy.stderr).error).toMatchObject({ code: 'ENGINE_BUSY' });
    expect(JSON.parse(busy.stderr).error.message).toContain('mcp-sessions local start');
    child.kill('SIGINT');
    expect(await exit).toBe(0);
    await until(() => processesNaming(said.dataFile).length === 0, 'the engine is gone');
    expect(JSON.parse((await runCli(['status', '--local', '--json'], { cwd })).stdout).inSync).toBe(true);
  });

  it('leaves nothing with --memory', async () => {
    const cwd = tempFolder();
    const { child, said, exit } = await startLocal(cwd, ['--memory']);
    expect(said.dataFile).toBe(':memory:');
    child.kill('SIGTERM');
    await exit;
    await until(() => !runs(said.pid), 'the engine is gone');
    expect(existsSync(path.join(cwd, '.mcp-sessions'))).toBe(false);
  });
});

const exec = (command: readonly string[], flags: readonly string[] = [], env: Record<string, string> = {}) =>
  runCli(['local', 'exec', ...flags, '--', ...command], { env });

describe('local exec', () => {
  it.each([0, 7, 255])('returns the exit code of the command: %i', async (wanted) => {
    const { code, stderr } = await exec([testNode(), '-e', `process.exit(${wanted})`]);
    expect([code, stderr]).toEqual([wanted, '']);
  });

  it('returns 128 and the number of the signal that ended it', async () => {
    expect((await exec([testNode(), '-e', 'process.kill(process.pid, "SIGTERM")'])).code).toBe(143);
  });

  it('points the command, its streams untouched, to an engine of its own with the tables set up', async () => {
    const cwd = tempFolder();
    const script = path.join(cwd, 'child.mjs');
    writeFileSync(
      script,
      `const { execFileSync } = await import('node:child_process');
       const status = execFileSync(process.execPath, [process.argv[2], 'status', '--json'], { encoding: 'utf8' });
       console.error('to stderr');
       console.log(JSON.stringify({ status: JSON.parse(status), env: process.env }));`,
    );
    const { code, stdout, stderr } = await exec([testNode(), script, COMMAND], ['--sessions-table', 'mine'], {
      AWS_PROFILE: 'elsewhere',
      AWS_SESSION_TOKEN: 'real',
      MCP_SESSIONS_LOCAL: '0',
    });
    expect([code, stderr]).toEqual([0, 'to stderr\n']);
    const { status, env } = JSON.parse(stdout);
    expect(status).toMatchObject({ inSync: true, tables: [{ name: 'mine' }, { name: 'mcp-session-events' }] });
    expect(env).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: status.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      DYNAMODB_SESSIONS_TABLE: 'mine',
    });
    expect(Object.keys(env)).not.toEqual(expect.arrayContaining(['AWS_PROFILE']));
    expect(Object.keys(env).filter((name) => name.startsWith('AWS_SDK_JS'))).toEqual([]);
    const port = new URL(status.endpoint).port;
    await until(() => processesNaming(`--port ${port}`).length === 0, 'the engine is gone');
  });

  it('takes data that stays with --local, and no tables with --no-setup', async () => {
    const cwd = tempFolder();
    const child = [testNode(), COMMAND, 'status', '--json', '--check'];
    const run = (flags: readonly string[]) => runCli(['local', 'exec', ...flags, '--', ...child], { cwd });
    expect((await run(['--no-setup'])).code).toBe(3);
    expect((await run(['--local'])).code).toBe(0);
    expect((await runCli(['status', '--local', '--check', '-q'], { cwd })).code).toBe(0);
    expect((await run(['--local', '--no-setup'])).code).toBe(0);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('passes a %s on, and takes all down', async (signal, expected) => {
    const cwd = tempFolder();
    const program = `console.log(process.env.AWS_ENDPOINT_URL_DYNAMODB); setInterval(() => {}, 1000);`;
    const { code, stdout, ms } = await runCli(['local', 'exec', '--', testNode(), '-e', program], {
      cwd,
      onStart: (child) => void setTimeout(() => child.kill(signal), 1500),
    });
    expect(code).toBe(expected);
    expect(ms).toBeLessThan(8000);
    const { port } = new URL(stdout.trim());
    await until(() => processesNaming(`--port ${port}`).length === 0, 'the engine is gone');
  });

  it.each(['exec', 'command'] as const)('leaves nothing behind after kill -9 of the %s', async (victim) => {
    const cwd = tempFolder();
    const script = path.join(cwd, 'tree.sh');
    // What the command started in turn; and where it is not killed itself, it does not want to end.
    // Its guard is told of it right after its start: on a busy machine that may take a moment.
    const trap = victim === 'exec' ? "trap '' TERM; sleep 1" : '';
    writeFileSync(script, `${trap}\necho "$$ $AWS_ENDPOINT_URL_DYNAMODB"\ntail -f ${script} >/dev/null & wait\nwait`);
    const child = spawn(testNode(), [COMMAND, 'local', 'exec', '--', 'sh', script], {
      cwd,
      env: bareEnvironment(cwd),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    const exit = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? code));
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    await until(() => said.includes('http'), 'the command runs', 10_000);
    const [pid = '', endpoint = ''] = said.split(/\s+/);
    if (victim === 'exec') child.kill('SIGKILL');
    else process.kill(Number(pid), 'SIGKILL');
    expect(await exit).toBe(victim === 'exec' ? 'SIGKILL' : 137);
    const { port } = new URL(endpoint);
    await until(() => processesNaming(`--port ${port}`).length === 0, 'the engine is gone');
    await until(() => processesNaming(script).length === 0, 'the command is gone, and what it started', 10_000);
  });

  it('hands stdin on, also what comes late', async () => {
    const { code, stdout } = await runCli(['local', 'exec', '--', 'cat'], { input: 'one\ntwo\n' });
    expect([code, stdout]).toEqual([0, 'one\ntwo\n']);
  });

  it('tells a command that looks for the tables itself which they are, with --suffix too', async () => {
    const status = [testNode(), COMMAND, 'status', '--json', '--check'];
    for (const flags of [['--layout', 'pmcp-tasks'], []]) {
      const { code, stdout } = await exec(status, [...flags, '--suffix', 'run-7']);
      expect(code).toBe(0);
      for (const { name } of JSON.parse(stdout).tables) expect(name).toMatch(/\w-run-7$/);
    }
  });

  it('says how to write a command that cannot be run', async () => {
    const { code, stdout, stderr } = await exec(['no-such-program-here'], ['--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining("cannot run 'no-such-program-here'"),
    });
  });
});
