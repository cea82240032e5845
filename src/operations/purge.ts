import {
  type ConditionalDelete,
  DELETE_BATCH,
  type DeleteOutcome,
  deleteByStatements,
  deleteItem,
  type DeletePace,
} from '../dynamodb/delete.js';
import { Budget, Governor, UnitCost } from '../dynamodb/governor.js';
import { CliError } from '../errors.js';
import { deleteUnits } from './capacity.js';
import type { OperationContext } from './context.js';
import { type EventCount, type EventPurge, eventPurgeFor } from './purge-events.js';
import {
  type BatchRecord,
  isWhole,
  type PurgeFiles,
  readDone,
  readPlan,
  removeFiles,
  writeDone,
} from './purge-files.js';
import type { PurgeRequest, PurgeSummary } from './purge-plan.js';
import { requireSessions, type Target } from './target.js';

export interface PurgeFailure {
  readonly code: string;
  readonly message: string;
  readonly count: number;
}

export interface PurgeResult {
  readonly matched: number;
  readonly deleted: number;
  /** Sessions that were no longer as they had been read: refreshed, and so kept. */
  readonly skippedLive: number;
  readonly failed: number;
  readonly failures: readonly PurgeFailure[];
  readonly events: EventCount;
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  readonly seconds: number;
  /** Not everything was tried: the files are kept, and the next run goes on. */
  readonly interrupted: boolean;
}

/** How the condition of a delete is put: PartiQL statements 25 a call, or DeleteItem one by one. */
export type DeleteShape = 'statements' | 'items';

interface Run {
  readonly context: OperationContext;
  readonly table: string;
  readonly pace: DeletePace;
  readonly files: PurgeFiles;
  readonly failures: Map<string, PurgeFailure>;
  shape: DeleteShape;
  readonly totals: { deleted: number; alive: number; failed: number; events: number; eventsFailed: number };
}

/**
 * Deletes the sessions of a plan, each only if it still is as it was read, and then their events. What is finished is
 * recorded batch by batch, so that a later run goes on after an interruption, a crash or kill -9; a batch that was cut
 * off is done again, which changes nothing for what it had deleted.
 */
export async function purge(
  context: OperationContext,
  target: Target,
  request: PurgeRequest,
  summary: PurgeSummary,
  files: PurgeFiles,
  shape: DeleteShape,
): Promise<PurgeResult> {
  const started = performance.now();
  const table = await requireSessions(context, target);
  const readBudget = new Budget(request.maxReadUnits, context.signal);
  const writeBudget = new Budget(request.maxWriteUnits, context.signal);
  const governor = new Governor({ concurrency: request.concurrency, signal: context.signal });
  const run: Run = {
    context,
    table: table.name,
    pace: { governor, budget: writeBudget, cost: new UnitCost(deleteUnits(table)) },
    files,
    failures: new Map(),
    shape,
    totals: { deleted: 0, alive: 0, failed: 0, events: 0, eventsFailed: 0 },
  };
  const done = readDone(files);
  // What failed is tried again; it is counted then.
  for (const record of done.values()) if (isWhole(record)) count(run, record);
  const events = await eventPurgeFor(context, target, summary, { governor, readBudget, writeBudget });
  const interrupted = await untilInterrupted(async () => {
    await deleteBatches(run, summary, done, events, request.concurrency);
    const swept = await events.finish(() => deletedKeys(run));
    run.totals.events += swept.deleted;
    run.totals.eventsFailed += swept.failed;
  });
  const { deleted, alive, failed, events: eventsDeleted, eventsFailed } = run.totals;
  if (!interrupted && failed === 0 && eventsFailed === 0) removeFiles(files);
  return {
    matched: summary.matched,
    deleted,
    skippedLive: alive,
    failed,
    failures: [...run.failures.values()],
    events: { deleted: eventsDeleted, failed: eventsFailed },
    capacity: { readUnits: readBudget.spent, writeUnits: writeBudget.spent },
    seconds: (performance.now() - started) / 1000,
    interrupted,
  };
}

async function untilInterrupted(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (error instanceof CliError && error.code === 'INTERRUPTED') return true;
    throw error;
  }
}

function count({ totals }: Run, { outcomes, eventsDeleted, eventsFailed }: BatchRecord): void {
  for (const outcome of outcomes) {
    if (outcome === 'd') totals.deleted += 1;
    else if (outcome === 'a') totals.alive += 1;
    else totals.failed += 1;
  }
  totals.events += eventsDeleted;
  totals.eventsFailed += eventsFailed;
}

/** Several workers take batches from the one plan; the governor decides how many calls really run at once. */
async function deleteBatches(
  run: Run,
  summary: PurgeSummary,
  done: ReadonlyMap<number, BatchRecord>,
  events: EventPurge,
  workers: number,
): Promise<void> {
  const batches = readPlan(run.files, DELETE_BATCH);
  const worker = async (): Promise<void> => {
    for (;;) {
      const next = await batches.next();
      if (next.done === true) return;
      const { batch, deletes } = next.value;
      const earlier = done.get(batch);
      if (earlier !== undefined && isWhole(earlier)) continue;
      await deleteBatch(run, batch, deletes, events, earlier);
      const { deleted, alive, failed } = run.totals;
      run.context.onProgress({
        step: 'deleting sessions',
        table: run.table,
        done: deleted + alive + failed,
        total: summary.matched,
        unit: 'sessions',
        ...(alive > 0 && { detail: `${alive} kept: still alive` }),
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: workers }, worker));
  await batches.return(undefined);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

const LETTERS = { deleted: 'd', alive: 'a', failed: 'f' } as const;

async function deleteBatch(
  run: Run,
  batch: number,
  deletes: readonly ConditionalDelete[],
  events: EventPurge,
  earlier: BatchRecord | undefined,
): Promise<void> {
  const letters = deletes.map((_, at) => earlier?.outcomes[at] ?? 'f');
  const open = deletes.flatMap((_, at) => (letters[at] === 'f' ? [at] : []));
  const outcomes = await deleteAll(
    run,
    open.flatMap((at) => deletes[at] ?? []),
  );
  for (const outcome of outcomes) if (outcome.kind === 'failed') noteFailure(run, outcome);
  for (const [index, at] of open.entries()) letters[at] = LETTERS[outcomes[index]?.kind ?? 'failed'];
  const gone = deletes.flatMap(({ key }, at) => (letters[at] === 'd' ? [key] : []));
  const swept = await events.forSessions(gone);
  const record: BatchRecord = {
    batch,
    outcomes: letters.join(''),
    eventsDeleted: (earlier?.eventsDeleted ?? 0) + swept.deleted,
    eventsFailed: swept.failed,
  };
  writeDone(run.files, record);
  count(run, record);
}

function noteFailure({ failures }: Run, { code, message }: DeleteOutcome & { kind: 'failed' }): void {
  const known = failures.get(code);
  failures.set(code, { code, message: known?.message ?? message, count: (known?.count ?? 0) + 1 });
}

/** Statements where they may be used; DeleteItem from the first refusal of permission on. */
async function deleteAll(run: Run, deletes: readonly ConditionalDelete[]): Promise<readonly DeleteOutcome[]> {
  const { dynamo } = run.context;
  if (run.shape === 'statements') {
    try {
      return await deleteByStatements(dynamo, run.table, deletes, run.pace);
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'ACCESS_DENIED') throw error;
      run.shape = 'items';
    }
  }
  return Promise.all(deletes.map((each) => deleteItem(dynamo, run.table, each, run.pace)));
}

/** The keys of the sessions that this purge deleted, in this run and in those before it. */
async function* deletedKeys(run: Run): AsyncGenerator<ConditionalDelete['key']> {
  const done = readDone(run.files);
  for await (const { batch, deletes } of readPlan(run.files, DELETE_BATCH)) {
    const outcomes = done.get(batch)?.outcomes ?? '';
    for (const [at, { key }] of deletes.entries()) if (outcomes[at] === 'd') yield key;
  }
}
