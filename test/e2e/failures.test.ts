import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type RunOptions, runCli, tempFolder } from '../support/cli.js';
import { freePort } from '../support/engine.js';

const NO_AWS = { AWS_EC2_METADATA_DISABLED: 'true' };

/** A run that has to fail: nothing on stdout, one JSON error on stderr. */
async function failure(argv: readonly string[], options: RunOptions = {}) {
  const { code, stdout, stderr, ms } = await runCli([...argv, '--json'], {
    ...options,
    env: { ...NO_AWS, ...options.env },
  });
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  const { error } = JSON.parse(stderr);
  expect(Object.keys(error)).toEqual(['code', 'message', 'hint']);
  return { exit: code, ms, ...error };
}

const COMMANDS = [
  ['setup', '--yes'],
  ['status'],
  ['list'],
  ['show', 'id'],
  ['seed', '--yes'],
  ['layouts', 'detect', 'abc'],
];

describe.each(COMMANDS.map((argv) => [argv.join(' '), argv] as const))('%s', (_name, argv) => {
  it('says within seconds that nothing answers', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const { exit, code, message, hint, ms } = await failure([...argv, '--endpoint-url', endpoint]);
    expect([exit, code]).toEqual([1, 'ENDPOINT_UNREACHABLE']);
    expect(message).toContain(endpoint);
    expect(hint).toContain('--local');
    expect(ms).toBeLessThan(8000);
  });

  it('says which region it lacks, and guesses none', async () => {
    const { exit, code, hint } = await failure(argv);
    expect([exit, code]).toEqual([2, 'REGION_MISSING']);
    expect(hint).toContain('--region');
  });
});

describe('credentials', () => {
  it('are asked for where there are none', async () => {
    const { exit, code, message, hint } = await failure(['status', '--region', 'eu-west-1']);
    expect([exit, code]).toEqual([1, 'CREDENTIALS_MISSING']);
    expect(message).toContain('eu-west-1');
    expect(hint).toContain('AWS_PROFILE');
  });

  it('are a finding of doctor', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--json', '--region', 'eu-west-1'], { env: NO_AWS });
    expect([code, stderr]).toEqual([3, '']);
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(findings.find((finding: { ok: boolean }) => !finding.ok)).toMatchObject({
      check: 'credentials',
      cure: expect.stringContaining('AWS_PROFILE'),
    });
  });

  it('of a profile that is not there are named', async () => {
    expect(await failure(['list', '--profile', 'nope', '--region', 'eu-west-1'])).toMatchObject({
      exit: 1,
      code: 'CREDENTIALS_MISSING',
      message: "there is no profile 'nope' in the AWS configuration files",
    });
  });
});

describe('in CI, without a terminal', () => {
  it.each([
    [['setup', '--local']],
    [['seed', '--region', 'eu-west-1']],
    [['show', '--local']],
    [[]],
    [['local', 'exec']],
  ])('%j never hangs', async (argv) => {
    const { code, stdout, ms } = await runCli(argv, { env: { ...NO_AWS, CI: 'true' }, timeoutMs: 15_000 });
    expect([1, 2, 4]).toContain(code);
    expect(stdout).toBe('');
    expect(ms).toBeLessThan(10_000);
  });

  it('does not take what it is piped for an answer', async () => {
    const { code, stdout } = await runCli(['setup', '--local'], { input: 'y\ny\ny\n' });
    expect([code, stdout]).toEqual([4, '']);
  });
});

describe('what a broken place says', () => {
  it('names a file that cannot be used', async () => {
    expect(await failure(['list', '--local', '/dev/null/x.db'])).toMatchObject({ exit: 1, code: 'FILE_ERROR' });
  });

  it('names an endpoint that is no URL, and one beside an engine', async () => {
    expect(await failure(['list', '--endpoint-url', 'localhost:8000'])).toMatchObject({ exit: 2, code: 'USAGE' });
    expect(await failure(['list', '--endpoint-url', 'http://localhost:1', '--local'])).toMatchObject({
      exit: 2,
      message: '--local and --endpoint-url exclude each other',
    });
  });

  it('tells in an empty folder what to do first', async () => {
    const { code, stdout, stderr } = await runCli(['list', '--local']);
    expect([code, stdout]).toEqual([1, '']);
    const none = 'there is no data file .mcp-sessions/local.db yet';
    expect(stderr).toContain(`error: table 'mcp-sessions' does not exist in the embedded engine: ${none}\n`);
    expect(stderr).toContain('hint: `mcp-sessions setup --local` creates it');
  });

  it.each([
    [0, ['status']],
    [1, ['stats']],
    [1, ['show', 'x']],
    [1, ['events', 'x']],
    [3, ['doctor']],
    [0, ['streams', 'status']],
    [1, ['streams', 'tail']],
    [0, ['backup', 'list']],
    [1, ['backup']],
    [1, ['layouts', 'detect', 'mcp-sessions']],
    [3, ['setup', '--check']],
    [0, ['setup', '--dry-run']],
    [0, ['teardown', '--all', '--dry-run']],
  ] as const)('exits %i without a data file, and makes none: %j', async (exit, argv) => {
    const cwd = tempFolder();
    const { code, stderr } = await runCli([...argv, '--local'], { cwd });
    expect([code, readdirSync(cwd)]).toEqual([exit, []]);
    if (exit !== 1) expect(stderr).toContain('there is no data file .mcp-sessions/local.db yet: `mcp-sessions setup');
  });

  it('says to programs that there is no data file, beside the result', async () => {
    const { code, stdout, stderr } = await runCli(['status', '--local', 'a/b.db', '--json']);
    expect([code, JSON.parse(stdout).tables[0]]).toMatchObject([0, { name: 'mcp-sessions', exists: false }]);
    expect(JSON.parse(stderr).warning.message).toContain('there is no data file a/b.db yet');
    const failed = await runCli(['list', '--local', '--json']);
    expect([failed.code, JSON.parse(failed.stderr).error.code]).toEqual([1, 'TABLE_NOT_FOUND']);
  });
});
