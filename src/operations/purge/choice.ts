import type { ConditionalDelete } from '../../dynamodb/delete.js';
import type { Item } from '../../schema/index.js';

/** The row is deleted only if everything that the decision was based on still is as it was read. */
export function toDelete(keys: readonly string[], decisive: readonly string[], item: Item): ConditionalDelete {
  const key: Record<string, Item[string]> = {};
  for (const name of keys) {
    const value = item[name];
    if (value !== undefined) key[name] = value;
  }
  // An own attribute only: `constructor` is also what every object inherits.
  const observed = decisive
    .filter((name) => !keys.includes(name))
    .map((name) => [name, Object.hasOwn(item, name) ? (item[name] ?? null) : null] as const);
  return { key, observed: Object.fromEntries(observed) };
}
