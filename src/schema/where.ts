import type { Item } from './attribute-value.js';
import { decodeAttributes } from './decode.js';
import { exactNumber } from './plain.js';
import type { PayloadField } from './types.js';

export const WHERE_OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '^=', '~=', 'exists', 'missing'] as const;

export type WhereOperator = (typeof WHERE_OPERATORS)[number];

/** A condition on an attribute, or on a path into its decoded payload: `state.userId=42`. */
export interface Where {
  /** As written, dots included: an attribute's own name may have dots. */
  readonly path: string;
  readonly operator: WhereOperator;
  /** Empty for `exists` and `missing`. */
  readonly value: string;
}

const PRESENCE = /^(\S+)\s+(exists|missing)$/;
const COMPARISON = /^([^=!<>^~\s]+)\s*(!=|<=|>=|\^=|~=|=|<|>)\s*([\s\S]*)$/;

const isOperator = (text: string | undefined): text is WhereOperator => WHERE_OPERATORS.some((each) => each === text);

/**
 * Reads `state.userId=42`, `metadata.ip^=10.` (begins with), `state.note~=urgent` (contains), `ttl<1700000000`,
 * `state.user exists` or `ttl missing`. Answers undefined for anything else.
 */
export function parseWhere(text: string): Where | undefined {
  const [, path, operator, value = ''] = PRESENCE.exec(text.trim()) ?? COMPARISON.exec(text.trim()) ?? [];
  return path === undefined || !isOperator(operator) ? undefined : { path, operator, value };
}

/** Whether an item meets all conditions; its payloads are decoded by the layout's codecs. */
export function meetsAll(item: Item, conditions: readonly Where[], payload: readonly PayloadField[]): boolean {
  if (conditions.length === 0) return true;
  const attributes = decodeAttributes(item, payload);
  return conditions.every((condition) => meets(attributes, condition));
}

function meets(attributes: unknown, { path, operator, value }: Where): boolean {
  const found = lookUp(attributes, path.split('.'));
  if (operator === 'exists') return found !== undefined;
  if (operator === 'missing') return found === undefined;
  // A list or a set meets a condition when one of its elements does; `!=` when none is equal.
  const candidates: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (operator === '!=') return !candidates.some((candidate) => compare(candidate, '=', value));
  return candidates.some((candidate) => compare(candidate, operator, value));
}

/** Follows a dotted path; the longest name that exists counts at each step, since names may have dots themselves. */
function lookUp(value: unknown, steps: readonly string[]): unknown {
  if (steps.length === 0) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (let length = steps.length; length > 0; length -= 1) {
    const name = steps.slice(0, length).join('.');
    if (!Object.hasOwn(value, name)) continue;
    const found = lookUp(Reflect.get(value, name), steps.slice(length));
    if (found !== undefined) return found;
  }
  return undefined;
}

type Comparison = Exclude<WhereOperator, '!=' | 'exists' | 'missing'>;

const isScalar = (value: unknown): value is string | number | bigint | boolean | null =>
  value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

function compare(found: unknown, operator: Comparison, wanted: string): boolean {
  if (!isScalar(found)) return false;
  const text = String(found);
  switch (operator) {
    case '=':
      return text === wanted || (isNumeric(text) && isNumeric(wanted) && order(text, wanted) === 0);
    case '^=':
      return text.startsWith(wanted);
    case '~=':
      return text.includes(wanted);
    case '<':
      return order(text, wanted) < 0;
    case '<=':
      return order(text, wanted) <= 0;
    case '>':
      return order(text, wanted) > 0;
    case '>=':
      return order(text, wanted) >= 0;
  }
}

const isNumeric = (text: string): boolean => /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text);

/** Numbers by value, everything else by its characters: ISO 8601 instants come out right that way. */
function order(a: string, b: string): number {
  if (isNumeric(a) && isNumeric(b)) return orderNumbers(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function orderNumbers(a: string, b: string): number {
  // Whole numbers beyond what a double holds exactly are compared as such.
  if (
    /^-?\d+$/.test(a) &&
    /^-?\d+$/.test(b) &&
    (typeof exactNumber(a) === 'string' || typeof exactNumber(b) === 'string')
  ) {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return Number(a) - Number(b);
}
