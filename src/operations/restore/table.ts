import type { DescribedBackup } from '../../dynamodb/backups.js';
import { describeTable } from '../../dynamodb/describe.js';
import {
  describeRestore,
  restoreFromBackup,
  type RestoreOverrides,
  type RestoreState,
  restoreToPointInTime,
} from '../../dynamodb/restores.js';
import type { TableExport } from '../../dynamodb/exports.js';
import { Budget, Governor } from '../../dynamodb/governor.js';
import { scanSegments } from '../../dynamodb/parallel-scan.js';
import { waitFor } from '../../dynamodb/wait.js';
import { CliError } from '../../errors.js';
import { isTtlDue, type Item, itemToWire } from '../../schema/index.js';
import { readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { beginImport, untilImported } from '../archive/import-s3.js';
import { putBack } from '../tables/put-back.js';
import { type Wanted, wantedTable } from './settings.js';

/** A backup, an export to S3, or a table at an instant (epoch milliseconds). */
export type RestoreSource =
  | { readonly kind: 'backup'; readonly backup: DescribedBackup }
  | { readonly kind: 'export'; readonly export: TableExport }
  | { readonly kind: 'instant'; readonly at: number };

/** One table to restore, with all that was found out before. */
export interface RestoreTask extends Wanted {
  /** The table that was backed up. */
  readonly table: string;
  readonly source: RestoreSource;
  /** Count the items of the restored table, by reading it. */
  readonly count: boolean;
}

/** `done`; `partly`: the data is there, and a setting is not; `pending`: AWS goes on; `failed`: there is no such table. */
type Outcome = 'done' | 'partly' | 'pending' | 'failed';

export interface RestoredTable {
  readonly source: string;
  readonly target: string;
  readonly outcome: Outcome;
  /** Counted; null where it was not. */
  readonly items: number | null;
  /** AWS's own count before the backup, up to six hours older; null where it is not told. */
  readonly expectedItems: number | null;
  /** Items that have expired: TTL removes them once it is on. null where they were not counted. */
  readonly expiredItems: number | null;
  readonly reapplied: readonly string[];
  readonly missed: readonly { readonly property: string; readonly reason: string }[];
  /**
   * Alarms that watch the table that was backed up and not this one; where both have one name, those that watch it. null
   * where they could not be read, left out of a table that is not there.
   */
  readonly alarms?: readonly string[] | null;
  /** In place: the backup of what the table held before. */
  readonly safety?: { readonly name: string; readonly arn: string };
  readonly error: CliError | null;
}

/** Whether a table that is there is what an earlier run of the same restore has begun to make. */
export function isOwnRestore(state: RestoreState, source: RestoreSource, table: string): boolean {
  if (source.kind === 'backup') return state.backupArn === source.backup.arn;
  if (source.kind === 'export') return false;
  // AWS tells whole seconds.
  const isThen = state.restoredTo !== null && Math.abs(state.restoredTo - source.at) < 1000;
  return state.backupArn === null && isThen && state.sourceTableArn?.endsWith(`:table/${table}`) === true;
}

/** Starts the restore, unless an earlier run has. */
export async function beginRestore(context: OperationContext, task: RestoreTask): Promise<void> {
  const { source, target, table, overrides } = task;
  if (source.kind === 'export') return beginImport(context, source.export, await wantedTable(context, task));
  const { record, differs } = task.settings;
  const kmsKey = record === null ? task.backup?.kmsKey : record.kmsKey;
  // Back to an instant AWS takes the settings of the table as it is now, its encryption too [SDK].
  const hasKey = source.kind === 'instant' && !differs.includes('encryption');
  context.onProgress({ step: 'asking for the restore', table: target });
  const given: RestoreOverrides = {
    ...(overrides.billing !== undefined && { billing: overrides.billing }),
    noIndexes: overrides.noIndexes,
    // Data that was under a key of one's own is not to lie under another in the meantime.
    ...(typeof kmsKey === 'string' && !hasKey && { kmsKey }),
  };
  await (source.kind === 'backup'
    ? restoreFromBackup(context.dynamo, source.backup.arn, target, given)
    : restoreToPointInTime(context.dynamo, table, source.at, target, given));
}

/** How long DescribeTable may not know a table whose restore was accepted. */
const LAG_MS = 30_000;

/** Waits until the data is there, however long that takes: AWS restores large tables for hours. */
async function untilRestored(context: OperationContext, target: string): Promise<void> {
  const started = performance.now();
  await waitFor(
    async () => {
      const state = await describeRestore(context.dynamo, target);
      const waited = performance.now() - started;
      if (state === null && waited > LAG_MS)
        throw new CliError(
          'TABLE_NOT_FOUND',
          `the restore of table '${target}' came to nothing: there is no such table`,
        );
      if (state?.status === 'ACTIVE' && !state.inProgress) return true;
      if (state !== null && !['CREATING', 'ACTIVE', 'UPDATING'].includes(state.status))
        throw new CliError('TABLE_BUSY', `table '${target}' is ${state.status}: it is not being restored any more`);
      const detail = `${state?.status ?? 'starting'}, ${Math.round(waited / 1000)} s`;
      context.onProgress({ step: 'restoring', table: target, detail });
      return undefined;
    },
    { signal: context.signal, what: `waiting for table '${target}' to be restored` },
  );
}

interface Counts {
  readonly items: number;
  readonly expired: number;
}

/** Reads the whole table: how many items there are, and how many of them TTL would remove. */
async function countItems(
  { dynamo, signal, now, onProgress }: OperationContext,
  target: string,
  ttlAttribute: string | null,
): Promise<Counts> {
  const table = await describeTable(dynamo, target);
  if (table === null) throw new CliError('TABLE_NOT_FOUND', `table '${target}' is gone: it was deleted meanwhile`);
  const reading = readingOf(dynamo, table, { segments: null, maxReadUnits: null });
  const at = now();
  let [items, expired] = [0, 0];
  const isExpired = (item: Item): boolean => ttlAttribute !== null && isTtlDue(itemToWire(item), ttlAttribute, at);
  const request = {
    table: target,
    ...reading,
    attributes: [ttlAttribute ?? table.keys.partitionKey.name],
    governor: new Governor({ concurrency: reading.segments, signal }),
    budget: new Budget(null, signal),
  };
  await scanSegments(dynamo, request, async (page) => {
    items += page.items.length;
    expired += page.items.filter(isExpired).length;
    onProgress({ step: 'counting', table: target, done: items, unit: 'items' });
  });
  return { items, expired };
}

/** AWS's count of what a restore brings, where there is one. */
export function expectedOf(source: RestoreSource): number | null {
  if (source.kind === 'instant') return null;
  return source.kind === 'backup' ? source.backup.itemCount : source.export.itemCount;
}

/** Waits for a restore that has begun, counts what came, and puts the settings back. Throws nothing that a user can cause. */
export async function finishRestore(context: OperationContext, task: RestoreTask): Promise<RestoredTable> {
  const { target, table, source, settings } = task;
  const expectedItems = expectedOf(source);
  let result: RestoredTable = {
    source: table,
    target,
    outcome: 'pending',
    items: null,
    expectedItems,
    expiredItems: null,
    reapplied: [],
    missed: [],
    error: null,
  };
  try {
    const lost = source.kind === 'export' ? (await untilImported(context, source.export, target)).errors : 0;
    await untilRestored(context, target);
    const desired = await wantedTable(context, task);
    // What TTL would remove is counted whether it is turned on or not.
    const isTold = task.backup?.untold.includes('ttl') !== true;
    const ttlAttribute = settings.record?.ttlAttribute ?? (isTold ? task.backup?.ttlAttribute : desired.ttlAttribute);
    if (task.count) {
      const { items, expired } = await countItems(context, target, ttlAttribute || null);
      result = { ...result, items, expiredItems: ttlAttribute ? expired : null };
    }
    const { reapplied, missed, interrupted, error } = await putBack(context, desired);
    const replicas = (settings.record?.replicas ?? []).map((region) => ({
      property: `replica:${region}`,
      reason: 'replicas are not put back: `mcp-sessions setup --replica` adds them',
    }));
    const items = lost === 0 ? [] : [{ property: 'items', reason: `AWS could not import ${lost} of them` }];
    const all = [...items, ...missed, ...replicas];
    const stopped = interrupted ? new CliError('INTERRUPTED', 'interrupted') : null;
    return {
      ...result,
      reapplied,
      missed: all,
      outcome: interrupted ? 'pending' : missed.length === 0 && lost === 0 ? 'done' : 'partly',
      error: stopped ?? error,
    };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const isLost = ['TABLE_NOT_FOUND', 'TABLE_BUSY', 'AWS_ERROR'].includes(error.code);
    return { ...result, outcome: isLost ? 'failed' : 'pending', error };
  }
}
