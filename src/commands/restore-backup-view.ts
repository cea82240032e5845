import type { RestorePlan } from '../operations/restore/from-backup.js';
import type { RestoredTable, RestoreTask } from '../operations/restore/table.js';
import { formatCount } from '../output/format-count.js';
import { absoluteTime, relativeTime } from '../output/format-time.js';
import type { Page } from '../output/page.js';
import type { View } from '../output/view.js';
import { alarmsToSetUp } from './alarm-text.js';

const COLUMNS = ['source', 'target', 'outcome', 'items', 'expiredItems', 'reapplied'] as const;

/** What is restored: a backup's name, an export's place, or an instant. */
function sourceText(page: Page, { source, table }: RestoreTask): string {
  const when = (ms: number): string => `${absoluteTime(new Date(ms))}, ${relativeTime(new Date(ms), page.now)}`;
  if (source.kind === 'backup') return `backup ${source.backup.name} (${when(source.backup.createdAt)})`;
  if (source.kind === 'instant') return `${table} as it was at ${when(source.at)}`;
  const { bucket, prefix, exportedAt } = source.export;
  return `the export of ${table} in s3://${bucket}/${prefix} (${when(exportedAt)})`;
}

function settingsText({ settings }: RestoreTask): string {
  if (settings.from === 'file') return `settings as recorded in ${settings.file ?? ''}`;
  if (settings.from === 'table') return 'settings as the table has them today';
  if (settings.from === 'layout') return 'settings as the layout says: an export holds none';
  if (settings.unknown.includes('ttl')) return 'settings as the layout says: the endpoint tells none with the backup';
  return "settings as AWS keeps them with the backup (indexes, TTL, stream, billing), tags as the layout's";
}

function itemsText({ source }: RestoreTask): string {
  const count =
    source.kind === 'backup' ? source.backup.itemCount : source.kind === 'export' ? source.export.itemCount : null;
  return count === null ? '' : `, ${formatCount(count)} items by AWS's count`;
}

/** What a restore would do, for people. */
export function planText(page: Page, { tasks, warnings }: RestorePlan, inPlace: boolean): string {
  return [
    ...tasks.flatMap((task) => {
      const from = `${sourceText(page, task)}${itemsText(task)}`;
      return [
        inPlace
          ? page.removed(`${task.table} is backed up, deleted, and replaced by ${from}`)
          : page.added(`${task.target} from ${from}`),
        page.block(settingsText(task)),
        ...(task.overrides.ttl === 'off' ? [page.block('TTL stays off')] : []),
        ...(task.overrides.noIndexes ? [page.block('without indexes')] : []),
      ];
    }),
    ...(inPlace
      ? [page.warn('what the application writes from a minute before the safety backup on may be lost: stop it first')]
      : []),
    ...warnings.map((warning) => page.warn(warning)),
  ].join('\n');
}

const planJson = ({ table, target, source, settings }: RestoreTask) => ({
  source: table,
  target,
  outcome: 'planned',
  backup: source.kind === 'backup' ? source.backup.arn : null,
  export: source.kind === 'export' ? source.export.arn : null,
  pointInTime: source.kind === 'instant' ? new Date(source.at).toISOString() : null,
  items: null,
  reapplied: [],
  settings: {
    from: settings.from,
    file: settings.file,
    unknown: settings.unknown,
    differs: settings.differs,
    problem: settings.problem,
  },
});

export function restoreDryRunView(plan: RestorePlan, inPlace: boolean): View {
  const tables = plan.tasks.map(planJson);
  return {
    json: { dryRun: true, tables },
    lines: tables,
    columns: ['source', 'target', 'outcome', 'backup', 'pointInTime'],
    records: tables.map(({ source, target, outcome, backup, pointInTime }) => ({
      source,
      target,
      outcome,
      backup,
      pointInTime,
    })),
    human: (page) => `${planText(page, plan, inPlace)}\n\n${page.note('a dry run: nothing was changed')}`,
  };
}

const resultJson = (table: RestoredTable, task: RestoreTask | undefined) => ({
  source: table.source,
  target: table.target,
  items: table.items,
  reapplied: table.reapplied,
  outcome: table.outcome,
  expectedItems: table.expectedItems,
  expiredItems: table.expiredItems,
  missed: table.missed,
  ...(table.alarms !== undefined && { alarms: table.alarms }),
  ...(table.safety !== undefined && { safetyBackup: table.safety }),
  settings:
    task === undefined ? null : { from: task.settings.from, file: task.settings.file, unknown: task.settings.unknown },
  ...(table.error !== null && { error: { code: table.error.code, message: table.error.message } }),
});

function resultText(page: Page, table: RestoredTable, ttlOff: boolean): string {
  const { target, source, outcome, items, expectedItems, expiredItems, reapplied, missed, error } = table;
  const counted = items === null ? '' : `, ${formatCount(items)} items`;
  const expected =
    expectedItems === null || items === null || expectedItems === items
      ? ''
      : ` (AWS counted ${formatCount(expectedItems)}, up to 6 h before the backup)`;
  const heading =
    outcome === 'done' || outcome === 'partly'
      ? page.success(`${target} restored from ${source}${counted}${expected}`)
      : outcome === 'pending'
        ? page.changed(`${target} is not finished: ${error?.message ?? 'AWS goes on with it'}`)
        : page.blocked(`${target} was not restored: ${error?.message ?? 'it failed'}`);
  const expiry =
    expiredItems === null || expiredItems === 0
      ? []
      : [
          ttlOff
            ? page.note(`${formatCount(expiredItems)} of them have expired; TTL is off, so they stay`)
            : page.warn(`${formatCount(expiredItems)} of them have expired: TTL removes them within days`),
        ];
  return [
    heading,
    ...(reapplied.length === 0 ? [] : [page.block(`put back: ${reapplied.join(', ')}`)]),
    ...missed.map(({ property, reason }) => page.blocked(`${property} was not put back: ${reason}`)),
    ...expiry,
    ...alarmsToSetUp(page, table),
    ...(table.safety === undefined ? [] : [page.note(`what it held before is in backup ${table.safety.name}`)]),
  ].join('\n');
}

/** What became of each table; `resume` is the command that goes on, null when all is done. */
export function restoreView(plan: RestorePlan, tables: readonly RestoredTable[], resume: string | null): View {
  const taskOf = (table: RestoredTable): RestoreTask | undefined =>
    plan.tasks.find((task) => task.table === table.source);
  const rows = tables.map((table) => resultJson(table, taskOf(table)));
  return {
    json: { tables: rows, resume: resume === null ? null : { command: resume } },
    lines: rows,
    columns: COLUMNS,
    records: rows.map(({ source, target, outcome, items, expiredItems, reapplied }) => ({
      source,
      target,
      outcome,
      items,
      expiredItems,
      reapplied,
    })),
    human: (page) =>
      [
        ...tables.map((table) => resultText(page, table, taskOf(table)?.overrides.ttl === 'off')),
        ...(resume === null ? [] : [page.warn('not everything was done; go on with:'), page.block(resume)]),
      ].join('\n'),
  };
}
