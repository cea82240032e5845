import { type Backup, newestBackup } from '../../dynamodb/backups.js';
import { describeTable } from '../../dynamodb/describe.js';
import { CliError } from '../../errors.js';
import { type DesiredTable, desiredOf, recordOf } from '../../schema/index.js';
import { applyStep } from '../setup/apply-step.js';
import { type ClearPace, clearItems, type ClearResult } from '../clear/clear.js';
import type { OperationContext } from '../context.js';
import { dropTable, forgetRecreate, recreate, type RecreateResult } from '../tables/recreate.js';
import { forgettingRecord } from '../tables/record-file.js';
import { backUp, type BackupOptions, type MadeBackup } from './backup.js';
import { untilGone } from '../waits.js';
import type { TeardownPlan } from './plan.js';
import type { BackupStep, ClearStep, DeleteStep, PlannedStep, StreamStep } from './steps.js';
import type { StepName, TeardownTable } from './table.js';

export interface StepResult {
  readonly step: StepName;
  readonly table: string;
  readonly outcome: 'done' | 'skipped' | 'failed';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly error?: CliError;
  readonly cleared?: ClearResult | RecreateResult;
  /** The view that the stream had. */
  readonly view?: string | null;
  /** The newest backup after a table was dropped: AWS makes one of a table that has recovery points. */
  readonly backup?: Backup;
  /** What the step `backup` made. */
  readonly made?: MadeBackup;
  readonly seconds?: number;
}

export interface TeardownResult {
  readonly steps: readonly StepResult[];
  /** Of the step `backup`. */
  readonly warnings: readonly string[];
  readonly interrupted: boolean;
  /** The failure that ended it. */
  readonly error: CliError | null;
}

interface Ending {
  readonly outcome: 'done' | 'failed';
  readonly interrupted?: boolean;
  readonly error?: CliError;
  readonly cleared?: ClearResult | RecreateResult;
  readonly view?: string | null;
  readonly backup?: Backup;
}

interface Work {
  readonly context: OperationContext;
  readonly plan: TeardownPlan;
  readonly pace: ClearPace;
  readonly forceUnprotect: boolean;
  readonly backup: BackupOptions;
}

/**
 * Carries a plan out, step by step; one that fails or is interrupted keeps those after it from being begun. Backups are
 * made together, and unless every one of them is safe nothing is cleared or deleted.
 */
export async function teardown(work: Work): Promise<TeardownResult> {
  const { context, plan } = work;
  const started = performance.now();
  const backups = await backUp(context, plan, work.backup);
  const seconds = (performance.now() - started) / 1000;
  const steps: StepResult[] = [];
  let stopped: { readonly by: StepName; readonly interrupted: boolean; readonly error: CliError | null } | null = null;
  for (const planned of plan.steps) {
    const head = { step: planned.step, table: planned.table.name };
    if (planned.step === 'backup' && planned.skip === null) {
      const { interrupted, error, ...made } = backups.of(planned.table.name);
      steps.push({ ...head, ...made, seconds, ...(error !== null && { error }) });
      if (made.outcome === 'failed') stopped ??= { by: planned.step, interrupted, error };
      continue;
    }
    const reason: string | null =
      planned.skip ?? (stopped === null ? null : `${stopped.by} ${stopped.interrupted ? 'was interrupted' : 'failed'}`);
    if (reason !== null || planned.step === 'backup') {
      steps.push({ ...head, outcome: 'skipped', reason: reason ?? '' });
      continue;
    }
    const begun = performance.now();
    const { interrupted = false, ...ending } = await runStep(work, planned);
    steps.push({ ...head, ...ending, seconds: (performance.now() - begun) / 1000 });
    if (ending.outcome === 'failed') stopped = { by: planned.step, interrupted, error: ending.error ?? null };
  }
  const { interrupted = false, error = null } = stopped ?? {};
  return { steps, warnings: backups.warnings, interrupted, error };
}

async function runStep(work: Work, planned: Exclude<PlannedStep, BackupStep>): Promise<Ending> {
  try {
    if (work.context.signal.aborted) return { outcome: 'failed', interrupted: true };
    if (planned.step !== 'disable-streams') await requireBackedUp(work, planned);
    switch (planned.step) {
      case 'clear-data':
        return await clear(work, planned);
      case 'disable-streams':
        return await disableStream(work, planned);
      case 'delete':
        return await remove(work, planned);
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return error.code === 'INTERRUPTED' ? { outcome: 'failed', interrupted: true } : { outcome: 'failed', error };
  }
}

/** A table that somebody made anew since is not the one that was backed up. One that this run made anew holds nothing. */
async function requireBackedUp({ context, plan }: Work, { step, table }: ClearStep | DeleteStep): Promise<void> {
  const { name, observed } = table;
  const isOwn = plan.steps.some(
    (each) => each.step === 'clear-data' && each.table === table && each.choice?.way !== 'items' && each.skip === null,
  );
  if (plan.backups === null || (step === 'delete' && isOwn)) return;
  const now = await describeTable(context.dynamo, name);
  if (now === null || (observed !== null && now.createdAt === observed.createdAt)) return;
  throw new CliError('TABLE_BUSY', `table '${name}' was made anew meanwhile, and is not backed up: it was left alone`, {
    hint: 'run the same command again: it backs up what is there then',
  });
}

const recorded = ({ plan }: Work, { name, role }: TeardownTable) => ({ name, role, layout: plan.layout });

async function clear(work: Work, { table, choice }: ClearStep): Promise<Ending> {
  const { context, pace, forceUnprotect } = work;
  const { observed, sharedBy, recordFile: file, name } = table;
  if (choice?.way !== 'items' || observed === null) {
    const cleared = await recreate(context, { table: recorded(work, table), file, forceUnprotect });
    const isDone = cleared.error === null && !cleared.interrupted;
    return { ...endingOf(cleared, isDone), ...(await lastBackup(context, table)) };
  }
  await forgetRecreate(context, name, file);
  const cleared = await clearItems(context, observed, sharedBy, pace);
  return endingOf(cleared, cleared.left === 0, cleared.error ?? leftOver(cleared));
}

function endingOf(
  cleared: ClearResult | RecreateResult,
  isDone: boolean,
  error: CliError | null = cleared.error,
): Ending {
  if (isDone) return { outcome: 'done', cleared };
  return { outcome: 'failed', cleared, interrupted: cleared.interrupted, ...(error !== null && { error }) };
}

function leftOver({ table, left, failed, interrupted }: ClearResult): CliError | null {
  if (interrupted || left === null || left === 0) return null;
  const why = failed > 0 ? `${failed} rows could not be deleted` : 'somebody goes on writing';
  return new CliError('TABLE_BUSY', `table '${table}' still has ${left} rows: ${why}`, {
    hint: 'stop what writes to it, or wait until it is throttled no more, and run the same command again',
  });
}

async function disableStream(work: Work, { table, view }: StreamStep): Promise<Ending> {
  const { context } = work;
  const { observed } = table;
  if (observed === null) return { outcome: 'done' };
  const desired: DesiredTable = {
    ...desiredOf(
      recordOf(observed, { ...recorded(work, table), region: context.dynamo.region, now: context.now(), others: [] }),
    ),
    stream: false,
  };
  await applyStep(context, desired, { do: 'setStream', from: view ?? false, to: false }, { wait: true });
  return { outcome: 'done', view };
}

async function remove({ context, forceUnprotect }: Work, { table }: DeleteStep): Promise<Ending> {
  const { name, observed, recordFile: file } = table;
  // Whoever deletes a table does not want it back from an interrupted run.
  await forgettingRecord(file, name, () =>
    observed?.status === 'DELETING' ? untilGone(context, name) : dropTable(context, name, forceUnprotect),
  );
  return { outcome: 'done', ...(await lastBackup(context, table)) };
}

/** What AWS keeps of a dropped table; that it cannot be listed is no failure of the drop. */
async function lastBackup(
  { dynamo }: OperationContext,
  { name, observed }: TeardownTable,
): Promise<Pick<Ending, 'backup'>> {
  if (observed?.pointInTimeRecovery?.enabled !== true) return {};
  try {
    const backup = await newestBackup(dynamo, name);
    return backup ? { backup } : {};
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return {};
  }
}
