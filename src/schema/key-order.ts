import type { AttributeValue } from './attribute-value.js';

const WHOLE_AND_FRACTION = /^(-?)(\d+)(?:\.(\d+))?$/;

/** A number's exact text as a whole number of units of 10^-`places`; undefined where it is written with an exponent. */
function scaled(text: string, places: number): bigint | undefined {
  const [, sign = '', whole, fraction = ''] = WHOLE_AND_FRACTION.exec(text) ?? [];
  return whole === undefined ? undefined : BigInt(`${sign}${whole}${fraction.padEnd(places, '0')}`);
}

function compareNumbers(a: string, b: string): number {
  const byDouble = Math.sign(Number(a) - Number(b));
  // Rounding keeps the order: only numbers that one double stands for need all their 38 digits.
  if (byDouble !== 0) return byDouble;
  const places = Math.max(...[a, b].map((text) => text.split('.')[1]?.length ?? 0));
  const [x, y] = [scaled(a, places), scaled(b, places)];
  return x === undefined || y === undefined || x === y ? 0 : x < y ? -1 : 1;
}

const bytesOf = (value: AttributeValue): Uint8Array =>
  'S' in value ? Buffer.from(value.S, 'utf8') : 'B' in value ? value.B : new Uint8Array();

/** The order of two sort keys of one table, as DynamoDB has it: numbers by value, text and binary by their bytes. */
export function compareKeys(a: AttributeValue, b: AttributeValue): number {
  if ('N' in a && 'N' in b) return compareNumbers(a.N, b.N);
  return Buffer.compare(bytesOf(a), bytesOf(b));
}
