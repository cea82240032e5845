import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdLock } from '../../../src/files/hold.js';
import type { CreateBackupsResult } from '../../../src/operations/backup/create.js';
import { findBackups } from '../../../src/operations/backup/list.js';
import { addRecord, readRecords, recordOfBackup } from '../../../src/operations/backup/records.js';
import { claimStamp } from '../../../src/operations/backup/stamp.js';
import { useEngine } from '../../support/engine.js';
import { closeAll } from '../harness.js';
import { FIRST, freshFolder, removeFolders, twoTables } from './harness.js';

closeAll();
removeFolders();
const engine = useEngine();

const stampsOf = ({ backups }: CreateBackupsResult): readonly string[] => [
  ...new Set(backups.map(({ name }) => name.slice(-15))),
];

describe.concurrent('backups of runs within one second', () => {
  it('have names of their own where the runs are on one machine', async () => {
    const tables = await twoTables(engine);
    const runs = await Promise.all([1, 2, 3].map(() => tables.backUp(FIRST)));
    expect(runs.flatMap(stampsOf).toSorted()).toEqual(['20261120-142500', '20261120-142501', '20261120-142502']);
    expect(runs.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(readdirSync(tables.folder).filter((name) => !name.endsWith('.json'))).toEqual([]);
  });

  it('have other names than a run that has not asked for its own yet', async () => {
    const tables = await twoTables(engine);
    const names = [tables.names.sessions, tables.names.events];
    const claimed = await claimStamp(tables.context, names, { at: FIRST, folder: tables.folder });
    const one = await tables.backUp(FIRST, { tables: [{ name: tables.names.events, role: 'events' }] });
    claimed.release();
    expect([claimed.stamp, stampsOf(one)]).toEqual(['20261120-142500', ['20261120-142501']]);
    expect(
      stampsOf(await tables.backUp(FIRST, { tables: [{ name: tables.names.sessions, role: 'sessions' }] })),
    ).toEqual(['20261120-142500']);
  });

  it('are told from each other by their ARNs where two machines chose one name', async () => {
    const tables = await twoTables(engine);
    const first = await tables.backUp(FIRST);
    // The other run had looked before the first one's were there.
    tables.running.double.inject({ operation: 'ListBackups', times: 2, answer: () => ({ BackupSummaries: [] }) });
    const second = await tables.backUp(FIRST, { records: { folder: freshFolder() } });
    expect(stampsOf(second)).toEqual(stampsOf(first));
    expect(second.error).toBeNull();
    for (const [at, { name, arn }] of second.backups.entries()) {
      const warning = second.warnings.find((text) => text.includes(`'${name}'`));
      expect(warning).toContain(`by its ARN, ${arn ?? ''}`);
      expect(warning).toContain(`(${first.backups[at]?.arn ?? ''})`);
      expect(await findBackups(tables.context, [name], arn ?? '')).toMatchObject([{ arn }]);
    }
    // A pair of the one's sessions and the other's events would be none.
    const both = [tables.names.sessions, tables.names.events];
    for (const text of ['latest', '20261120-142500'])
      await expect(findBackups(tables.context, both, text)).rejects.toMatchObject({ code: 'BACKUP_AMBIGUOUS' });
  });

  it('are made also where no name can be kept, for the folder is none', async () => {
    const tables = await twoTables(engine);
    const file = path.join(tables.folder, 'file');
    writeFileSync(file, '');
    const { backups, warnings } = await tables.backUp(FIRST, { records: { folder: file } });
    expect(backups.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(warnings).toHaveLength(2);
  });
});

describe('a file of records', () => {
  it('loses nothing of what another process writes into it meanwhile', async () => {
    const tables = await twoTables(engine);
    const file = path.join(tables.folder, 'all.json');
    const { backups } = await tables.backUp(FIRST, { records: { file } });
    const arn = backups[0]?.arn ?? '';
    const record = recordOfBackup(file, arn);
    if (record === null) throw new Error('nothing was recorded');
    // Another process reads the file, and writes it some time later.
    const hold = holdLock(`${file}.lock`, 'mcp-sessions backup');
    const read = JSON.parse(readFileSync(file, 'utf8'));
    const adding = addRecord(file, { arn: 'ours', name: 'ours', record });
    await new Promise((resolve) => setTimeout(resolve, 60));
    read.backups.push({ arn: 'theirs', name: 'theirs', record });
    writeFileSync(file, JSON.stringify(read));
    if (hold.kind === 'taken') hold.release();
    await adding;
    const known = readRecords(file).map((entry) => entry.arn);
    expect(known.toSorted()).toEqual([...backups.map((each) => each.arn ?? ''), 'theirs', 'ours'].toSorted());
    expect(readdirSync(tables.folder)).toEqual(['all.json']);
  });
});
