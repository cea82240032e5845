import { type ArchivedItem, itemsOf } from '../../archive/lines.js';
import type { OpenArchive, OpenTable, SummedFile } from '../../archive/open.js';
import { WRITE_BATCH, type WritePace } from '../../dynamodb/batch-write.js';
import { putAll, putIfAbsent } from '../../dynamodb/put.js';
import { CliError } from '../../errors.js';
import { itemFromWire, type WireItem } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { Lanes } from '../lanes.js';
import type { RestoreJournal } from './journal.js';

/** What becomes of an item whose key the table has already. */
export type OnConflict = 'fail' | 'skip' | 'overwrite';

export interface Load {
  readonly context: OperationContext;
  readonly archive: OpenArchive;
  readonly table: OpenTable;
  readonly target: string;
  readonly partitionKey: string;
  readonly onConflict: OnConflict;
  /** An item as it is to be written. */
  readonly change: (item: WireItem) => WireItem;
  readonly journal: RestoreJournal;
  readonly pace: WritePace;
  /** Calls in flight at the most. */
  readonly concurrency: number;
}

export interface Loaded {
  /** Items of the archive that are in the table now. */
  readonly items: number;
  /** Items that were left out because their key was taken. */
  readonly skipped: number;
}

/**
 * Files that are read at once. The items of one file follow each other as the table hashes their keys: written alone they
 * would all go to one partition of the new table.
 */
const FILES_AT_ONCE = 4;
/** A batch ends early where its text is so long: a request may have 16 MB. */
const BATCH_CHARACTERS = 4_000_000;
/** Lines after which a file's progress is written down. */
const NOTE_EVERY = 1000;

/** Writes the items of one table, and writes down how far it is: what is finished is not read again by another run. */
export async function loadTable(load: Load): Promise<Loaded> {
  const { table, journal, concurrency } = load;
  const run: Run = { ...load, lanes: new Lanes(concurrency), done: 0 };
  for (const at of table.files.keys()) run.done += journal.of(table.role, at).lines;
  const files = table.files.entries();
  // The first failure ends the other files after their batches in flight.
  const worker = async (): Promise<void> => {
    for (const [at, file] of files) await loadFile(run, file, at);
  };
  await Promise.all(
    Array.from({ length: FILES_AT_ONCE }, () => worker().catch((error: unknown) => run.lanes.fail(error))),
  );
  await run.lanes.end();
  let skipped = 0;
  for (const at of table.files.keys()) skipped += journal.of(table.role, at).skipped;
  return { items: table.items - skipped, skipped };
}

interface Run extends Load {
  readonly lanes: Lanes;
  done: number;
}

/** Batches of a file that are in flight, and how far it is written without a gap. */
interface Order {
  readonly waiting: Map<number, { readonly lines: number; readonly skipped: number }>;
  next: number;
  lines: number;
  skipped: number;
  noted: number;
}

async function loadFile(run: Run, file: SummedFile, at: number): Promise<void> {
  const { journal, table, lanes } = run;
  const before = journal.of(table.role, at);
  if (before.lines >= file.items) return;
  const order: Order = { waiting: new Map(), next: 0, ...before, noted: before.lines };
  let number = 0;
  try {
    for await (const batch of batchesOf(itemsOf(file, run.archive.cipher), before.lines, WRITE_BATCH)) {
      const place = number++;
      await lanes.start(() => writeBatch(run, batch, order, place, at));
    }
  } finally {
    // Also when the file fails: no write goes on behind an error's back.
    await lanes.settle();
    if (order.lines > order.noted) journal.note(table.role, at, { lines: order.lines, skipped: order.skipped });
  }
}

async function writeBatch(
  run: Run,
  batch: readonly ArchivedItem[],
  order: Order,
  number: number,
  at: number,
): Promise<void> {
  const { context, table, target, journal } = run;
  const skipped = await put(run, batch, table.files[at]?.name ?? '');
  order.waiting.set(number, { lines: batch.length, skipped });
  for (let ended = order.waiting.get(order.next); ended !== undefined; ended = order.waiting.get(order.next)) {
    order.waiting.delete(order.next);
    order.next += 1;
    order.lines += ended.lines;
    order.skipped += ended.skipped;
  }
  if (order.lines - order.noted >= NOTE_EVERY) {
    order.noted = order.lines;
    journal.note(table.role, at, { lines: order.lines, skipped: order.skipped });
  }
  run.done += batch.length;
  context.onProgress({ step: 'restoring', table: target, done: run.done, total: table.items, unit: 'items' });
}

/** Writes a batch; answers how many of it were left out. */
async function put(run: Run, batch: readonly ArchivedItem[], file: string): Promise<number> {
  const { context, target, onConflict, partitionKey, pace, change } = run;
  if (context.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted');
  const items = batch.map(({ item }) => change(item));
  if (onConflict === 'overwrite') {
    await putAll(context.dynamo, target, items.map(itemFromWire), pace, 'go on with --resume');
    return 0;
  }
  const outcomes = await Promise.all(
    items.map((item) => putIfAbsent(context.dynamo, target, item, partitionKey, pace)),
  );
  const conflict = outcomes.indexOf('conflict');
  if (conflict >= 0 && onConflict === 'fail')
    throw new CliError(
      'RESTORE_CONFLICT',
      `table '${target}' has another item under the key of line ${batch[conflict]?.line ?? 0} of ${file}`,
      { hint: 'what was written before stays; give --on-conflict skip or overwrite, or restore into a new table' },
    );
  return outcomes.filter((outcome) => outcome === 'conflict').length;
}

/** Items from a line on, so many at a time. */
export async function* batchesOf(
  items: AsyncIterable<readonly ArchivedItem[]>,
  from: number,
  most: number,
): AsyncGenerator<readonly ArchivedItem[]> {
  let batch: ArchivedItem[] = [];
  let characters = 0;
  for await (const found of items)
    for (const each of found) {
      if (each.line <= from) continue;
      if (batch.length > 0 && (batch.length >= most || characters + each.length > BATCH_CHARACTERS)) {
        yield batch;
        batch = [];
        characters = 0;
      }
      batch.push(each);
      characters += each.length;
    }
  if (batch.length > 0) yield batch;
}
