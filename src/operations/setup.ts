import { observeTable } from '../dynamodb/describe.js';
import { CliError } from '../errors.js';
import {
  type Change,
  type DesiredTable,
  desiredTables,
  type ObservedTable,
  planTable,
  type SetupOverrides,
  type TablePlan,
} from '../schema/index.js';
import { applyStep, canGoWithout, settle } from './apply-step.js';
import { type OperationContext, type Place, placeOf } from './context.js';
import type { Target } from './target.js';

export interface SetupRequest {
  readonly overrides: SetupOverrides;
  /** Also remove indexes that the layout does not have, and rebuild those that differ. */
  readonly prune: boolean;
}

export interface SetupPlan extends Place {
  readonly layout: string;
  readonly tables: readonly PlannedTable[];
}

export interface PlannedTable extends TablePlan {
  readonly observed: ObservedTable | null;
}

/** Compares the layout's tables with what is there; changes nothing. */
export async function planSetup(context: OperationContext, target: Target, request: SetupRequest): Promise<SetupPlan> {
  const desired = desiredTables(target.layout, target.names, request.overrides);
  const tables = await Promise.all(
    desired.map(async (table): Promise<PlannedTable> => {
      const observed = await observeTable(context.dynamo, table.name);
      return { ...planTable(table, observed, { prune: request.prune }), observed };
    }),
  );
  return { ...placeOf(context), layout: target.layout.id, tables };
}

/** Whether there is anything to apply: a plan may also be all done, or all blocked. */
export const hasWork = (plan: SetupPlan): boolean =>
  plan.tables.some(({ changes }) => changes.some(({ step }) => step !== null));

/** Whether the tables differ from the layout; what the endpoint does not offer is no difference. */
export const hasDrift = (plan: SetupPlan): boolean => plan.tables.some(({ action }) => action !== 'none');

/** `told` goes along with another change: CreateTable takes indexes, stream and tags at once. */
export type Outcome = 'done' | 'failed' | 'pending' | 'blocked' | 'unsupported';

export interface AppliedChange extends Change {
  readonly outcome: Outcome;
  readonly error?: string;
}

export interface AppliedTable extends Omit<PlannedTable, 'changes'> {
  readonly changes: readonly AppliedChange[];
}

export interface SetupResult extends Place {
  readonly layout: string;
  readonly tables: readonly AppliedTable[];
  readonly warnings: readonly string[];
  readonly interrupted: boolean;
  /** The first failure, when something failed. */
  readonly error: CliError | null;
}

/**
 * Carries a plan out, table by table, in the order that AWS allows, and waits for each change.
 * A change that fails does not keep the others from being made; what an endpoint other than AWS does not offer becomes
 * a warning. An interruption ends it between two calls: the next run finds out by itself what is left.
 */
export async function applySetup(
  context: OperationContext,
  plan: SetupPlan,
  options: { readonly wait: boolean },
): Promise<SetupResult> {
  const run: Run = { warnings: [], error: null, interrupted: false };
  const tables: AppliedTable[] = [];
  for (const table of plan.tables) tables.push(await applyTable(context, table, options, run));
  return { ...plan, tables, ...run };
}

interface Run {
  readonly warnings: string[];
  error: CliError | null;
  interrupted: boolean;
}

async function applyTable(
  context: OperationContext,
  table: PlannedTable,
  options: { readonly wait: boolean },
  run: Run,
): Promise<AppliedTable> {
  const changes: AppliedChange[] = [];
  let isMissing = table.observed === null;
  let stopped = run.interrupted;
  for (const change of table.changes) {
    const cannotStart = stopped || (isMissing && change.step?.do !== 'createTable' && change.step !== null);
    if (change.kind === 'blocked' || change.kind === 'unsupported') {
      if (change.kind === 'unsupported') run.warnings.push(unsupported(table.name, change));
      changes.push({ ...change, outcome: change.kind });
    } else if (change.step === null) {
      changes.push({ ...change, outcome: 'pending' });
    } else if (cannotStart || (!options.wait && mustWait(changes))) {
      changes.push({ ...change, outcome: 'pending' });
    } else {
      const applied = await applyChange(context, table.desired, change, options, run);
      changes.push(applied);
      stopped = run.interrupted;
      if (change.step.do === 'createTable' && applied.outcome === 'done') isMissing = false;
    }
  }
  if (options.wait && !isMissing && !run.interrupted) await guarded(run, () => settle(context, table.name));
  return { ...table, changes: changes.map((change) => withParent(change, isMissing)) };
}

/** What CreateTable takes along is done when the table is there. */
const withParent = (change: AppliedChange, isMissing: boolean): AppliedChange =>
  change.step === null && change.outcome === 'pending' && !isMissing ? { ...change, outcome: 'done' } : change;

/** Without waiting, one change of the table's own state is all that can be asked for. */
const mustWait = (earlier: readonly AppliedChange[]): boolean =>
  earlier.some(({ step, outcome }) => outcome === 'done' && step !== null && step.do !== 'tag');

async function applyChange(
  context: OperationContext,
  desired: DesiredTable,
  change: Change,
  options: { readonly wait: boolean },
  run: Run,
): Promise<AppliedChange> {
  const failure = await guarded(run, async () => {
    if (change.step !== null) await applyStep(context, desired, change.step, options);
  });
  if (failure === null) return { ...change, outcome: 'done' };
  if (failure.code === 'INTERRUPTED') return { ...change, outcome: 'pending' };
  if (change.step !== null && canGoWithout(context, change.step, failure)) {
    run.error = run.error === failure ? null : run.error;
    run.warnings.push(unsupported(desired.name, { ...change, reason: failure.message }));
    return { ...change, outcome: 'unsupported' };
  }
  return { ...change, outcome: 'failed', error: failure.message };
}

/** Runs a piece of work and keeps its failure; a bug is no failure and goes through. */
async function guarded(run: Run, work: () => Promise<void>): Promise<CliError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.code === 'INTERRUPTED') run.interrupted = true;
    else run.error ??= error;
    return error;
  }
}

const unsupported = (table: string, { property, reason }: Pick<Change, 'property' | 'reason'>): string =>
  `${table}: ${property} was left out: ${reason ?? 'this endpoint does not offer it'}`;
