import type { AttributeValue, Item } from './attribute-value.js';
import { readField } from './decode.js';
import { compareDecimals, isNumeric } from './decimal.js';
import { parseInstant, parseIso } from './duration.js';
import { codecOf, jsonPayload, parseJson } from './payload.js';
import { toPlain } from './plain.js';
import type { PayloadField, SessionMeaning, TimeField } from './types.js';

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

/** What of a layout's sessions conditions are read by. */
export type WhereMeaning = Pick<SessionMeaning, 'createdAt' | 'lastActivityAt' | 'expiresAt' | 'payload'>;

const PRESENCE = /^(\S+)\s+(exists|missing)$/;
const COMPARISON = /^([^=!<>^~\s]+)\s*(!=|<=|>=|\^=|~=|=|<|>)\s*([\s\S]*)$/;

const isOperator = (text: string | undefined): text is WhereOperator => WHERE_OPERATORS.some((each) => each === text);

const ORDERS = ['<', '<=', '>', '>='] as const;
type Order = (typeof ORDERS)[number];
export const isOrder = (operator: WhereOperator): operator is Order => ORDERS.some((each) => each === operator);

/**
 * Reads `state.userId=42`, `metadata.ip^=10.` (begins with), `state.note~=urgent` (contains), `ttl<1700000000`,
 * `created_at<30d`, `state.user exists` or `ttl missing`. Answers undefined for anything else: also for a path with an
 * empty part, and where `<`, `^=` and the like have nothing to compare with, which would choose everything or nothing.
 */
export function parseWhere(text: string): Where | undefined {
  const [, path, operator, value = ''] = PRESENCE.exec(text.trim()) ?? COMPARISON.exec(text.trim()) ?? [];
  if (path === undefined || !isOperator(operator) || path.split('.').includes('')) return undefined;
  if (value === '' && (isOrder(operator) || operator === '^=' || operator === '~=')) return undefined;
  return { path, operator, value };
}

/** Why no row can be judged by a condition, or undefined. */
export function whereProblem({ path, operator, value }: Where, meaning: WhereMeaning): string | undefined {
  const isComparison = isOrder(operator) || operator === '=' || operator === '!=';
  if (isComparison && typeof parseJson(value)?.value === 'object' && /^[{[]/.test(value))
    return `'${path}' cannot be compared with a JSON object or list: a condition is on one value, such as '${path}.<key>'`;
  if (!isOrder(operator) || timeFieldAt(meaning, path) === undefined) return undefined;
  return isNumeric(value) || parseInstant(value, 0) !== undefined
    ? undefined
    : `'${path}' holds a time, and '${value}' is neither an instant (2026-11-20, 2026-11-20T11:22:33Z, or 30d for so long ago) nor a number`;
}

/** Whether an item meets all conditions, read by what its layout means. `now` is epoch milliseconds. */
export function meetsAll(item: Item, conditions: readonly Where[], meaning: WhereMeaning, now: number): boolean {
  return conditions.every((condition) => meets(item, condition, meaning, now));
}

function meets(item: Item, { path, operator, value }: Where, meaning: WhereMeaning, now: number): boolean {
  const found = lookUp(item, path.split('.'), meaning.payload);
  if (operator === 'exists') return found !== undefined;
  if (operator === 'missing') return found === undefined;
  const time = timeFieldAt(meaning, path);
  if (isOrder(operator)) {
    const wanted = time === undefined || isNumeric(value) ? undefined : parseInstant(value, now);
    if (time === undefined || wanted === undefined) return meetsOrder(found, operator, value);
    const read = readField(item, time, meaning.payload);
    return read.kind === 'instant' && isOrdered(read.ms - wanted, operator);
  }
  if (time !== undefined && isSameInstant(item, time, meaning, value)) return operator === '=';
  // A list or a set meets a condition when one of its elements does; `!=` when none is equal.
  const candidates: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (operator === '!=') return !candidates.some((candidate) => compare(candidate, '=', value));
  return candidates.some((candidate) => compare(candidate, operator, value));
}

/** The layout's field of time that a path names, alone: an instant in another of its attributes is not what was asked. */
export function timeFieldAt(
  { createdAt, lastActivityAt, expiresAt }: WhereMeaning,
  dotted: string,
): TimeField | undefined {
  for (const field of [createdAt, lastActivityAt, expiresAt]) {
    const path = field?.paths.find((steps) => steps.join('.') === dotted);
    if (field !== null && path !== undefined) return { paths: [path], unit: field.unit };
  }
  return undefined;
}

function isSameInstant(item: Item, time: TimeField, { payload }: WhereMeaning, value: string): boolean {
  const wanted = parseIso(value);
  if (wanted === undefined) return false;
  const read = readField(item, time, payload);
  return read.kind === 'instant' && read.ms === wanted;
}

/** A value that plain data does not tell from text: a number of DynamoDB's with all its digits, or base64 of binary. */
class Stored {
  readonly type: 'number' | 'binary';
  readonly text: string;

  constructor(type: Stored['type'], text: string) {
    this.type = type;
    this.text = text;
  }
}

/** An attribute's value as plain data, but with what text cannot tell. */
function typed(value: AttributeValue): unknown {
  if ('N' in value) return new Stored('number', value.N);
  if ('NS' in value) return value.NS.map((text) => new Stored('number', text));
  if ('B' in value) return new Stored('binary', String(toPlain(value)));
  if ('BS' in value) return value.BS.map((bytes) => typed({ B: bytes }));
  if ('L' in value) return value.L.map(typed);
  if (!('M' in value)) return toPlain(value);
  // A null prototype: a key may well be called __proto__.
  const plain: Record<string, unknown> = Object.create(null);
  for (const [name, element] of Object.entries(value.M)) plain[name] = typed(element);
  return plain;
}

/** Follows a dotted path; the longest name that exists counts at each step, since names may have dots themselves. */
function lookUp(item: Item, steps: readonly string[], payload: readonly PayloadField[]): unknown {
  return eachName(steps, item, (name, rest) => {
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    if (value === undefined) return undefined;
    const parsed = jsonPayload(value, codecOf(payload, name));
    return descend(parsed === undefined ? typed(value) : parsed.value, rest);
  });
}

function descend(value: unknown, steps: readonly string[]): unknown {
  if (steps.length === 0) return value;
  if (typeof value !== 'object' || value === null || value instanceof Stored) return undefined;
  return eachName(steps, value, (name, rest) => descend(Reflect.get(value, name), rest));
}

function eachName(
  steps: readonly string[],
  owner: object,
  look: (name: string, rest: readonly string[]) => unknown,
): unknown {
  for (let length = steps.length; length > 0; length -= 1) {
    const name = steps.slice(0, length).join('.');
    const found = Object.hasOwn(owner, name) ? look(name, steps.slice(length)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Stored) return value.text;
  if (value === null) return 'null';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function compare(found: unknown, operator: '=' | '^=' | '~=', wanted: string): boolean {
  const text = textOf(found);
  if (text === undefined) return false;
  if (operator === '^=') return text.startsWith(wanted);
  if (operator === '~=') return text.includes(wanted);
  return text === wanted || (isNumeric(text) && isNumeric(wanted) && compareDecimals(text, wanted) === 0);
}

/**
 * Numbers are ordered with numbers only, and text with text: by characters a number of milliseconds would come before
 * the year 2020. Text that is a number and nothing else counts as one, since many applications store theirs so.
 */
function meetsOrder(found: unknown, operator: Order, wanted: string): boolean {
  const isNumber = typeof found === 'number' || (found instanceof Stored && found.type === 'number');
  if (!isNumber && typeof found !== 'string') return false;
  const text = textOf(found) ?? '';
  if (isNumeric(wanted)) return isNumeric(text) && isOrdered(compareDecimals(text, wanted), operator);
  return !isNumber && isOrdered(text < wanted ? -1 : text > wanted ? 1 : 0, operator);
}

function isOrdered(difference: number, operator: Order): boolean {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}
