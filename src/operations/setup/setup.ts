import { observeTable } from '../../dynamodb/describe.js';
import { CliError } from '../../errors.js';
import { desiredTables, planTable, type SetupOverrides, type TableRole } from '../../schema/index.js';
import { type AppliedTable, applyTable, isLeaving, type PlannedTable, type Run } from './apply-table.js';
import { type OperationContext, type Place, placeOf } from '../context.js';
import type { Target } from '../target.js';

export type { AppliedChange, AppliedTable, PlannedTable } from './apply-table.js';

export interface SetupRequest {
  readonly overrides: SetupOverrides;
  /** Also remove indexes that the layout does not have, and rebuild those that differ. */
  readonly prune: boolean;
  /** Only the table of this role; all of the layout's when left out. */
  readonly only?: TableRole;
}

export interface SetupPlan extends Place {
  readonly layout: string;
  readonly tables: readonly PlannedTable[];
}

/**
 * Compares the layout's tables with what is there; changes nothing. A table that is DELETING counts as missing: it
 * cannot be kept any more, and its name is free once it is gone.
 */
export async function planSetup(context: OperationContext, target: Target, request: SetupRequest): Promise<SetupPlan> {
  const { region } = context.dynamo;
  if (request.overrides.replicas?.includes(region) === true)
    throw new CliError('USAGE', `--replica '${region}' is the region of the table itself`, {
      hint: 'name another region for the replica',
    });
  const { only } = request;
  const desired = desiredTables(target.layout, target.names, request.overrides).filter(
    ({ role }) => only === undefined || role === only,
  );
  if (desired.length === 0) throw new CliError('USAGE', `the layout ${target.layout.id} has no ${only ?? ''} table`);
  const tables = await Promise.all(
    desired.map(async (table): Promise<PlannedTable> => {
      const observed = await observeTable(context.dynamo, table.name);
      const { prune } = request;
      return { ...planTable(table, isLeaving(observed) ? null : observed, { prune }), observed, prune };
    }),
  );
  return { ...placeOf(context), layout: target.layout.id, tables };
}

/** Whether there is anything to apply: a plan may also be all done, or all blocked. */
export const hasWork = (plan: SetupPlan): boolean =>
  plan.tables.some(({ changes }) => changes.some(({ step }) => step !== null));

/** Whether the tables differ from the layout; what the endpoint does not offer is no difference. */
export const hasDrift = (plan: SetupPlan): boolean => plan.tables.some(({ action }) => action !== 'none');

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
 * a warning. An interruption ends it between two calls: the next run finds out by itself what is left. Without `wait`
 * every call is made that AWS takes at once, and the rest is pending.
 */
export async function applySetup(
  context: OperationContext,
  plan: SetupPlan,
  options: { readonly wait: boolean },
): Promise<SetupResult> {
  const run: Run = { warnings: [], error: null, interrupted: false, unanswered: 0 };
  const tables: AppliedTable[] = [];
  for (const table of plan.tables) tables.push(await applyTable(context, table, options, run));
  const { warnings, error, interrupted } = run;
  return { ...plan, tables, warnings, error, interrupted };
}
