import { describe, expect, it } from 'vitest';
import { type CreateBackupsResult, createBackups } from '../../../src/operations/backup/create.js';
import {
  exportMaker,
  exportsUnderWay,
  findExports,
  parseS3Url,
  requireSpan,
} from '../../../src/operations/archive/export-s3.js';
import {
  planRestore,
  requireFreeTargets,
  type RestoreRequest,
  type RestoreResult,
  restoreBackups,
} from '../../../src/operations/restore/from-backup.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { type BackedUp, FIRST, lose, removeFolders, restoreOf, settingsOf, twoTables } from '../backup/harness.js';
import { closeAll } from '../harness.js';

closeAll();
removeFolders();
const engine = useEngine();

const PLACE = 's3://bucket/some/where';

const exportTo = (
  { context, names, folder }: BackedUp,
  { url = PLACE, changedSince = null }: { readonly url?: string; readonly changedSince?: number | null } = {},
  more: { readonly wait?: boolean; readonly only?: 'sessions' | 'events' } = {},
): Promise<CreateBackupsResult> => {
  const tables = [
    { name: names.sessions, role: 'sessions' },
    { name: names.events, role: 'events' },
  ] as const;
  return createBackups(
    context,
    {
      tables: tables.filter(({ role }) => more.only === undefined || role === more.only),
      layout: 'mcp',
      at: FIRST,
      wait: more.wait ?? true,
      timeoutMs: 1,
      records: { folder },
    },
    exportMaker(parseS3Url(url), changedSince),
  );
};

async function restore(tables: BackedUp, more: Partial<RestoreRequest> = {}): Promise<RestoreResult> {
  const request = restoreOf(tables, { source: { exports: PLACE }, ...more });
  const plan = await planRestore(tables.context, tables.target, request);
  return restoreBackups(tables.context, plan, await requireFreeTargets(tables.context, plan));
}

const copies = ({ names }: BackedUp): Partial<RestoreRequest> => ({ targets: { sessions: `${names.sessions}-copy` } });

describe('places in S3', () => {
  it.each([
    ['s3://bucket', { bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket-1/a/b/', { bucket: 'my.bucket-1', prefix: 'a/b' }],
  ])('%s', (url, place) => {
    expect(parseS3Url(url)).toEqual(place);
  });

  it.each(['s3://', 's3://B', 's3:///x', 'http://bucket'])('%s is none', (url) => {
    expect(() => parseS3Url(url)).toThrow(`'${url}' is not a place in S3`);
  });
});

describe.concurrent('backup to S3', () => {
  it('is an export of both tables by AWS, followed to its end, without reading a row', async () => {
    const tables = await twoTables(engine, { delays: { export: 150 } });
    const { names, running } = tables;
    const { backups, error } = await exportTo(tables);
    expect(error).toBeNull();
    expect(backups).toMatchObject([
      {
        table: names.sessions,
        name: expect.stringMatching(new RegExp(`^${names.sessions}-export-\\d{14}-`)),
        status: 'COMPLETED',
        outcome: 'done',
        sizeBytes: 100,
        place: expect.stringMatching(/^s3:\/\/bucket\/some\/where\/AWSDynamoDB\/\d{14}-[0-9a-f]+\/$/),
        record: expect.stringContaining(`${names.sessions}-export-`),
      },
      { table: names.events, status: 'COMPLETED', outcome: 'done' },
    ]);
    const operations = running.double.calls.map(({ operation }) => operation);
    expect(operations.filter((operation) => /Scan|Query|GetItem/.test(operation))).toEqual([]);
  });

  it('may be of what changed since an instant', async () => {
    let ahead = 0;
    const tables = await twoTables(engine, { clock: () => Date.now() + ahead });
    const since = Date.now() + 60_000;
    ahead = 3_600_000;
    const context = tables.running.context({ now: () => Date.now() + ahead });
    const { backups } = await exportTo({ ...tables, context }, { changedSince: since });
    expect(backups.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    const asked = tables.running.double.calls.find(({ operation }) => operation === 'ExportTableToPointInTime')?.body;
    expect(asked).toMatchObject({
      ExportType: 'INCREMENTAL_EXPORT',
      IncrementalExportSpecification: { ExportFromTime: since / 1000, ExportViewType: 'NEW_AND_OLD_IMAGES' },
    });
    await expect(findExports(context, Object.values(tables.names), PLACE)).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
    });
    const place = backups[0]?.place ?? '';
    await expect(findExports(context, Object.values(tables.names), place)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('incremental'),
    });
  });

  it('of the last day ends with that day, however long it took to ask for it', async () => {
    let ahead = 0;
    const tables = await twoTables(engine, { clock: () => Date.now() + ahead });
    const since = Date.now() + 1000;
    ahead = 86_400_000 + 5000;
    const context = tables.running.context({ now: () => Date.now() + ahead });
    const { backups } = await exportTo({ ...tables, context }, { changedSince: since });
    expect(backups.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    const asked = tables.running.double.calls.find(({ operation }) => operation === 'ExportTableToPointInTime')?.body;
    expect(asked).toMatchObject({ IncrementalExportSpecification: { ExportToTime: since / 1000 + 86_400 } });
  });

  it('says that recovery has to be on', async () => {
    const tables = await twoTables(engine);
    await tables.running.raw.call('UpdateContinuousBackups', {
      TableName: tables.names.events,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    });
    const { backups, error } = await exportTo(tables);
    expect(backups.map(({ outcome }) => outcome)).toEqual(['done', 'failed']);
    expect(error?.code).toBe('RECOVERY_UNAVAILABLE');
  });

  it('has failed when AWS says so, with its reason', async () => {
    const tables = await twoTables(engine);
    tables.running.double.inject({
      operation: 'DescribeExport',
      answer: ({ ExportArn }) => ({
        ExportDescription: { ExportArn, ExportStatus: 'FAILED', FailureCode: 'S3AccessDenied', FailureMessage: 'no' },
      }),
    });
    const { backups, error } = await exportTo(tables);
    expect(backups.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
    expect(error?.message).toContain('S3AccessDenied: no');
  });
});

describe('what changed since an instant', () => {
  const MINUTE = 60_000;

  it('is exported after a quarter of an hour, within a day, and from when recovery began', async () => {
    let ahead = 0;
    const tables = await twoTables(engine, { clock: () => Date.now() + ahead });
    const began = Date.now();
    const at = async (now: number, ago: number): Promise<unknown> => {
      ahead = now - Date.now();
      const context = tables.running.context({ now: () => now });
      const since = now - ago;
      return requireSpan(context, Object.values(tables.names), { since, text: 'x' }).catch((error: unknown) => error);
    };
    const later = began + 30 * 24 * 60 * MINUTE;
    expect(await at(later, 15 * MINUTE)).toBeUndefined();
    expect(await at(later, 24 * 60 * MINUTE)).toBeUndefined();
    const code = 'USAGE';
    const since = (ago: number): string => `--changed-since 'x' (${new Date(later - ago).toISOString()})`;
    const short = 15 * MINUTE - 1;
    const long = 24 * 60 * MINUTE + 1;
    expect(await at(later, short)).toMatchObject({ code, message: `${since(short)} is less than 15 minutes ago` });
    expect(await at(later, long)).toMatchObject({ code, message: `${since(long)} is more than 24 hours ago` });
    expect(await at(later, -1)).toMatchObject({ code, message: `${since(-1)} is in the future` });
    expect(await at(began + 20 * MINUTE, 30 * MINUTE)).toMatchObject({
      code,
      message: expect.stringContaining(`is before point-in-time recovery of table '${tables.names.sessions}' began`),
    });
  });

  it('is left to AWS where recovery may not be asked for', async () => {
    const tables = await twoTables(engine);
    const error = awsFaults.accessDenied('DescribeContinuousBackups', 'x');
    tables.running.double.inject({ operation: 'DescribeContinuousBackups', error });
    const since = Date.now() - 60 * MINUTE;
    await requireSpan(tables.context, Object.values(tables.names), { since, text: '1h' });
  });
});

const underWay = async ({ context, names }: BackedUp, changedSince: number | null = null) => {
  const found = await exportsUnderWay(context, Object.values(names), parseS3Url(PLACE), changedSince);
  return [...found].map(([table, { arn }]) => [table, arn]);
};

describe.concurrent('exports that an earlier run has begun', () => {
  it('are the newest of the place while they are under way, of the kind that is asked for', async () => {
    const tables = await twoTables(engine, { delays: { export: 60_000 } });
    await exportTo(tables, {}, { wait: false });
    const { backups } = await exportTo(tables, {}, { wait: false });
    await exportTo(tables, { url: 's3://bucket/elsewhere' }, { wait: false });
    expect(await underWay(tables)).toEqual(backups.map(({ table, arn }) => [table, arn]));
    await expect(underWay(tables, Date.now())).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
  });

  it('are one that is whole too, if it was made together with one that is under way', async () => {
    let ahead = 0;
    const tables = await twoTables(engine, { clock: () => Date.now() + ahead });
    const [older] = (await exportTo(tables)).backups;
    await expect(underWay(tables)).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    ahead = 600_000;
    Object.assign(tables.running.double.state.delays, { export: 60_000 });
    const [events] = (await exportTo(tables, {}, { wait: false, only: 'events' })).backups;
    expect(await underWay(tables)).toEqual([[tables.names.events, events?.arn]]);
    Object.assign(tables.running.double.state.delays, { export: 0 });
    const [sessions] = (await exportTo(tables, {}, { only: 'sessions' })).backups;
    expect(sessions?.arn).not.toBe(older?.arn);
    expect(await underWay(tables)).toEqual([
      [tables.names.sessions, sessions?.arn],
      [tables.names.events, events?.arn],
    ]);
  });
});

describe.concurrent('restore from S3', () => {
  it('imports both tables anew, with all settings as recorded', async () => {
    const tables = await twoTables(engine, { delays: { import: 150 } });
    const { names } = tables;
    await exportTo(tables);
    const before = [await settingsOf(tables, names.sessions), await settingsOf(tables, names.events)];
    await tables.put(names.sessions, 'later');
    await lose(tables);
    const { tables: restored, error } = await restore(tables);
    expect(error).toBeNull();
    expect(restored).toMatchObject([
      { target: names.sessions, outcome: 'done', items: 1, expectedItems: 1, missed: [] },
      { target: names.events, outcome: 'done', items: 1 },
    ]);
    expect([await settingsOf(tables, names.sessions), await settingsOf(tables, names.events)]).toEqual(before);
    expect(tables.running.writes()).not.toContain('BatchWriteItem');
  });

  it("takes the layout's settings where no record and no table tells them", async () => {
    const tables = await twoTables(engine);
    await exportTo(tables);
    await lose(tables);
    const request = restoreOf(tables, { source: { exports: PLACE }, recordFolder: '/nonexistent' });
    const plan = await planRestore(tables.context, tables.target, request);
    expect(plan.tasks[0]?.settings).toMatchObject({
      from: 'layout',
      unknown: expect.arrayContaining(['keys', 'tags']),
    });
    const { tables: restored } = await restoreBackups(tables.context, plan, new Set());
    expect(restored.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(await settingsOf(tables, tables.names.sessions)).toMatchObject({
      indexes: [{ name: 'LastActivityIndex' }, { name: 'CreatedAtIndex' }],
      ttl: { status: 'ENABLED', attribute: 'ttl' },
      stream: { enabled: true, viewType: 'NEW_AND_OLD_IMAGES' },
      tags: { Purpose: 'SessionManagement' },
    });
  });

  it('takes the newest of a place, or the one whose folder is named, and only what was made together', async () => {
    let ahead = 0;
    const tables = await twoTables(engine, { clock: () => Date.now() + ahead });
    const all = Object.values(tables.names);
    const [older] = (await exportTo(tables)).backups;
    ahead = 600_000;
    const { backups: newer } = await exportTo(tables);
    ahead = 1_200_000;
    await exportTo(tables, { url: 's3://bucket/elsewhere' });
    const find = async (url: string) => (await findExports(tables.context, all, url)).map(({ arn }) => arn);
    expect(await find(`${PLACE}/`)).toEqual(newer.map(({ arn }) => arn));
    expect(await find(older?.place ?? '')).toEqual([older?.arn]);
    await expect(find('s3://bucket/nowhere')).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    await exportTo(tables, {}, { only: 'sessions' });
    await expect(find(PLACE)).rejects.toMatchObject({ message: expect.stringContaining('not made together') });
  });

  it('does not take one that is not whole', async () => {
    const tables = await twoTables(engine, { delays: { export: 60_000 } });
    await exportTo(tables, {}, { wait: false });
    await expect(restore(tables, copies(tables))).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
  });

  it('tells an import that failed, with the reason and where AWS tells more', async () => {
    const tables = await twoTables(engine);
    await exportTo(tables);
    tables.running.double.inject({
      operation: 'DescribeImport',
      answer: ({ ImportArn }) => ({
        ImportTableDescription: {
          ImportArn,
          ImportStatus: 'FAILED',
          FailureCode: 'S3AccessDenied',
          CloudWatchLogGroupArn: 'arn:aws:logs:x',
        },
      }),
    });
    const failed = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(failed.tables).toMatchObject([{ outcome: 'failed' }]);
    expect(failed.error).toMatchObject({
      message: expect.stringContaining('S3AccessDenied'),
      hint: expect.any(String),
    });
  });

  it('counts what AWS could not import', async () => {
    const tables = await twoTables(engine);
    await exportTo(tables);
    tables.running.double.inject({
      operation: 'DescribeImport',
      answer: ({ ImportArn }) => ({
        ImportTableDescription: { ImportArn, ImportStatus: 'COMPLETED', ImportedItemCount: 0, ErrorCount: 1 },
      }),
    });
    const { tables: restored } = await restore(tables, { ...copies(tables), withoutEvents: true });
    expect(restored).toMatchObject([
      { outcome: 'partly', missed: [{ property: 'items', reason: 'AWS could not import 1 of them' }] },
    ]);
  });

  it('goes on with an import that an earlier run began', async () => {
    const tables = await twoTables(engine);
    await exportTo(tables);
    const heal = tables.running.double.inject({
      operation: 'UpdateTimeToLive',
      error: awsFaults.accessDenied('UpdateTimeToLive', 'x'),
    });
    const { tables: first } = await restore(tables, copies(tables));
    expect(first.map(({ outcome }) => outcome)).toEqual(['partly', 'partly']);
    heal();
    tables.running.double.forgetCalls();
    const { tables: restored } = await restore(tables, copies(tables));
    expect(restored.map(({ outcome, reapplied }) => [outcome, reapplied])).toEqual([
      ['done', ['ttl']],
      ['done', ['ttl']],
    ]);
    expect(tables.running.writes()).not.toContain('ImportTable');
  });
});
