import { getItem } from '../../dynamodb/items.js';
import { CliError } from '../../errors.js';
import { type Item, keyOfSessionId, type Layout, matchesFilter } from '../../schema/index.js';
import type { OperationContext } from '../context.js';

/** What a read costs: `before` waits until it may be made, `after` is told the read units that it took. */
export interface ReadCharge {
  before(): Promise<void>;
  after(readUnits: number): void;
}

const FREE: ReadCharge = { before: async () => {}, after: () => {} };

/** The keys that an id may stand for: as given first, then with the layout's prefixes. Throws USAGE where it is no id. */
export function keysOfGivenId(layout: Layout, id: string): readonly [Item, ...Item[]] {
  const { id: parts, idPrefixes = [] } = layout.session;
  const [first, ...others] = ['', ...idPrefixes].flatMap((prefix) => {
    const key = keyOfSessionId(`${prefix}${id}`, parts);
    return key === undefined ? [] : [key];
  });
  if (first !== undefined) return [first, ...others];
  throw new CliError('USAGE', `'${id}' is not an id of the layout ${layout.id}`, {
    hint: `its ids are ${parts.map(({ attribute }) => `<${attribute}>`).join(':')}`,
  });
}

/** The session that an id as people give it stands for; undefined when there is none. Throws USAGE where it is no id. */
export async function findSession(
  context: OperationContext,
  layout: Layout,
  table: string,
  id: string,
  charge: ReadCharge = FREE,
): Promise<Item | undefined> {
  for (const key of keysOfGivenId(layout, id)) {
    await charge.before();
    const { item, readUnits } = await getItem(context.dynamo, table, key);
    charge.after(readUnits);
    if (item !== undefined && matchesFilter(item, layout.session.filter)) return item;
  }
  return undefined;
}
