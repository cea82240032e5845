import { type Backup, newestBackup } from '../../dynamodb/backups.js';
import type { ObservedTable } from '../../schema/index.js';
import { type OperationContext, type Place, placeOf } from '../context.js';
import { type PlannedTable, planSetup, type SetupRequest } from '../setup/setup.js';
import type { Target } from '../target.js';
import { type RecordFileOf, unfinishedRecord } from './unfinished.js';

export interface TableStatus {
  readonly planned: PlannedTable;
  /** null when the table does not exist. */
  readonly observed: ObservedTable | null;
  /** null when there is none, undefined where the endpoint has no backups or does not let them be listed. */
  readonly newestBackup: Backup | null | undefined;
  /** The file that keeps its settings, where an interrupted run dropped it and has not put it back whole. */
  readonly unfinished: string | null;
}

export interface StatusResult extends Place {
  readonly layout: string;
  readonly layoutSource: Target['layoutSource'];
  readonly inSync: boolean;
  readonly tables: readonly TableStatus[];
}

/**
 * The tables as they are, and how they differ from the layout; changes nothing. `recordFileOf` says where a teardown keeps
 * the settings of a table while it makes it anew; null where nobody looks for that.
 */
export async function status(
  context: OperationContext,
  target: Target,
  request: SetupRequest,
  recordFileOf: RecordFileOf | null = null,
): Promise<StatusResult> {
  const [plan, backups, unfinished] = await Promise.all([
    planSetup(context, target, request),
    Promise.all(target.names.map(({ name }) => newestBackup(context.dynamo, name))),
    Promise.all(target.names.map(({ name }) => unfinishedRecord(context, name, recordFileOf))),
  ]);
  return {
    ...placeOf(context),
    layout: plan.layout,
    layoutSource: target.layoutSource,
    inSync: plan.tables.every(({ action }) => action === 'none'),
    tables: plan.tables.map((planned, at) => ({
      planned,
      observed: planned.observed,
      newestBackup: planned.observed === null ? null : backups[at],
      unfinished: unfinished[at] ?? null,
    })),
  };
}
