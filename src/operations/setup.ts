import { observeTable } from '../dynamodb/describe.js';
import { CliError } from '../errors.js';
import {
  type Change,
  type DesiredTable,
  desiredTables,
  type ObservedTable,
  planTable,
  type SetupOverrides,
  type Step,
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

/** `pending`: not begun, or not finished; the next run goes on with it. */
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

interface StepResult {
  readonly outcome: Outcome;
  readonly error?: string;
}

async function applyTable(
  context: OperationContext,
  table: PlannedTable,
  options: { readonly wait: boolean },
  run: Run,
): Promise<AppliedTable> {
  const results = new Map<Step, StepResult>();
  const changes: AppliedChange[] = [];
  let exists = table.observed !== null;
  for (const change of table.changes) {
    const { step, kind } = change;
    if (kind === 'unsupported') run.warnings.push(leftOut(table.name, change.property, change.reason));
    if (step === null) {
      changes.push({ ...change, outcome: kind === 'unsupported' ? 'unsupported' : 'blocked' });
      continue;
    }
    const canStart = !run.interrupted && (exists || step.do === 'createTable') && (options.wait || !mustWait(results));
    const result: StepResult =
      results.get(step) ??
      (canStart ? await runStep(context, table.desired, change.property, step, options, run) : { outcome: 'pending' });
    results.set(step, result);
    changes.push({ ...change, ...result });
    exists ||= result.outcome === 'done';
  }
  if (options.wait && exists && !run.interrupted) await guarded(run, () => settle(context, table.name));
  return { ...table, changes };
}

/** Without waiting, one change of the table's own state is all that can be asked for. */
const mustWait = (earlier: ReadonlyMap<Step, StepResult>): boolean =>
  [...earlier].some(([step, { outcome }]) => outcome === 'done' && step.do !== 'setTags');

async function runStep(
  context: OperationContext,
  desired: DesiredTable,
  property: string,
  step: Step,
  options: { readonly wait: boolean },
  run: Run,
): Promise<StepResult> {
  const before = run.error;
  const failure = await guarded(run, () => applyStep(context, desired, step, options));
  if (failure === null) return { outcome: 'done' };
  if (failure.code === 'INTERRUPTED') return { outcome: 'pending' };
  if (!canGoWithout(context, step, failure)) return { outcome: 'failed', error: failure.message };
  run.error = before;
  run.warnings.push(leftOut(desired.name, property, failure.message));
  return { outcome: 'unsupported' };
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

const leftOut = (table: string, property: string, reason = 'this endpoint does not offer it'): string =>
  `${table}: ${property} was left out: ${reason}`;
