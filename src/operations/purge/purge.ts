import type { WritePace } from '../../dynamodb/batch-write.js';
import { type ConditionalDelete, type DeleteOutcome, deleteByStatements, deleteItem } from '../../dynamodb/delete.js';
import { Budget, Governor, UnitCost } from '../../dynamodb/governor.js';
import { CliError } from '../../errors.js';
import { deleteUnits } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { type EventCount, type EventPurge, eventPurgeFor } from './events.js';
import { type Planned, type PurgeFiles, readPlan, removeFiles } from './files.js';
import { type ReadAgain, readerAgain } from './read-again.js';
import { type BatchRecord, beginDone, isWhole, readDone, writeDone } from './record.js';
import { Meter } from './meter.js';
import { atOnce, errorOf } from './workers.js';
import type { PurgeRequest, PurgeSummary } from './plan.js';
import { requireSessions, type Target } from '../target.js';

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
  /** Sessions that could not be deleted; with those that were not tried, where an error ended the run early. */
  readonly failed: number;
  readonly failures: readonly PurgeFailure[];
  readonly events: EventCount;
  /** Of this run and of those before it that it went on with, as all counts. */
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  readonly seconds: number;
  /** Stopped by the signal. */
  readonly interrupted: boolean;
  /** Everything was tried, and nothing failed. Otherwise the files are kept, and the next run goes on. */
  readonly complete: boolean;
}

/** How the condition of a delete is put: PartiQL statements 25 a call, or DeleteItem one by one. */
export type DeleteShape = 'statements' | 'items';

interface Run {
  readonly context: OperationContext;
  readonly table: string;
  readonly pace: WritePace;
  readonly files: PurgeFiles;
  readonly failures: Map<string, PurgeFailure>;
  readonly meter: Meter;
  readonly readAgain: ReadAgain;
  shape: DeleteShape;
  readonly totals: { deleted: number; alive: number; failed: number; events: number; eventsFailed: number };
}

/**
 * Deletes the sessions of a plan, each only if it still is as it was read, and then their events. What is finished is
 * recorded batch by batch, so that a later run goes on after an interruption, a crash or kill -9; a batch that was cut
 * off is done again, which changes nothing for what it had deleted. From the first delete on every CliError ends in a
 * result that says what was done.
 */
export async function purge(
  context: OperationContext,
  target: Target,
  request: PurgeRequest,
  summary: PurgeSummary,
  files: PurgeFiles,
  shape: DeleteShape,
): Promise<PurgeResult> {
  const table = await requireSessions(context, target);
  const readBudget = new Budget(request.maxReadUnits, context.signal);
  const writeBudget = new Budget(request.maxWriteUnits, context.signal);
  const governor = new Governor({ concurrency: request.concurrency, signal: context.signal });
  const events = await eventPurgeFor(context, target, summary, { governor, readBudget, writeBudget });
  const done = readDone(files);
  const run: Run = {
    context,
    table: table.name,
    pace: { governor, budget: writeBudget, cost: new UnitCost(deleteUnits(table)) },
    files,
    failures: new Map(),
    meter: new Meter(files, done.runs, { readBudget, writeBudget }),
    readAgain: readerAgain(context, target, table, { filter: request.filter, now: summary.now, budget: readBudget }),
    shape,
    totals: { deleted: 0, alive: 0, failed: 0, events: 0, eventsFailed: 0 },
  };
  const { totals, meter } = run;
  // What failed is tried again; it is counted then.
  const again = new Map(done.batches);
  for (const [batch, record] of done.batches) {
    if (!isWhole(record)) continue;
    count(run, record);
    again.delete(batch);
  }
  beginDone(files);
  const error = await errorOf(async () => {
    await deleteBatches(run, summary, { done: done.batches, again }, events, request.concurrency);
    const swept = await events.finish(
      () => deletedKeys(run),
      (deleted) => meter.passed(deleted),
    );
    totals.eventsFailed += swept.failed;
    if (swept.error !== null) throw swept.error;
  });
  // A full disk, say, which may also be what ended the run.
  const unwritten = await errorOf(async () => meter.write());
  const stopped = error ?? unwritten;
  // Not come to again: what had been done of them counts, and the rest was not tried.
  for (const record of again.values())
    count(run, { ...record, outcomes: record.outcomes.replaceAll('f', ''), eventsFailed: 0 });
  const interrupted = stopped?.code === 'INTERRUPTED';
  if (stopped !== null && !interrupted) {
    const untried = summary.matched - totals.deleted - totals.alive - totals.failed;
    totals.failed += untried;
    note(run, stopped, untried);
  }
  const complete = stopped === null && totals.failed === 0 && totals.eventsFailed === 0;
  if (complete) removeFiles(files);
  const { readUnits, writeUnits, seconds, eventsDeleted } = meter.total;
  return {
    matched: summary.matched,
    deleted: totals.deleted,
    skippedLive: totals.alive,
    failed: totals.failed,
    failures: [...run.failures.values()],
    events: { deleted: totals.events + eventsDeleted, failed: totals.eventsFailed },
    capacity: { readUnits, writeUnits },
    seconds,
    interrupted,
    complete,
  };
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
  { done, again }: { readonly done: ReadonlyMap<number, BatchRecord>; readonly again: Map<number, BatchRecord> },
  events: EventPurge,
  workers: number,
): Promise<void> {
  const batches = readPlan(run.files);
  const worker = async (): Promise<void> => {
    for (;;) {
      const next = await batches.next();
      if (next.done === true) return;
      const { batch, planned } = next.value;
      const earlier = done.get(batch);
      if (earlier !== undefined && isWhole(earlier)) continue;
      await deleteBatch(run, batch, planned, events, again);
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
  try {
    await atOnce(workers, worker);
  } finally {
    await batches.return(undefined);
  }
}

const LETTERS = { deleted: 'd', alive: 'a', failed: 'f' } as const;

async function deleteBatch(
  run: Run,
  batch: number,
  planned: readonly Planned[],
  events: EventPurge,
  again: Map<number, BatchRecord>,
): Promise<void> {
  const earlier = again.get(batch);
  const letters = planned.map((_, at) => earlier?.outcomes[at] ?? 'f');
  const open = planned.flatMap((_, at) => (letters[at] === 'f' ? [at] : []));
  const outcomes = await deletePlanned(
    run,
    open.flatMap((at) => planned[at] ?? []),
  );
  for (const outcome of outcomes) if (outcome.kind === 'failed') note(run, outcome, 1);
  for (const [index, at] of open.entries()) letters[at] = LETTERS[outcomes[index]?.kind ?? 'failed'];
  const gone = planned.flatMap(({ key }, at) => (letters[at] === 'd' ? [key] : []));
  const swept = await events.forSessions(gone);
  const record: BatchRecord = {
    batch,
    outcomes: letters.join(''),
    eventsDeleted: (earlier?.eventsDeleted ?? 0) + swept.deleted,
    eventsFailed: swept.failed,
    eventsOpen: swept.error !== null,
  };
  again.delete(batch);
  count(run, record);
  writeDone(run.files, record);
  run.meter.writeNowAndThen();
  if (swept.error !== null) throw swept.error;
}

/** `times` is how many sessions it befell. */
function note({ failures }: Run, { code, message }: { code: string; message: string }, times: number): void {
  const known = failures.get(code);
  failures.set(code, { code, message: known?.message ?? message, count: (known?.count ?? 0) + times });
}

/** Sessions that an earlier run had read are read again first: what chose them is known to that process alone. */
async function deletePlanned(run: Run, planned: readonly Planned[]): Promise<readonly DeleteOutcome[]> {
  const known = planned.flatMap(({ key, observed }) => (observed === null ? [] : [{ key, observed }]));
  if (known.length === planned.length) return deleteAll(run, known);
  const seen = await run.readAgain(planned.map(({ key }) => key));
  const outcomes = await deleteAll(
    run,
    seen.filter((each) => 'key' in each),
  );
  let next = 0;
  return seen.flatMap((each) => ('key' in each ? outcomes.slice(next, ++next) : [each]));
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
  const { batches: done } = readDone(run.files);
  for await (const { batch, planned } of readPlan(run.files)) {
    const outcomes = done.get(batch)?.outcomes ?? '';
    for (const [at, { key }] of planned.entries()) if (outcomes[at] === 'd') yield key;
  }
}
