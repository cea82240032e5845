import type { DescribedBackup } from '../../dynamodb/backups.js';
import { observeTable } from '../../dynamodb/describe.js';
import { CliError } from '../../errors.js';
import {
  type Billing,
  type DesiredTable,
  desiredOf,
  desiredTables,
  type Layout,
  recordOf,
  type TableRecord,
  type TableRole,
} from '../../schema/index.js';
import { findRecord } from '../backup/records.js';
import type { OperationContext } from '../context.js';
import { readRecord } from '../tables/put-back.js';

/** Where the settings of a restored table come from. */
export interface Settings {
  /**
   * A file of records, the table as it still is, what DynamoDB keeps with the backup and the layout's defaults, or, for an
   * export, the layout alone.
   */
  readonly from: 'file' | 'table' | 'backup' | 'layout';
  /** The file; null with another source. */
  readonly file: string | null;
  /** null with `backup` and `layout`. */
  readonly record: TableRecord | null;
  /** Settings that no source tells: the layout's take their place. */
  readonly unknown: readonly string[];
  /** Settings in which the table, as it still is, differs from the source. */
  readonly differs: readonly string[];
  /** Why a record that is there was not used; null where none was passed over. */
  readonly problem: string | null;
}

export interface SettingsRequest {
  readonly table: string;
  readonly role: TableRole;
  readonly layout: string;
  /** A backup or an export; null for a point in time. */
  readonly backup: Pick<DescribedBackup, 'arn' | 'name' | 'untold'> | null;
  /** Given with --record; null: look for one in the folder. */
  readonly recordFile: string | null;
  readonly recordFolder: string;
  /** What is restored is an export. */
  readonly isImport: boolean;
  /** In place a table keeps the settings that it has. */
  readonly inPlace: boolean;
}

/** What a record tells that may differ, under the names that plans and results have for it. */
const facts = (record: TableRecord): Readonly<Record<string, unknown>> => ({
  ttl: record.ttlAttribute,
  stream: record.stream,
  billingMode: record.billing,
  indexes: record.indexes.map(({ name }) => name).toSorted(),
  pointInTimeRecovery: record.pointInTimeRecovery,
  deletionProtection: record.deletionProtection,
  tableClass: record.tableClass,
  encryption: record.kmsKey,
  tags: record.tags === null ? null : Object.entries(record.tags).toSorted(([a], [b]) => a.localeCompare(b)),
});

function differences(one: TableRecord, other: TableRecord): readonly string[] {
  const theirs = facts(other);
  return Object.entries(facts(one))
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(theirs[name]))
    .map(([name]) => name);
}

/** The settings of a table that a restore in place has begun to replace. */
export const asNoted = (record: TableRecord): Settings => ({
  from: 'table',
  file: null,
  record,
  unknown: [],
  differs: [],
  problem: null,
});

/** What DynamoDB does not keep with a backup. */
const NOT_IN_BACKUP = ['tags', 'pointInTimeRecovery', 'deletionProtection', 'tableClass'];

/** What DynamoDB does not write into an export either. */
const NOT_IN_EXPORT = ['keys', 'indexes', 'billingMode', 'ttl', 'stream', 'encryption'];

/**
 * Finds the settings for a restored table: the file that was named, the record made with the backup on this machine, the
 * table itself while it is there, else what the backup tells and the layout's defaults.
 */
export async function findSettings(context: OperationContext, request: SettingsRequest): Promise<Settings> {
  const { table, role, layout, backup } = request;
  const live = await readRecord(context, { name: table, role, layout });
  const compared = (record: TableRecord): readonly string[] => (live === null ? [] : differences(record, live));
  const keepsOwn = request.inPlace && request.recordFile === null && live !== null;
  let problem: string | null = null;
  if (backup !== null && !keepsOwn) {
    const found = findRecord(backup, { named: request.recordFile, folder: request.recordFolder });
    const { file, record } = found;
    problem = found.problem;
    if (record !== null)
      return { from: 'file', file, record, unknown: unread(record), differs: compared(record), problem };
  }
  if (live !== null) return { from: 'table', file: null, record: live, unknown: unread(live), differs: [], problem };
  const unknown = request.isImport
    ? [...NOT_IN_EXPORT, ...NOT_IN_BACKUP]
    : [...(backup?.untold ?? []), ...NOT_IN_BACKUP];
  return { from: request.isImport ? 'layout' : 'backup', file: null, record: null, unknown, differs: [], problem };
}

const unread = ({ tags, pointInTimeRecovery }: TableRecord): readonly string[] => [
  ...(tags === null ? ['tags'] : []),
  ...(pointInTimeRecovery === null ? ['pointInTimeRecovery'] : []),
];

/** What a user wants otherwise than it was. */
export interface SettingOverrides {
  readonly ttl: 'keep' | 'off';
  readonly billing?: Billing;
  readonly noIndexes: boolean;
}

export interface Wanted {
  readonly target: string;
  readonly role: TableRole;
  readonly layout: Layout;
  /** The value of `{environment}` in the layout's tags; `production` also means recovery and protection. */
  readonly environment: string;
  /** null for a point in time and for an export, of which AWS keeps no settings. */
  readonly backup: DescribedBackup | null;
  /** An export's items come into a table that has to be described before it is there. */
  readonly isImport: boolean;
  readonly settings: Settings;
  readonly overrides: SettingOverrides;
}

/**
 * What the restored table has to become. Replicas are not put back: a copy of a table in another region is not what
 * somebody wants who restores beside it, and a regional replica cannot be restored.
 */
export async function wantedTable(context: OperationContext, wanted: Wanted): Promise<DesiredTable> {
  const { target, overrides } = wanted;
  const { record } = wanted.settings;
  const desired =
    record !== null
      ? desiredOf(record, target)
      : wanted.isImport
        ? fromLayout(wanted)
        : await fromBackup(context, wanted);
  return {
    ...desired,
    replicas: [],
    ...(overrides.billing !== undefined && { billing: overrides.billing }),
    ...(overrides.noIndexes && { indexes: [] }),
    ...(overrides.ttl === 'off' && { ttlAttribute: false as const }),
  };
}

const layoutTable = ({ layout, role, target, environment }: Wanted): DesiredTable | undefined =>
  desiredTables(layout, [{ role, name: target }], { environment }).find((table) => table.role === role);

/** Without a record, and before there is a table: all as the layout says. */
function fromLayout(wanted: Wanted): DesiredTable {
  const { layout, role } = wanted;
  const found = layoutTable(wanted);
  if (found === undefined) throw new CliError('LAYOUT_MISMATCH', `the layout ${layout.id} has no ${role} table`);
  return found;
}

/** Without a record: the restored table as it is, the TTL, stream and key that the backup tells, the layout for the rest. */
async function fromBackup(context: OperationContext, wanted: Wanted): Promise<DesiredTable> {
  const { target, role, layout, backup } = wanted;
  const observed = await observeTable(context.dynamo, target);
  if (observed === null) throw new CliError('TABLE_NOT_FOUND', `table '${target}' is gone: it was deleted meanwhile`);
  const now = context.now();
  const asItIs = desiredOf(
    recordOf(observed, { role, layout: layout.id, region: context.dynamo.region, now, others: [] }),
  );
  const ofLayout = layoutTable(wanted);
  const isUntold = (setting: DescribedBackup['untold'][number]): boolean => backup?.untold.includes(setting) === true;
  return {
    ...asItIs,
    ...(isUntold('billingMode') && ofLayout !== undefined && { billing: ofLayout.billing }),
    ttlAttribute: isUntold('ttl') ? ofLayout?.ttlAttribute : (backup?.ttlAttribute ?? false),
    stream: isUntold('stream') ? ofLayout?.stream : (backup?.stream ?? false),
    kmsKey: backup?.kmsKey ?? undefined,
    tags: ofLayout?.tags ?? {},
    pointInTimeRecovery: ofLayout?.pointInTimeRecovery,
    deletionProtection: ofLayout?.deletionProtection,
    tableClass: undefined,
  };
}
