import type { WireValue } from './wire.js';

/** An item in DynamoDB JSON. */
export type WireItem = Readonly<Record<string, WireValue>>;

/** DynamoDB nests 32 levels deep at the most. */
const DEEPEST = 32;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'string' && NUMBER.test(value);
const isBinary = (value: unknown): boolean => typeof value === 'string' && BASE64.test(value);
const isSetOf =
  (check: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(check);

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  S: isText,
  N: isNumber,
  B: isBinary,
  BOOL: (value) => typeof value === 'boolean',
  NULL: (value) => value === true,
  SS: isSetOf(isText),
  NS: isSetOf(isNumber),
  BS: isSetOf(isBinary),
};

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
  return check(content) ? undefined : `'${name}' is not of its type ${type}`;
}

function entriesProblem(values: object, within: string | null, depth: number): string | undefined {
  for (const [name, value] of Object.entries(values)) {
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
