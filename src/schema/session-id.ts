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

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The key attribute that a part of an id stands for; undefined where DynamoDB would refuse it as a key. */
function keyValue(text: string, part: IdPart): AttributeValue | undefined {
  const stored = `${part.prefix ?? ''}${text}`;
  if (stored === '') return undefined;
  if (part.type === 'N') return NUMBER.test(stored) ? { N: stored } : undefined;
  if (part.type === 'S') return { S: stored };
  return BASE64.test(stored) ? { B: Buffer.from(stored, 'base64') } : undefined;
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

/** The primary key that an id stands for, or undefined when the id lacks a part or a part cannot be such a key. */
export function keyOfSessionId(id: string, parts: readonly IdPart[]): Item | undefined {
  const [first, second] = parts;
  if (first === undefined) return undefined;
  const at = second === undefined ? id.length : id.lastIndexOf(SEPARATOR);
  if (at < 0) return undefined;
  const head = keyValue(id.slice(0, at), first);
  if (head === undefined) return undefined;
  if (second === undefined) return { [first.attribute]: head };
  const tail = keyValue(decodeLast(id.slice(at + 1)), second);
  return tail === undefined ? undefined : { [first.attribute]: head, [second.attribute]: tail };
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
