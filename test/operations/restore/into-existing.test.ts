import { describe, expect, it } from 'vitest';
import type { RestoreResult } from '../../../src/operations/restore/from-archive.js';
import type { RestoreRequest } from '../../../src/operations/restore/plan.js';
import { useEngine } from '../../support/engine.js';
import { restoreFrom } from '../archive/harness.js';
import { closeAll, contextFor } from '../harness.js';
import { idsOf, itemsOf } from '../purge/harness.js';
import { type Archived, archivedOn, stateOf } from './harness.js';

const engine = useEngine();
closeAll();

/** Restores, and changes a table once all is written and before it is compared. */
async function disturbed(
  { folder, sessions }: { readonly folder: string; readonly sessions: string },
  more: Partial<RestoreRequest>,
  disturb: () => Promise<unknown>,
): Promise<RestoreResult> {
  const stop = new AbortController();
  const stopping = contextFor(engine.endpoint, {
    signal: stop.signal,
    onProgress: ({ step, table }) => void (step === 'comparing' && table === sessions && stop.abort()),
  });
  const request = { events: false, ...more };
  expect((await restoreFrom(stopping, folder, request)).interrupted).toBe(true);
  await disturb();
  return restoreFrom(contextFor(engine.endpoint), folder, { ...request, resume: true });
}

describe('a restore into tables that are there', () => {
  const KEPT = { session_id: { S: '' }, state: { S: 'newer' } };

  async function withOneNewer(): Promise<Archived & { readonly id: string }> {
    const staged = await archivedOn(engine.endpoint);
    const [id = '', gone = ''] = await idsOf(engine.raw, staged.sessions);
    await engine.raw.call('PutItem', { TableName: staged.sessions, Item: { ...KEPT, session_id: { S: id } } });
    await engine.raw.call('DeleteItem', { TableName: staged.sessions, Key: { session_id: { S: gone } } });
    return { ...staged, id };
  }

  it('skip: what is there stays, what is gone comes back, what is equal is no conflict', async () => {
    const { context, sessions, folder, id } = await withOneNewer();
    const { error, tables } = await restoreFrom(context, folder, { onConflict: 'skip' });
    expect(error).toBeNull();
    expect(tables.map(({ items, skipped, reapplied }) => [items, skipped, reapplied])).toEqual([
      [29, 1, []],
      [60, 0, []],
    ]);
    expect(await stateOf(engine.raw, sessions, id)).toBe('newer');
    expect((await idsOf(engine.raw, sessions)).size).toBe(30);
  });

  it('overwrite: what the archive has stands in the table', async () => {
    const { context, sessions, folder, id } = await withOneNewer();
    const { tables } = await restoreFrom(context, folder, { onConflict: 'overwrite' });
    expect(tables.map(({ items, skipped }) => [items, skipped])).toEqual([
      [30, 0],
      [60, 0],
    ]);
    expect(await stateOf(engine.raw, sessions, id)).not.toBe('newer');
  });

  it('fail: ends at the first item that is another one', async () => {
    const { context, sessions, folder, id } = await withOneNewer();
    const { error } = await restoreFrom(context, folder, { onConflict: 'fail' });
    expect(error).toMatchObject({
      code: 'RESTORE_CONFLICT',
      exitCode: 5,
      message: expect.stringMatching(/ of line \d+ of sessions\/AWSDynamoDB\/.*\.json\.gz$/),
    });
    expect(await stateOf(engine.raw, sessions, id)).toBe('newer');
  });

  it.each(['skip', 'overwrite'] as const)('are compared item by item in the end, with %s', async (onConflict) => {
    const { context, sessions, folder } = await withOneNewer();
    const week = { shiftMs: 7 * 86_400_000 };
    for (const verify of ['count', 'full'] as const) {
      const gets: string[] = [];
      const looking = contextFor(engine.endpoint, {
        onCall: ({ operation, table }) => void (operation === 'BatchGetItem' && gets.push(table ?? '')),
      });
      const { error, tables, readUnits } = await restoreFrom(looking, folder, { onConflict, verify, ...week });
      expect([error, tables.map(({ verified }) => verified)]).toEqual([null, [verify, verify]]);
      expect(gets).toContain(sessions);
      expect(readUnits).toBeGreaterThan(0);
    }
    // More items than the archive has are no loss.
    await engine.raw.call('PutItem', { TableName: sessions, Item: { session_id: { S: 'another' } } });
    expect((await restoreFrom(context, folder, { onConflict, verify: 'full', ...week })).error).toBeNull();
  });

  it.each([
    ['count', 'gone', 'skip'],
    ['full', 'gone', 'skip'],
    ['full', 'another', 'skip'],
    ['count', 'gone', 'overwrite'],
    ['full', 'another', 'overwrite'],
  ] as const)('say so when %s finds that an item is %s after --on-conflict %s', async (verify, fate, onConflict) => {
    const staged = await withOneNewer();
    const { sessions, context } = staged;
    const alive = (await itemsOf(engine.raw, sessions)).find(({ ttl }) => Number(ttl?.N) > Date.now() / 1000);
    const Key = { session_id: alive?.['session_id'] ?? { S: '' } };
    const result = await disturbed(staged, { onConflict, verify }, () =>
      fate === 'gone'
        ? engine.raw.call('DeleteItem', { TableName: sessions, Key })
        : engine.raw.call('PutItem', { TableName: sessions, Item: { ...Key, state: { S: 'other' } } }),
    );
    expect(result.error).toMatchObject({
      code: 'RESTORE_MISMATCH',
      exitCode: 3,
      message: expect.stringMatching(
        fate === 'gone' ? /^1 of 30 items are not in table .*; the first: line \d+ of sessions\// : /^1 items of table/,
      ),
    });
    const again = await restoreFrom(context, staged.folder, { onConflict: 'overwrite', events: false, verify: 'full' });
    expect(again.error).toBeNull();
  });

  it('do not miss what TTL may have removed meanwhile', async () => {
    const staged = await archivedOn(engine.endpoint);
    const { sessions } = staged;
    const expired = (await itemsOf(engine.raw, sessions)).find(({ ttl }) => Number(ttl?.N) < Date.now() / 1000);
    const result = await disturbed(staged, { onConflict: 'overwrite', verify: 'full' }, () =>
      engine.raw.call('DeleteItem', { TableName: sessions, Key: { session_id: expired?.['session_id'] ?? {} } }),
    );
    expect(result.error).toBeNull();
  });

  it.each([
    ['--ttl off', { ttl: 'off' }],
    ['--no-indexes', { indexes: false }],
    ['--billing', { billing: { mode: 'on-demand' } }],
  ] as const)('take nothing that is for new tables only: %s', async (flag, more) => {
    const { context, folder, copy } = await archivedOn(engine.endpoint, 2);
    await expect(restoreFrom(context, folder, { onConflict: 'skip', ...more })).rejects.toMatchObject({
      code: 'USAGE',
      exitCode: 2,
      message: expect.stringContaining(`${flag} is for new tables`),
    });
    const request = { onConflict: 'skip', toTable: copy, ...more } as const;
    expect((await restoreFrom(context, folder, request)).error).toBeNull();
  });

  it('are refused when they have other keys, or when the archive is of another layout', async () => {
    const { context, folder, events } = await archivedOn(engine.endpoint, 2);
    await expect(
      restoreFrom(context, folder, { toTable: events, toEventsTable: 'others', onConflict: 'skip' }),
    ).rejects.toMatchObject({
      code: 'LAYOUT_MISMATCH',
      message: expect.stringContaining('session_id (S) + event_id (N)'),
    });
    await expect(restoreFrom(context, folder, { layout: 'express', toTable: 'new-one' })).rejects.toMatchObject({
      code: 'LAYOUT_MISMATCH',
      message: expect.stringContaining("'mcp', not of 'express'"),
    });
  });
});
