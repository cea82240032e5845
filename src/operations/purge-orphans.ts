import { DELETE_BATCH } from '../dynamodb/delete.js';
import { deleteKeys } from '../dynamodb/delete-keys.js';
import { observeStructure } from '../dynamodb/describe.js';
import { Budget, Governor, UnitCost } from '../dynamodb/governor.js';
import { existingKeys } from '../dynamodb/batch-get.js';
import { scanSegments } from '../dynamodb/parallel-scan.js';
import { CliError } from '../errors.js';
import type { Item } from '../schema/index.js';
import { costOf, deleteUnits, PRICES, readingOf } from './capacity.js';
import type { OperationContext } from './context.js';
import { warnOfScan } from './large-scan.js';
import { PlanWriter, type PurgeFiles, readDone, readPlan, removeFiles, writeDone } from './purge-files.js';
import type { PurgeRequest } from './purge-plan.js';
import { nameOf, requireSessions, type Target } from './target.js';

export interface OrphanSummary {
  readonly sessionsTable: string;
  readonly eventsTable: string;
  /** Events whose session is gone. */
  readonly matched: number;
  readonly scanned: number;
  readonly readUnits: number;
  /** An estimate, by the table's average item. */
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
  let [matched, scanned] = [0, 0];
  try {
    warnOfScan(context, table, request);
    await scanSegments(
      context.dynamo,
      {
        table: table.name,
        ...readingOf(context.dynamo, table, request),
        attributes: [event.sessionId, event.id.name],
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
          writer.add({ key: item, observed: {} });
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
    const writeUnits = matched * deleteUnits(table);
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
    writer.close();
    throw error;
  }
}

export interface OrphanResult {
  readonly deleted: number;
  readonly failed: number;
  readonly writeUnits: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** Deletes the events that were found without a session; goes on where an earlier run was stopped. */
export async function purgeOrphans(
  context: OperationContext,
  request: PurgeRequest,
  summary: OrphanSummary,
  files: PurgeFiles,
): Promise<OrphanResult> {
  const started = performance.now();
  const budget = new Budget(request.maxWriteUnits, context.signal);
  const governor = new Governor({ concurrency: request.concurrency, signal: context.signal });
  const cost = new UnitCost(Math.max(1, summary.writeUnits / Math.max(1, summary.matched)));
  const done = readDone(files);
  let [deleted, failed] = [0, 0];
  for (const record of done.values())
    [deleted, failed] = [deleted + record.eventsDeleted, failed + record.eventsFailed];
  let interrupted = false;
  const batches = readPlan(files, DELETE_BATCH);
  const worker = async (): Promise<void> => {
    for (;;) {
      const next = await batches.next();
      if (next.done === true) return;
      const { batch, deletes } = next.value;
      if (done.has(batch)) continue;
      const keys = deletes.map(({ key }) => key);
      const pace = { governor, budget, cost };
      const result = await deleteKeys(context.dynamo, summary.eventsTable, keys, pace);
      writeDone(files, {
        batch,
        outcomes: '',
        eventsDeleted: keys.length - result.failed,
        eventsFailed: result.failed,
      });
      [deleted, failed] = [deleted + keys.length - result.failed, failed + result.failed];
      context.onProgress({
        step: 'deleting events without a session',
        table: summary.eventsTable,
        done: deleted,
        total: summary.matched,
        unit: 'events',
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: request.concurrency }, worker));
  await batches.return(undefined);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    if (!(result.reason instanceof CliError) || result.reason.code !== 'INTERRUPTED') throw result.reason;
    interrupted = true;
  }
  if (!interrupted && failed === 0) removeFiles(files);
  return { deleted, failed, writeUnits: budget.spent, seconds: (performance.now() - started) / 1000, interrupted };
}

const keyText = (item: Item, attribute: string): string => JSON.stringify(item[attribute]);
