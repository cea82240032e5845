import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockArchive } from '../../src/archive/lock.js';
import { folderProblem } from '../../src/archive/folder.js';
import { ArchiveWriter } from '../../src/archive/write.js';
import { tempFolder } from '../support/cli.js';

const fileIn = (folder: string): string => path.join(folder, 'archive.lock');

/** What a process leaves that ends without a word. */
function leave(folder: string): void {
  const unlock = lockArchive(folder);
  const left = JSON.parse(readFileSync(fileIn(folder), 'utf8'));
  unlock();
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(fileIn(folder), JSON.stringify({ ...left, owner: { ...left.owner, pid } }));
}

describe("the lock of an archive's folder", () => {
  it('is one at a time, private, and names who has it', () => {
    const folder = tempFolder();
    const unlock = lockArchive(folder);
    expect(statSync(fileIn(folder)).mode & 0o077).toBe(0);
    expect(() => lockArchive(folder)).toThrow(
      expect.objectContaining({
        code: 'ARCHIVE_BUSY',
        message: expect.stringContaining(`is being written by process ${process.pid} on`),
        hint: expect.stringContaining(fileIn(folder)),
      }),
    );
    unlock();
    expect(readdirSync(folder)).toEqual([]);
    lockArchive(folder)();
  });

  it('is taken over from a process that is gone, and only once', () => {
    const folder = tempFolder();
    leave(folder);
    const unlock = lockArchive(folder);
    expect(() => lockArchive(folder)).toThrow('is being written');
    unlock();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('shows that somebody else has begun an archive in between', async () => {
    const folder = tempFolder();
    const started = { id: '1', request: 'r', command: 'c', startedAt: '2026-11-20T14:25:00.000Z', tables: [] };
    const writer = ArchiveWriter.begin(folder, started, null);
    expect(() => ArchiveWriter.begin(folder, started, null)).toThrow('is being written');
    await writer.abandon();
    expect(() => ArchiveWriter.begin(folder, started, null)).toThrow('another process has just written into');
    expect(readdirSync(folder)).toEqual(['archive.partial.jsonl']);
  });

  it('alone is nothing in the way of an archive', () => {
    const folder = tempFolder();
    leave(folder);
    expect(folderProblem(folder)).toBeNull();
  });
});
