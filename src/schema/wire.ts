import type { AttributeValue, Item } from './attribute-value.js';

/** An attribute value in DynamoDB JSON: as the API and its exports write it, binary as base64 text. */
export type WireValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly M: Readonly<Record<string, WireValue>> }
  | { readonly L: readonly WireValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] };

const mapValues = <A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> =>
  // fromEntries defines its keys: an attribute called __proto__ stays one.
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
// Uint8Array as its type says, not the Buffer that is one by inheritance: it prints and compares as one.
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** An attribute value as DynamoDB JSON; numbers keep their exact text. */
export function toWire(value: AttributeValue): WireValue {
  if ('B' in value) return { B: toBase64(value.B) };
  if ('BS' in value) return { BS: value.BS.map(toBase64) };
  if ('M' in value) return { M: itemToWire(value.M) };
  return 'L' in value ? { L: value.L.map(toWire) } : value;
}

/** An attribute value out of DynamoDB JSON. */
export function fromWire(value: WireValue): AttributeValue {
  if ('B' in value) return { B: fromBase64(value.B) };
  if ('BS' in value) return { BS: value.BS.map(fromBase64) };
  if ('M' in value) return { M: itemFromWire(value.M) };
  return 'L' in value ? { L: value.L.map(fromWire) } : value;
}

export const itemToWire = (item: Item): Record<string, WireValue> => mapValues(item, toWire);

export const itemFromWire = (item: Readonly<Record<string, WireValue>>): Item => mapValues(item, fromWire);
