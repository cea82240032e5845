import {
  canonicalNumber,
  type IndexSpec,
  type KeyAttribute,
  type KeySchema,
  type WireItem,
} from '../../schema/index.js';
import type { KeySet } from '../purge/key-set.js';

/** What a table asks of the attributes that are keys, its own or those of an index. */
export interface KeyRules {
  /** null where they are not known. */
  readonly keys: KeySchema | null;
  readonly indexes: readonly IndexRule[];
}

export interface IndexRule extends Pick<IndexSpec, 'name' | 'partitionKey' | 'sortKey'> {
  /** A local one is there from the beginning of its table: no item of that table can be at odds with it. */
  readonly isLocal?: boolean;
}

export interface KeyProblem {
  readonly reason: string;
  /** The global index that takes no such item: before it was there the table took it. null where it is another key. */
  readonly index: string | null;
}

/** Bytes at the most of the table's own keys [DG, limits]. Of an index's keys not every engine limits them. */
const MOST_BYTES = { partitionKey: 2048, sortKey: 1024 } as const;

/** Why a value cannot be a key, or its text if it can; undefined where an item has none. */
function keyValue(
  item: WireItem,
  { name, type }: KeyAttribute,
  mostBytes = Number.POSITIVE_INFINITY,
): { readonly text: string } | { readonly problem: string } | undefined {
  const value = Object.hasOwn(item, name) ? item[name] : undefined;
  const [entry] = value === undefined ? [] : Object.entries(value);
  if (entry === undefined) return undefined;
  if (entry[0] !== type) return { problem: `is of type ${entry[0]}` };
  const text = String(entry[1]);
  if (text === '') return { problem: 'is empty' };
  if (type === 'N' || text.length * 3 <= mostBytes) return { text };
  const bytes = Buffer.byteLength(text, type === 'B' ? 'base64' : 'utf8');
  return bytes > mostBytes ? { problem: `has ${bytes} bytes, of ${mostBytes} that it may have` } : { text };
}

/** Why a table would not take an item for its keys, or undefined. `seen` are the keys of the items before it. */
export function keyProblem(item: WireItem, { keys, indexes }: KeyRules, seen: KeySet): KeyProblem | undefined {
  const own = keys === null ? undefined : ownProblem(item, keys, seen);
  if (own !== undefined) return { reason: own, index: null };
  for (const { name, partitionKey, sortKey, isLocal = false } of indexes) {
    for (const key of [partitionKey, sortKey]) {
      if (key === undefined) continue;
      // An item without it is not in the index, that is all.
      const found = keyValue(item, key);
      if (found !== undefined && 'problem' in found)
        return {
          reason: `'${key.name}', a key (${key.type}) of the index '${name}', ${found.problem}`,
          index: isLocal ? null : name,
        };
    }
  }
  return undefined;
}

function ownProblem(item: WireItem, { partitionKey, sortKey }: KeySchema, seen: KeySet): string | undefined {
  const hash = keyValue(item, partitionKey, MOST_BYTES.partitionKey);
  if (hash === undefined) return `the key '${partitionKey.name}' is missing`;
  if ('problem' in hash) return `the key '${partitionKey.name}' ${hash.problem}`;
  let id = idOf(partitionKey, hash.text);
  if (sortKey !== undefined) {
    const range = keyValue(item, sortKey, MOST_BYTES.sortKey);
    if (range === undefined) return `the key '${sortKey.name}' is missing`;
    if ('problem' in range) return `the key '${sortKey.name}' ${range.problem}`;
    id = `${id}|${idOf(sortKey, range.text)}`;
  }
  if (seen.get(id) !== undefined) return 'its key is there twice';
  seen.add(id, true);
  return undefined;
}

/** One text for what DynamoDB takes for one key: `1` and `1.0` are one number. */
function idOf({ type }: KeyAttribute, text: string): string {
  const same = type === 'N' ? (canonicalNumber(text) ?? text) : text;
  return `${same.length}:${same}`;
}
