import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../src/operations/context.js';
import { type InPlaceState, readState, stateFile, writeState } from '../../../src/operations/restore/in-place-state.js';
import { planRestore, type RestorePlan, type RestoreResult } from '../../../src/operations/restore/from-backup.js';
import { planInPlace } from '../../../src/operations/restore/in-place-plan.js';
import { type InPlaceOptions, restoreInPlace } from '../../../src/operations/restore/in-place.js';
import { awsFaults } from '../../support/aws-double.js';
import type { BackupState } from '../../support/double/state.js';
import { useEngine } from '../../support/engine.js';
import {
  type BackedUp,
  FIRST,
  freshFolder,
  removeFolders,
  restoreOf,
  settingsOf,
  twoTables,
} from '../backup/harness.js';
import { closeAll } from '../harness.js';

closeAll();
removeFolders();
const engine = useEngine();

interface Prepared {
  readonly tables: BackedUp;
  readonly plan: RestorePlan;
  readonly state: InPlaceState;
  readonly options: InPlaceOptions;
  /** What was kept last. */
  readonly kept: () => InPlaceState | null;
}

/** Backups of both tables, a later item in each, and a restore in place that is planned. */
async function prepared(
  options: Parameters<typeof twoTables>[1] = {},
  more: { readonly withoutEvents?: boolean } = {},
): Promise<Prepared> {
  const tables = await twoTables(engine, options);
  const { names, context, target, put, folder } = tables;
  await tables.backUp(FIRST);
  await put(names.sessions, 'later');
  await put(names.events, 'later');
  const plan = await planRestore(context, target, restoreOf(tables, { inPlace: true, ...more }));
  const state = await planInPlace(context, plan, { forceUnprotect: true });
  const file = stateFile(freshFolder(), names);
  tables.running.double.forgetCalls();
  return {
    tables,
    plan,
    state,
    options: {
      settle: false,
      timeoutMs: 5000,
      forceUnprotect: true,
      recordFolder: folder,
      save: (changed) => writeState(file, changed),
    },
    kept: () => readState(file),
  };
}

const run = (
  { tables, plan, state, options }: Prepared,
  more: Partial<InPlaceOptions> = {},
  context: OperationContext = tables.context,
): Promise<RestoreResult> => restoreInPlace(context, plan, state, { ...options, ...more });

const writesOf = ({ tables }: Prepared): readonly string[] => tables.running.writes();

/** The backups that were made on the way. */
const safeties = ({ tables }: Prepared): readonly Pick<BackupState, 'arn' | 'items'>[] =>
  tables.running.double.state.backups.slice(2).filter(({ type }) => type === 'USER');

async function expectNothingDeleted(one: Prepared): Promise<void> {
  expect(writesOf(one)).not.toContain('DeleteTable');
  const { names, ids } = one.tables;
  expect([await ids(names.sessions), await ids(names.events)]).toEqual([
    ['first', 'later'],
    ['first', 'later'],
  ]);
}

describe.concurrent('restore in place', () => {
  it('backs up, waits, deletes, restores under the old name, and puts the settings back', async () => {
    const one = await prepared({ delays: { backup: 80, delete: 80, restore: 80 } });
    const { names, ids } = one.tables;
    const before = [await settingsOf(one.tables, names.sessions), await settingsOf(one.tables, names.events)];
    one.tables.running.double.forgetCalls();
    const { tables: restored, error } = await run(one);
    expect(error).toBeNull();
    expect(restored).toMatchObject([
      {
        source: names.sessions,
        target: names.sessions,
        outcome: 'done',
        items: 1,
        safety: { arn: safeties(one)[0]?.arn },
      },
      { source: names.events, target: names.events, outcome: 'done', items: 1 },
    ]);
    expect([await ids(names.sessions), await ids(names.events)]).toEqual([['first'], ['first']]);
    expect([await settingsOf(one.tables, names.sessions), await settingsOf(one.tables, names.events)]).toEqual(before);
    const order = writesOf(one).filter((operation) => /CreateBackup|DeleteTable|RestoreTable/.test(operation));
    expect(order).toEqual([
      'CreateBackup',
      'CreateBackup',
      'DeleteTable',
      'RestoreTableFromBackup',
      'DeleteTable',
      'RestoreTableFromBackup',
    ]);
    expect(safeties(one).filter(({ items }) => items.length === 2)).toHaveLength(2);
    expect(one.kept()?.tables.map(({ stage }) => stage)).toEqual(['done', 'done']);
  });

  it('waits until a minute has passed since the safety backups', async () => {
    const one = await prepared();
    let now = FIRST;
    let deletedAt = 0;
    const context = one.tables.running.context({
      now: () => now,
      onProgress: ({ step }) => {
        if (step.includes('every write')) now += 15_000;
        if (step === 'deleting the old table' && deletedAt === 0) deletedAt = now;
      },
    });
    const { error } = await run(one, { settle: true }, context);
    expect(error).toBeNull();
    expect(deletedAt - FIRST).toBeGreaterThanOrEqual(60_000);
  });

  it('gives its safety backup another name than that of the backup, also within the same second', async () => {
    const one = await prepared({}, { withoutEvents: true });
    const context = one.tables.running.context({ now: () => FIRST });
    await run(one, {}, context);
    const names = one.tables.running.double.state.backups.flatMap(({ name, type }) => (type === 'USER' ? [name] : []));
    expect(new Set(names).size).toBe(names.length);
  });

  it('waits while AWS holds on to the name of the deleted table', async () => {
    const one = await prepared({}, { withoutEvents: true });
    const inUse = { name: 'TableInUseException', message: 'Table is being deleted' };
    one.tables.running.double.inject({ operation: 'RestoreTableFromBackup', times: 2, error: inUse });
    expect((await run(one)).tables).toMatchObject([{ outcome: 'done' }]);
  });

  it('restores once more from the backup that the table was restored from', async () => {
    const one = await prepared({}, { withoutEvents: true });
    const { names, put, ids } = one.tables;
    await run(one);
    await put(names.sessions, 'spoilt');
    const state = await planInPlace(one.tables.context, one.plan, { forceUnprotect: true });
    const { error } = await run({ ...one, state });
    expect(error).toBeNull();
    expect(await ids(names.sessions)).toEqual(['first']);
  });

  it('turns deletion protection off only when told so', async () => {
    const one = await prepared();
    await expect(planInPlace(one.tables.context, one.plan, { forceUnprotect: false })).rejects.toMatchObject({
      code: 'TABLE_BLOCKED',
      hint: expect.stringContaining('--force-unprotect'),
    });
    const { tables, error } = await run(one, { forceUnprotect: false });
    expect(tables[0]).toMatchObject({ outcome: 'failed' });
    expect(error?.message).toContain('protected against deletion');
    await expectNothingDeleted(one);
  });

  it('takes no point in time: the recovery points go with the table', async () => {
    const { tables } = await prepared();
    const request = restoreOf(tables, { inPlace: true, source: { instant: 'latest' } });
    const plan = await planRestore(tables.context, tables.target, request);
    await expect(planInPlace(tables.context, plan, { forceUnprotect: true })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe.concurrent('restore in place deletes nothing', () => {
  it('when a safety backup is refused', async () => {
    const one = await prepared();
    one.tables.running.double.inject({
      operation: 'CreateBackup',
      table: one.tables.names.events,
      error: awsFaults.accessDenied('CreateBackup', one.tables.names.events),
    });
    await expect(run(one)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('nothing was deleted'),
    });
    await expectNothingDeleted(one);
  });

  it('when a safety backup stays CREATING', async () => {
    const one = await prepared();
    Object.assign(one.tables.running.double.state.delays, { backup: 60_000 });
    await expect(run(one, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      message: expect.stringContaining('nothing was deleted'),
    });
    await expectNothingDeleted(one);
  });

  it('when a safety backup comes to nothing', async () => {
    const one = await prepared();
    const known = new Set(one.tables.running.double.state.backups.map(({ arn }) => arn));
    one.tables.running.double.inject({
      operation: 'DescribeBackup',
      when: ({ BackupArn }) => !known.has(String(BackupArn)),
      answer: ({ BackupArn }) => ({
        BackupDescription: { BackupDetails: { BackupArn, BackupName: 'x', BackupStatus: 'DELETED' } },
      }),
    });
    await expect(run(one)).rejects.toMatchObject({ code: 'BACKUP_NOT_SAFE' });
    await expectNothingDeleted(one);
  });

  it('when the backup that was to be restored is gone meanwhile', async () => {
    const one = await prepared();
    const BackupArn = one.tables.running.double.state.backups[1]?.arn;
    await one.tables.running.raw.call('DeleteBackup', { BackupArn });
    await expect(run(one)).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    await expectNothingDeleted(one);
  });

  it('when the backup that was to be restored is not AVAILABLE any more', async () => {
    const one = await prepared();
    const BackupArn = one.tables.running.double.state.backups[1]?.arn;
    one.tables.running.double.inject({
      operation: 'DescribeBackup',
      when: (body) => body['BackupArn'] === BackupArn,
      answer: () => ({
        BackupDescription: { BackupDetails: { BackupArn, BackupName: 'x', BackupStatus: 'DELETED' } },
      }),
    });
    await expect(run(one)).rejects.toMatchObject({ code: 'BACKUP_NOT_SAFE' });
    await expectNothingDeleted(one);
  });

  it('when its progress cannot be kept', async () => {
    const one = await prepared();
    const file = stateFile('/dev/null/nowhere', 'x');
    await expect(run(one, { save: (state) => writeState(file, state) })).rejects.toMatchObject({ code: 'FILE_ERROR' });
    await expectNothingDeleted(one);
  });

  it('when another table of the name has taken its place', async () => {
    const one = await prepared();
    const [first, ...rest] = one.state.tables;
    if (first === undefined) throw new Error('no table');
    const state: InPlaceState = { version: 1, tables: [{ ...first, createdAt: 1 }, ...rest] };
    const { tables, error } = await run({ ...one, state });
    expect(tables).toMatchObject([{ outcome: 'failed' }]);
    expect(error?.code).toBe('RESTORE_UNFINISHED');
    await expectNothingDeleted(one);
  });

  it('of the second table when the first was not restored', async () => {
    const one = await prepared();
    const { names, ids } = one.tables;
    one.tables.running.double.inject({
      operation: 'RestoreTableFromBackup',
      error: awsFaults.accessDenied('RestoreTableFromBackup', names.sessions),
    });
    const { tables, error } = await run(one);
    expect(tables).toMatchObject([{ source: names.sessions, outcome: 'failed' }]);
    const safety = one.kept()?.tables[0]?.safety?.arn ?? '';
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', hint: expect.stringContaining(`restore ${safety}`) });
    expect(error?.hint).toContain('--resume');
    expect(await ids(names.events)).toEqual(['first', 'later']);
  });
});

class Killed extends Error {}

/** Runs until the n-th thing that lasts: an answered write call, or a state on disk. True when it was killed. */
async function runAndKill(one: Prepared, at: number, state: InPlaceState): Promise<boolean> {
  let count = 0;
  const step = (): void => {
    count += 1;
    // A killed process does nothing more.
    if (count >= at) throw new Killed();
  };
  const context = one.tables.running.context({
    onCall: ({ operation }) => {
      if (!/^(?:Describe|List|Scan)/.test(operation)) step();
    },
  });
  const save: InPlaceOptions['save'] = (changed) => {
    one.options.save(changed);
    step();
  };
  try {
    await restoreInPlace(context, one.plan, state, { ...one.options, save });
    return false;
  } catch (error) {
    if (error instanceof Killed) return true;
    throw error;
  }
}

describe.concurrent('restore in place, killed', () => {
  it.for(Array.from({ length: 14 }, (_, at) => at + 1))(
    'at step %i, goes on with --resume, and what the table held is never lost',
    async (at) => {
      const one = await prepared({}, { withoutEvents: true });
      const { names, ids, context, target } = one.tables;
      const before = await settingsOf(one.tables, names.sessions);
      expect(await runAndKill(one, at, one.state)).toBe(true);
      const table = await one.tables.running.raw.call('DescribeTable', { TableName: names.sessions }).catch(() => null);
      const isWhole = table?.Table?.TableStatus === 'ACTIVE' && (await ids(names.sessions)).includes('later');
      expect(isWhole || safeties(one).some(({ items }) => items.length === 2)).toBe(true);

      const state = one.kept() ?? one.state;
      const sources = state.tables.map(({ sourceArn }) => sourceArn);
      const request = restoreOf(one.tables, { inPlace: true, source: { backups: sources } });
      const plan = await planRestore(context, target, request);
      const { error, tables } = await restoreInPlace(context, plan, state, one.options);
      expect(error).toBeNull();
      expect(tables.map(({ outcome }) => outcome)).toEqual(state.tables[0]?.stage === 'done' ? [] : ['done']);
      expect(await ids(names.sessions)).toEqual(['first']);
      expect(await settingsOf(one.tables, names.sessions)).toEqual(before);
    },
  );

  it('makes another safety backup when the old one has got old and the table is still there', async () => {
    const one = await prepared({}, { withoutEvents: true });
    expect(await runAndKill(one, 3, one.state)).toBe(true);
    const state = one.kept() ?? one.state;
    const first = state.tables[0]?.safety?.arn;
    expect(first).toBeDefined();
    await one.tables.put(one.tables.names.sessions, 'much-later');
    const context = one.tables.running.context({ now: () => Date.now() + 3_600_000 });
    await restoreInPlace(context, one.plan, state, one.options);
    expect(one.kept()?.tables[0]?.safety?.arn).not.toBe(first);
    expect(safeties(one).map(({ items }) => items.length)).toContain(3);
  });
});
