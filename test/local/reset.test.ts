import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireEngine, resetData } from '../../src/local/index.js';
import { createTable, put } from '../support/engine-client.js';
import {
  buildEngineChild,
  EngineChild,
  kill,
  lockOf,
  processesNaming,
  temporaryFolder,
  until,
} from '../support/engines.js';

const { env } = process;
let script: string;
let folder: ReturnType<typeof temporaryFolder>;
let dataFile: string;

beforeAll(async () => {
  script = await buildEngineChild('reset');
});
beforeEach(() => {
  folder = temporaryFolder();
  dataFile = join(folder.path, 'local.db');
});
afterEach(async () => {
  await until(() => processesNaming(folder.path).length === 0, 'no process is left behind');
  folder.remove();
});

describe('resetData', () => {
  it('removes the data of the file, all of it and nothing else', async () => {
    const engine = await acquireEngine({ dataFile, env, label: 'test' });
    await createTable(engine.endpoint);
    await put(engine.endpoint, 'a');
    await engine.release();
    writeFileSync(`${dataFile}-wal`, '');
    writeFileSync(`${dataFile}-shm`, '');
    writeFileSync(join(folder.path, 'other.db'), '');
    expect(await resetData({ dataFile, env })).toEqual({ removed: [dataFile, `${dataFile}-wal`, `${dataFile}-shm`] });
    expect(readdirSync(folder.path)).toEqual(['other.db']);
  });

  it('is refused while a command uses the file, and says which', async () => {
    const child = new EngineChild(script, ['file', dataFile, 'x', 'mcp-sessions local start']);
    await child.ready;
    const error: unknown = await resetData({ dataFile, env }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ENGINE_BUSY' });
    expect(String(error)).toContain(`mcp-sessions local start (process ${child.pid}`);
    expect(existsSync(dataFile)).toBe(true);
    await child.release();
    expect((await resetData({ dataFile, env })).removed).toEqual([dataFile]);
  });

  it('works after kill -9 of everything', async () => {
    const child = new EngineChild(script, ['acquire', dataFile, 'x']);
    await child.ready;
    const { owner, socket } = lockOf(dataFile);
    kill(owner.pid);
    child.kill();
    await child.exited;
    expect((await resetData({ dataFile, env })).removed).toContain(dataFile);
    expect(readdirSync(folder.path)).toEqual([]);
    expect(existsSync(socket)).toBe(false);
  });

  it('never meets a starting engine: either it is refused, or the engine starts afresh', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [outcome, engine] = await Promise.all([
        resetData({ dataFile, env }).catch((error: unknown) => error),
        acquireEngine({ dataFile, env, label: 'test' }),
      ]);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ENGINE_BUSY' });
      await createTable(engine.endpoint);
      await put(engine.endpoint, `${round}`);
      expect(statSync(dataFile).mode & 0o777).toBe(0o600);
      await engine.release();
    }
  });

  it('has nothing to do where nothing is, and creates nothing', async () => {
    expect(await resetData({ dataFile, env })).toEqual({ removed: [] });
    expect(await resetData({ dataFile: join(folder.path, 'none', 'local.db'), env })).toEqual({ removed: [] });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('does not remove a file that is no database', async () => {
    writeFileSync(dataFile, 'my notes, which I would miss');
    await expect(resetData({ dataFile, env })).rejects.toMatchObject({ code: 'FILE_ERROR' });
    expect(existsSync(dataFile)).toBe(true);
  });
});
