import path from 'node:path';
import type { CreateBackupsResult, CreatedBackup } from '../../operations/backup/create.js';
import type { DeletedBackup } from '../../operations/backup/delete.js';
import type { SkippedTable } from '../../operations/target.js';
import { formatSize } from '../../output/format-size.js';
import { absoluteTime, isoTime, relativeTime } from '../../output/format-time.js';
import type { Page } from '../../output/page.js';
import type { View } from '../../output/view.js';
import { recordedAlarms } from '../alarm-text.js';

/** Where records of backups are kept unless told otherwise. */
export const recordFolder = (cwd: string): string => path.join(cwd, '.mcp-sessions', 'backups');

/** A backup as all its commands show it; times in epoch milliseconds. */
interface Shown {
  readonly table: string;
  readonly name: string;
  readonly arn: string | null;
  readonly status: string;
  readonly createdAt: number | null;
  readonly sizeBytes: number | null;
}

const iso = (ms: number | null): string | null => (ms === null ? null : isoTime(new Date(ms)));

/** The contract's keys of a backup. */
const backupJson = ({ table, name, arn, status, createdAt, sizeBytes }: Shown) => ({
  table,
  name,
  arn,
  status,
  createdAt: iso(createdAt),
  sizeBytes,
});

const KEYS = ['table', 'name', 'arn', 'status', 'createdAt', 'sizeBytes'] as const;

export type ListedBackup = Shown & {
  readonly type: string;
  readonly createdAt: number;
  /** For an archive: its folder, the tables in it, the items of all of them, and whether it is of chosen sessions only. */
  readonly archive?: {
    readonly path: string;
    readonly tables: readonly string[];
    readonly items: number;
    readonly isPartOfTables: boolean;
  };
};

/** What of a plan of pruning is told. */
type ShownPlan = { readonly [Key in 'lastGood' | 'lastSet']: readonly Pick<Shown, 'name' | 'table'>[] } & {
  readonly otherNames: number;
};

/** A backup in a list, with its type and age. `now` is epoch milliseconds. */
export const listedJson = (backup: ListedBackup, now: number) => ({
  ...backupJson(backup),
  type: backup.type,
  ageSeconds: Math.max(0, Math.floor((now - backup.createdAt) / 1000)),
  ...backup.archive,
});

type Listed = ReturnType<typeof listedJson>;

/** A row for formats with columns, which hold no lists. */
const flat = <Row extends Listed>({ path: _path, tables: _tables, items: _items, ...row }: Row) => row;

const statusStyle = (status: string): 'good' | 'warn' | 'bad' =>
  status === 'AVAILABLE' ? 'good' : status === 'CREATING' ? 'warn' : 'bad';

export function backupTable(page: Page, backups: readonly ListedBackup[]): string {
  return page.table(
    [
      // Names are to be copied: other columns give way to them.
      { key: 'name', title: 'Name', truncate: 'middle', min: 42 },
      { key: 'status', title: 'State' },
      { key: 'age', title: 'Made' },
      { key: 'size', title: 'Size', priority: 3 },
      { key: 'table', title: 'Table', priority: 1, truncate: 'middle', min: 12 },
      { key: 'type', title: 'Type', priority: 2 },
    ],
    backups.map(({ name, status, createdAt, sizeBytes, table, type, archive }) => ({
      name,
      status: { text: status, style: statusStyle(status) },
      age: relativeTime(new Date(createdAt), page.now),
      size: sizeBytes === null ? null : formatSize(sizeBytes),
      table,
      type: archive?.isPartOfTables === true ? `${type}, in part` : type,
    })),
    'use a wider terminal, or --output json',
  );
}

/** All backups of the tables. */
export function listView(backups: readonly ListedBackup[], now: number, tables: readonly string[]): View {
  const rows = backups.map((backup) => listedJson(backup, now));
  return {
    json: { backups: rows },
    lines: rows,
    columns: [
      ...KEYS,
      'type',
      'ageSeconds',
      ...(backups.some(({ archive }) => archive !== undefined) ? ['isPartOfTables'] : []),
    ],
    records: rows.map(flat),
    human: (page) => {
      if (backups.length === 0) return page.note(`no backup of ${tables.join(' and ')}`);
      const parts = backups.filter(({ archive }) => archive?.isPartOfTables === true).map(({ name }) => name);
      return [
        backupTable(page, backups),
        '',
        ...(parts.length === 0 ? [] : [page.note(`of chosen sessions only: ${parts.join(', ')}`)]),
        page.note(`${backups.length} ${backups.length === 1 ? 'backup' : 'backups'}, newest first`),
      ].join('\n');
    },
  };
}

const createdJson = (backup: CreatedBackup) => ({
  ...backupJson(backup),
  outcome: backup.outcome,
  record: backup.record,
  alarms: backup.alarms,
  ...(backup.place !== null && { place: backup.place }),
  ...(backup.error !== null && { error: { code: backup.error.code, message: backup.error.message } }),
});

function createdText(page: Page, created: CreatedBackup): string {
  const { table, name, status, outcome, error, createdAt, requestedAt, place } = created;
  const took = createdAt === null ? '' : ` (asked for ${absoluteTime(new Date(requestedAt))})`;
  if (outcome === 'done') return page.success(`${name} is ${status}${took}${place === null ? '' : ` in ${place}`}`);
  if (outcome === 'failed') return page.blocked(`${table} has no backup: ${error?.message ?? 'it failed'}`);
  return page.changed(`${name} is being made${error === null ? '' : `: ${error.message}`}`);
}

/** A table that is left out, as a warning. */
export const skippedText = ({ table, reason }: SkippedTable): string => `table '${table}' is left out: ${reason}`;

/** What became of the backups that were asked for. */
export function createdView(
  { backups }: CreateBackupsResult,
  skipped: readonly SkippedTable[],
  advise: (text: string) => string,
): View {
  const rows = backups.map(createdJson);
  return {
    json: { backups: rows, skipped },
    lines: rows,
    columns: [...KEYS, 'outcome', 'record'],
    records: rows.map(({ error: _error, place: _place, alarms: _alarms, ...row }) => row),
    human: (page) => {
      const records = [...new Set(backups.flatMap(({ record }) => record ?? []))];
      const pending = backups.filter(({ outcome }) => outcome === 'pending');
      return [
        ...backups.map((backup) => createdText(page, backup)),
        ...backups
          .filter(({ outcome }) => outcome !== 'failed')
          .flatMap(({ table, alarms }) => recordedAlarms(page, table, alarms)),
        ...(records.length > 0
          ? [
              page.note('tags, recovery, protection and table class, which AWS does not keep, are in'),
              ...records.map((record) => page.block(record)),
              page.note('keep a copy where this machine cannot lose it; `restore --record <file>` reads it'),
            ]
          : []),
        ...pending
          .filter(({ place }) => place === null)
          .map(({ arn }) => page.note(advise(`\`mcp-sessions backup show ${arn ?? ''}\` shows how far it is`))),
      ].join('\n');
    },
  };
}

/** An export that would be asked for. */
export interface PlannedExport {
  /** `s3://bucket/prefix`. */
  readonly place: string;
  /** Epoch milliseconds; null for the whole tables. */
  readonly changedSince: number | null;
}

/** What would be backed up; `exported` is null for AWS's own backups. */
export function createDryRunView(
  tables: readonly { readonly table: string; readonly name: string }[],
  skipped: readonly SkippedTable[],
  exported: PlannedExport | null,
): View {
  const rows = tables.map(({ table, name }) => ({
    ...backupJson({ table, name, arn: null, status: 'PLANNED', createdAt: null, sizeBytes: null }),
    outcome: 'planned',
    ...(exported !== null && {
      place: exported.place,
      type: exported.changedSince === null ? 'FULL_EXPORT' : 'INCREMENTAL_EXPORT',
      changedSince: iso(exported.changedSince),
    }),
  }));
  const what = exported === null ? '' : ` to ${exported.place}: ${spanText(exported)}`;
  return {
    json: { dryRun: true, backups: rows, skipped },
    lines: rows,
    columns: [...KEYS, 'outcome', ...(exported === null ? [] : ['place', 'type', 'changedSince'])],
    records: rows,
    human: (page) =>
      [...tables.map(({ name }) => page.added(`${name}${what}`)), '', page.note('a dry run: nothing was changed')].join(
        '\n',
      ),
  };
}

const spanText = ({ changedSince }: PlannedExport): string =>
  changedSince === null ? 'full, all items' : `incremental, what changed since ${isoTime(new Date(changedSince))}`;

/** What will be deleted, and what stays although a rule says otherwise. */
export function deletePlanText(page: Page, backups: readonly ListedBackup[], plan?: ShownPlan): string {
  return [
    ...backups.map(({ name, createdAt, sizeBytes }) => {
      const size = sizeBytes === null ? '' : `, ${formatSize(sizeBytes)}`;
      return page.removed(`${name}  ${relativeTime(new Date(createdAt), page.now)}${size}`);
    }),
    ...(plan?.lastGood ?? []).map(({ name, table }) =>
      page.same(`${name} stays: it is the last good backup of ${table}; \`backup delete\` takes it by name`),
    ),
    ...(plan?.lastSet ?? []).map(({ name }) =>
      page.same(`${name} stays: with the other table's it is the last set that was made together`),
    ),
    ...(plan !== undefined && plan.otherNames > 0
      ? [page.note(`${plan.otherNames} of other names stay; --any-name takes them too`)]
      : []),
  ].join('\n');
}

export function deleteDryRunView(backups: readonly ListedBackup[], now: number, plan?: ShownPlan): View {
  const rows = backups.map((backup) => ({ ...listedJson(backup, now), outcome: 'planned' }));
  return {
    json: { dryRun: true, backups: rows },
    lines: rows,
    columns: [...KEYS, 'type', 'ageSeconds', 'outcome'],
    records: rows.map(flat),
    human: (page) => {
      const text = deletePlanText(page, backups, plan);
      const closing = page.note(backups.length === 0 ? 'nothing to delete' : 'a dry run: nothing was changed');
      return text === '' ? closing : `${text}\n\n${closing}`;
    },
  };
}

/** What became of the backups that were to be deleted. */
export function deletedView(
  backups: readonly (ListedBackup & Pick<DeletedBackup, 'outcome' | 'error'>)[],
  now: number,
  plan?: ShownPlan,
): View {
  const rows = backups.map((backup) => ({
    ...listedJson(backup, now),
    outcome: backup.outcome,
    ...(backup.error !== null && { error: { code: backup.error.code, message: backup.error.message } }),
  }));
  return {
    json: { dryRun: false, backups: rows },
    lines: rows,
    columns: [...KEYS, 'type', 'ageSeconds', 'outcome'],
    records: rows.map(({ error: _error, ...row }) => flat(row)),
    human: (page) => {
      const deleted = backups.filter(({ outcome }) => outcome === 'deleted').length;
      const rest = backups.filter(({ outcome }) => outcome !== 'deleted');
      return [
        page.success(`${deleted} of ${backups.length} backups deleted`),
        ...rest.map(({ name, error }) => page.blocked(`${name}: ${error?.message ?? 'not begun'}`)),
        ...(plan === undefined || (plan.lastGood.length === 0 && plan.lastSet.length === 0 && plan.otherNames === 0)
          ? []
          : [deletePlanText(page, [], plan)]),
      ].join('\n');
    },
  };
}
