import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../src/operations/context.js';
import { verifyArchive } from '../../../src/operations/archive/verify.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import type { StepName } from '../../../src/operations/teardown/table.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, type SetupOptions, setUp, startDouble, targetOf } from '../harness.js';
import { linesOf, tearDown, testFolder } from './harness.js';

const engine = useEngine();
closeAll();

const ALL: readonly StepName[] = ['backup', 'delete'];
const SETTLING = 'waiting until the backup holds every write';

/** Both tables on a double of AWS, with rows; the minute after the request of a backup is over once `atSettling` is. */
async function stage(options: SetupOptions = {}, delays: { readonly backup?: number } = {}) {
  const running = await startDouble(engine.endpoint, { delays });
  const sessions = freshName('safe');
  const tables = { sessions, events: `${sessions}-events` };
  await setUp(running.context(), { ...tables, overrides: { stream: false }, ...options });
  await seed(running.context(), await targetOf(running.context(), tables), {
    count: 2,
    events: 1,
    expired: 0,
    randomSeed: 1,
  });
  running.double.forgetCalls();
  const steps: string[] = [];
  let ahead = 0;
  const patient = (atSettling: () => Promise<void> = async () => {}, signal?: AbortSignal): OperationContext => {
    let settling: Promise<void> | undefined;
    return running.context({
      ...(signal !== undefined && { signal }),
      now: () => Date.now() + ahead,
      onProgress: ({ step }) => {
        steps.push(step);
        if (step !== SETTLING || settling !== undefined) return;
        settling = (async () => {
          await atSettling();
          ahead = 61_000;
        })();
      },
    });
  };
  return { ...running, tables, folder: testFolder(), patient, steps };
}

const there = async (...names: readonly string[]): Promise<boolean> => {
  const { TableNames = [] } = await engine.raw.call('ListTables');
  return names.every((name) => TableNames.includes(name));
};

const rowsOf = async (TableName: string): Promise<number> => (await engine.raw.call('Scan', { TableName })).Count ?? 0;

/** Both tables are there, with their rows. */
async function expectWhole({ sessions, events }: { readonly sessions: string; readonly events: string }) {
  expect([await there(sessions, events), await rowsOf(sessions), await rowsOf(events)]).toEqual([true, 2, 2]);
}

describe('backup, then delete', () => {
  it('asks for both backups together, waits a minute, and deletes events before sessions', async () => {
    const { tables, folder, patient, steps, writes, double } = await stage();
    let before: readonly string[] = [];
    const context = patient(async () => {
      before = [...writes()];
    });
    const { plan, result } = await tearDown(context, tables, folder, { steps: ALL });
    expect(before).toEqual(['CreateBackup', 'CreateBackup']);
    expect(steps).toContain(SETTLING);
    expect(linesOf(result)).toEqual([
      `backup ${tables.events} done`,
      `backup ${tables.sessions} done`,
      `delete ${tables.events} done`,
      `delete ${tables.sessions} done`,
    ]);
    expect(plan.steps[0]?.notes.join()).toContain('what is written after the backup was asked for is lost');
    expect(plan.account).toBe('123456789012');
    const [first] = result.steps;
    expect(first?.made).toMatchObject({
      archive: null,
      backup: { arn: double.state.backups.find(({ tableName }) => tableName === tables.events)?.arn },
    });
    expect(readdirSync(path.join(folder, 'records'))).toHaveLength(2);
  });

  it('does not wait the minute when told so, nor where nothing is taken away', async () => {
    const hurried = await stage();
    const { result } = await tearDown(
      hurried.patient(),
      hurried.tables,
      hurried.folder,
      { steps: ALL },
      { settle: false },
    );
    expect(result.error).toBeNull();
    expect(hurried.steps).not.toContain(SETTLING);
    const alone = await stage();
    await tearDown(alone.patient(), alone.tables, alone.folder, { steps: ['backup', 'disable-streams'] });
    expect(alone.steps).not.toContain(SETTLING);
    expect(alone.writes()).toEqual(['CreateBackup', 'CreateBackup']);
    await expectWhole(alone.tables);
  });

  it.each([['delete'], ['clear-data']] as const)('waits for a late backup before %s', async (step) => {
    const { tables, folder, patient, double } = await stage({}, { backup: 500 });
    const seen: boolean[] = [];
    const operation = step === 'delete' ? 'DeleteTable' : 'BatchWriteItem';
    double.inject({
      operation,
      when: () => {
        seen.push(double.state.backups.every(({ availableAt }) => availableAt <= Date.now()));
        return false;
      },
    });
    const { result } = await tearDown(patient(), tables, folder, { steps: ['backup', step] });
    expect(result.error).toBeNull();
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).not.toContain(false);
  });

  it.each([['delete'], ['clear-data']] as const)('does not %s when one backup fails', async (step) => {
    const { tables, folder, patient, double, writes } = await stage();
    const error = awsFaults.accessDenied('CreateBackup', tables.sessions);
    double.inject({ operation: 'CreateBackup', table: tables.sessions, error });
    const { result } = await tearDown(patient(), tables, folder, { steps: ['backup', step] });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['done', 'failed', 'skipped', 'skipped']);
    expect(result.error).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('nothing was deleted'),
    });
    expect(writes().filter((each) => each !== 'CreateBackup')).toEqual([]);
    await expectWhole(tables);
  });

  it('deletes nothing when a backup stays CREATING', async () => {
    const { tables, folder, patient, writes } = await stage({}, { backup: 60_000 });
    const { result } = await tearDown(patient(), tables, folder, { steps: ALL }, { timeoutMs: 200 });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'skipped', 'skipped']);
    expect(result.error).toMatchObject({ code: 'WAIT_TIMEOUT', hint: expect.stringContaining('AWS goes on') });
    expect(result.steps[0]?.made?.backup).toMatchObject({ status: 'CREATING' });
    expect(writes()).toEqual(['CreateBackup', 'CreateBackup']);
    await expectWhole(tables);
  });

  it('deletes nothing when a backup is gone at the last look', async () => {
    const { tables, folder, patient, raw, double } = await stage();
    const context = patient(async () => {
      await raw.call('DeleteBackup', { BackupArn: double.state.backups[0]?.arn });
    });
    const { result } = await tearDown(context, tables, folder, { steps: ALL });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'skipped', 'skipped']);
    expect(result.error).toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    await expectWhole(tables);
  });

  it('deletes nothing when it is interrupted while it waits', async () => {
    for (const backup of [30, 60_000]) {
      const { tables, folder, patient, double } = await stage({}, { backup });
      const interruption = new AbortController();
      if (backup === 60_000)
        double.inject({
          operation: 'DescribeBackup',
          after: 2,
          when: () => {
            interruption.abort();
            return false;
          },
        });
      const context = patient(async () => interruption.abort(), interruption.signal);
      const { result } = await tearDown(context, tables, folder, { steps: ALL });
      expect(result).toMatchObject({ interrupted: true, error: null });
      expect(result.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'skipped', 'skipped']);
      await expectWhole(tables);
    }
  });

  it('deletes nothing when the settings could not be recorded, without which the tables do not come back as they were', async () => {
    const { tables, folder, patient } = await stage();
    writeFileSync(path.join(folder, 'records'), 'a file, and no folder');
    const { result } = await tearDown(patient(), tables, folder, { steps: ALL });
    expect(result.error).toMatchObject({ code: 'FILE_ERROR' });
    expect(result.warnings).toHaveLength(2);
    await expectWhole(tables);
    const kept = await tearDown(patient(), tables, folder, { steps: ['backup', 'clear-data'] });
    expect(kept.result.error).toBeNull();
  });

  it('leaves a table alone that somebody made anew since its backup', async () => {
    const { tables, folder, patient, raw } = await stage();
    const context = patient(async () => {
      await raw.call('DeleteTable', { TableName: tables.sessions });
      // DynamoDB tells whole seconds of a table's age.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await setUp(contextFor(engine.endpoint), { ...tables, overrides: { stream: false } });
      await engine.raw.call('PutItem', { TableName: tables.sessions, Item: { session_id: { S: 'new' } } });
    });
    const { result } = await tearDown(context, tables, folder, { steps: ALL });
    expect(linesOf(result).slice(2)).toEqual([`delete ${tables.events} done`, `delete ${tables.sessions} failed`]);
    expect(result.error).toMatchObject({ code: 'TABLE_BUSY', message: expect.stringContaining('made anew') });
    expect(await rowsOf(tables.sessions)).toBe(1);
  });

  it('deletes what it made anew itself', async () => {
    const { tables, folder, patient } = await stage();
    const steps: readonly StepName[] = ['backup', 'clear-data', 'delete'];
    // It is younger than the old one by what DynamoDB tells of an age.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const { result } = await tearDown(patient(), tables, folder, { steps, recreate: true });
    expect(result.error).toBeNull();
    expect(await there(tables.sessions)).toBe(false);
  });

  it('skips a table that does not exist, and backs up the other', async () => {
    const { tables, folder, patient, raw, writes } = await stage();
    await raw.call('DeleteTable', { TableName: tables.events });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = writes().length;
    const { result } = await tearDown(patient(), tables, folder, { steps: ALL });
    expect(result.steps).toMatchObject([
      { step: 'backup', outcome: 'skipped', reason: 'it does not exist' },
      { step: 'backup', outcome: 'done' },
      { step: 'delete', outcome: 'skipped' },
      { step: 'delete', outcome: 'done' },
    ]);
    expect(writes().slice(before)).toEqual(['CreateBackup', 'DeleteTable']);
    const again = await tearDown(patient(), tables, folder, { steps: ALL });
    expect(again.result.steps.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'skipped', 'skipped']);
  });
});

/** Both tables on the engine itself, which has no backups. */
async function onEngine() {
  const context = contextFor(engine.endpoint);
  const sessions = freshName('kept');
  const tables = { sessions, events: `${sessions}-events` };
  await setUp(context, { ...tables, overrides: { stream: false } });
  await seed(context, await targetOf(context, tables), { count: 2, events: 1, expired: 0, randomSeed: 1 });
  const folder = testFolder();
  return { context, tables, folder, place: path.join(folder, `${sessions}-archive`) };
}

const checked = (folder: string) =>
  verifyArchive(folder, null, { signal: new AbortController().signal, onProgress: () => {} });

describe('an archive, then delete', () => {
  it('is written where there are no backups, of both tables, and verified', async () => {
    const { context, tables, folder, place } = await onEngine();
    const { result } = await tearDown(context, tables, folder, { steps: ALL });
    expect(result.steps.map(({ made }) => made)).toEqual([
      { backup: null, archive: { path: place, items: 2, verified: true } },
      { backup: null, archive: { path: place, items: 2, verified: true } },
      undefined,
      undefined,
    ]);
    expect(await checked(place)).toMatchObject({ ok: true, tables: [{ items: 2 }, { items: 2 }] });
    expect(await there(tables.sessions)).toBe(false);
  });

  it.each(['sessions', 'events'] as const)('holds the %s alone where nothing else is torn down', async (only) => {
    const { context, tables, folder } = await onEngine();
    const archiveTo = path.join(folder, 'named');
    const { result } = await tearDown(context, tables, folder, { steps: ALL, only, archiveTo });
    expect(linesOf(result)).toEqual([`backup ${tables[only]} done`, `delete ${tables[only]} done`]);
    expect((await checked(archiveTo)).tables.map(({ table }) => table)).toEqual([tables[only]]);
  });

  it('goes into a named folder on AWS too', async () => {
    const { patient, tables, folder, writes } = await stage();
    const archiveTo = path.join(folder, 'named');
    const { result } = await tearDown(patient(), tables, folder, { steps: ALL, archiveTo });
    expect(result.error).toBeNull();
    expect(writes()).toEqual(['DeleteTable', 'DeleteTable']);
  });

  it('refuses a folder that is not empty, before anything is done', async () => {
    const { context, tables, folder } = await onEngine();
    writeFileSync(path.join(folder, 'here'), '');
    await expect(tearDown(context, tables, folder, { steps: ALL, archiveTo: folder })).rejects.toMatchObject({
      code: 'ARCHIVE_EXISTS',
      hint: expect.stringContaining('--to'),
    });
  });

  it('deletes nothing when it cannot be written whole', async () => {
    const { patient, tables, folder, double, writes } = await stage();
    const error = awsFaults.accessDenied('Scan', tables.events);
    double.inject({ operation: 'Scan', table: tables.events, error });
    const archiveTo = path.join(folder, 'named');
    const { result } = await tearDown(patient(), tables, folder, { steps: ALL, archiveTo });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'skipped', 'skipped']);
    expect(result.error).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(writes()).toEqual([]);
  });

  it('deletes nothing when it does not verify', async () => {
    const { tables, folder, place } = await onEngine();
    const context = contextFor(engine.endpoint, {
      onProgress: ({ step, table }) => {
        if (step !== 'checking' || table !== tables.sessions) return;
        const file = readdirSync(place, { recursive: true, encoding: 'utf8' }).find((name) =>
          /^events.*\.json\.gz$/.test(name),
        );
        writeFileSync(path.join(place, file ?? 'no file'), 'spoilt');
      },
    });
    const { result } = await tearDown(context, tables, folder, { steps: ALL });
    expect(result.error).toMatchObject({ code: 'BACKUP_NOT_SAFE', hint: expect.stringContaining('backup verify') });
    expect(result.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'skipped', 'skipped']);
    expect(result.steps[0]?.made?.archive).toMatchObject({ verified: false });
    await expectWhole(tables);
  });

  it('deletes nothing when it is interrupted', async () => {
    const { tables, folder } = await onEngine();
    const interruption = new AbortController();
    const context = contextFor(engine.endpoint, {
      signal: interruption.signal,
      onProgress: ({ step }) => {
        if (step === 'archiving') interruption.abort();
      },
    });
    const { result } = await tearDown(context, tables, folder, { steps: ALL });
    expect(result).toMatchObject({ interrupted: true, error: null });
    await expectWhole(tables);
  });
});
