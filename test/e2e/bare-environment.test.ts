import { spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { COMMAND, tempFolder, testNode } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { dropTables, setUpTables } from '../support/mcp-tables.js';

const engine = useEngine();

/** No right in the world is missing to root: there the commands run as the system's nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** A folder for anybody to work in. */
function openFolder(): string {
  const folder = tempFolder();
  chmodSync(folder, 0o777);
  return folder;
}

function readOnlyFolder(): string {
  const folder = tempFolder();
  chmodSync(folder, 0o555);
  return folder;
}

/** Whether nobody gets at the built command: not where the clone is in a home of root's. */
function isOutOfReach(): boolean {
  if (process.getuid?.() !== 0) return false;
  for (let folder = path.dirname(COMMAND); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    try {
      accessSync(folder, constants.X_OK);
    } catch {
      return true;
    }
  }
  return false;
}

interface Surroundings {
  readonly name: string;
  /** The whole environment, beside the engine's address. */
  readonly env: () => Readonly<Record<string, string>>;
  readonly cwd?: () => string;
  /** What a shell does to the streams. */
  readonly streams?: string;
  /** What cannot be read here. */
  readonly silent?: boolean;
  /** Commands that need what is missing here; they say so. */
  readonly failing?: readonly string[];
}

const BARE = { PATH: '/usr/bin:/bin' };

const PLACES: readonly Surroundings[] = [
  { name: 'no HOME and no TERM', env: () => BARE },
  { name: 'nothing at all', env: () => ({}) },
  { name: 'a TERM that is empty', env: () => ({ ...BARE, TERM: '' }) },
  { name: 'stdin closed', env: () => BARE, streams: '<&-' },
  { name: 'stdout closed', env: () => BARE, streams: '>&-', silent: true },
  { name: 'all streams closed', env: () => BARE, streams: '<&- >&- 2>&-', silent: true },
  { name: 'a HOME that is not there', env: () => ({ ...BARE, HOME: '/no/such/home' }) },
  { name: 'a HOME that cannot be written', env: () => ({ ...BARE, HOME: readOnlyFolder() }) },
  { name: 'a TMPDIR that is not there', env: () => ({ ...BARE, TMPDIR: '/dev/null/no/such' }) },
  { name: 'a TMPDIR that cannot be written', env: () => ({ ...BARE, TMPDIR: readOnlyFolder() }) },
  { name: 'a working folder that cannot be written', env: () => BARE, cwd: readOnlyFolder, failing: ['backup'] },
];

const COMMANDS = [
  ['setup', '--yes'],
  ['status', '--check'],
  ['list'],
  ['purge', '--expired', '--dry-run'],
  ['backup', '--to', './archive'],
  ['teardown', '--delete', '--yes'],
] as const;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  streams = '',
): Promise<Ended> {
  const child = spawn('/bin/sh', ['-c', `exec "$@" ${streams}`, 'sh', testNode(), COMMAND, ...argv], {
    cwd,
    env: { ...env, AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
    ...NOBODY,
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

describe.skipIf(process.platform === 'win32' || isOutOfReach())('in the surroundings of a cron job', () => {
  beforeEach(() => dropTables(engine));

  describe.each(PLACES)('$name', ({ env, cwd = openFolder, streams, silent = false, failing = [] }) => {
    it.each([[[]], [['--json']]])('each command ends as it should, and says why: %j', async (format) => {
      const [place, variables] = [cwd(), env()];
      for (const [name, ...words] of COMMANDS) {
        const { code, stdout, stderr } = await run([name, ...words, ...format], variables, place, streams);
        const fails = failing.includes(name);
        expect({ name, code, stderr }).toEqual({
          name,
          code: fails ? 1 : 0,
          stderr: expect.not.stringMatching(/^ +at |node:|Warning/m),
        });
        if (silent) continue;
        if (format.length === 0) expect([name, fails ? stderr : stdout]).toEqual([name, expect.stringMatching(/\S/)]);
        else if (fails)
          expect(JSON.parse(stderr).error).toMatchObject({ code: 'FILE_ERROR', hint: expect.stringMatching(/\S/) });
        else expect([stderr, typeof JSON.parse(stdout)]).toEqual(['', 'object']);
      }
    });
  });

  it('says which folder the embedded engine cannot use, and what to do', async () => {
    const cwd = openFolder();
    const local = ['setup', '--local', '--yes', '--json'];
    const inReadOnly = await run(local, BARE, readOnlyFolder());
    expect([inReadOnly.code, JSON.parse(inReadOnly.stderr).error]).toEqual([
      1,
      expect.objectContaining({ code: 'FILE_ERROR', hint: expect.stringContaining('--local <file>') }),
    ]);
    const withoutTemp = await run(local, { ...BARE, TMPDIR: '/dev/null/no/such' }, cwd);
    expect([withoutTemp.code, JSON.parse(withoutTemp.stderr).error]).toEqual([
      1,
      expect.objectContaining({
        code: 'FILE_ERROR',
        hint: expect.stringContaining('Set TMPDIR to a folder that is there'),
      }),
    ]);
    expect((await run(local, {}, cwd)).code).toBe(0);
  });

  it('a purge that cannot keep its progress deletes nothing, and says how it can', async () => {
    await setUpTables(engine);
    const { code, stdout, stderr } = await run(['purge', '--expired', '--yes', '--json'], BARE, readOnlyFolder());
    expect([code, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr).error.hint).toContain('--checkpoint <folder>');
  });

  it('a dry run leaves nothing among the temporary files', async () => {
    await setUpTables(engine);
    const temporary = openFolder();
    mkdirSync(path.join(temporary, 'tmp'), { mode: 0o777 });
    chmodSync(path.join(temporary, 'tmp'), 0o777);
    const env = { ...BARE, TMPDIR: path.join(temporary, 'tmp'), NODE_DISABLE_COMPILE_CACHE: '1' };
    expect((await run(['purge', '--expired', '--dry-run', '--json'], env, readOnlyFolder())).code).toBe(0);
    expect(readdirSync(env.TMPDIR)).toEqual([]);
  });
});
