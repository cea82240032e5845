import { observeTable } from '../../dynamodb/describe.js';
import { pause } from '../../dynamodb/wait.js';
import { CliError, type ErrorCode } from '../../errors.js';
import { type Change, type ObservedTable, planTable, type Step, type TablePlan } from '../../schema/index.js';
import { applyStep, canGoWithout } from './apply-step.js';
import type { OperationContext } from '../context.js';
import { settle } from '../waits.js';

export interface PlannedTable extends TablePlan {
  /** As it was found; null when it does not exist. One that is DELETING is planned as if it did not. */
  readonly observed: ObservedTable | null;
  /** Whether the plan removes and rebuilds indexes. */
  readonly prune: boolean;
}

/** `pending`: not begun, or not finished; the next run goes on with it. */
type Outcome = 'done' | 'failed' | 'pending' | 'blocked' | 'unsupported';

export interface AppliedChange extends Change {
  readonly outcome: Outcome;
  readonly error?: string;
}

export interface AppliedTable extends Omit<PlannedTable, 'changes'> {
  readonly changes: readonly AppliedChange[];
}

export interface ApplyOptions {
  readonly wait: boolean;
}

/** What the tables of one run share. */
export interface Run {
  readonly warnings: string[];
  error: CliError | null;
  interrupted: boolean;
  /** Calls in a row that got no answer, or whose credentials were refused. */
  unanswered: number;
}

interface StepResult {
  readonly outcome: Outcome;
  readonly error?: string;
}

/** Whether a table is on its way out: it is waited for and then created anew. */
export const isLeaving = (observed: ObservedTable | null): boolean => observed?.status === 'DELETING';

/** Carries the plan of one table out, step by step; a step that fails does not keep the others from being made. */
export async function applyTable(
  context: OperationContext,
  planned: PlannedTable,
  options: ApplyOptions,
  run: Run,
): Promise<AppliedTable> {
  const table = options.wait && !hasStopped(run) ? await planWhenSettled(context, planned, run) : planned;
  const results = new Map<Step, StepResult>();
  const changes: AppliedChange[] = [];
  let exists = table.observed !== null && !isLeaving(table.observed);
  for (const change of table.changes) {
    const { step, kind } = change;
    if (kind === 'unsupported') run.warnings.push(leftOut(table.name, change.property, change.reason));
    if (step === null) {
      changes.push({ ...change, outcome: kind === 'unsupported' ? 'unsupported' : 'blocked' });
      continue;
    }
    const canStart = !hasStopped(run) && (exists || step.do === 'createTable');
    const result: StepResult =
      results.get(step) ?? (canStart ? await runStep(context, table, step, options, run) : { outcome: 'pending' });
    results.set(step, result);
    changes.push({ ...change, ...result });
    exists ||= result.outcome === 'done';
  }
  if (options.wait && exists && !hasStopped(run)) await guarded(run, () => settle(context, table.name));
  let outcome: readonly AppliedChange[] = changes;
  if (options.wait && exists && !hasStopped(run) && !context.dynamo.isAws)
    await guarded(run, async () => {
      outcome = await checked(context, table, changes, run);
    });
  return { ...table, changes: outcome };
}

/** An endpoint other than AWS may take a call and do nothing: what is left to plan was not done. */
async function checked(
  context: OperationContext,
  table: PlannedTable,
  changes: readonly AppliedChange[],
  run: Run,
): Promise<readonly AppliedChange[]> {
  const observed = await observeTable(context.dynamo, table.name);
  if (observed === null) return changes;
  const left = new Set(
    planTable(table.desired, observed, { prune: table.prune }).changes.map(({ property }) => property),
  );
  return changes.map((change) => {
    if (change.outcome !== 'done' || !left.has(change.property)) return change;
    run.warnings.push(leftOut(table.name, change.property, 'this endpoint took the call and did nothing'));
    return { ...change, outcome: 'unsupported', reason: 'this endpoint took the call and did nothing' };
  });
}

/** Two calls in a row without an answer: the steps that are left would only add minutes of waiting. */
const hasStopped = ({ interrupted, unanswered }: Run): boolean => interrupted || unanswered >= 2;

/**
 * A table that was found CREATING or UPDATING told only half of itself: once it has settled, what is left is worked out
 * again. What was not shown before and would throw something away is left for the next run.
 */
async function planWhenSettled(context: OperationContext, planned: PlannedTable, run: Run): Promise<PlannedTable> {
  const { observed, name, desired, prune } = planned;
  if (observed === null || observed.status === 'ACTIVE' || isLeaving(observed)) return planned;
  let fresh: PlannedTable = planned;
  await guarded(run, async () => {
    await settle(context, name);
    const now = await observeTable(context.dynamo, name);
    const plan = planTable(desired, now, { prune });
    fresh = {
      ...plan,
      changes: plan.changes.filter((change) => wasShown(planned.changes, change)),
      observed: now,
      prune,
    };
  });
  return fresh;
}

const wasShown = (shown: readonly Change[], { loses, property }: Change): boolean =>
  loses === undefined || shown.some((change) => change.loses !== undefined && change.property === property);

/** Refusals that somebody else's work, or our own lost answer, may be the reason of. */
const CONFLICTS = new Set<ErrorCode>([
  'TABLE_BUSY',
  'LIMIT_EXCEEDED',
  'THROTTLED',
  'REQUEST_INVALID',
  // Engines call an index that is gone already a table that does not exist.
  'TABLE_NOT_FOUND',
  // What was waited for may have come and gone again by another run's hand.
  'WAIT_TIMEOUT',
  'NOT_SUPPORTED',
]);
/** Those of them that pass. */
const PASSING = new Set<ErrorCode>(['TABLE_BUSY', 'LIMIT_EXCEEDED', 'THROTTLED']);
/** Refusals that say "not yet" to who does not wait; a table that is CREATING is not there for some calls. */
const NOT_YET = new Set<ErrorCode>([...PASSING, 'WAIT_TIMEOUT', 'TABLE_NOT_FOUND']);
const UNANSWERED = new Set<ErrorCode>([
  'ENDPOINT_UNREACHABLE',
  'CREDENTIALS_EXPIRED',
  'CREDENTIALS_INVALID',
  'CREDENTIALS_MISSING',
]);

/** How long a refusal is argued with although the table looks settled: AWS shows some states late, engines none. */
const PATIENCE_MS = 60_000;
const ENGINE_PATIENCE_MS = 3000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5000;

async function runStep(
  context: OperationContext,
  table: PlannedTable,
  step: Step,
  options: ApplyOptions,
  run: Run,
): Promise<StepResult> {
  const started = performance.now();
  let delay = FIRST_DELAY_MS;
  let steps: readonly Step[] = [step];
  for (;;) {
    const failure = await attempt(async () => {
      for (const each of steps) await applyStep(context, table.desired, each, options);
    });
    run.unanswered = failure !== null && UNANSWERED.has(failure.code) ? run.unanswered + 1 : 0;
    if (failure === null) return { outcome: 'done' };
    if (failure.code === 'INTERRUPTED') return interruption(run);
    if (!options.wait && NOT_YET.has(failure.code)) return { outcome: 'pending' };
    const tried = JSON.stringify(steps);
    if (CONFLICTS.has(failure.code)) {
      const left = await attempt(async () => {
        steps = await whatIsLeft(context, table, step, options);
      });
      if (left?.code === 'INTERRUPTED') return interruption(run);
      if (left?.code === 'TABLE_BLOCKED') return failedStep(context, table, step, left, run);
      if (left === null && steps.length === 0) return { outcome: 'done' };
    }
    // A refusal of our own, without a cause, comes of a state that does not pass. Any other is worth another try when
    // somebody has changed the table meanwhile, so that what is left is no longer what was refused.
    const passes = (PASSING.has(failure.code) && failure.cause !== undefined) || JSON.stringify(steps) !== tried;
    const patience = context.dynamo.isAws ? PATIENCE_MS : ENGINE_PATIENCE_MS;
    if (!options.wait || !passes || performance.now() - started > patience)
      return failedStep(context, table, step, failure, run);
    context.onProgress({ step: 'waiting until the change is taken', table: table.name, detail: failure.code });
    if ((await attempt(() => pause(delay, context.signal))) !== null) return interruption(run);
    delay = Math.min(MAX_DELAY_MS, delay * 2);
  }
}

function interruption(run: Run): StepResult {
  run.interrupted = true;
  return { outcome: 'pending' };
}

function failedStep(
  context: OperationContext,
  { name, changes }: PlannedTable,
  step: Step,
  failure: CliError,
  run: Run,
): StepResult {
  if (canGoWithout(context, step, failure)) {
    const property = changes.find((change) => change.step === step)?.property ?? step.do;
    run.warnings.push(leftOut(name, property, failure.message));
    return { outcome: 'unsupported' };
  }
  run.error ??= failure;
  return { outcome: 'failed', error: failure.message };
}

/**
 * What a refused step still has to do, from a fresh look at the table: nothing, when another run, or a call whose answer
 * was lost, has done it. A table that somebody else created with other keys is left alone.
 */
async function whatIsLeft(
  context: OperationContext,
  table: PlannedTable,
  step: Step,
  { wait }: ApplyOptions,
): Promise<readonly Step[]> {
  const { name, desired, prune } = table;
  if (wait) await settle(context, name, { isNew: step.do === 'createTable' });
  const now = await observeTable(context.dynamo, name);
  const own = new Set(table.changes.filter((change) => change.step === step).map(({ property }) => property));
  const left = planTable(desired, now, { prune }).changes.filter(
    (change) =>
      (change.kind === 'blocked' && step.do === 'createTable') ||
      (own.has(change.property) && wasShown(table.changes, change)),
  );
  const blocked = left.find(({ kind }) => kind === 'blocked');
  if (blocked !== undefined)
    throw new CliError(
      'TABLE_BLOCKED',
      `table '${name}' was made meanwhile, with ${blocked.property} ${blocked.from}`,
      {
        hint: blocked.wayOut ?? 'run setup again to see what differs',
      },
    );
  // What cannot be compared here cannot be told to be done.
  if (left.some((change) => change.step === null)) return [step];
  return [...new Set(left.flatMap((change) => change.step ?? []))];
}

/** The failure of a piece of work, or null; a bug is no failure and goes through. */
async function attempt(work: () => Promise<unknown>): Promise<CliError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
}

/** Runs a piece of work and keeps its failure in the run. */
async function guarded(run: Run, work: () => Promise<unknown>): Promise<void> {
  const failure = await attempt(work);
  if (failure === null) return;
  if (failure.code === 'INTERRUPTED') run.interrupted = true;
  else run.error ??= failure;
}

const leftOut = (table: string, property: string, reason = 'this endpoint does not offer it'): string =>
  `${table}: ${property} was left out: ${reason}`;
