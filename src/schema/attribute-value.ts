/** A DynamoDB attribute value as the low-level API carries it; N is kept as its exact text (38 digits). */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: Uint8Array }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly M: Readonly<Record<string, AttributeValue>> }
  | { readonly L: readonly AttributeValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly Uint8Array[] };

/** A DynamoDB item: attribute names to values. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** The name of an attribute value's type as DynamoDB writes it. */
export type AttributeType = 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'M' | 'L' | 'SS' | 'NS' | 'BS';

/** The types that a key attribute can have. */
export type KeyType = 'S' | 'N' | 'B';

const TYPES: readonly AttributeType[] = ['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'];

/** The type of an attribute value, `'S'` for `{ S: 'x' }`. */
export function typeOf(value: AttributeValue): AttributeType {
  return TYPES.find((type) => type in value) ?? 'NULL';
}

/** Text of a string attribute, else undefined. */
export function stringOf(value: AttributeValue | undefined): string | undefined {
  return value !== undefined && 'S' in value ? value.S : undefined;
}

/** Exact text of a number attribute, else undefined. */
export function numberTextOf(value: AttributeValue | undefined): string | undefined {
  return value !== undefined && 'N' in value ? value.N : undefined;
}

const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8');

/**
 * Bytes of a number as DynamoDB counts them: about one byte for each two significant digits, plus one, and one more
 * for a negative sign; 21 at the most. (Developer Guide, "Item sizes and formats".)
 */
function numberSize(text: string): number {
  const digits = PLAIN_NUMBER.test(text) ? text : significant(text);
  let last = digits.length;
  while (last > 0 && digits.charCodeAt(last - 1) === ZERO) last -= 1;
  return Math.min(21, Math.ceil(last / 2) + 1 + (text.startsWith('-') ? 1 : 0));
}

/** What nearly every number is: a scan sees millions. */
const PLAIN_NUMBER = /^[1-9]\d*$/;
const ZERO = 48;

const significant = (text: string): string =>
  text
    .replace(/[eE].*$/, '')
    .replace(/[-+.]/g, '')
    .replace(/^0+/, '');

const sum = <T>(values: readonly T[], size: (value: T) => number): number =>
  values.reduce((total, value) => total + size(value), 0);

/** Bytes of one attribute value as DynamoDB counts them, without the attribute's name. */
export function valueSize(value: AttributeValue): number {
  if ('S' in value) return utf8Length(value.S);
  if ('N' in value) return numberSize(value.N);
  if ('B' in value) return value.B.byteLength;
  if ('BOOL' in value || 'NULL' in value) return 1;
  if ('SS' in value) return sum(value.SS, utf8Length);
  if ('NS' in value) return sum(value.NS, numberSize);
  if ('BS' in value) return sum(value.BS, (bytes) => bytes.byteLength);
  // A list or map costs 3 bytes and 1 for each element, whatever it holds.
  if ('L' in value) return 3 + sum(value.L, (element) => 1 + valueSize(element));
  return 3 + sum(Object.entries(value.M), ([name, element]) => 1 + utf8Length(name) + valueSize(element));
}

/** Bytes of an item as DynamoDB counts them against the 400 KB limit and the capacity units. */
export function itemSize(item: Item): number {
  return attributesSize(item, Object.keys(item));
}

/** Bytes of those of an item's attributes that it has. */
export function attributesSize(item: Item, names: readonly string[]): number {
  let total = 0;
  for (const name of names) {
    const value = item[name];
    if (value !== undefined) total += utf8Length(name) + valueSize(value);
  }
  return total;
}
