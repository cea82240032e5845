import type { Budget } from '../../dynamodb/governor.js';
import { queryPages } from '../../dynamodb/items.js';
import type { Item } from '../../schema/index.js';
import { averageDeleteUnits, deleteUnitsOf } from '../archive/entry-bytes.js';
import type { OperationContext } from '../context.js';
import type { ObservedStructure, Target } from '../target.js';

/** The events that a purge deletes, and the write units of that. */
export interface EventEstimate {
  readonly events: number;
  readonly writeUnits: number;
  /** Counted one by one, rather than taken from the table's average. */
  readonly isCounted: boolean;
}

/** Of so few sessions the events are counted: their average says nothing of them. */
export const FEW_SESSIONS = 10;
/** Pages of 1 MB that are read for it; more events than that are many, and estimated. */
const MOST_PAGES = 10;

/**
 * What deleting the events of the chosen sessions takes. `few` are the keys of all of them where they are few, else null;
 * `share` is the part of the table's sessions that they are, 0 to 1.
 */
export async function estimateEvents(
  context: OperationContext,
  { layout }: Target,
  events: ObservedStructure,
  { few, share, budget }: { readonly few: readonly Item[] | null; readonly share: number; readonly budget: Budget },
): Promise<EventEstimate> {
  const { event } = layout;
  const [owner] = layout.session.id;
  if (few !== null && event !== null && owner !== undefined) {
    const values = few.flatMap((key) => key[owner.attribute] ?? []);
    const counted = await countEvents(context, events, event.sessionId, values, budget);
    if (counted !== null) return counted;
  }
  const count = Math.round(events.itemCount * share);
  const perEvent = count === 0 ? 0 : await averageDeleteUnits(context, events);
  return { events: count, writeUnits: count * perEvent, isCounted: false };
}

/** null where there are too many. */
async function countEvents(
  { dynamo }: OperationContext,
  table: ObservedStructure,
  name: string,
  sessions: readonly Item[string][],
  budget: Budget,
): Promise<EventEstimate | null> {
  const unitsOf = deleteUnitsOf(table);
  let [events, writeUnits, pages] = [0, 0, 0];
  for (const value of sessions) {
    await budget.reserve(0.5);
    let reserved = 0.5;
    for await (const page of queryPages(dynamo, table.name, { name, value })) {
      budget.settle(reserved, page.readUnits);
      reserved = 0;
      events += page.items.length;
      for (const item of page.items) writeUnits += unitsOf(item);
      pages += 1;
      if (page.more && pages >= MOST_PAGES) return null;
    }
  }
  return { events, writeUnits, isCounted: true };
}
