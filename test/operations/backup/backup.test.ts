import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { deleteBackups } from '../../../src/operations/backup/delete.js';
import { findBackups, listTableBackups } from '../../../src/operations/backup/list.js';
import { backupName, stampIn, stampOf } from '../../../src/operations/backup/names.js';
import { planPrune } from '../../../src/operations/backup/prune.js';
import { recordFile, recordOfBackup } from '../../../src/operations/backup/records.js';
import { type RequestedBackup, SETTLE_MS, untilSafe } from '../../../src/operations/backup/safe.js';
import { showBackups } from '../../../src/operations/backup/show.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { type BackedUp, FIRST, removeFolders, twoTables } from './harness.js';
import { closeAll } from '../harness.js';

closeAll();
removeFolders();
const engine = useEngine();

const tablesOf = ({ names }: BackedUp): readonly string[] => [names.sessions, names.events];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('names of backups', () => {
  it('end with the instant in UTC, and are known again', () => {
    expect(stampOf(FIRST)).toBe('20261120-142500');
    expect(backupName('mcp-sessions', '20261120-142500')).toBe('mcp-sessions-backup-20261120-142500');
    expect(stampIn('mcp-sessions-backup-20261120-142500', 'mcp-sessions')).toBe('20261120-142500');
    expect(stampIn('mcp-session-events-backup-20261120-142500', 'mcp-sessions')).toBeUndefined();
    expect(stampIn('by-hand', 'mcp-sessions')).toBeUndefined();
  });

  it('have at most 255 characters, whatever the table is called', () => {
    const table = 't'.repeat(255);
    const name = backupName(table, '20261120-142500');
    expect(name).toHaveLength(255);
    expect(stampIn(name, table)).toBe('20261120-142500');
  });
});

describe.concurrent('backup create', () => {
  it('backs both tables up under one stamp and waits until they are AVAILABLE', async () => {
    const tables = await twoTables(engine, { delays: { backup: 100 } });
    const { names, running, backUp } = tables;
    const { backups, error, warnings } = await backUp();
    expect([error, warnings]).toEqual([null, []]);
    expect(backups).toMatchObject([
      { table: names.sessions, name: `${names.sessions}-backup-20261120-142500`, outcome: 'done', status: 'AVAILABLE' },
      { table: names.events, name: `${names.events}-backup-20261120-142500`, outcome: 'done', status: 'AVAILABLE' },
    ]);
    expect(running.writes()).toEqual(['CreateBackup', 'CreateBackup']);
    for (const { arn } of backups) {
      const { BackupDescription } = await running.raw.call('DescribeBackup', { BackupArn: arn });
      expect(BackupDescription?.BackupDetails?.BackupStatus).toBe('AVAILABLE');
    }
  });

  it('records what AWS does not keep, readable by its owner alone', async () => {
    const tables = await twoTables(engine);
    const { backups } = await tables.backUp();
    for (const { name, arn, record } of backups) {
      expect(record).toBe(recordFile(tables.folder, { name }));
      expect(statSync(record ?? '').mode & 0o777).toBe(0o600);
      expect(recordOfBackup(record ?? '', arn ?? '')).toMatchObject({
        tags: { Owner: 'agents', Application: 'MCP-Session-Storage' },
        pointInTimeRecovery: true,
        deletionProtection: true,
        tableClass: 'STANDARD_INFREQUENT_ACCESS',
        ttlAttribute: 'ttl',
        stream: 'NEW_AND_OLD_IMAGES',
      });
    }
  });

  it('keeps all records in one file when one is named, and those of earlier runs', async () => {
    const tables = await twoTables(engine);
    const file = path.join(tables.folder, 'deep', 'settings.json');
    const first = await tables.backUp(FIRST, { records: { file } });
    const second = await tables.backUp(FIRST + 1000, { records: { file } });
    for (const { arn, record } of [...first.backups, ...second.backups]) {
      expect(record).toBe(file);
      expect(recordOfBackup(file, arn ?? '')).not.toBeNull();
    }
  });

  it('is a backup also when its settings cannot be recorded, and says so', async () => {
    const tables = await twoTables(engine);
    const file = path.join(tables.folder, 'taken');
    writeFileSync(file, 'something else');
    const { backups, warnings, error } = await tables.backUp(FIRST, { records: { file } });
    expect(error).toBeNull();
    expect(backups.map(({ outcome, record }) => [outcome, record])).toEqual([
      ['done', null],
      ['done', null],
    ]);
    expect(warnings[0]).toContain('tags, recovery, protection and table class are not recorded');
    expect(readFileSync(file, 'utf8')).toBe('something else');
  });

  it('tells one that failed from one that is pending', async () => {
    const tables = await twoTables(engine, { delays: { backup: 60_000 } });
    const { names, running, backUp } = tables;
    const denied = awsFaults.accessDenied('CreateBackup', names.events);
    running.double.inject({ operation: 'CreateBackup', table: names.events, error: denied });
    const { backups, error } = await backUp(FIRST, { timeoutMs: 200 });
    expect(backups).toMatchObject([
      { table: names.sessions, outcome: 'pending', status: 'CREATING', error: { code: 'WAIT_TIMEOUT' } },
      { table: names.events, outcome: 'failed', arn: null, error: { code: 'ACCESS_DENIED' } },
    ]);
    expect(error?.code).toBe('ACCESS_DENIED');
  });

  it('does not wait when told so', async () => {
    const { running, backUp } = await twoTables(engine, { delays: { backup: 60_000 } });
    const { backups, error } = await backUp(FIRST, { wait: false });
    expect(backups.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['pending', 'CREATING'],
      ['pending', 'CREATING'],
    ]);
    expect(error).toBeNull();
    expect(running.double.calls.map(({ operation }) => operation)).not.toContain('DescribeBackup');
  });

  it('is done without waiting where AWS says at once that it is AVAILABLE', async () => {
    const { running, backUp } = await twoTables(engine, { delays: { backup: 0 } });
    const { backups } = await backUp(FIRST, { wait: false });
    expect(backups.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['done', 'AVAILABLE'],
      ['done', 'AVAILABLE'],
    ]);
    expect(running.double.calls.map(({ operation }) => operation)).not.toContain('DescribeBackup');
  });

  it('waits while AWS still prepares the backups of a new table, and when too many are made at once', async () => {
    const { running, backUp } = await twoTables(engine);
    const unavailable = {
      name: 'ContinuousBackupsUnavailableException',
      message: 'Backups are being enabled for the table: x. Please retry later',
    };
    running.double.inject({ operation: 'CreateBackup', times: 1, error: unavailable });
    running.double.inject({ operation: 'CreateBackup', times: 1, error: awsFaults.limitExceeded });
    const { backups } = await backUp();
    expect(backups.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
  });

  it('names a table that is not there as failed', async () => {
    const { names, backUp } = await twoTables(engine);
    const { backups } = await backUp(FIRST, {
      tables: [
        { name: names.sessions, role: 'sessions' },
        { name: 'not-there', role: 'events' },
      ],
    });
    expect(backups).toMatchObject([{ outcome: 'done' }, { outcome: 'failed', error: { code: 'TABLE_NOT_FOUND' } }]);
  });

  it('leaves what was asked for to AWS when it is interrupted', async () => {
    const tables = await twoTables(engine, { delays: { backup: 60_000 } });
    const abort = new AbortController();
    const context = tables.running.context({
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === 'waiting for the backup') abort.abort();
      },
    });
    const { createBackups } = await import('../../../src/operations/backup/create.js');
    const { backups, interrupted } = await createBackups(context, {
      tables: [{ name: tables.names.sessions, role: 'sessions' }],
      layout: 'mcp',
      at: FIRST,
      wait: true,
      timeoutMs: 60_000,
      records: { folder: tables.folder },
    });
    expect(interrupted).toBe(true);
    expect(backups).toMatchObject([{ outcome: 'pending', arn: expect.stringContaining('/backup/') }]);
  });
});

const requested = async (tables: BackedUp, requestedAt: number): Promise<RequestedBackup> => {
  const { backups } = await tables.backUp(FIRST, { wait: false });
  const { table = '', name = '', arn } = backups[0] ?? {};
  return { table, name, arn: arn ?? '', requestedAt };
};

describe.concurrent('a backup before a delete', () => {
  it('is safe a minute after its request, and not before', async () => {
    const tables = await twoTables(engine);
    const backup = await requested(tables, FIRST);
    let now = FIRST;
    const details: string[] = [];
    const context = tables.running.context({
      now: () => now,
      onProgress: ({ step, detail = '' }) => {
        if (!step.includes('every write')) return;
        details.push(detail);
        now += 20_000;
      },
    });
    await untilSafe(context, [backup], { settle: true, timeoutMs: 5000 });
    expect(now).toBe(FIRST + SETTLE_MS);
    expect(details.map((detail) => /\d+ s left/.exec(detail)?.[0])).toEqual(['60 s left', '40 s left', '20 s left']);
    expect(details[0]).toContain('--no-settle');
  });

  it('need not be waited a minute for when told so, but AVAILABLE it must be', async () => {
    const tables = await twoTables(engine, { delays: { backup: 150 } });
    const backup = await requested(tables, FIRST);
    const context = tables.running.context({ now: () => FIRST });
    const [safe] = await untilSafe(context, [backup], { settle: false, timeoutMs: 5000 });
    expect(safe?.status).toBe('AVAILABLE');
  });

  it('is not safe while it is CREATING, however long that takes', async () => {
    const tables = await twoTables(engine, { delays: { backup: 60_000 } });
    const backup = await requested(tables, FIRST - 3_600_000);
    const wait = untilSafe(tables.context, [backup], { settle: true, timeoutMs: 100 });
    await expect(wait).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  });

  it('is not safe when somebody deletes it in that minute', async () => {
    const tables = await twoTables(engine);
    const backup = await requested(tables, FIRST);
    const { raw } = tables.running;
    await pause(50);
    let now = FIRST;
    const context = tables.running.context({
      now: () => now,
      onProgress: ({ step }) => {
        if (step.includes('every write')) now += SETTLE_MS;
      },
    });
    // It is there when it is first looked at.
    tables.running.double.inject({
      operation: 'DescribeBackup',
      after: 1,
      error: { name: 'BackupNotFoundException', message: `Backup not found: ${backup.arn}` },
    });
    await raw.call('DescribeTable', { TableName: backup.table });
    const wait = untilSafe(context, [backup], { settle: true, timeoutMs: 1000 });
    await expect(wait).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
  });

  it('is not safe when AWS says DELETED', async () => {
    const tables = await twoTables(engine);
    const backup = await requested(tables, 0);
    tables.running.double.inject({
      operation: 'DescribeBackup',
      answer: () => ({
        BackupDescription: { BackupDetails: { BackupArn: backup.arn, BackupName: 'x', BackupStatus: 'DELETED' } },
      }),
    });
    const wait = untilSafe(tables.context, [backup], { settle: true, timeoutMs: 1000 });
    await expect(wait).rejects.toMatchObject({ code: 'BACKUP_NOT_SAFE' });
  });
});

describe.concurrent('backup list and show', () => {
  it('lists all types of both tables, page by page, newest first, also when the tables are gone', async () => {
    const tables = await twoTables(engine);
    const { names, running, backUp, context } = tables;
    await backUp(FIRST);
    await backUp(FIRST + 1000);
    // Two a page, and an empty last page.
    const real = running.raw;
    running.double.inject({
      operation: 'ListBackups',
      when: (body) => body['Limit'] === undefined && body['TableName'] === names.sessions,
      times: 1,
      answer: () => ({
        BackupSummaries: [],
        LastEvaluatedBackupArn: `arn:aws:dynamodb:eu-west-1:123456789012:table/${names.sessions}/backup/00000000000000-00000000`,
      }),
    });
    for (const TableName of tablesOf(tables)) {
      await real.call('UpdateTable', { TableName, DeletionProtectionEnabled: false });
      await pause(30);
      await real.call('DeleteTable', { TableName });
    }
    await pause(50);
    const backups = await listTableBackups(context, tablesOf(tables));
    expect(backups.filter(({ type }) => type === 'USER')).toHaveLength(4);
    expect(
      backups
        .filter(({ type }) => type === 'SYSTEM')
        .map(({ table }) => table)
        .toSorted(),
    ).toEqual(tablesOf(tables).toSorted());
    const times = backups.map(({ createdAt }) => createdAt);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  it('backs off when it is throttled', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    tables.running.double.inject({ operation: 'ListBackups', times: 5, error: awsFaults.throttling });
    expect(await listTableBackups(tables.context, [tables.names.sessions])).toHaveLength(1);
  });

  it('finds a backup by name, ARN, stamp and as the latest', async () => {
    const tables = await twoTables(engine);
    const { context, names } = tables;
    const [older] = (await tables.backUp(FIRST)).backups;
    const { backups } = await tables.backUp(FIRST + 1000);
    const [newer] = backups;
    const find = async (text: string) =>
      (await findBackups(context, tablesOf(tables), text)).map(({ name, table }) => [table, name]);
    expect(await find(older?.name ?? '')).toEqual([[names.sessions, older?.name]]);
    expect(await find(newer?.arn ?? '')).toEqual([[names.sessions, newer?.name]]);
    expect(await find('20261120-142500')).toHaveLength(2);
    expect(await find('latest')).toEqual(backups.map(({ table, name }) => [table, name]));
    await expect(find('nothing')).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    await expect(find('arn:aws:s3:::x')).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('makes no two of one name: a second run within the second takes the next', async () => {
    const tables = await twoTables(engine);
    const first = await tables.backUp(FIRST);
    const second = await tables.backUp(FIRST, { tables: [{ name: tables.names.events, role: 'events' }] });
    const third = await tables.backUp(FIRST);
    expect(second.backups.map(({ name }) => name)).toEqual([`${tables.names.events}-backup-20261120-142501`]);
    expect(third.backups.map(({ name }) => name.slice(-15))).toEqual(['20261120-142502', '20261120-142502']);
    for (const { record, arn } of [...first.backups, ...second.backups, ...third.backups])
      expect(recordOfBackup(record ?? '', arn ?? '')).not.toBeNull();
  });

  it('backs up also where backups may not be listed', async () => {
    const tables = await twoTables(engine);
    tables.running.double.inject({ operation: 'ListBackups', error: awsFaults.accessDenied('ListBackups', 'x') });
    expect((await tables.backUp()).backups.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
  });

  it('takes none of several of one name, and names their ARNs', async () => {
    const tables = await twoTables(engine);
    const { names, context, running } = tables;
    const name = backupName(names.sessions, stampOf(FIRST));
    for (const BackupName of [name, name])
      await running.raw.call('CreateBackup', { TableName: names.sessions, BackupName });
    const [one, other] = await listTableBackups(context, [names.sessions]);
    for (const text of [name, stampOf(FIRST)]) {
      const found = findBackups(context, tablesOf(tables), text);
      await expect(found).rejects.toMatchObject({ code: 'BACKUP_AMBIGUOUS' });
      await expect(found).rejects.toThrow(one?.arn);
      await expect(found).rejects.toThrow(other?.arn);
    }
    expect(await findBackups(context, tablesOf(tables), one?.arn ?? '')).toMatchObject([{ arn: one?.arn }]);
  });

  it('takes for the latest only what was made together and is AVAILABLE', async () => {
    const tables = await twoTables(engine);
    const { context, names, running } = tables;
    const { backups } = await tables.backUp(FIRST);
    await tables.backUp(FIRST + 1000, { tables: [{ name: names.sessions, role: 'sessions' }] });
    await running.raw.call('CreateBackup', { TableName: names.events, BackupName: 'by-hand' });
    Object.assign(running.double.state.delays, { backup: 60_000 });
    await tables.backUp(FIRST + 2000, { wait: false });
    const latest = await findBackups(context, tablesOf(tables), 'latest');
    expect(latest.map(({ arn }) => arn)).toEqual(backups.map(({ arn }) => arn));
  });

  it('has no latest where no two were made together', async () => {
    const tables = await twoTables(engine);
    const { context, names } = tables;
    await tables.backUp(FIRST, { tables: [{ name: names.sessions, role: 'sessions' }] });
    await tables.backUp(FIRST + 1000, { tables: [{ name: names.events, role: 'events' }] });
    await expect(findBackups(context, tablesOf(tables), 'latest')).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      hint: expect.stringContaining(`${names.sessions}-backup-20261120-142500`),
    });
  });

  it('shows what AWS keeps, and what was recorded beside', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    const [shown] = await showBackups(tables.context, {
      tables: tablesOf(tables),
      text: 'latest',
      recordFile: null,
      recordFolder: tables.folder,
    });
    expect(shown).toMatchObject({
      table: tables.names.sessions,
      itemCount: 1,
      ttlAttribute: 'ttl',
      stream: 'NEW_AND_OLD_IMAGES',
      billingMode: 'on-demand',
      indexes: ['LastActivityIndex', 'CreatedAtIndex'],
      record: { tags: { Owner: 'agents' } },
    });
  });
});

describe.concurrent('backup delete', () => {
  it('deletes backups and the records of their settings', async () => {
    const tables = await twoTables(engine);
    const made = (await tables.backUp()).backups;
    const backups = await listTableBackups(tables.context, tablesOf(tables));
    const result = await deleteBackups(tables.context, backups, tables.folder);
    expect(result).toMatchObject({ error: null, interrupted: false });
    expect(result.backups.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['deleted', 'DELETED'],
      ['deleted', 'DELETED'],
    ]);
    expect(await listTableBackups(tables.context, tablesOf(tables))).toEqual([]);
    for (const { record } of made) expect(statSync(record ?? '', { throwIfNoEntry: false })).toBeUndefined();
  });

  it('goes on after one that fails, and takes one that is gone for deleted', async () => {
    const tables = await twoTables(engine);
    await tables.backUp(FIRST);
    await tables.backUp(FIRST + 1000);
    const backups = await listTableBackups(tables.context, [tables.names.sessions]);
    const [first, second] = backups;
    const busy = { name: 'BackupInUseException', message: 'Backup is being used' };
    tables.running.double.inject({
      operation: 'DeleteBackup',
      when: ({ BackupArn }) => BackupArn === first?.arn,
      error: busy,
    });
    await tables.running.raw.call('DeleteBackup', { BackupArn: second?.arn });
    const result = await deleteBackups(tables.context, backups, tables.folder);
    expect(result.backups.map(({ outcome }) => outcome)).toEqual(['failed', 'deleted']);
    expect(result.error?.code).toBe('BACKUP_BUSY');
  });

  it('leaves the rest when it is interrupted', async () => {
    const tables = await twoTables(engine);
    await tables.backUp();
    const backups = await listTableBackups(tables.context, tablesOf(tables));
    const abort = new AbortController();
    const context = tables.running.context({
      signal: abort.signal,
      onProgress: ({ done }) => {
        if (done === 1) abort.abort();
      },
    });
    const result = await deleteBackups(context, backups, tables.folder);
    expect(result.backups.map(({ outcome }) => outcome)).toEqual(['deleted', 'pending']);
    expect(result.interrupted).toBe(true);
    rmSync(tables.folder, { recursive: true, force: true });
  });
});

const rule = (more: object) => ({ keep: null, madeBefore: null, anyName: false, ...more });

const goes = (backups: Parameters<typeof planPrune>[0], more: object) =>
  planPrune(backups, rule(more)).goes.map(({ arn }) => arn);

describe('backup prune', () => {
  const day = 86_400_000;
  const backup = (table: string, age: number, more: object = {}) => ({
    table,
    name: backupName(table, stampOf(FIRST - age * day)),
    arn: `${table}-${age}`,
    status: 'AVAILABLE',
    type: 'USER',
    createdAt: FIRST - age * day,
    sizeBytes: 1,
    ...more,
  });
  it('keeps so many of each table', () => {
    const backups = [1, 2, 3].flatMap((age) => [backup('a', age), backup('b', age)]);
    expect(goes(backups, { keep: 2 })).toEqual(['a-3', 'b-3']);
    expect(goes(backups, { keep: 3 })).toEqual([]);
  });

  it('takes what is older, and with both limits only what both take', () => {
    const backups = [0, 1, 2, 3, 4].map((age) => backup('a', age));
    const madeBefore = FIRST - 1.5 * day;
    expect(goes(backups, { madeBefore })).toEqual(['a-2', 'a-3', 'a-4']);
    expect(goes(backups, { madeBefore, keep: 4 })).toEqual(['a-4']);
    expect(goes(backups, { madeBefore: FIRST - 3.5 * day, keep: 1 })).toEqual(['a-4']);
  });

  it('never takes the last good one of a table, and says so', () => {
    const backups = [backup('a', 10), backup('b', 1), backup('b', 9)];
    const plan = planPrune(backups, rule({ madeBefore: FIRST - 0.5 * day }));
    expect(plan.goes.map(({ arn }) => arn)).toEqual(['b-9']);
    expect(plan.lastGood.map(({ arn }) => arn)).toEqual(['a-10', 'b-1']);
  });

  it('never takes the newest set that was made together, although newer ones of one table are there', () => {
    const backups = [backup('a', 1), backup('a', 2), backup('b', 2), backup('a', 3), backup('b', 3)];
    const plan = planPrune(backups, rule({ keep: 1 }));
    expect(plan.goes.map(({ arn }) => arn)).toEqual(['a-3', 'b-3']);
    expect(plan.lastSet.map(({ arn }) => arn)).toEqual(['a-2']);
    expect(goes(backups, { madeBefore: FIRST })).toEqual(['a-3', 'b-3']);
    const halves = [backup('a', 1), backup('b', 2), backup('a', 3), backup('b', 3)];
    expect(goes(halves, { keep: 1 })).toEqual([]);
  });

  it('counts only those that are good: one that is being made, or AWS made, keeps no other from staying', () => {
    const backups = [
      backup('a', 0, { status: 'CREATING' }),
      backup('a', 1, { type: 'SYSTEM' }),
      backup('a', 2, { type: 'AWS_BACKUP' }),
      backup('a', 3),
      backup('a', 4),
    ];
    expect(goes(backups, { keep: 1 })).toEqual(['a-4']);
    expect(goes(backups, { madeBefore: FIRST })).toEqual(['a-4']);
  });

  it('leaves other names alone unless told otherwise', () => {
    const backups = [backup('a', 1), backup('a', 2, { name: 'before-the-move' }), backup('a', 3)];
    expect(planPrune(backups, rule({ keep: 1 }))).toMatchObject({ goes: [{ arn: 'a-3' }], otherNames: 1 });
    expect(goes(backups, { keep: 1, anyName: true })).toEqual(['a-2', 'a-3']);
  });
});
