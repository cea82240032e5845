import { ifTableExists, observeTable } from '../../dynamodb/describe.js';
import { describeExtras, type ObservedExtras } from '../../dynamodb/extras.js';
import type { CliError } from '../../errors.js';
import { type DesiredTable, planTable, recordOf, type TableRecord, type TableRole } from '../../schema/index.js';
import { applyTable, isLeaving, type Run } from '../setup/apply-table.js';
import type { OperationContext } from '../context.js';

export interface RecordedTable {
  readonly name: string;
  readonly role: TableRole;
  /** The layout's id. */
  readonly layout: string;
}

/** What a table is set to now; null when there is no such table, or it is being deleted. */
export async function readRecord(context: OperationContext, table: RecordedTable): Promise<TableRecord | null> {
  return (await readWhole(context, table))?.record ?? null;
}

/** The record of a table, with which one it is and what a new one would not have. */
export async function readWhole(
  context: OperationContext,
  table: RecordedTable,
): Promise<(Pick<ObservedExtras, 'tableId' | 'notes'> & { readonly record: TableRecord }) | null> {
  const { dynamo } = context;
  const observed = await observeTable(dynamo, table.name);
  if (observed === null || isLeaving(observed)) return null;
  const more = await ifTableExists(describeExtras(dynamo, table.name));
  if (more === null) return null;
  const { tableId, extras, notes } = more;
  const unread = dynamo.isAws
    ? [
        ...(observed.tags === null ? ['tags: these credentials may not read them'] : []),
        ...(observed.pointInTimeRecovery === null
          ? ['point-in-time recovery: these credentials may not read whether it is on']
          : []),
      ]
    : [];
  const facts = { ...table, region: dynamo.region, now: context.now(), extras, others: [...unread, ...more.others] };
  return { record: recordOf(observed, facts), tableId, notes };
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
