import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { acquireEngine, engineStatus } from '../../src/local/index.js';
import { allIds, createTable, put } from '../support/engine-client.js';
import {
  buildEngineChild,
  EngineChild,
  enginesOn,
  kill,
  lockOf,
  processesNaming,
  runs,
  temporaryFolder,
  until,
} from '../support/engines.js';

const { env } = process;
let script: string;
let folder: ReturnType<typeof temporaryFolder>;
let dataFile: string;

beforeAll(async () => {
  script = await buildEngineChild('sharing');
});
beforeEach(() => {
  folder = temporaryFolder();
  dataFile = join(folder.path, 'local.db');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await until(() => processesNaming(folder.path).length === 0, 'no process is left behind');
  folder.remove();
});

describe('acquireEngine', () => {
  it('works in an empty folder, and leaves neither process, lock nor socket behind', async () => {
    const engine = await acquireEngine({ dataFile, env, label: 'mcp-sessions list' });
    const { socket, owner } = lockOf(dataFile);
    expect(engine).toMatchObject({ dataFile, startedByUs: true, info: { kind: 'dynoxide', version: '1.2.1' } });
    expect(engine.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(existsSync(socket)).toBe(true);
    expect(runs(engine.pid)).toBe(true);
    await createTable(engine.endpoint);
    await put(engine.endpoint, 'a');
    await engine.release();
    expect(runs(engine.pid)).toBe(false);
    expect(existsSync(`${dataFile}.lock`)).toBe(false);
    expect(existsSync(socket)).toBe(false);
    await until(() => !runs(owner.pid), 'the supervisor ends');
  });

  it('keeps the data between commands', async () => {
    for (const id of ['a', 'b', 'c']) {
      const engine = await acquireEngine({ dataFile, env, label: 'test' });
      await createTable(engine.endpoint);
      await put(engine.endpoint, id);
      await engine.release();
    }
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    expect([...(await allIds(engine.endpoint))].toSorted()).toEqual(['a', 'b', 'c']);
    await engine.release();
  });

  it('is quick', async () => {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const started = performance.now();
      const engine = await acquireEngine({ dataFile, env, label: 'test' });
      times.push(performance.now() - started);
      await engine.release();
    }
    // The best of five: the machine may be busy with other tests.
    expect(Math.min(...times)).toBeLessThan(150);
  });

  it('gives ten commands that start at once one engine, with the data of all', async () => {
    for (let round = 0; round < 2; round += 1) {
      const children = Array.from(
        { length: 10 },
        (_, n) => new EngineChild(script, ['acquire', dataFile, `r${round}-${n}-slow-`]),
      );
      const ready = await Promise.all(children.map(async (child) => child.ready));
      expect(new Set(ready.map(({ pid }) => pid)).size).toBe(1);
      expect(ready.filter(({ startedByUs }) => startedByUs)).toHaveLength(1);
      expect(enginesOn(dataFile)).toHaveLength(1);
      await until(() => children.every((child) => child.puts.length > 0), 'each has written');
      await Promise.all(children.map(async (child) => child.release()));
      expect(children.every((child) => child.released)).toBe(true);
      expect(enginesOn(dataFile)).toEqual([]);
      const engine = await acquireEngine({ dataFile, env, label: 'test' });
      const ids = await allIds(engine.endpoint);
      expect(children.flatMap((child) => child.puts).filter((id) => !ids.has(id))).toEqual([]);
      await engine.release();
    }
  });

  it('survives commands that come while the last one goes', async () => {
    const work = async (n: number): Promise<void> => {
      for (let round = 0; round < 8; round += 1) {
        const engine = await acquireEngine({ dataFile, env, label: `worker ${n}` });
        await createTable(engine.endpoint);
        await put(engine.endpoint, `${n}-${round}`);
        expect(enginesOn(dataFile)).toHaveLength(1);
        await engine.release();
      }
    };
    await Promise.all([work(0), work(1), work(2)]);
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    expect((await allIds(engine.endpoint)).size).toBe(24);
    await engine.release();
  });

  it('stops the engine only when the last of two releases it', async () => {
    const first = await acquireEngine({ dataFile, env, label: 'first' });
    const second = await acquireEngine({ dataFile, env, label: 'second' });
    expect([second.pid, second.startedByUs]).toEqual([first.pid, false]);
    await first.release();
    await first.release();
    expect(runs(second.pid)).toBe(true);
    await createTable(second.endpoint);
    await second.release();
    expect(runs(second.pid)).toBe(false);
    expect(await first.ended).toBeTypeOf('string');
  });

  it('goes on for others when the terminal interrupts the command that started it', async () => {
    const child = new EngineChild(script, ['acquire', dataFile, 'x-slow-']);
    await child.ready;
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    // Ctrl-C goes to the whole process group of the command.
    process.kill(-child.pid, 'SIGINT');
    await child.exited;
    await createTable(engine.endpoint);
    await put(engine.endpoint, 'a');
    expect(runs(engine.pid)).toBe(true);
    await engine.release();
  });

  it('takes symbolic links to the folder and to the file, and relative paths, for the same file', async () => {
    const real = join(folder.path, 'real');
    mkdirSync(real);
    symlinkSync(real, join(folder.path, 'link'));
    symlinkSync(join(real, 'local.db'), join(folder.path, 'file-link.db'));
    const names = ['real/local.db', 'link/local.db', 'file-link.db'].map((name) => join(folder.path, name));
    const engines = await Promise.all(
      // The link first: then it points to a file that is not there yet.
      names.toReversed().map(async (name) => acquireEngine({ dataFile: name, env, label: 'test' })),
    );
    expect(new Set(engines.map(({ pid }) => pid)).size).toBe(1);
    expect(new Set(engines.map((engine) => engine.dataFile))).toEqual(new Set([join(real, 'local.db')]));
    await Promise.all(engines.map(async (engine) => engine.release()));
  });

  it('finds the running engine though the folder for temporary files is another', async () => {
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    const other = new EngineChild(script, ['acquire', dataFile, 'x'], { ...env, TMPDIR: folder.path });
    expect((await other.ready).pid).toBe(engine.pid);
    await other.release();
    await engine.release();
  });

  it('keeps sockets where only the user can reach them', async () => {
    vi.stubEnv('TMPDIR', folder.path);
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    const { socket } = lockOf(dataFile);
    expect(dirname(dirname(socket))).toBe(folder.path);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    await engine.release();
    chmodSync(dirname(socket), 0o777);
    const again = await acquireEngine({ dataFile, env, label: 'test' });
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    await again.release();
  });

  it('uses no folder for sockets that someone else may have put there', async () => {
    vi.stubEnv('TMPDIR', folder.path);
    mkdirSync(join(folder.path, 'theirs'));
    symlinkSync(join(folder.path, 'theirs'), join(folder.path, `mcp-sessions-${process.getuid?.()}`));
    await expect(acquireEngine({ dataFile, env, label: 'test' })).rejects.toMatchObject({
      code: 'FILE_ERROR',
      hint: expect.stringContaining('TMPDIR'),
    });
    expect(existsSync(`${dataFile}.lock`)).toBe(false);
  });

  it('keeps the path of a socket short, however long that of the folder for temporary files is', async () => {
    vi.stubEnv('TMPDIR', join(folder.path, 'long'.repeat(30)));
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    expect(Buffer.byteLength(lockOf(dataFile).socket)).toBeLessThan(104);
    await engine.release();
  });

  it('holds the engine by itself: not by a process that it started and that outlives it', async () => {
    // Its own, so that test runs side by side do not count (and end) each other's.
    const seconds = `29.${process.pid}`;
    const child = new EngineChild(script, ['acquire', dataFile, 'x-slow-', 'test'], { ...env, TEST_SLEEP: seconds });
    const { pid } = await child.ready;
    await until(() => child.puts.length > 0, 'it has started its process');
    child.kill();
    await until(() => !runs(pid), 'the engine ends');
    expect(processesNaming(`sleep ${seconds}`)).toHaveLength(1);
    for (const line of processesNaming(`sleep ${seconds}`)) kill(Number.parseInt(line, 10));
  });

  it('leaves nothing behind when it is aborted at any moment', async () => {
    for (let after = 0; after <= 60; after += 6) {
      const signal = AbortSignal.timeout(after);
      await acquireEngine({ dataFile, env, label: 'test', signal }).then(
        async (engine) => engine.release(),
        (error: unknown) => expect(error).toHaveProperty('name', expect.stringMatching(/TimeoutError|AbortError/)),
      );
    }
    await until(() => processesNaming(folder.path).length === 0, 'no process is left behind');
    expect(existsSync(`${dataFile}.lock`)).toBe(false);
  });
});

describe('engineStatus', () => {
  it('is null without an engine, and creates nothing', async () => {
    expect(await engineStatus({ dataFile: join(folder.path, 'none', 'local.db'), env })).toBeNull();
    expect(await engineStatus({ dataFile, env })).toBeNull();
    expect(existsSync(dataFile)).toBe(false);
  });

  it('says where the engine is and who uses it', async () => {
    const first = await acquireEngine({ dataFile, env, label: 'mcp-sessions list' });
    const second = await acquireEngine({ dataFile, env, label: 'mcp-sessions purge' });
    const status = await engineStatus({ dataFile, env });
    expect(status).toMatchObject({ endpoint: first.endpoint, pid: first.pid });
    expect(status?.leases.map(({ label, pid }) => [label, pid])).toEqual([
      ['mcp-sessions list', process.pid],
      ['mcp-sessions purge', process.pid],
    ]);
    expect(Date.now() - Date.parse(status?.startedAt ?? '')).toBeLessThan(60_000);
    await Promise.all([first.release(), second.release()]);
  });
});
