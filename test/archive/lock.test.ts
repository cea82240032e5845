import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchiveLock } from '../../src/archive/lock.js';
import { ArchiveWriter, folderProblem } from '../../src/archive/write.js';
import { tempFolder } from '../support/cli.js';

const fileIn = (folder: string): string => path.join(folder, 'archive.lock');

/** What a process leaves that ends without a word; by default one of this machine, which is gone. */
function leave(folder: string, change: object = {}): void {
  const lock = ArchiveLock.take(folder);
  const left: object = JSON.parse(readFileSync(fileIn(folder), 'utf8'));
  lock.release();
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(fileIn(folder), JSON.stringify({ ...left, pid, ...change }));
}

const silentFor = (folder: string, seconds: number): void =>
  utimesSync(fileIn(folder), new Date(), new Date(Date.now() - seconds * 1000));

describe("the lock of an archive's folder", () => {
  it('is one at a time, and names who has it', () => {
    const folder = tempFolder();
    const lock = ArchiveLock.take(folder);
    expect(() => ArchiveLock.take(folder)).toThrow(`is being written by process ${process.pid} on`);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    ArchiveLock.take(folder).release();
  });

  it('is taken over from a process that is gone, and only once', () => {
    const folder = tempFolder();
    leave(folder);
    const lock = ArchiveLock.take(folder);
    expect(() => ArchiveLock.take(folder)).toThrow('is being written');
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is taken over from an earlier process of the same number', () => {
    const folder = tempFolder();
    leave(folder, { pid: process.pid, began: 1 });
    ArchiveLock.take(folder).release();
  });

  it('is not taken from a process that runs', () => {
    const folder = tempFolder();
    leave(folder, { pid: process.ppid });
    silentFor(folder, 3600);
    expect(() => ArchiveLock.take(folder)).toThrow('is being written');
  });

  it.each([
    ['of another machine', JSON.stringify({ token: 'x', pid: 1, host: 'another', began: 1 })],
    ['that cannot be read', '{"tok'],
  ])('%s is taken over once it has been silent for two minutes', (_, text) => {
    const folder = tempFolder();
    writeFileSync(fileIn(folder), text);
    silentFor(folder, 60);
    expect(() => ArchiveLock.take(folder)).toThrow('is being written');
    silentFor(folder, 180);
    ArchiveLock.take(folder).release();
  });

  it('is not taken over by two at once', () => {
    const folder = tempFolder();
    leave(folder);
    writeFileSync(`${fileIn(folder)}.replacing`, '');
    expect(() => ArchiveLock.take(folder)).toThrow('is being written');
    utimesSync(`${fileIn(folder)}.replacing`, new Date(), new Date(Date.now() - 60_000));
    ArchiveLock.take(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("lets another's be", () => {
    const folder = tempFolder();
    const lock = ArchiveLock.take(folder);
    writeFileSync(fileIn(folder), 'of somebody who took it over');
    lock.release();
    expect(existsSync(fileIn(folder))).toBe(true);
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
