import type { IdMask } from '../output/id-mask.js';
import type { Layout } from '../schema/types.js';

/** Rows of sessions with the ids that may be seen; the rows as they are where nothing is masked. */
export function maskedRows<T extends { readonly id: string }>(ids: IdMask, rows: readonly T[]): readonly T[] {
  return ids.isOn ? rows.map((row) => ({ ...row, id: ids.note(row.id) })) : rows;
}

/**
 * Notes a session's id in every spelling in which it could stand elsewhere: without the prefix that the store puts before
 * it, and, where an id is made of two keys, each of its own. Answers the id that may be seen.
 */
export function notedId(ids: IdMask, layout: Layout, id: string): string {
  const { idPrefixes = [], id: parts } = layout.session;
  const bare = idPrefixes
    .filter((prefix) => prefix !== '' && id.startsWith(prefix))
    .map((prefix) => id.slice(prefix.length));
  const at = parts.length > 1 ? id.lastIndexOf(':') : -1;
  return ids.note(id, [...bare, ...(at < 0 ? [] : [id.slice(at + 1)])]);
}
