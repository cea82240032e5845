import path from 'node:path';
import { offersBackups } from '../../operations/backup/place.js';
import { showBackups, type ShownBackup } from '../../operations/backup/show.js';
import { formatCount } from '../../output/format-count.js';
import { formatSize } from '../../output/format-size.js';
import { absoluteTime, relativeTime } from '../../output/format-time.js';
import type { Page, Property } from '../../output/page.js';
import type { View } from '../../output/view.js';
import type { Outcome } from '../definition.js';
import { pickBackup } from '../pick-backup.js';
import { requireTerminal } from '../picker.js';
import type { CommandSession } from '../session.js';
import { listedJson, recordFolder } from './backup-view.js';
import type { ShowBackupFlags } from './show.js';

const json = (backup: ShownBackup, now: number) => ({
  ...listedJson(backup, now),
  expiresAt: backup.expiresAt === null ? null : new Date(backup.expiresAt).toISOString(),
  itemCount: backup.itemCount,
  indexes: backup.indexes,
  ttlAttribute: backup.ttlAttribute,
  stream: backup.stream,
  billingMode: backup.billingMode,
  kmsKey: backup.kmsKey,
  untold: backup.untold,
  record: backup.record === null ? null : { file: backup.recordFile, settings: backup.record },
});

function recordText({ record, recordFile }: ShownBackup): string {
  if (record === null) return `none in ${recordFile}: restored with what AWS keeps, and the layout's tags`;
  const tags = record.tags === null ? 'tags unknown' : `${Object.keys(record.tags).length} tags`;
  const recovery = record.pointInTimeRecovery === true ? 'recovery on' : 'recovery off';
  const protection = record.deletionProtection ? 'protection on' : 'protection off';
  return `${tags}, ${recovery}, ${protection}, class ${record.tableClass} (${recordFile})`;
}

function human(page: Page, backup: ShownBackup): string {
  const { createdAt, sizeBytes, itemCount, expiresAt } = backup;
  const properties: Property[] = [
    ['Table', backup.table],
    ['State', { text: backup.status, style: backup.status === 'AVAILABLE' ? 'good' : 'warn' }],
    ['Made', `${absoluteTime(new Date(createdAt))} (${relativeTime(new Date(createdAt), page.now)})`],
    ...(expiresAt === null ? [] : [['Expires', absoluteTime(new Date(expiresAt))] as const]),
    ['Type', backup.type],
    ['Size', sizeBytes === null ? null : formatSize(sizeBytes)],
    [
      'Items',
      itemCount === null ? null : `${formatCount(itemCount)} (by AWS's count, up to 6 h older than the backup)`,
    ],
    ['Indexes', backup.indexes.length === 0 ? 'none' : backup.indexes.join(', ')],
    ['TTL', backup.ttlAttribute ?? (backup.untold.includes('ttl') ? 'not told' : 'off')],
    ['Stream', backup.stream ?? (backup.untold.includes('stream') ? 'not told' : 'off')],
    ['Billing', backup.billingMode],
    ['Encryption', backup.kmsKey ?? "DynamoDB's own key"],
    ['Recorded', recordText(backup)],
    ['ARN', backup.arn],
  ];
  return `${page.heading(backup.name)}\n${page.properties(properties)}`;
}

const COLUMNS = ['table', 'name', 'arn', 'status', 'createdAt', 'sizeBytes', 'type', 'ageSeconds', 'itemCount'];

function showView(backups: readonly ShownBackup[], now: number): View {
  const rows = backups.map((backup) => json(backup, now));
  return {
    json: { backups: rows },
    lines: rows,
    columns: COLUMNS,
    records: rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => COLUMNS.includes(key)))),
    human: (page) => backups.map((backup) => human(page, backup)).join('\n\n'),
  };
}

async function chooseBackup(session: CommandSession): Promise<string> {
  requireTerminal(session, 'backup');
  return pickBackup(session, 'AWS');
}

export async function runShowBackup(
  session: CommandSession,
  named: string | null,
  flags: ShowBackupFlags,
): Promise<Outcome> {
  const text = named ?? (await chooseBackup(session));
  const { cwd, now } = session.runtime;
  const context = await session.context();
  if (!(await offersBackups(context))) {
    const { showArchived } = await import('./archived-run.js');
    return showArchived(session, text);
  }
  const target = await session.target();
  const backups = await showBackups(context, {
    tables: target.names.map(({ name }) => name),
    text,
    recordFile: flags.record === undefined ? null : path.resolve(cwd, flags.record),
    recordFolder: recordFolder(cwd),
  });
  return {
    view: showView(backups, now()),
    warnings: backups.flatMap(({ name, recordProblem }) =>
      recordProblem === null ? [] : [`${name}: the record was not used: ${recordProblem}`],
    ),
  };
}
