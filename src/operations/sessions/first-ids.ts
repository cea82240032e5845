import { firstItems } from '../../dynamodb/first-page.js';
import { type Item, matchesFilter, type ObservedIndex, sessionIdOf } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import type { ObservedStructure, Target } from '../target.js';

/** A session is some 1 KB: a page of these costs about a dozen read units, and one of keys two. */
const FROM_TABLE = 100;
const FROM_INDEX = 500;

/**
 * Ids of some of the sessions, in no order: those of one small page, of a large table's index where one has keys only. Empty where
 * there is no sessions table, or none with the layout's keys.
 */
export async function firstIds(context: OperationContext, { layout, sessions }: Target): Promise<readonly string[]> {
  if (sessions === null) return [];
  const { id: parts, filter } = layout.session;
  // An index lacks the rows that lack its attribute: where there are few, all are to be found.
  const index = filter.length === 0 && sessions.itemCount > FROM_TABLE ? keysOnly(sessions) : undefined;
  const items = await firstItems(context.dynamo, sessions.name, {
    index: index?.name ?? null,
    attributes: [...new Set([...parts, ...filter.flat()].map(({ attribute }) => attribute))],
    limit: index === undefined ? FROM_TABLE : FROM_INDEX,
  });
  const has = (item: Item): boolean => parts.every(({ attribute }) => item[attribute] !== undefined);
  return items.filter((item) => has(item) && matchesFilter(item, filter)).map((item) => sessionIdOf(item, parts));
}

const keysOnly = ({ indexes }: ObservedStructure): ObservedIndex | undefined =>
  indexes.find(
    ({ status, backfilling, projection }) => status === 'ACTIVE' && !backfilling && projection.type === 'KEYS_ONLY',
  );
