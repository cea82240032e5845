import { createBackup, describeBackup } from '../../dynamodb/backups.js';
import { type Described, describeTable } from '../../dynamodb/describe.js';
import { deleteTable, describeRestore } from '../../dynamodb/restores.js';
import { setDeletionProtection } from '../../dynamodb/tables.js';
import { CliError } from '../../errors.js';
import { withAlarms } from '../tables/alarms.js';
import { backupName } from '../backup/names.js';
import { addRecord, recordFile } from '../backup/records.js';
import { type SafetyOptions, untilSafe } from '../backup/safe.js';
import { claimStamp } from '../backup/stamp.js';
import type { OperationContext } from '../context.js';
import type { InPlaceState, InPlaceTable } from './in-place-state.js';
import { type RestorePlan, type RestoreResult, summedUp } from './from-backup.js';
import {
  beginRestore,
  expectedOf,
  finishRestore,
  isOwnRestore,
  type RestoredTable,
  type RestoreTask,
} from './table.js';
import { asNoted } from './settings.js';
import { patiently, settle, untilGone } from '../waits.js';

export interface InPlaceOptions extends SafetyOptions {
  /** Turn deletion protection off where it is on; without it a protected table is refused before anything is done. */
  readonly forceUnprotect: boolean;
  /** Where the settings of the safety backups are recorded. */
  readonly recordFolder: string;
  /** Keeps the state on disk, before what it announces is begun. */
  readonly save: (state: InPlaceState) => void;
}

/** The state of one run, of which every change is on disk before anything follows from it. */
class Progressing {
  #state: InPlaceState;
  readonly #save: InPlaceOptions['save'];

  constructor(state: InPlaceState, save: InPlaceOptions['save']) {
    this.#state = state;
    this.#save = save;
  }

  get tables(): readonly InPlaceTable[] {
    return this.#state.tables;
  }

  of(task: RestoreTask): InPlaceTable {
    const found = this.tables.find(({ table }) => table === task.table);
    if (found === undefined) throw new TypeError(`table '${task.table}' is not in the state`);
    return found;
  }

  set(table: string, change: Partial<Pick<InPlaceTable, 'safety' | 'stage'>>): void {
    const tables = this.tables.map((one) => (one.table === table ? { ...one, ...change } : one));
    this.#save({ version: 1, tables });
    this.#state = { version: 1, tables };
  }
}

const nothingDeleted = (error: CliError): CliError =>
  new CliError(error.code, `${error.message}; nothing was deleted`, {
    ...(error.hint !== undefined && { hint: error.hint }),
    cause: error.cause,
  });

/**
 * Replaces tables by their backups: a safety backup of each, waited for until it is safe; then, one table after the
 * other, deleted, restored under its old name, counted, its settings put back. Nothing is deleted unless every safety
 * backup is safe and every backup that is restored is AVAILABLE. A run that was stopped is gone on with from its state.
 */
export async function restoreInPlace(
  context: OperationContext,
  { tasks }: RestorePlan,
  state: InPlaceState,
  options: InPlaceOptions,
): Promise<RestoreResult> {
  const progress = new Progressing(state, options.save);
  const left = tasks.filter((task) => progress.of(task).stage !== 'done');
  try {
    await makeSafe(context, left, progress, options);
  } catch (error) {
    if (error instanceof CliError && progress.tables.every(({ stage }) => stage === 'planned'))
      throw nothingDeleted(error);
    throw error;
  }
  const results: RestoredTable[] = [];
  for (const task of left) {
    const result = await replace(context, task, progress, options);
    const { safety } = progress.of(task);
    results.push({ ...result, ...(safety !== null && { safety: { name: safety.name, arn: safety.arn } }) });
    // What went wrong with one table is no reason to delete the next.
    if (result.outcome !== 'done' && result.outcome !== 'partly') break;
  }
  return summedUp(await withAlarms(context, left, results));
}

/** A table that was not deleted goes on being written to: what a run that was stopped has backed up gets old. */
const STALE_MS = 10 * 60_000;

async function needsSafety(context: OperationContext, { table, safety, stage }: InPlaceTable): Promise<boolean> {
  if (safety === null) return true;
  if (stage === 'restoring' || context.now() - safety.requestedAt < STALE_MS) return false;
  const now = await describeTable(context.dynamo, table);
  return now !== null && now.status !== 'DELETING';
}

/** The safety backups, and a last look at what is to be restored. */
async function makeSafe(
  context: OperationContext,
  tasks: readonly RestoreTask[],
  progress: Progressing,
  options: InPlaceOptions,
): Promise<void> {
  const names = tasks.map(({ table }) => table);
  const { stamp, release } = await claimStamp(context, names, {
    at: context.now(),
    folder: options.recordFolder,
    // A safety backup must not bear the name of the backup that is restored, which is found by it.
    taken: tasks.flatMap(({ backup }) => backup?.name ?? []),
  });
  try {
    for (const task of tasks) await askForSafety(context, progress.of(task), stamp, progress, options);
  } finally {
    release();
  }
  const safeties = tasks.flatMap((task) => progress.of(task).safety ?? []);
  await untilSafe(context, safeties, options);
  for (const task of tasks) {
    const { status, name } = await describeBackup(context.dynamo, progress.of(task).sourceArn);
    if (status !== 'AVAILABLE')
      throw new CliError('BACKUP_NOT_SAFE', `backup '${name}', which was to be restored, is ${status} now`);
  }
}

async function askForSafety(
  context: OperationContext,
  one: InPlaceTable,
  stamp: string,
  progress: Progressing,
  { recordFolder }: InPlaceOptions,
): Promise<void> {
  if (!(await needsSafety(context, one))) return;
  const { table, record } = one;
  context.onProgress({ step: 'asking for a safety backup', table });
  const { name, arn } = await createBackup(context.dynamo, table, backupName(table, stamp));
  const requestedAt = context.now();
  progress.set(table, { stage: 'planned', safety: { table, name, arn, requestedAt } });
  await addRecord(recordFile(recordFolder, { name }), { arn, name, record });
}

const notReplaced = (table: string, why: string): CliError =>
  new CliError('RESTORE_UNFINISHED', `table '${table}' ${why}: it was left alone`, {
    hint: '`mcp-sessions status` shows what is there; somebody else may be at work on it',
  });

/** AWS takes no second change of the protection for a while: it is told instead of turned on again. */
const unprotected = (error: unknown, table: string): unknown =>
  error instanceof CliError
    ? new CliError(error.code, `${error.message}; the deletion protection of '${table}' is off now`, {
        ...(error.hint !== undefined && { hint: error.hint }),
        cause: error.cause,
      })
    : error;

/** Deletes a table, unless it is gone already; answers once its name is free. */
async function remove(context: OperationContext, one: InPlaceTable, options: InPlaceOptions): Promise<void> {
  const { table, createdAt } = one;
  const now: Described | null = await describeTable(context.dynamo, table);
  if (now !== null && now.status !== 'DELETING') {
    if (createdAt !== null && now.createdAt !== createdAt)
      throw notReplaced(table, 'is not the one that was backed up');
    if (now.deletionProtection) {
      if (!options.forceUnprotect) throw notReplaced(table, 'is protected against deletion now');
      context.onProgress({ step: 'turning deletion protection off', table });
      await setDeletionProtection(context.dynamo, table, false);
    }
    await settle(context, table, { until: ({ deletionProtection }) => !deletionProtection });
    context.onProgress({ step: 'deleting the old table', table });
    await deleteTable(context.dynamo, table).catch((error: unknown) => {
      throw now.deletionProtection ? unprotected(error, table) : error;
    });
  }
  await untilGone(context, table);
}

/** AWS may hold on to the name of a table for a while that DescribeTable does not know any more. */
const beginUnderOldName = (context: OperationContext, task: RestoreTask): Promise<void> =>
  patiently(context, () => beginRestore(context, task), {
    table: task.target,
    step: 'asking for the restore',
    why: 'AWS has not let go of the old name yet',
    passes: ({ code }) => code === 'TABLE_BUSY',
    wait: true,
    limitMs: 120_000,
    maxDelayMs: 5000,
  });

async function replace(
  context: OperationContext,
  task: RestoreTask,
  progress: Progressing,
  options: InPlaceOptions,
): Promise<RestoredTable> {
  const { table } = task;
  const { record } = progress.of(task);
  const replacing: RestoreTask = {
    ...task,
    target: table,
    settings: { ...asNoted(record), problem: task.settings.problem },
  };
  try {
    if (progress.of(task).stage !== 'restoring') {
      progress.set(table, { stage: 'deleting' });
      await remove(context, progress.of(task), options);
      progress.set(table, { stage: 'restoring' });
    }
    // Only now may a table of that name be one that this restore has begun: the old one may come of the same backup.
    const state = await describeRestore(context.dynamo, table);
    if (state === null) await beginUnderOldName(context, replacing);
    else if (!isOwnRestore(state, task.source, table)) throw notReplaced(table, 'was made meanwhile');
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return {
      source: table,
      target: table,
      outcome: error.code === 'INTERRUPTED' ? 'pending' : 'failed',
      items: null,
      expectedItems: expectedOf(task.source),
      expiredItems: null,
      reapplied: [],
      missed: [],
      error: wayBack(error, progress.of(task)),
    };
  }
  const result = await finishRestore(context, replacing);
  if (result.outcome === 'done' || result.outcome === 'partly') progress.set(table, { stage: 'done' });
  return { ...result, error: result.error === null ? null : wayBack(result.error, progress.of(task)) };
}

/** How to get back what the table held, said with every failure after it may have been deleted. */
function wayBack(error: CliError, { table, safety, stage }: InPlaceTable): CliError {
  if (stage === 'planned' || stage === 'done' || safety === null) return error;
  return new CliError(error.code, error.message, {
    hint: `give --resume to go on; what '${table}' held is in the safety backup ${safety.arn}: once there is no table of that name, \`mcp-sessions restore ${safety.arn}\` brings it back`,
    cause: error,
  });
}
