import { describeTable } from '../../dynamodb/describe.js';
import { describeTableId } from '../../dynamodb/extras.js';
import { Budget, Governor, UnitCost } from '../../dynamodb/governor.js';
import { CliError } from '../../errors.js';
import { type DesiredTable, planTable, type TableRole } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { alarmsLeft, readAlarms } from '../tables/alarms.js';
import { type PutBack, putBack } from '../tables/put-back.js';
import { RestoreJournal } from './journal.js';
import { loadTable } from './load.js';
import { madeBy, replaced } from './made.js';
import type { PlannedTable, RestorePlan, RestoreRequest } from './plan.js';
import { readBack } from './read-back.js';
import { verifyCount, verifyItems } from './verify.js';
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
  /** How it was compared; of a table that existed, which may hold more, the items that were written. */
  readonly verified: 'count' | 'full';
  /**
   * CloudWatch's alarms on the source that do not watch the target. null: AWS does not let them be read, and none were
   * recorded. Left out where there is nothing to ask.
   */
  readonly alarms?: readonly string[] | null;
}

export interface RestoreResult {
  readonly tables: readonly RestoredTable[];
  readonly readUnits: number;
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
    reads: new Budget(null, context.signal),
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
  const restored = tables.length === 0 ? [] : await withAlarms(context, plan, tables);
  // The last of all: while anything is still asked, a run that is cut off can be gone on with.
  if (failure === null) journal.remove();
  return {
    tables: restored,
    readUnits: run.reads.spent,
    writeUnits: run.budget.spent,
    seconds: (performance.now() - started) / 1000,
    error: failure,
    interrupted: failure?.code === 'INTERRUPTED',
  };
}

async function withAlarms(
  context: OperationContext,
  { archive }: RestorePlan,
  tables: readonly RestoredTable[],
): Promise<readonly RestoredTable[]> {
  const { dynamo } = context;
  const all = await readAlarms(context);
  return tables.map((table) => {
    const { source, target, role } = table;
    const record = archive.tables.find((one) => one.role === role)?.record ?? null;
    const recorded = record?.alarms ?? null;
    // Those of another region are not to be seen from here.
    const isElsewhere = record !== null && record.region !== dynamo.region;
    const alarms = alarmsLeft(isElsewhere ? null : all, { source, target, recorded });
    return alarms === null && !dynamo.isAws ? table : { ...table, alarms };
  });
}

interface Run {
  readonly context: OperationContext;
  readonly request: RestoreRequest;
  readonly plan: RestorePlan;
  readonly journal: RestoreJournal;
  readonly governor: Governor;
  readonly budget: Budget;
  readonly reads: Budget;
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
  if (!journal.isCompared(source.role)) {
    await compare(run, table, skipped);
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
      verified: request.verify,
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

async function compare(run: Run, table: PlannedTable, skipped: number): Promise<void> {
  const { context, request, plan, reads } = run;
  const { verify } = request;
  const comparison = { ...table, context, archive: plan.archive, reads };
  if (table.desired === null) return readBack({ ...comparison, skipped, verify });
  return verify === 'full' ? verifyItems(comparison) : verifyCount(comparison);
}

/** The settings of a new table, those aside that it could not be given. */
function settingsOf(desired: DesiredTable, missed: PutBack['missed']): readonly string[] {
  const without = new Set(['table', ...missed.map(({ property }) => property)]);
  return planTable(desired, null, { prune: false })
    .changes.map(({ property }) => property)
    .filter((property) => !without.has(property));
}
