import { describeTable } from '../../dynamodb/describe.js';
import { describeTableId } from '../../dynamodb/extras.js';
import { Budget, Governor, UnitCost } from '../../dynamodb/governor.js';
import { CliError } from '../../errors.js';
import { type DesiredTable, planTable, type TableRole } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { type PutBack, putBack } from '../tables/put-back.js';
import { RestoreJournal } from './journal.js';
import { loadTable } from './load.js';
import { madeBy, replaced } from './made.js';
import type { PlannedTable, RestorePlan, RestoreRequest } from './plan.js';
import { countItems, verifyItems } from './verify.js';
import { settle } from '../waits.js';

export interface RestoredTable {
  readonly role: TableRole;
  /** The table's name when it was archived. */
  readonly source: string;
  readonly target: string;
  /** Items of the archive that the table holds now. */
  readonly items: number;
  /** Items that were left out because their key was taken. */
  readonly skipped: number;
  /** Settings that the new table was given, in the words of a plan: `ttl`, `stream`, `tag:Owner`. */
  readonly reapplied: readonly string[];
  /** Settings that it was not given, and why. */
  readonly missed: PutBack['missed'];
  /** How it was compared; null for a table that existed, which may hold more. */
  readonly verified: 'count' | 'full' | null;
}

export interface RestoreResult {
  readonly tables: readonly RestoredTable[];
  readonly writeUnits: number;
  readonly seconds: number;
  /** What kept it from being finished. */
  readonly error: CliError | null;
  readonly interrupted: boolean;
}

/**
 * Puts an archive's tables back: makes them without TTL and stream, so that nothing expires or is told of while they are
 * loaded, writes the items, compares, and then gives them their settings. What is finished is written down as it goes.
 */
export async function restoreArchive(
  context: OperationContext,
  request: RestoreRequest,
  plan: RestorePlan,
): Promise<RestoreResult> {
  const started = performance.now();
  const journal = plan.journal ?? RestoreJournal.begin(plan.file, plan.begun);
  const run: Run = {
    context,
    request,
    plan,
    journal,
    // Nothing is to be found out first: what is throttled comes back, and the budget spreads it.
    governor: new Governor({ concurrency: request.concurrency, initial: request.concurrency, signal: context.signal }),
    budget: new Budget(request.maxWriteUnits, context.signal),
  };
  const tables: RestoredTable[] = [];
  let failure: CliError | null = null;
  for (const table of plan.tables) {
    try {
      const { restored, error } = await restoreTable(run, table);
      tables.push(restored);
      failure ??= error;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      failure = error;
      break;
    }
  }
  if (failure === null) journal.remove();
  return {
    tables,
    writeUnits: run.budget.spent,
    seconds: (performance.now() - started) / 1000,
    error: failure,
    interrupted: failure?.code === 'INTERRUPTED',
  };
}

interface Run {
  readonly context: OperationContext;
  readonly request: RestoreRequest;
  readonly plan: RestorePlan;
  readonly journal: RestoreJournal;
  readonly governor: Governor;
  readonly budget: Budget;
}

/** Settings that wait until the items are there: TTL would remove some, a stream would tell of each. */
const UNTIL_LOADED = {
  ttlAttribute: undefined,
  stream: undefined,
  pointInTimeRecovery: undefined,
  deletionProtection: undefined,
  replicas: [],
} as const satisfies Partial<DesiredTable>;

async function restoreTable(
  run: Run,
  table: PlannedTable,
): Promise<{ readonly restored: RestoredTable; readonly error: CliError | null }> {
  const { context, request, plan, journal, governor, budget } = run;
  const { source, target, desired, keys, change } = table;
  // Also where an earlier run had made it and somebody has dropped it since.
  if (desired !== null) await make(run, source.role, desired);
  const { items, skipped } = await loadTable({
    context,
    archive: plan.archive,
    table: source,
    target,
    partitionKey: keys.partitionKey.name,
    // A table of our own holds nothing but what we wrote: an item that is there is the very same.
    onConflict: desired === null ? (request.onConflict ?? 'fail') : 'overwrite',
    change,
    journal,
    pace: { governor, budget, cost: new UnitCost(1 + (desired?.indexes.length ?? 0)) },
    concurrency: request.concurrency,
  });
  // An earlier run may have turned TTL on after it had compared: what has expired since is no loss.
  if (desired !== null && !journal.isCompared(source.role)) {
    await compare(run, table);
    journal.noteCompared(source.role);
  }
  const settings = desired === null ? null : await putBack(context, desired);
  const missed = settings?.missed ?? [];
  const interruption = settings?.interrupted === true ? new CliError('INTERRUPTED', 'interrupted') : null;
  return {
    restored: {
      role: source.role,
      source: source.name,
      target,
      items,
      skipped,
      reapplied: desired === null ? [] : settingsOf(desired, missed),
      missed,
      verified: desired === null ? null : request.verify,
    },
    error: interruption ?? settings?.error ?? null,
  };
}

/** Makes a table; one that an earlier run has made is waited for. Somebody else may have made it since it was looked for. */
async function make({ context, journal }: Run, role: TableRole, desired: DesiredTable): Promise<void> {
  const { name } = desired;
  const found = await describeTable(context.dynamo, name);
  if (found !== null && found.status !== 'DELETING') {
    if (!(await madeBy(context, journal, name))) throw replaced(name);
    await settle(context, name, { step: 'waiting for the table' });
  } else {
    // Nothing that an earlier run wrote is in a table that is made now.
    journal.forget(role);
    journal.noteTable(name, null);
    const { error, interrupted } = await putBack(context, { ...desired, ...UNTIL_LOADED });
    if (error !== null) throw error;
    if (interrupted) throw new CliError('INTERRUPTED', 'interrupted');
  }
  if (journal.idOf(name) === null) journal.noteTable(name, await describeTableId(context.dynamo, name));
}

async function compare(run: Run, { source, target, change }: PlannedTable): Promise<void> {
  const { context, request, plan } = run;
  if (request.verify === 'full') return verifyItems(context, plan.archive, source, target, change);
  const found = await countItems(context, target, source.items);
  if (found === source.items) return;
  throw new CliError('RESTORE_MISMATCH', `table '${target}' holds ${found} items, and the archive ${source.items}`, {
    hint: 'somebody else writes to it, or has removed items; TTL and stream were left off',
  });
}

/** The settings of a new table, those aside that it could not be given. */
function settingsOf(desired: DesiredTable, missed: PutBack['missed']): readonly string[] {
  const without = new Set(['table', ...missed.map(({ property }) => property)]);
  return planTable(desired, null, { prune: false })
    .changes.map(({ property }) => property)
    .filter((property) => !without.has(property));
}
