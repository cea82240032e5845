import type { WritePace } from '../../dynamodb/batch-write.js';
import { DELETE_BATCH } from '../../dynamodb/delete.js';
import { deleteKeys } from '../../dynamodb/delete-keys.js';
import { Budget, Governor, UnitCost } from '../../dynamodb/governor.js';
import { scanSegments, type ScannedPage } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import { type Item, type Layout, matchesFilter, pushDown } from '../../schema/index.js';
import { deleteUnits, readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { Lanes } from '../lanes.js';
import type { ObservedStructure } from '../target.js';

export interface ClearPace {
  /** Calls in flight at the most. */
  readonly concurrency: number;
  /** Parts that the table is read in at once; null for as many as its size is worth. */
  readonly segments: number | null;
  /** Read and write units a second at the most; null for no limit. */
  readonly maxReadUnits: number | null;
  readonly maxWriteUnits: number | null;
}

export interface ClearResult {
  readonly way: 'items';
  readonly table: string;
  readonly deleted: number;
  /** Rows that the last try could not delete. */
  readonly failed: number;
  /** Rows that were there at the last look; null when it was not reached. */
  readonly left: number | null;
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  readonly seconds: number;
  readonly interrupted: boolean;
  /** What ended it before its time. */
  readonly error: CliError | null;
}

/** Times that the table is read; who writes all the time would otherwise never let it end. */
const LOOKS = 6;
/** Batches that wait while the next page is read: keys of a few pages, a few megabytes at the most. */
const WAITING = 400;

interface Run {
  readonly context: OperationContext;
  readonly table: ObservedStructure;
  /** Whose rows go, where others are beside them; null for all. */
  readonly owner: Layout | null;
  readonly pace: ClearPace;
  readonly reads: Budget;
  readonly deletes: WritePace;
  deleted: number;
}

/**
 * Deletes every row of a table, or every row of a layout, without conditions: keys are read and deleted at the same
 * time, and the table is read again until a look finds nothing. What is done needs no record: whatever is left is in the
 * table. `owner` null takes all rows.
 */
export async function clearItems(
  context: OperationContext,
  table: ObservedStructure,
  owner: Layout | null,
  pace: ClearPace,
): Promise<ClearResult> {
  const { signal } = context;
  const started = performance.now();
  const run: Run = {
    context,
    table,
    owner: owner !== null && owner.session.filter.length > 0 ? owner : null,
    pace,
    reads: new Budget(pace.maxReadUnits, signal),
    deletes: {
      // Nothing is to be found out first: what is throttled comes back, and the budget spreads it.
      governor: new Governor({ concurrency: pace.concurrency, initial: pace.concurrency, signal }),
      budget: new Budget(pace.maxWriteUnits, signal),
      cost: new UnitCost(deleteUnits(table)),
    },
    deleted: 0,
  };
  const end = await untilEmpty(run);
  return {
    way: 'items',
    table: table.name,
    deleted: run.deleted,
    ...end,
    capacity: { readUnits: run.reads.spent, writeUnits: run.deletes.budget.spent },
    seconds: (performance.now() - started) / 1000,
  };
}

type End = Pick<ClearResult, 'failed' | 'left' | 'interrupted' | 'error'>;

/**
 * A look after the deletes is strongly consistent: it sees what a first, eventually consistent one missed, and what an
 * engine skipped that loses its place when the row goes at which a page ended.
 */
async function untilEmpty(run: Run): Promise<End> {
  let failed = 0;
  let isStuck = false;
  try {
    for (let look = 1; ; look += 1) {
      const before = run.deleted;
      const isLast = look === LOOKS || isStuck;
      const found = await lookOnce(run, { consistent: look > 1, remove: !isLast });
      if (found === 0 ? look > 1 : isLast) return { failed, left: found, interrupted: false, error: null };
      const deleted = run.deleted - before;
      failed = found - deleted;
      isStuck = found > 0 && deleted === 0;
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const interrupted = error.code === 'INTERRUPTED';
    return { failed, left: null, interrupted, error: interrupted ? null : error };
  }
}

/** Reads the table to its end and, with `remove`, deletes what it finds meanwhile. Answers how many rows it found. */
async function lookOnce(run: Run, how: { readonly consistent: boolean; readonly remove: boolean }): Promise<number> {
  const lanes = new Lanes(run.pace.concurrency + WAITING);
  let found = 0;
  let waiting: Item[] = [];
  const take = async ({ items }: ScannedPage): Promise<void> => {
    const keys = keysIn(run, items);
    found += keys.length;
    if (!how.remove) return;
    const all = [...waiting, ...keys];
    const whole = all.length - (all.length % DELETE_BATCH);
    waiting = all.slice(whole);
    for (let at = 0; at < whole; at += DELETE_BATCH)
      await lanes.start(() => deleteSome(run, all.slice(at, at + DELETE_BATCH)));
  };
  try {
    await readKeys(run, how.consistent, take);
    if (waiting.length > 0) await lanes.start(() => deleteSome(run, waiting));
  } finally {
    await lanes.settle();
  }
  await lanes.end();
  return found;
}

const keyNames = ({ keys: { partitionKey, sortKey } }: ObservedStructure): readonly string[] =>
  sortKey === undefined ? [partitionKey.name] : [partitionKey.name, sortKey.name];

function readKeys(run: Run, consistent: boolean, take: (page: ScannedPage) => Promise<void>): Promise<void> {
  const { context, table, owner, pace, reads } = run;
  // The embedded engine loses its place in a parallel segment when the row goes at which a page ended.
  const asked = context.dynamo.isAws ? pace.segments : 1;
  const reading = readingOf(context.dynamo, table, { segments: asked, maxReadUnits: pace.maxReadUnits });
  const decisive = owner?.session.filter.flat().map(({ attribute }) => attribute) ?? [];
  return scanSegments(
    context.dynamo,
    {
      table: table.name,
      ...reading,
      attributes: [...new Set([...keyNames(table), ...decisive])],
      filter: owner === null ? undefined : pushDown(owner, {}, context.now()),
      consistent,
      // Of its own: a page must not queue behind the deletes of the page before it.
      governor: new Governor({ concurrency: Math.max(4, reading.segments), signal: context.signal }),
      budget: reads,
    },
    take,
  );
}

/** Keys of the rows that are to go; what DynamoDB cannot decide of a filter is decided here. */
function keysIn({ table, owner }: Run, items: readonly Item[]): readonly Item[] {
  if (owner === null) return items;
  const names = keyNames(table);
  return items
    .filter((item) => matchesFilter(item, owner.session.filter))
    .map((item) => Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]]))));
}

async function deleteSome(run: Run, keys: readonly Item[]): Promise<void> {
  const { context, table, deletes } = run;
  const { failed } = await deleteKeys(context.dynamo, table.name, keys, deletes);
  run.deleted += keys.length - failed;
  const total = table.itemCount >= run.deleted && run.owner === null ? { total: table.itemCount } : {};
  context.onProgress({ step: 'deleting rows', table: table.name, done: run.deleted, ...total, unit: 'rows' });
}
