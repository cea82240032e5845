import type { AttributeValue, Item } from './attribute-value.js';
import type { IdPart } from './types.js';

const SEPARATOR = ':';

const encodeLast = (text: string): string => text.replace(/[%:]/g, (char) => (char === '%' ? '%25' : '%3A'));
const decodeLast = (text: string): string => text.replace(/%(25|3A)/gi, (_, code) => (code === '25' ? '%' : ':'));

function keyText(value: AttributeValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if ('S' in value) return value.S;
  if ('N' in value) return value.N;
  return 'B' in value ? Buffer.from(value.B).toString('base64') : undefined;
}

function keyValue(text: string, part: IdPart): AttributeValue {
  const stored = `${part.prefix ?? ''}${text}`;
  if (part.type === 'N') return { N: stored };
  return part.type === 'B' ? { B: Buffer.from(stored, 'base64') } : { S: stored };
}

function partText(item: Item, part: IdPart): string {
  const text = keyText(item[part.attribute]) ?? '';
  return part.prefix !== undefined && text.startsWith(part.prefix) ? text.slice(part.prefix.length) : text;
}

/**
 * The id that people and scripts use for an item. With one key attribute it is that key's text; with two, both joined
 * by a colon, the second with `%` and `:` percent-encoded so that the last colon always is the one between them.
 */
export function sessionIdOf(item: Item, parts: readonly IdPart[]): string {
  const [first, second] = parts;
  if (first === undefined) return '';
  const head = partText(item, first);
  return second === undefined ? head : `${head}${SEPARATOR}${encodeLast(partText(item, second))}`;
}

/** The primary key that an id stands for, or undefined when the id lacks a part. */
export function keyOfSessionId(id: string, parts: readonly IdPart[]): Item | undefined {
  const [first, second] = parts;
  if (first === undefined || id === '') return undefined;
  if (second === undefined) return { [first.attribute]: keyValue(id, first) };
  const at = id.lastIndexOf(SEPARATOR);
  if (at <= 0 || at === id.length - 1) return undefined;
  return {
    [first.attribute]: keyValue(id.slice(0, at), first),
    [second.attribute]: keyValue(decodeLast(id.slice(at + 1)), second),
  };
}

/** The primary key attributes of an item. */
export function keyOfItem(item: Item, parts: readonly IdPart[]): Item {
  return Object.fromEntries(
    parts.flatMap(({ attribute }) => {
      const value = item[attribute];
      return value === undefined ? [] : [[attribute, value]];
    }),
  );
}
