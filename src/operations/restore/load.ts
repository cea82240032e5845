import { type ArchivedItem, itemsOf } from '../../archive/lines.js';
import type { OpenArchive, OpenTable, SummedFile } from '../../archive/open.js';
import { PUT_BATCH, putAll, putIfAbsent, type PutPace } from '../../dynamodb/put.js';
import { CliError } from '../../errors.js';
import type { WireItem } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
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
  readonly pace: PutPace;
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
  const run: Run = { ...load, room: new Room(concurrency), done: 0, failure: null };
  for (const at of table.files.keys()) run.done += journal.of(table.role, at).lines;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < table.files.length && run.failure === null; at = next++) {
      const file = table.files[at];
      if (file === undefined) return;
      // The first failure ends the other files after their batches in flight.
      await loadFile(run, file, at).catch((error: unknown) => {
        run.failure ??= error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(FILES_AT_ONCE, table.files.length) }, worker));
  if (run.failure !== null) throw run.failure;
  let skipped = 0;
  for (const at of table.files.keys()) skipped += journal.of(table.role, at).skipped;
  return { items: table.items - skipped, skipped };
}

interface Run extends Load {
  readonly room: Room;
  done: number;
  failure: unknown;
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
  const { journal, table, room } = run;
  const before = journal.of(table.role, at);
  if (before.lines >= file.items) return;
  const order: Order = { waiting: new Map(), next: 0, ...before, noted: before.lines };
  const inFlight = new Set<Promise<void>>();
  let number = 0;
  try {
    for await (const batch of batchesOf(itemsOf(file, run.archive.cipher), before.lines)) {
      await room.take();
      if (run.failure !== null) {
        room.give();
        break;
      }
      const writing: Promise<void> = writeBatch(run, batch, order, number, at)
        .catch((error: unknown) => {
          run.failure ??= error;
        })
        .finally(() => {
          room.give();
          inFlight.delete(writing);
        });
      inFlight.add(writing);
      number += 1;
    }
  } finally {
    // Also when the file fails: no write goes on behind an error's back.
    await Promise.all(inFlight);
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
    await putAll(context.dynamo, target, items, pace);
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

/** Items from a line on, 25 at a time. */
async function* batchesOf(
  items: AsyncIterable<readonly ArchivedItem[]>,
  from: number,
): AsyncGenerator<readonly ArchivedItem[]> {
  let batch: ArchivedItem[] = [];
  let characters = 0;
  for await (const found of items)
    for (const each of found) {
      if (each.line <= from) continue;
      if (batch.length > 0 && (batch.length >= PUT_BATCH || characters + each.length > BATCH_CHARACTERS)) {
        yield batch;
        batch = [];
        characters = 0;
      }
      batch.push(each);
      characters += each.length;
    }
  if (batch.length > 0) yield batch;
}

/** So many batches may be in flight, over all files. */
class Room {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
