import { type Item, itemSize, valueSize } from '../schema/attribute-value.js';
import { itemToWire } from '../schema/wire.js';
import type { ConditionalDelete } from './delete.js';

/** A request may have 16 MB, and what is sent is JSON text: quotes and the like take two bytes there, or six. */
const REQUEST_BYTES = 12_000_000;
const MAX_ESCAPE = 6;
const FIXED_BYTES = 2048;
const wireBytes = ({ key, observed }: ConditionalDelete): number =>
  FIXED_BYTES + Buffer.byteLength(JSON.stringify([itemToWire(key), itemToWire(presentOf(observed))]));

/** Those attributes of a condition that are to be there. */
export const presentOf = (observed: ConditionalDelete['observed']): Item =>
  Object.fromEntries(Object.entries(observed).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));

/** Never less than {@link wireBytes}, and found without making anything: it is asked of every session of a purge. */
function roughBytes({ key, observed }: ConditionalDelete): number {
  let bytes = itemSize(key);
  for (const name of Object.keys(observed)) {
    const value = observed[name];
    if (value !== null && value !== undefined) bytes += Buffer.byteLength(name) + valueSize(value);
  }
  return FIXED_BYTES + MAX_ESCAPE * bytes;
}

/** Places of the deletes in as many requests as their size asks for: most often one. */
export function intoRequests(deletes: readonly ConditionalDelete[]): readonly (readonly number[])[] {
  const all = deletes.map((_, at) => at);
  if (deletes.reduce((sum, each) => sum + roughBytes(each), 0) <= REQUEST_BYTES) return [all];
  const requests: number[][] = [[]];
  let bytes = 0;
  for (const [at, each] of deletes.entries()) {
    const own = wireBytes(each);
    if (bytes > 0 && bytes + own > REQUEST_BYTES) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)?.push(at);
    bytes += own;
  }
  return requests;
}
