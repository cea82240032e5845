import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireEngine } from '../../src/local/index.js';
import { adoptLock, type LockRecord, readLock, takeLock } from '../../src/files/lock.js';
import { identify, liveness } from '../../src/files/processes.js';
import { processesNaming, temporaryFolder, until } from '../support/engines.js';

const details = { label: 'test', socket: null, patienceMs: 1000 };
let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'local.db.lock');
});
afterEach(async () => {
  await until(() => processesNaming(folder.path).length === 0, 'no process is left behind');
  folder.remove();
});

/** The pid of a process that has ended. */
function deadPid(): number {
  return Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
}

function write(change: Partial<LockRecord>): LockRecord {
  const record: LockRecord = {
    version: 1,
    token: '0123456789abcdef',
    owner: { ...identify(process.pid), pid: deadPid() },
    label: 'gone',
    since: '2026-01-01T00:00:00.000Z',
    socket: null,
    patienceMs: 1000,
    engine: null,
    ...change,
  };
  writeFileSync(path, JSON.stringify(record));
  return record;
}

/** A program that uses the lock, as a file that Node runs. */
async function bundled(contents: string): Promise<string> {
  const script = join(mkdtempSync(join(folder.path, 'x-')), 'program.mjs');
  await build({
    stdin: { contents, resolveDir: join(import.meta.dirname, '..', '..'), loader: 'ts' },
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
  });
  return script;
}

function age(file: string, seconds: number): void {
  const then = new Date(Date.now() - seconds * 1000);
  utimesSync(file, then, then);
}

const kind = (): string => takeLock(path, details).kind;

describe('the lock', () => {
  it('is held by one at a time, and leaves nothing beside it', () => {
    const attempt = takeLock(path, details);
    expect(attempt.kind).toBe('taken');
    expect(takeLock(path, details)).toMatchObject({
      kind: 'held',
      record: { label: 'test', owner: { pid: process.pid } },
    });
    expect(readdirSync(folder.path)).toEqual(['local.db.lock']);
    if (attempt.kind === 'taken') attempt.lock.release();
    expect(readdirSync(folder.path)).toEqual([]);
    expect(kind()).toBe('taken');
  });

  it('of a dead process is taken over, with its engine to be ended', () => {
    const engine = identify(process.pid);
    write({ engine });
    expect(takeLock(path, details)).toMatchObject({ kind: 'taken', lock: { record: { engine } } });
    expect(readdirSync(folder.path)).toEqual(['local.db.lock']);
  });

  it.runIf(process.platform === 'linux')('of a process whose number was given to another is taken over', () => {
    write({ owner: { ...identify(process.pid), start: '1' } });
    expect(kind()).toBe('taken');
  });

  it.runIf(process.platform === 'linux')('of before a reboot is taken over', () => {
    write({ owner: { ...identify(process.pid), boot: 'another' } });
    expect(kind()).toBe('taken');
  });

  it.each([
    ['another machine', { host: 'elsewhere' }],
    ['another container', { namespace: 'pid:[1]' }],
  ])('of %s is respected as long as it gives signs of life', (_where, place) => {
    write({ owner: { ...identify(process.pid), ...place } });
    expect(kind()).toBe('held');
    age(path, 25);
    expect(kind()).toBe('taken');
  });

  it('that a power cut left empty is taken over, but not one in the making', () => {
    writeFileSync(path, '');
    expect(kind()).toBe('held');
    age(path, 5);
    expect(kind()).toBe('taken');
  });

  it('of a dead process, claimed by one that died as well, is taken over', () => {
    const { owner } = write({});
    writeFileSync(`${path}.0123456789abcdef`, JSON.stringify({ ...write({}), token: 'fedcba9876543210', owner }));
    expect(kind()).toBe('taken');
    expect(readdirSync(folder.path)).toEqual(['local.db.lock']);
  });

  it('of a dead process, claimed by one that lives, is left to that one', () => {
    const record = write({});
    const claim = JSON.stringify({ ...record, token: 'fedcba9876543210', owner: identify(process.pid) });
    writeFileSync(`${path}.0123456789abcdef`, claim);
    expect(kind()).toBe('held');
    expect(readLock(path)?.token).toBe(record.token);
  });

  it('is passed on once, and only by who holds it', () => {
    const attempt = takeLock(path, details);
    if (attempt.kind === 'held') throw new Error('held');
    expect(adoptLock(path, 'fedcba9876543210', details)).toBeNull();
    const heir = adoptLock(path, attempt.lock.record.token, details);
    expect(heir?.isOurs()).toBe(true);
    expect(adoptLock(path, attempt.lock.record.token, details)).toBeNull();
    attempt.lock.release();
    attempt.lock.abandon();
    expect(heir?.isOurs()).toBe(true);
  });

  it('of a process that was killed at any moment is free at once', async () => {
    const script = await bundled(TAKE_AND_RELEASE);
    for (let round = 0; round < 25; round += 1) {
      const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
      child.kill('SIGKILL');
      await once(child, 'close');
      const attempt = takeLock(path, details);
      expect([round, attempt.kind]).toEqual([round, 'taken']);
      if (attempt.kind === 'taken') attempt.lock.release();
    }
  });

  it('goes to one of many that find the same dead owner', async () => {
    const script = await bundled(RACE);
    write({});
    const start = String(Date.now() + 700);
    const runs = Array.from(
      { length: 6 },
      async () =>
        new Promise<string>((resolve, reject) => {
          execFile(process.execPath, [script, path, start], (error, stdout) =>
            error ? reject(error) : resolve(stdout),
          );
        }),
    );
    const taken = (await Promise.all(runs)).reduce((sum, text) => sum + Number(text), 0);
    // Enough to have met; how many it is depends on what else the machine does.
    expect(taken).toBeGreaterThan(10);
    // Each holder alone read the counter and wrote it back: with two at once, counts would be lost.
    expect(Number(readFileSync(`${path}-counter`, 'utf8'))).toBe(taken);
  });
});

const TAKE_AND_RELEASE = `
import { takeLock } from './src/files/lock.js';
const [path] = process.argv.slice(2);
process.stdout.write('running');
for (;;) {
  const attempt = takeLock(path, { label: 'loop', socket: null, patienceMs: 0 });
  if (attempt.kind === 'taken') attempt.lock.release();
}
`;

// Dies, so to speak, half of the time: leaves a lock behind whose owner is another process that is gone.
const RACE = `
import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import { takeLock } from './src/files/lock.js';
const [path, start] = process.argv.slice(2);
const details = { label: 'race', socket: null, patienceMs: 0 };
while (Date.now() < Number(start)) {}
let taken = 0;
while (Date.now() < Number(start) + 1500) {
  const attempt = takeLock(path, details);
  if (attempt.kind === 'held') continue;
  const count = existsSync(path + '-counter') ? Number(readFileSync(path + '-counter', 'utf8')) : 0;
  const until = performance.now() + Math.random();
  while (performance.now() < until) {}
  writeFileSync(path + '-counter', String(count + 1));
  taken += 1;
  const { record } = attempt.lock;
  if (Math.random() < 0.5) attempt.lock.release();
  else writeFileSync(path, JSON.stringify({ ...record, owner: { ...record.owner, start: '1', pid: 2 ** 22 + 1 } }));
}
process.stdout.write(String(taken));
`;

describe('liveness', () => {
  it('tells a process that runs from one that has ended', () => {
    expect(liveness(identify(process.pid))).toBe('running');
    expect(liveness({ ...identify(process.pid), pid: deadPid() })).toBe('gone');
  });
});

describe('acquireEngine', () => {
  it('passes over a stale lock and a stale socket', async () => {
    const socket = join(folder.path, 'stale.sock');
    // A socket that nobody listens on: the file stays when its server is another file's by then.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    writeFileSync(`${socket}.copy`, '');
    await new Promise((resolve) => server.close(resolve));
    write({ socket: `${socket}.copy` });
    const engine = await acquireEngine({ dataFile: join(folder.path, 'local.db'), env: process.env, label: 'test' });
    expect(engine.startedByUs).toBe(true);
    await engine.release();
  });

  it('says who holds the file when it does not answer', async () => {
    const socket = join(folder.path, 'silent.sock');
    const server = createServer((connection) => connection.resume());
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    write({ owner: identify(process.pid), label: 'mcp-sessions local start', socket, patienceMs: 100 });
    const dataFile = join(folder.path, 'local.db');
    await expect(acquireEngine({ dataFile, env: process.env, label: 'test' })).rejects.toMatchObject({
      code: 'ENGINE_BUSY',
      message: `'${dataFile}' is held by mcp-sessions local start (process ${process.pid}, since 2026-01-01T00:00:00.000Z), which does not answer`,
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('can be aborted while it waits for another', async () => {
    write({ owner: { ...identify(process.pid), host: 'elsewhere' } });
    const dataFile = join(folder.path, 'local.db');
    const signal = AbortSignal.timeout(300);
    await expect(acquireEngine({ dataFile, env: process.env, label: 'test', signal })).rejects.toThrow(/abort/i);
  });
});
