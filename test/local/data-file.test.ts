import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireEngine } from '../../src/local/index.js';
import { processesNaming, temporaryFolder, until } from '../support/engines.js';

const { env } = process;
let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await until(() => processesNaming(folder.path).length === 0, 'no process is left behind');
  folder.remove();
});

async function use(dataFile: string): Promise<void> {
  const engine = await acquireEngine({ dataFile, env, label: 'test' });
  await engine.release();
}

const mode = (path: string): number => statSync(path).mode & 0o777;

describe('a data file', () => {
  it('is made for its owner alone, in a folder that git ignores', async () => {
    const dataFile = join(folder.path, '.mcp-sessions', 'local.db');
    await use(dataFile);
    expect(mode(join(dataFile, '..'))).toBe(0o700);
    expect(mode(dataFile)).toBe(0o600);
    expect(readFileSync(join(dataFile, '..', '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('leaves a folder that was there as it is', async () => {
    const own = join(folder.path, '.mcp-sessions');
    mkdirSync(own);
    chmodSync(own, 0o755);
    await use(join(own, 'local.db'));
    expect(mode(own)).toBe(0o755);
    expect(existsSync(join(own, '.gitignore'))).toBe(false);
  });

  it('may have any name', async () => {
    const dataFile = join(folder.path, `it's "a" $HOME; né\n--port`, '--db-path x.db');
    await use(dataFile);
    expect(statSync(dataFile).size).toBeGreaterThan(0);
  });

  it('may lie so deep that no socket would fit', async () => {
    const dataFile = join(folder.path, ...Array.from({ length: 20 }, () => 'a-long-folder'), 'local.db');
    await use(dataFile);
    expect(statSync(dataFile).size).toBeGreaterThan(0);
  });

  it.each([
    ['a folder', 'FILE_ERROR', (path: string) => mkdirSync(path)],
    ['no database', 'FILE_ERROR', (path: string) => writeFileSync(path, 'these are my notes, not a database')],
    ['shorter than any database', 'FILE_ERROR', (path: string) => writeFileSync(path, 'x')],
    [
      'a database with nonsense in it',
      'ENGINE_FAILED',
      (path: string) => writeFileSync(path, `SQLite format 3\0${'nonsense'.repeat(1000)}`),
    ],
  ])('that is %s is refused, named and left alone', async (_what, code, make) => {
    const path = join(folder.path, 'local.db');
    make(path);
    const before = statSync(path).size;
    const error: unknown = await use(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, hint: expect.stringContaining('--local') });
    expect(String(error)).toContain(path);
    expect(statSync(path).size).toBe(before);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('below a file is refused', async () => {
    writeFileSync(join(folder.path, 'file'), '');
    const path = join(folder.path, 'file', 'local.db');
    await expect(use(path)).rejects.toMatchObject({
      code: 'FILE_ERROR',
      hint: expect.stringContaining('not a folder'),
    });
  });

  it.runIf(process.platform === 'linux')('where no folder can be made is refused, and does not hang', async () => {
    await expect(use('/proc/none/local.db')).rejects.toMatchObject({ code: 'FILE_ERROR' });
  });

  // Root may write anywhere.
  it.skipIf(process.getuid?.() === 0)('in a folder that is not writable is refused', async () => {
    const own = join(folder.path, 'read-only');
    mkdirSync(own, { mode: 0o500 });
    const path = join(own, 'local.db');
    await expect(use(path)).rejects.toMatchObject({ code: 'FILE_ERROR', message: expect.stringContaining(path) });
  });
});
