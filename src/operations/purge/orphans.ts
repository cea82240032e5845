import { deleteKeys } from '../../dynamodb/delete-keys.js';
import { observeStructure } from '../../dynamodb/describe.js';
import { Budget, Governor, UnitCost } from '../../dynamodb/governor.js';
import { existingKeys } from '../../dynamodb/batch-get.js';
import { scanSegments } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import type { Item } from '../../schema/index.js';
import { costOf, deleteUnits, PRICES, readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { deleteUnitsOf } from '../archive/entry-bytes.js';
import { warnOfScan } from '../sessions/large-scan.js';
import { toDelete } from './choice.js';
import type { PurgeFailure } from './purge.js';
import { PlanWriter, type PurgeFiles, readPlan, removeFiles } from './files.js';
import { Meter } from './meter.js';
import { type BatchRecord, beginDone, isWhole, readDone, writeDone } from './record.js';
import type { PurgeRequest } from './plan.js';
import { atOnce, errorOf } from './workers.js';
import { nameOf, requireSessions, type Target } from '../target.js';

export interface OrphanSummary {
  readonly sessionsTable: string;
  readonly eventsTable: string;
  /** Events whose session is gone. */
  readonly matched: number;
  readonly scanned: number;
  readonly readUnits: number;
  /** An estimate: by the events themselves where they were read whole, else by the table's average item. */
  readonly writeUnits: number;
  readonly dollars: number;
  readonly prices: typeof PRICES;
}

/** As many answers of "is this session there?" as are kept in memory. */
const KNOWN_SESSIONS = 200_000;

/** Reads the keys of all events, asks for their sessions, and writes down the events of those that are gone. */
export async function planOrphans(
  context: OperationContext,
  target: Target,
  request: PurgeRequest,
  files: PurgeFiles,
): Promise<OrphanSummary> {
  const { layout, names } = target;
  const { name: sessionsTable } = await requireSessions(context, target);
  const { event } = layout;
  const [owner] = layout.session.id;
  const eventsName = nameOf(names, 'events');
  const table = eventsName === undefined ? null : await observeStructure(context.dynamo, eventsName);
  if (event === null || owner === undefined || table === null)
    throw new CliError('NOT_SUPPORTED', `the layout ${layout.id} has no events table here, so there are no orphans`);
  const budget = new Budget(request.maxReadUnits, context.signal);
  const writer = new PlanWriter(files);
  const known = new Map<string, boolean>();
  const keyNames = [event.sessionId, event.id.name];
  const unitsOf = deleteUnitsOf(table);
  let [matched, scanned, wholeUnits] = [0, 0, 0];
  try {
    warnOfScan(context, table, request);
    await scanSegments(
      context.dynamo,
      {
        table: table.name,
        ...readingOf(context.dynamo, table, request),
        // Whole events tell what their deletion costs; engines charge nothing for them.
        ...(context.dynamo.isAws && { attributes: keyNames }),
        governor: new Governor({ concurrency: request.concurrency, signal: context.signal }),
        budget,
      },
      async (page) => {
        scanned += page.scanned;
        const unknown = new Map(
          page.items
            .filter((item) => !known.has(keyText(item, event.sessionId)))
            .map((item) => [keyText(item, event.sessionId), item]),
        );
        const keys = [...unknown.values()].flatMap((item) => {
          const value = item[event.sessionId];
          return value === undefined ? [] : [{ [owner.attribute]: value }];
        });
        const present = await existingKeys(context.dynamo, sessionsTable, keys, owner.attribute);
        budget.settle(0, present.readUnits);
        if (known.size > KNOWN_SESSIONS) known.clear();
        for (const id of unknown.keys()) known.set(id, present.values.has(id));
        for (const item of page.items) {
          if (known.get(keyText(item, event.sessionId)) ?? present.values.has(keyText(item, event.sessionId))) continue;
          matched += 1;
          if (!context.dynamo.isAws) wholeUnits += unitsOf(item);
          writer.add(toDelete(keyNames, [], item));
        }
        context.onProgress({
          step: 'looking for events without a session',
          table: table.name,
          done: scanned,
          unit: 'events',
          detail: `${matched} found`,
        });
      },
    );
    const readUnits = budget.spent;
    const writeUnits = wholeUnits > 0 ? wholeUnits : matched * deleteUnits(table);
    const summary: OrphanSummary = {
      sessionsTable,
      eventsTable: table.name,
      matched,
      scanned,
      readUnits,
      writeUnits,
      dollars: costOf({ readUnits, writeUnits }),
      prices: PRICES,
    };
    writer.finish(summary);
    return summary;
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

export interface OrphanResult {
  readonly deleted: number;
  /** Events that could not be deleted; with those that were not tried, where an error ended the run early. */
  readonly failed: number;
  readonly failures: readonly PurgeFailure[];
  readonly writeUnits: number;
  readonly seconds: number;
  /** Stopped by the signal. */
  readonly interrupted: boolean;
  /** Everything was tried, and nothing failed. */
  readonly complete: boolean;
}

/**
 * Deletes the events that were found without a session; goes on where an earlier run was stopped. From the first delete
 * on every CliError ends in a result that says what was done.
 */
export async function purgeOrphans(
  context: OperationContext,
  request: PurgeRequest,
  summary: OrphanSummary,
  files: PurgeFiles,
): Promise<OrphanResult> {
  const readBudget = new Budget(null, context.signal);
  const budget = new Budget(request.maxWriteUnits, context.signal);
  const governor = new Governor({ concurrency: request.concurrency, signal: context.signal });
  const cost = new UnitCost(Math.max(1, summary.writeUnits / Math.max(1, summary.matched)));
  const done = readDone(files);
  const meter = new Meter(files, done.runs, { readBudget, writeBudget: budget });
  let [deleted, failed] = [0, 0];
  for (const record of done.batches.values()) if (isWhole(record)) deleted += record.eventsDeleted;
  const batches = readPlan(files);
  const worker = async (): Promise<void> => {
    for (;;) {
      const next = await batches.next();
      if (next.done === true) return;
      const { batch, planned } = next.value;
      const earlier = done.batches.get(batch);
      if (earlier !== undefined && isWhole(earlier)) continue;
      const keys = planned.map(({ key }) => key);
      const pace = { governor, budget, cost };
      const { failed: left } = await deleteKeys(context.dynamo, summary.eventsTable, keys, pace);
      [deleted, failed] = [deleted + keys.length - left, failed + left];
      writeDone(files, { ...EVENTS_ONLY, batch, eventsDeleted: keys.length - left, eventsFailed: left });
      meter.writeNowAndThen();
      context.onProgress({
        step: 'deleting events without a session',
        table: summary.eventsTable,
        done: deleted,
        total: summary.matched,
        unit: 'events',
      });
    }
  };
  beginDone(files);
  const error = await errorOf(() => atOnce(request.concurrency, worker));
  await batches.return(undefined);
  const unwritten = await errorOf(async () => meter.write());
  const stopped = error ?? unwritten;
  const interrupted = stopped?.code === 'INTERRUPTED';
  const failures: PurgeFailure[] = [];
  if (stopped !== null && !interrupted) {
    const untried = summary.matched - deleted - failed;
    failures.push({ code: stopped.code, message: stopped.message, count: untried });
    failed += untried;
  }
  const complete = stopped === null && failed === 0;
  if (complete) removeFiles(files);
  const { writeUnits, seconds } = meter.total;
  return { deleted, failed, failures, writeUnits, seconds, interrupted, complete };
}

const EVENTS_ONLY: Pick<BatchRecord, 'outcomes' | 'eventsOpen'> = { outcomes: '', eventsOpen: false };

const keyText = (item: Item, attribute: string): string => JSON.stringify(item[attribute]);
