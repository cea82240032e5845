import type { WritePace } from '../../dynamodb/batch-write.js';
import { deleteKeys } from '../../dynamodb/delete-keys.js';
import { observeStructure } from '../../dynamodb/describe.js';
import { type Budget, type Governor, UnitCost } from '../../dynamodb/governor.js';
import { queryPages } from '../../dynamodb/items.js';
import { scanSegments } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import type { EventMeaning, Item } from '../../schema/index.js';
import { averageItemBytes, deleteUnits, readingOf, scanUnits } from '../capacity.js';
import type { OperationContext } from '../context.js';
import type { PurgeSummary } from './plan.js';
import type { ObservedStructure, Target } from '../target.js';

export interface EventCount {
  readonly deleted: number;
  readonly failed: number;
}

/** What was done, also where it ended early: `error` is then why, and there may be events that were not looked for. */
export interface Swept extends EventCount {
  readonly error: CliError | null;
}

const NONE: Swept = { deleted: 0, failed: 0, error: null };

/** How the events of deleted sessions are found and deleted. */
export interface EventPurge {
  /** Deletes the events of sessions that were just deleted, where they are found session by session. */
  forSessions(keys: readonly Item[]): Promise<Swept>;
  /**
   * Deletes the events of all deleted sessions, where they are found in one pass over the events. `onDeleted` is told
   * how many there are so far.
   */
  finish(keys: () => AsyncGenerator<Item>, onDeleted: (deleted: number) => void): Promise<Swept>;
}

interface Pace {
  readonly governor: Governor;
  readonly readBudget: Budget;
  readonly writeBudget: Budget;
}

/** As many ids as are kept in memory for a pass over the events. */
const IDS_IN_MEMORY = 300_000;

/** The cheaper of the two ways for the numbers at hand; none where there are no events, or they are to stay. */
export async function eventPurgeFor(
  context: OperationContext,
  { layout }: Target,
  summary: PurgeSummary,
  pace: Pace,
): Promise<EventPurge> {
  const { event } = layout;
  const table = summary.eventsTable === null ? null : await observeStructure(context.dynamo, summary.eventsTable);
  const [owner] = layout.session.id;
  if (event === null || table === null || owner === undefined)
    return { forSessions: async () => NONE, finish: async () => NONE };
  const sweeper = new Sweeper(context, table, event, owner.attribute, pace);
  // A query costs half a unit at least, and half a unit for each 4 KB of the session's events.
  const perSession = Math.max(0.5, (summary.events * averageItemBytes(table)) / Math.max(1, summary.matched) / 8192);
  const byPass = summary.matched <= IDS_IN_MEMORY && scanUnits(table) < perSession * summary.matched;
  return byPass
    ? { forSessions: async () => NONE, finish: (keys, onDeleted) => sweeper.pass(keys, onDeleted) }
    : { forSessions: (keys) => sweeper.queries(keys), finish: async () => NONE };
}

class Sweeper {
  readonly #context: OperationContext;
  readonly #table: ObservedStructure;
  readonly #event: EventMeaning;
  /** The sessions table's attribute whose value the events carry. */
  readonly #owner: string;
  readonly #pace: Pace;
  readonly #deletePace: WritePace;

  constructor(context: OperationContext, table: ObservedStructure, event: EventMeaning, owner: string, pace: Pace) {
    this.#context = context;
    this.#table = table;
    this.#event = event;
    this.#owner = owner;
    this.#pace = pace;
    this.#deletePace = { governor: pace.governor, budget: pace.writeBudget, cost: new UnitCost(deleteUnits(table)) };
  }

  /** One query a session; only keys are answered. */
  async queries(sessions: readonly Item[]): Promise<Swept> {
    const counts = await Promise.all(sessions.map((session) => this.#query(session)));
    return counts.reduce(sum, NONE);
  }

  async #query(session: Item): Promise<Swept> {
    const value = session[this.#owner];
    if (value === undefined) return NONE;
    const { readBudget, governor } = this.#pace;
    return untilError(async (add) => {
      await readBudget.reserve(0.5);
      let reserved = 0.5;
      const pages = queryPages(
        this.#context.dynamo,
        this.#table.name,
        { name: this.#event.sessionId, value },
        { attributes: this.#keys(), governor },
      );
      for await (const page of pages) {
        readBudget.settle(reserved, page.readUnits);
        reserved = 0;
        add(await this.#delete(page.items));
      }
    });
  }

  /** One pass over the keys of all events. */
  async pass(sessions: () => AsyncGenerator<Item>, onDeleted: (deleted: number) => void): Promise<Swept> {
    const gone = new Set<string>();
    for await (const session of sessions()) gone.add(JSON.stringify(session[this.#owner]));
    if (gone.size === 0) return NONE;
    let [deleted, scanned] = [0, 0];
    return untilError((add) =>
      scanSegments(
        this.#context.dynamo,
        {
          table: this.#table.name,
          // The embedded engine, read in one part, keeps its place when the row at which a page ended is deleted.
          ...readingOf(this.#context.dynamo, this.#table, {
            segments: null,
            maxReadUnits: this.#pace.readBudget.perSecond,
          }),
          attributes: this.#keys(),
          governor: this.#pace.governor,
          budget: this.#pace.readBudget,
        },
        async (page) => {
          scanned += page.scanned;
          const orphans = page.items.filter((item) => gone.has(JSON.stringify(item[this.#event.sessionId])));
          const swept = await this.#delete(orphans);
          deleted += swept.deleted;
          onDeleted(deleted);
          add(swept);
          this.#context.onProgress({
            step: 'deleting their events',
            table: this.#table.name,
            done: deleted,
            unit: 'events',
            detail: `${scanned} looked at`,
          });
        },
      ),
    );
  }

  #keys(): readonly string[] {
    return [this.#event.sessionId, this.#event.id.name];
  }

  /** All of the batches are tried, also after one has failed. */
  async #delete(keys: readonly Item[]): Promise<Swept> {
    const batches = Array.from({ length: Math.ceil(keys.length / 25) }, (_, at) => keys.slice(at * 25, at * 25 + 25));
    const results = await Promise.all(
      batches.map(async (batch) => {
        const swept = await untilError(async (add) => {
          const { failed } = await deleteKeys(this.#context.dynamo, this.#table.name, batch, this.#deletePace);
          add({ deleted: batch.length - failed, failed, error: null });
        });
        const wasTried = swept.error !== null && swept.error.code !== 'INTERRUPTED';
        return wasTried ? { ...swept, failed: batch.length } : swept;
      }),
    );
    return results.reduce(sum, NONE);
  }
}

/** What the work added up, and the error that ended it, its own or one that it was told of. */
async function untilError(work: (add: (part: Swept) => void) => Promise<void>): Promise<Swept> {
  let total = NONE;
  try {
    await work((part) => {
      total = sum(total, part);
      if (part.error !== null) throw part.error;
    });
    return total;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { ...total, error };
  }
}

const sum = (a: Swept, b: Swept): Swept => ({
  deleted: a.deleted + b.deleted,
  failed: a.failed + b.failed,
  error: a.error ?? b.error,
});
