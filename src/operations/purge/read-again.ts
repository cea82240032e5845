import { getItems } from '../../dynamodb/batch-get.js';
import type { ConditionalDelete, DeleteOutcome } from '../../dynamodb/delete.js';
import type { Budget } from '../../dynamodb/governor.js';
import { decisiveAttributes, type Item, type SessionFilter, selectSession } from '../../schema/index.js';
import { averageItemBytes } from '../capacity.js';
import type { OperationContext } from '../context.js';
import type { ObservedStructure, Target } from '../target.js';
import { toDelete } from './choice.js';

/** A session of an earlier run as it is now: what to delete it by, or what became of it without a delete. */
export type Seen = ConditionalDelete | DeleteOutcome;

export type ReadAgain = (keys: readonly Item[]) => Promise<readonly Seen[]>;

/**
 * Reads sessions that another process had chosen, strongly consistent, and judges them as that one did: by the same filter
 * and at the same time (`now`, epoch milliseconds). One that is gone counts as deleted, one that is not chosen any more as
 * alive.
 */
export function readerAgain(
  context: OperationContext,
  { layout }: Target,
  table: ObservedStructure,
  { filter, now, budget }: { readonly filter: SessionFilter; readonly now: number; readonly budget: Budget },
): ReadAgain {
  const keyNames = layout.session.id.map(({ attribute }) => attribute);
  const decisive = decisiveAttributes(layout, filter);
  const attributes = [...new Set([...keyNames, ...decisive])];
  const textOf = (item: Item): string => JSON.stringify(keyNames.map((name) => item[name]));
  const perItem = Math.max(1, Math.ceil(averageItemBytes(table) / 4096));
  return async (keys) => {
    const expected = perItem * keys.length;
    await budget.reserve(expected);
    const { items, readUnits } = await getItems(context.dynamo, table.name, keys, attributes);
    budget.settle(expected, readUnits);
    const found = new Map(items.map((item) => [textOf(item), item]));
    return keys.map((key) => {
      const item = found.get(textOf(key));
      if (item === undefined) return { kind: 'deleted' };
      if (selectSession(layout, item, filter, now) === undefined) return { kind: 'alive' };
      return toDelete(keyNames, decisive, item);
    });
  };
}
