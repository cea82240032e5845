import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireEngine } from '../../src/local/index.js';
import { allIds } from '../support/engine-client.js';
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
  script = await buildEngineChild('crashes');
});
beforeEach(() => {
  folder = temporaryFolder();
  dataFile = join(folder.path, 'local.db');
});
afterEach(async () => {
  await until(() => processesNaming(folder.path).length === 0, 'no process is left behind');
  folder.remove();
});

const victims: Readonly<Record<string, (child: EngineChild, engine: number, supervisor: number) => void>> = {
  'the command': (child) => child.kill(),
  'the supervisor': (_child, _engine, supervisor) => kill(supervisor),
  'the engine': (_child, engine) => kill(engine),
  'command and supervisor': (child, _engine, supervisor) => {
    child.kill();
    kill(supervisor);
  },
  'supervisor and engine': (_child, engine, supervisor) => {
    kill(supervisor);
    kill(engine);
  },
};

describe('after kill -9', () => {
  it.each(Object.keys(victims))(
    'of %s, ten times over, no acknowledged write is lost and nothing is left',
    async (who) => {
      const acknowledged: string[] = [];
      for (let round = 0; round < 10; round += 1) {
        const child = new EngineChild(script, ['acquire', dataFile, `${round}-`]);
        const { pid } = await child.ready;
        const { owner, socket } = lockOf(dataFile);
        await until(() => child.puts.length > 5 + round, 'some writes');
        victims[who]?.(child, pid, owner.pid);
        await child.exited;
        acknowledged.push(...child.puts);
        await until(() => !runs(pid) && !runs(owner.pid), `engine and supervisor end in round ${round}`);
        // A clean end removes the socket, a killed supervisor's is removed by its heir at the latest.
        if (who === 'the command' || who === 'the engine') expect(existsSync(socket)).toBe(false);
      }
      const engine = await acquireEngine({ dataFile, env, label: 'test' });
      const ids = await allIds(engine.endpoint);
      expect(acknowledged.length).toBeGreaterThan(80);
      expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
      await engine.release();
      expect(readdirSync(folder.path)).toEqual(['local.db']);
    },
  );

  it('of a command at any moment of its start, the next one works', async () => {
    for (let round = 0; round < 10; round += 1) {
      const child = new EngineChild(script, ['acquire', dataFile, `${round}-`]);
      // Around the time that Node itself needs, the lock is taken, the supervisor starts, the engine starts.
      await new Promise((resolve) => setTimeout(resolve, 30 + round * 10));
      child.kill();
      const engine = await acquireEngine({ dataFile, env, label: 'test' });
      expect(enginesOn(dataFile)).toHaveLength(1);
      await engine.release();
    }
  });

  it('of the supervisor among several commands, all are told and the next one gets a new engine', async () => {
    const children = [0, 1, 2].map((n) => new EngineChild(script, ['acquire', dataFile, `${n}-`]));
    const [first] = await Promise.all(children.map(async (child) => child.ready));
    const { owner, socket } = lockOf(dataFile);
    kill(owner.pid);
    await Promise.all(children.map(async (child) => child.exited));
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    expect(engine.pid).not.toBe(first?.pid);
    await until(() => !existsSync(socket), 'the socket of the dead is cleared away');
    await engine.release();
  });

  it('of the engine, its users learn why', async () => {
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    kill(engine.pid);
    expect(await engine.ended).toContain('SIGKILL');
    await engine.release();
  });

  it('of the guard as well as the supervisor, the next command ends the orphaned engine', async () => {
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    const guards = processesNaming(`kill -9 $$`).filter((line) => line.includes(dataFile));
    expect(guards).toHaveLength(1);
    kill(Number.parseInt(guards[0] ?? '', 10));
    kill(lockOf(dataFile).owner.pid);
    await engine.ended;
    expect(runs(engine.pid)).toBe(true);
    const next = await acquireEngine({ dataFile, env, label: 'test' });
    expect(runs(engine.pid)).toBe(false);
    await next.release();
  });

  it('of a process with an engine in memory, the engine ends too', async () => {
    const child = new EngineChild(script, ['memory', folder.path, 'm-']);
    const { pid } = await child.ready;
    expect(runs(pid)).toBe(true);
    child.kill();
    await child.exited;
    await until(() => !runs(pid), 'the engine ends');
  });
});

it('a supervisor that is asked to end stops its engine in good order', async () => {
  const engine = await acquireEngine({ dataFile, env, label: 'test' });
  const { owner } = lockOf(dataFile);
  process.kill(owner.pid, 'SIGTERM');
  expect(await engine.ended).toContain('SIGTERM');
  expect(runs(engine.pid)).toBe(false);
  expect(existsSync(`${dataFile}.lock`)).toBe(false);
});

it('a supervisor ends when the folder is removed under it, lock and all', async () => {
  const engine = await acquireEngine({ dataFile, env, label: 'test' });
  folder.remove();
  expect(await engine.ended).toContain('was removed');
  expect(runs(engine.pid)).toBe(false);
});
