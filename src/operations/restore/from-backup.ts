import { describeBackup } from '../../dynamodb/backups.js';
import { describeRestore, recoveryWindow, type RestoreState } from '../../dynamodb/restores.js';
import { CliError } from '../../errors.js';
import { nameProblem, type TableRecord, type TableRole } from '../../schema/index.js';
import { withAlarms } from '../tables/alarms.js';
import { findBackups } from '../backup/list.js';
import type { OperationContext } from '../context.js';
import { exportName, findExports } from '../archive/export-s3.js';
import { importInto } from '../archive/import-s3.js';
import { eventsTarget } from './names.js';
import { asNoted, findSettings, type SettingOverrides } from './settings.js';
import {
  beginRestore,
  expectedOf,
  finishRestore,
  isOwnRestore,
  type RestoredTable,
  type RestoreSource,
  type RestoreTask,
} from './table.js';
import type { Target } from '../target.js';

export interface RestoreRequest {
  /**
   * Backups, each by name, ARN, stamp or `latest`; the place of exports in S3; or an instant in epoch milliseconds,
   * `latest` for the last there is.
   */
  readonly source:
    | { readonly backups: readonly string[] }
    | { readonly exports: string }
    | { readonly instant: number | 'latest' };
  /** The tables themselves are replaced. */
  readonly inPlace: boolean;
  /** How tables were set, by name, as an earlier run has noted: what is there by now may be half restored. */
  readonly noted?: ReadonlyMap<string, TableRecord>;
  readonly environment: string;
  /** The names of the new tables; a table's own where none is given. */
  readonly targets: Partial<Record<TableRole, string>>;
  /** Leave the events table out. */
  readonly withoutEvents: boolean;
  readonly overrides: SettingOverrides;
  readonly count: boolean;
  /** A file of settings; null: look for them in the folder. */
  readonly recordFile: string | null;
  readonly recordFolder: string;
}

export interface RestorePlan {
  readonly tasks: readonly RestoreTask[];
  /** Settings' sources that deserve a word. */
  readonly warnings: readonly string[];
}

interface Chosen {
  readonly table: string;
  readonly role: TableRole;
  /** null for a point in time. */
  readonly source: Exclude<RestoreSource, { readonly kind: 'instant' }> | null;
}

/** The role of a backed-up table: by its name, else the layout's first. */
const roleOf = ({ names }: Target, table: string): TableRole =>
  names.find(({ name }) => name === table)?.role ?? 'sessions';

async function chosenBackups(
  context: OperationContext,
  target: Target,
  texts: readonly string[],
): Promise<readonly Chosen[]> {
  const tables = target.names.map(({ name }) => name);
  const found = (await Promise.all(texts.map((text) => findBackups(context, tables, text)))).flat();
  return Promise.all(
    found.map(async ({ arn, table }) => {
      const backup = await describeBackup(context.dynamo, arn);
      if (backup.status !== 'AVAILABLE')
        throw new CliError('BACKUP_BUSY', `backup '${backup.name}' of table '${table}' is ${backup.status}`, {
          hint: '`mcp-sessions backup list` shows its state; it can be restored once it is AVAILABLE',
        });
      return { table, role: roleOf(target, table), source: { kind: 'backup', backup } };
    }),
  );
}

async function chosenExports(context: OperationContext, target: Target, url: string): Promise<readonly Chosen[]> {
  const tables = target.names.map(({ name }) => name);
  const found = await findExports(context, tables, url);
  return found.map((one) => ({
    table: one.table,
    role: roleOf(target, one.table),
    source: { kind: 'export', export: one },
  }));
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** The instant that all tables can be restored to; the latest of all is that of the table that is furthest behind. */
async function commonInstant(
  context: OperationContext,
  tables: readonly string[],
  wanted: number | 'latest',
): Promise<number> {
  const windows = await Promise.all(
    tables.map(async (table) => ({ table, window: await recoveryWindow(context.dynamo, table) })),
  );
  let latest = Number.POSITIVE_INFINITY;
  let earliest = 0;
  for (const { table, window } of windows) {
    if (window === null)
      throw new CliError('RECOVERY_UNAVAILABLE', `point-in-time recovery of table '${table}' is off`, {
        hint: 'restore from a backup (`mcp-sessions backup list`); `mcp-sessions setup --pitr` turns recovery on for the future',
      });
    const isIn = wanted === 'latest' || (wanted >= window.earliest && wanted <= window.latest);
    if (!isIn)
      throw new CliError(
        'RECOVERY_UNAVAILABLE',
        `table '${table}' cannot be restored to ${iso(wanted)}: only from ${iso(window.earliest)} to ${iso(window.latest)}`,
        {
          hint: 'choose an instant between the two, or `--point-in-time latest`; the latest is about five minutes ago',
        },
      );
    latest = Math.min(latest, window.latest);
    earliest = Math.max(earliest, window.earliest);
  }
  // AWS tells whole seconds of a restore, by which the next run knows it again.
  const whole = Math.floor(latest / 1000) * 1000;
  return wanted === 'latest' ? Math.max(earliest, whole) : wanted;
}

async function chosenBy(
  context: OperationContext,
  target: Target,
  source: RestoreRequest['source'],
): Promise<readonly Chosen[]> {
  if ('backups' in source) return chosenBackups(context, target, source.backups);
  if ('exports' in source) return chosenExports(context, target, source.exports);
  return target.names.map(({ name, role }) => ({ table: name, role, source: null }));
}

function targetOf(request: RestoreRequest, chosen: readonly Chosen[], { table, role }: Chosen): string {
  const { inPlace, targets } = request;
  if (inPlace) return table;
  if (role === 'sessions' || chosen.length === 1) return targets[role] ?? targets.sessions ?? table;
  const sessions = chosen.find((one) => one.role === 'sessions')?.table ?? '';
  if (targets.events !== undefined) return targets.events;
  return targets.sessions === undefined ? table : eventsTarget({ sessions, events: table }, targets.sessions);
}

/**
 * Finds out what a restore would do, and changes nothing: which backups or instant, into which tables, and where the
 * settings come from. Throws TABLE_EXISTS unless a table of that name is what an earlier run of this restore began.
 */
export async function planRestore(
  context: OperationContext,
  target: Target,
  request: RestoreRequest,
): Promise<RestorePlan> {
  const { source } = request;
  const found = await chosenBy(context, target, source);
  const chosen = found.length > 1 ? found.filter(({ role }) => role !== 'events' || !request.withoutEvents) : found;
  const at =
    'instant' in source
      ? await commonInstant(
          context,
          chosen.map(({ table }) => table),
          source.instant,
        )
      : null;
  const tasks: RestoreTask[] = [];
  for (const one of chosen) {
    const { table, role } = one;
    const backup = one.source?.kind === 'backup' ? one.source.backup : null;
    const exported = one.source?.kind === 'export' ? one.source.export : null;
    const noted = request.noted?.get(table);
    const settings =
      noted === undefined
        ? await findSettings(context, {
            ...request,
            table,
            role,
            layout: target.layout.id,
            backup: exported === null ? backup : { arn: exported.arn, name: exportName(exported), untold: [] },
            isImport: exported !== null,
          })
        : asNoted(noted);
    tasks.push({
      table,
      role,
      backup,
      settings,
      isImport: exported !== null,
      layout: target.layout,
      environment: request.environment,
      overrides: request.overrides,
      count: request.count,
      source: one.source ?? { kind: 'instant', at: at ?? 0 },
      target: targetOf(request, chosen, one),
    });
  }
  requireGoodTargets(tasks.map((task) => task.target));
  return { tasks, warnings: tasks.flatMap(settingsWarnings) };
}

function requireGoodTargets(targets: readonly string[]): void {
  for (const [at, name] of targets.entries()) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new CliError('USAGE', `the table name '${name}' ${problem}`);
    if (targets.indexOf(name) !== at) throw new CliError('USAGE', `two tables cannot both be restored into '${name}'`);
  }
}

function settingsWarnings({ settings, table, layout }: RestoreTask): readonly string[] {
  const warnings: string[] = [];
  if (settings.problem !== null) warnings.push(`${table}: the record was not used: ${settings.problem}`);
  if (settings.unknown.length > 0)
    warnings.push(
      `${table}: no record tells ${settings.unknown.join(', ')}: they become what the layout ${layout.id} says`,
    );
  if (settings.differs.length > 0)
    warnings.push(
      `${table}: the table differs today from the settings recorded with the backup, which are used (${settings.differs.join(', ')})`,
    );
  return warnings;
}

/** Of an imported table AWS does not say where it comes from; its list of imports does. */
async function isOwn(context: OperationContext, task: RestoreTask, state: RestoreState): Promise<boolean> {
  const { source, table, target } = task;
  if (source.kind !== 'export') return isOwnRestore(state, source, table);
  return (await importInto(context, source.export, target)) !== null;
}

/** Which of the tasks an earlier run has begun. Throws TABLE_EXISTS where a table of that name is another's. */
export async function requireFreeTargets(
  context: OperationContext,
  { tasks }: RestorePlan,
): Promise<ReadonlySet<RestoreTask>> {
  const begun = new Set<RestoreTask>();
  for (const task of tasks) {
    const state = await describeRestore(context.dynamo, task.target);
    if (state === null) continue;
    if (!(await isOwn(context, task, state)))
      throw new CliError('TABLE_EXISTS', `table '${task.target}' exists already (${state.status})`, {
        hint:
          task.target === task.table
            ? 'name a new one with --to-table, or replace it with --in-place'
            : `name another one with ${task.role === 'events' ? '--to-events-table' : '--to-table'}`,
      });
    begun.add(task);
  }
  return begun;
}

export interface RestoreResult {
  readonly tables: readonly RestoredTable[];
  readonly interrupted: boolean;
  /** The first failure. */
  readonly error: CliError | null;
}

/** Sums up what became of each table. */
export function summedUp(tables: readonly RestoredTable[]): RestoreResult {
  const errors = tables.flatMap(({ error }) => error ?? []);
  const interrupted = errors.some(({ code }) => code === 'INTERRUPTED');
  return { tables, interrupted, error: errors.find(({ code }) => code !== 'INTERRUPTED') ?? errors[0] ?? null };
}

/**
 * Carries a plan out: asks for all tables at once, waits for each, counts, and puts the settings back. One table that
 * fails does not keep the other from being restored. Tables that an earlier run began are gone on with.
 */
export async function restoreBackups(
  context: OperationContext,
  { tasks }: RestorePlan,
  begun: ReadonlySet<RestoreTask>,
): Promise<RestoreResult> {
  const tables = await Promise.all(tasks.map((task) => restoreOne(context, task, begun.has(task))));
  return summedUp(await withAlarms(context, tasks, tables));
}

async function restoreOne(context: OperationContext, task: RestoreTask, isBegun: boolean): Promise<RestoredTable> {
  try {
    if (!isBegun) await beginRestore(context, task);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return {
      source: task.table,
      target: task.target,
      outcome: 'failed',
      items: null,
      expectedItems: expectedOf(task.source),
      expiredItems: null,
      reapplied: [],
      missed: [],
      error,
    };
  }
  return finishRestore(context, task);
}
