import { observeTable } from '../dynamodb/describe.js';
import type { CliError } from '../errors.js';
import { type DesiredTable, planTable, recordOf, type TableRecord, type TableRole } from '../schema/index.js';
import { applyTable, isLeaving, type Run } from './apply-table.js';
import type { OperationContext } from './context.js';

/** What a table is set to now; null when there is no such table. */
export async function readRecord(
  context: OperationContext,
  table: { readonly name: string; readonly role: TableRole; readonly layout: string },
): Promise<TableRecord | null> {
  const observed = await observeTable(context.dynamo, table.name);
  if (observed === null || isLeaving(observed)) return null;
  return recordOf(observed, { ...table, region: context.dynamo.region, now: context.now(), others: [] });
}

export interface PutBack {
  /** Settings that were made, in the words of a plan: `ttl`, `stream`, `tag:Owner`. */
  readonly reapplied: readonly string[];
  /** Settings that were not, and why. */
  readonly missed: readonly { readonly property: string; readonly reason: string }[];
  readonly interrupted: boolean;
  /** The first failure, when something failed. */
  readonly error: CliError | null;
}

/**
 * Brings a table to what it should be, creating it where it is missing, and waits for each change. One setting that
 * fails does not keep the others from being made.
 */
export async function putBack(context: OperationContext, desired: DesiredTable): Promise<PutBack> {
  const observed = await observeTable(context.dynamo, desired.name);
  const plan = planTable(desired, isLeaving(observed) ? null : observed, { prune: false });
  const run: Run = { warnings: [], error: null, interrupted: false, unanswered: 0 };
  const { changes } = await applyTable(context, { ...plan, observed, prune: false }, { wait: true }, run);
  return {
    reapplied: changes.filter(({ outcome }) => outcome === 'done').map(({ property }) => property),
    missed: changes
      .filter(({ outcome }) => outcome !== 'done')
      .map(({ property, outcome, error, reason }) => ({ property, reason: error ?? reason ?? outcome })),
    interrupted: run.interrupted,
    error: run.error,
  };
}
