import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireEngine, engineStatus, startEngine } from '../../src/local/index.js';
import { allIds, createTable, put } from '../support/engine-client.js';
import { processesNaming, runs, temporaryFolder, until } from '../support/engines.js';

const { env } = process;
let folder: ReturnType<typeof temporaryFolder>;
let dataFile: string;

beforeEach(() => {
  folder = temporaryFolder();
  dataFile = join(folder.path, 'local.db');
});
afterEach(async () => {
  await until(() => processesNaming(folder.path).length === 0, 'no process is left behind');
  folder.remove();
});

async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return { port, free: async () => new Promise((resolve) => server.close(() => resolve())) };
}

async function somePort(): Promise<number> {
  const { port, free } = await takenPort();
  await free();
  return port;
}

function groupOf(pid: number): string {
  return execFileSync('ps', ['-o', 'pgid=', '-p', `${pid}`], { encoding: 'utf8' });
}

describe('startEngine', () => {
  it('on a file, is found and shared by commands, which leave it running', async () => {
    const port = await somePort();
    const engine = await startEngine({ dataFile, port, env });
    expect(engine.endpoint).toBe(`http://127.0.0.1:${port}`);
    const command = await acquireEngine({ dataFile, env, label: 'mcp-sessions list' });
    expect([command.pid, command.endpoint, command.startedByUs]).toEqual([engine.pid, engine.endpoint, false]);
    await command.release();
    expect(runs(engine.pid)).toBe(true);
    expect((await engineStatus({ dataFile, env }))?.leases.map(({ label }) => label)).toEqual([
      'mcp-sessions local start',
    ]);
    await engine.release();
    expect(runs(engine.pid)).toBe(false);
  });

  it('joins the engine that runs on the file, be the port left open or the same', async () => {
    const first = await acquireEngine({ dataFile, env, label: 'test' });
    const open = await startEngine({ dataFile, env });
    const same = await startEngine({ dataFile, port: Number(new URL(first.endpoint).port), env });
    expect([open.pid, same.pid]).toEqual([first.pid, first.pid]);
    await Promise.all([first.release(), open.release(), same.release()]);
  });

  it('says who holds the file when its engine runs on another port', async () => {
    const holder = await startEngine({ dataFile, env });
    const port = await somePort();
    const error: unknown = await startEngine({ dataFile, port, env }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ENGINE_BUSY' });
    for (const part of [dataFile, 'mcp-sessions local start', `process ${process.pid}`, holder.endpoint]) {
      expect(String(error)).toContain(part);
    }
    await holder.release();
  });

  it.each(['on a file', 'in memory'])('%s, says that the port is taken', async (where) => {
    const { port, free } = await takenPort();
    await expect(startEngine({ dataFile: where === 'in memory' ? null : dataFile, port, env })).rejects.toMatchObject({
      code: 'ENGINE_BUSY',
      message: `port ${port} on 127.0.0.1 is taken by another program`,
    });
    await free();
    const engine = await startEngine({ dataFile: where === 'in memory' ? null : dataFile, port, env });
    await engine.release();
  });

  it('in memory, is for this process alone and forgets', async () => {
    const first = await startEngine({ dataFile: null, env });
    const second = await startEngine({ dataFile: null, env });
    expect(first.pid).not.toBe(second.pid);
    await createTable(first.endpoint);
    await createTable(second.endpoint);
    await put(first.endpoint, 'a');
    expect((await allIds(second.endpoint)).size).toBe(0);
    await Promise.all([first.release(), second.release()]);
    expect([runs(first.pid), runs(second.pid)]).toEqual([false, false]);
    await expect(first.ended).resolves.toContain('ended');
  });

  it('in memory, is not reached by the Ctrl-C that its command handles', async () => {
    const engine = await startEngine({ dataFile: null, env });
    expect(groupOf(engine.pid)).not.toBe(groupOf(process.pid));
    await engine.release();
  });
});
