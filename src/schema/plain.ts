import type { AttributeValue, Item } from './attribute-value.js';

/** A number where JavaScript holds it exactly, else its exact text: N has 38 digits, a double has 15 to 17. */
export function exactNumber(text: string): number | string {
  const value = Number(text);
  return String(value) === text ? value : text;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** An attribute value as plain data for people and JSON: sets become arrays, binary becomes base64 text. */
export function toPlain(value: AttributeValue): unknown {
  if ('S' in value) return value.S;
  if ('N' in value) return exactNumber(value.N);
  if ('BOOL' in value) return value.BOOL;
  if ('NULL' in value) return null;
  if ('B' in value) return base64(value.B);
  if ('SS' in value) return [...value.SS];
  if ('NS' in value) return value.NS.map(exactNumber);
  if ('BS' in value) return value.BS.map(base64);
  if ('L' in value) return value.L.map(toPlain);
  return plainItem(value.M);
}

/** An item as plain data; see {@link toPlain}. */
export function plainItem(item: Item): Record<string, unknown> {
  // A null prototype: an attribute may well be called __proto__.
  const plain: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(item)) plain[name] = toPlain(value);
  return plain;
}
