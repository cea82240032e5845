import type { WireValue } from './wire.js';

/** An item in DynamoDB JSON. */
export type WireItem = Readonly<Record<string, WireValue>>;

/** DynamoDB nests 32 levels deep at the most. */
const DEEPEST = 32;
const NUMBER = /^([-+]?)(?=\.?\d)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/;
/** What nearly every number is. */
const PLAIN_NUMBER = /^-?[1-9]\d{0,36}$/;
const MOST_DIGITS = 38;
/** Powers of ten of the first digit. */
const SMALLEST_POWER = -130;
const LARGEST_POWER = 125;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** DynamoDB's texts are UTF-8, which has no half of a surrogate pair; a request that holds one is refused whole. */
const isText = (value: unknown): boolean => typeof value === 'string' && value.isWellFormed();
const isNumber = (value: unknown): boolean => typeof value === 'string' && canonicalNumber(value) !== null;
const isBinary = (value: unknown): boolean => typeof value === 'string' && BASE64.test(value);
/** `same` gives what is equal of elements that DynamoDB takes for one: a set has each once. */
const isSetOf =
  (check: (value: unknown) => boolean, same: (value: unknown) => unknown = (value) => value) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(check) && new Set(value.map(same)).size === value.length;

function plainNumber(text: string): string {
  const power = text.length - (text.startsWith('-') ? 2 : 1);
  return `${text.replace(/0+$/, '')}e${power}`;
}

/** One text for each number, whatever way it is written: `1` and `1.0` are one. null for what DynamoDB does not take. */
export function canonicalNumber(text: string): string | null {
  if (PLAIN_NUMBER.test(text)) return plainNumber(text);
  const [matched, sign = '', whole = '', fraction = '', power = '0'] = NUMBER.exec(text) ?? [];
  if (matched === undefined) return null;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return '0';
  const exact = digits.replace(/0+$/, '');
  const first = Number(power) - fraction.length + digits.length - 1;
  const isTaken = exact.length <= MOST_DIGITS && first >= SMALLEST_POWER && first <= LARGEST_POWER;
  return isTaken ? `${sign === '-' ? '-' : ''}${exact}e${first}` : null;
}

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  S: isText,
  N: isNumber,
  B: isBinary,
  BOOL: (value) => typeof value === 'boolean',
  NULL: (value) => value === true,
  SS: isSetOf(isText),
  NS: isSetOf(isNumber, (value) => canonicalNumber(String(value))),
  BS: isSetOf(isBinary),
};

const isHalf = (content: unknown): boolean =>
  [content].flat().some((text) => typeof text === 'string' && !text.isWellFormed());

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Why a value out of JSON is no attribute value in DynamoDB JSON, or undefined. */
function valueProblem(value: unknown, name: string, depth: number): string | undefined {
  if (!isObject(value)) return `'${name}' is no attribute value`;
  const [entry, second] = Object.entries(value);
  if (entry === undefined || second !== undefined) return `'${name}' does not have one type`;
  const [type, content]: [string, unknown] = entry;
  if (type === 'M' || type === 'L') {
    if (depth >= DEEPEST) return `'${name}' is nested deeper than ${DEEPEST} levels`;
    if (type === 'M') return isObject(content) ? entriesProblem(content, name, depth) : `'${name}' is no map`;
    if (!Array.isArray(content)) return `'${name}' is no list`;
    for (const element of content) {
      const problem = valueProblem(element, name, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const check = Object.hasOwn(SCALARS, type) ? SCALARS[type] : undefined;
  if (check === undefined) return `'${name}' has the type '${type}', which DynamoDB does not know`;
  if (check(content)) return undefined;
  return isHalf(content)
    ? `'${name}' is no text: it has half of a surrogate pair`
    : `'${name}' is not of its type ${type}`;
}

function entriesProblem(values: object, within: string | null, depth: number): string | undefined {
  for (const [name, value] of Object.entries(values)) {
    if (!isText(name)) return 'a name is no text: it has half of a surrogate pair';
    const problem = valueProblem(value, within === null ? name : `${within}.${name}`, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const isItem = (value: unknown): value is WireItem => isObject(value) && entriesProblem(value, null, 0) === undefined;

/** An item out of JSON, or why it is none. */
export function parseWireItem(
  value: unknown,
): { readonly ok: true; readonly item: WireItem } | { readonly ok: false; readonly reason: string } {
  if (isItem(value)) return { ok: true, item: value };
  return { ok: false, reason: (isObject(value) && entriesProblem(value, null, 0)) || 'is no item' };
}
