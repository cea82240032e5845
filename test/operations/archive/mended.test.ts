import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchiveRequest } from '../../../src/operations/archive/archive.js';
import { verifyArchive } from '../../../src/operations/archive/verify.js';
import { tempFolder } from '../../support/cli.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor } from '../harness.js';
import { idsOf, itemsOf, stage, type Stage } from '../purge/harness.js';
import { archiveTo, contentOf, restoreFrom } from './harness.js';

const engine = useEngine();
closeAll();

const OPTIONS = { signal: new AbortController().signal, onProgress: () => {} };
const REQUEST = { segments: 2, concurrency: 1, sizes: { partBytes: 2000, pageItems: 20 } };

interface Stopped extends Stage {
  readonly place: string;
  /** The finished files of the sessions table, each segment's in their order. */
  readonly parts: readonly string[];
}

const filesOf = (place: string, role: string): readonly string[] => {
  const exports = path.join(place, role, 'AWSDynamoDB');
  const data = path.join(exports, readdirSync(exports)[0] ?? '', 'data');
  return readdirSync(data)
    .toSorted()
    .map((name) => path.join(data, name));
};

/** An archive that was stopped after so many pages. */
async function stopped(pages: number, more: Partial<ArchiveRequest> = {}): Promise<Stopped> {
  const staged = await stage(engine.endpoint, { count: 240, events: 1, expired: 0.5 });
  const place = path.join(tempFolder(), 'archive');
  const stop = new AbortController();
  let scans = 0;
  const stopping = contextFor(engine.endpoint, {
    signal: stop.signal,
    onCall: ({ operation }) => {
      scans += operation === 'Scan' ? 1 : 0;
      if (scans === pages) stop.abort();
    },
  });
  const { interrupted } = await archiveTo(stopping, staged.target, place, { ...REQUEST, ...more });
  expect(interrupted).toBe(true);
  return { ...staged, place, parts: filesOf(place, 'sessions') };
}

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
  writeFileSync(file, bytes);
}

describe('an archive that was stopped, and of which a finished file was damaged since', () => {
  it.each([
    ['the first of a segment was changed', 0, flip],
    ['one in the middle was cut off', 1, (file: string) => writeFileSync(file, 'x')],
    ['the last of a segment was lengthened', -1, (file: string) => appendFileSync(file, 'x')],
    ['one is gone', 1, (file: string) => rmSync(file)],
  ])('is whole in the end when %s: its part of the table is read again', async (_, at, damage) => {
    const { context, target, sessions, events, place, parts } = await stopped(11);
    const before = new Map(parts.map((file) => [file, readFileSync(file)]));
    const broken = parts.at(at) ?? '';
    damage(broken);
    const { redone, tables } = await archiveTo(context, target, place, { ...REQUEST, resume: true });
    expect(redone).toEqual([expect.stringContaining(`${broken}: `)]);
    expect(tables.map(({ items }) => items)).toEqual([240, 240]);
    expect(await verifyArchive(place, null, OPTIONS)).toMatchObject({ ok: true, problems: [] });
    await restoreFrom(context, place, { toTable: `${sessions}-copy` });
    expect(await contentOf(engine.raw, `${sessions}-copy`)).toEqual(await contentOf(engine.raw, sessions));
    expect(await contentOf(engine.raw, `${events}-copy`)).toEqual(await contentOf(engine.raw, events));
    // Files of the other segment were not written again, nor those before the broken one.
    const kept = parts.filter((file) => !file.includes(path.basename(broken).slice(0, 5)) || file < broken);
    expect(kept.length).toBeGreaterThan(1);
    for (const file of kept) expect(readFileSync(file)).toEqual(before.get(file));
  });

  it('stays so when it is stopped again', async () => {
    const { context, target, place, parts } = await stopped(11);
    flip(parts[1] ?? '');
    const stop = new AbortController();
    const stopping = contextFor(engine.endpoint, { signal: stop.signal, onProgress: () => stop.abort() });
    const again = await archiveTo(stopping, target, place, { ...REQUEST, resume: true });
    expect([again.interrupted, again.redone.length]).toEqual([true, 1]);
    const { redone, tables } = await archiveTo(context, target, place, { ...REQUEST, resume: true });
    expect([redone, tables.map(({ items }) => items)]).toEqual([[], [240, 240]]);
    expect((await verifyArchive(place, null, OPTIONS)).ok).toBe(true);
  });

  it('has the events of just the sessions that it has, where they were chosen', async () => {
    const filter = { expired: true };
    const { context, target, sessions, events, place, parts } = await stopped(21, { filter });
    expect(filesOf(place, 'events').length).toBeGreaterThan(0);
    flip(parts[0] ?? '');
    // Some would not be chosen any more, in either segment.
    const expired = (await itemsOf(engine.raw, sessions)).filter(({ ttl }) => Number(ttl?.N) < Date.now() / 1000);
    for (const { session_id: id = { S: '' } } of expired.slice(0, 40))
      await engine.raw.call('DeleteItem', { TableName: sessions, Key: { session_id: id } });
    await archiveTo(context, target, place, { ...REQUEST, filter, resume: true });
    expect((await verifyArchive(place, null, OPTIONS)).ok).toBe(true);
    await restoreFrom(context, place, { toTable: `${sessions}-copy` });
    const chosen = await idsOf(engine.raw, `${sessions}-copy`);
    expect(chosen.size).toBeLessThan(expired.length);
    expect(await idsOf(engine.raw, `${events}-copy`)).toEqual(chosen);
    expect(await itemsOf(engine.raw, `${events}-copy`)).toHaveLength(chosen.size);
  });

  it('is not gone on with where a link stands in the place of a file, and what that leads to stays', async () => {
    const { context, target, place, parts } = await stopped(11);
    const [file = ''] = parts;
    const elsewhere = path.join(tempFolder(), 'elsewhere');
    writeFileSync(elsewhere, 'x');
    rmSync(file);
    symlinkSync(elsewhere, file);
    await expect(archiveTo(context, target, place, { ...REQUEST, resume: true })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining('symbolic link'),
    });
    expect(readFileSync(elsewhere, 'utf8')).toBe('x');
  });

  it('gets no list while somebody meddles with it, and one afterwards', async () => {
    const { context, target, place, parts } = await stopped(11);
    const meddling = contextFor(engine.endpoint, { onProgress: () => writeFileSync(parts[0] ?? '', 'x') });
    await expect(archiveTo(meddling, target, place, { ...REQUEST, resume: true })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      hint: expect.stringContaining('--resume'),
    });
    expect(existsSync(path.join(place, 'archive.json'))).toBe(false);
    const { tables } = await archiveTo(context, target, place, { ...REQUEST, resume: true });
    expect(tables.map(({ items }) => items)).toEqual([240, 240]);
  });
});
