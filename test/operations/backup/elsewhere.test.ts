import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteBackups } from '../../../src/operations/backup/delete.js';
import { createBackups } from '../../../src/operations/backup/create.js';
import { findBackups, listTableBackups } from '../../../src/operations/backup/list.js';
import { planRestore, requireFreeTargets, restoreBackups } from '../../../src/operations/restore/from-backup.js';
import { planInPlace } from '../../../src/operations/restore/in-place-plan.js';
import { restoreInPlace } from '../../../src/operations/restore/in-place.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import { FIRST, freshFolder, removeFolders, restoreOf, settingsOf } from './harness.js';
import { type Elsewhere, PLACES } from '../elsewhere.js';
import { closeAll, setUp, targetOf } from '../harness.js';

closeAll();
removeFolders();

/** A second implementation of backups and restores, written by others, and AWS itself. */
describe.each(PLACES)('backups on $name', ({ name: place, start, timeout }) => {
  let there: Elsewhere | null = null;
  beforeAll(async () => {
    there = await start();
  }, timeout);
  afterAll(async () => {
    await there?.stop();
  }, timeout);

  it('are made, found, restored beside and in place, and deleted', { timeout }, async ({ skip }) => {
    if (there === null) return skip(`there is no ${place}`);
    const context = there.context();
    const { raw } = there;
    const names = there.names();
    const { sessions } = names;
    // Once it was off, moto takes no stream any more: it has none here.
    const overrides = { tags: { ...there.tags, Owner: 'agents' }, pointInTimeRecovery: true, stream: false } as const;
    await setUp(context, { ...names, overrides });
    const target = await targetOf(context, names);
    await seed(context, target, { count: 30, events: 1, expired: 0.5, randomSeed: 1 });
    const alarms = [await there.putAlarm(sessions)];
    const folder = freshFolder();
    const tables = [
      { name: names.sessions, role: 'sessions' },
      { name: names.events, role: 'events' },
    ] as const;
    const made = await createBackups(context, {
      tables,
      layout: 'mcp',
      at: FIRST,
      wait: true,
      timeoutMs: there.patienceMs,
      records: { folder },
    });
    expect(made.backups.map((each) => [each.outcome, each.alarms])).toEqual([
      ['done', alarms],
      ['done', []],
    ]);
    const all = Object.values(names);
    expect(await findBackups(context, all, 'latest')).toHaveLength(2);

    const beside = restoreOf({ folder }, { targets: { sessions: `${sessions}-copy` } });
    const plan = await planRestore(context, target, beside);
    expect((await requireFreeTargets(context, plan)).size).toBe(0);
    const { tables: restored } = await restoreBackups(context, plan, new Set());
    expect(restored).toMatchObject([
      { outcome: 'done', items: 30, expiredItems: 15, alarms },
      { outcome: 'done', items: 30 },
    ]);
    for (const one of restored)
      expect(await settingsOf({ context }, one.target)).toEqual(await settingsOf({ context }, one.source));

    await raw.call('PutItem', { TableName: sessions, Item: { session_id: { S: 'later' } } });
    const inPlace = await planRestore(context, target, restoreOf({ folder }, { inPlace: true, withoutEvents: true }));
    const state = await planInPlace(context, inPlace, { forceUnprotect: false });
    const options = {
      settle: false,
      timeoutMs: there.patienceMs,
      forceUnprotect: false,
      recordFolder: folder,
      save: () => {},
    };
    const replaced = await restoreInPlace(context, inPlace, state, options);
    expect(replaced.tables).toMatchObject([{ target: sessions, outcome: 'done', items: 30 }]);

    const backups = await listTableBackups(context, all);
    const own = backups.filter(({ type }) => type === 'USER');
    const deleted = await deleteBackups(context, own, folder);
    expect(deleted.backups.every(({ outcome }) => outcome === 'deleted')).toBe(true);
  });
});
