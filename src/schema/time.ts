import { type AttributeValue, numberTextOf, stringOf } from './attribute-value.js';
import { parseIso } from './duration.js';
import type { TimeUnit } from './types.js';

const SECONDS_CEILING = 1e11;
const MILLISECONDS_CEILING = 1e14;

/** What an instant's attribute was found to say. */
export type ReadTime =
  | { readonly kind: 'instant'; readonly ms: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid'; readonly reason: string };

function instant(ms: number): ReadTime {
  // 2147483648.982 s times 1000 is a hair below 2147483648982 ms: what a double adds beyond microseconds is noise.
  return { kind: 'instant', ms: Number.isInteger(ms) ? ms : Math.floor(Number(ms.toFixed(3))) };
}

/** The unit that a number of this magnitude can only be in: seconds reach the year 5138 below 1e11. */
export function unitByMagnitude(value: number): 's' | 'ms' | 'us' {
  if (Math.abs(value) < SECONDS_CEILING) return 's';
  return Math.abs(value) < MILLISECONDS_CEILING ? 'ms' : 'us';
}

/** The last instant that JavaScript has, in microseconds: no unit makes a time of a number beyond. */
const LAST_US = 8.64e18;

/** Stored values are of any length, and what is wrong with one is said in a line. */
const shortNumber = (text: string): string => (text.length <= 20 ? text : String(Number(text)));

/**
 * A text that stands where a time belongs: itself where it is a word, or made of what times are made of. Anything else
 * may be a secret that was put there by mistake, and this ends up in messages and logs.
 */
const namedText = (text: string): string =>
  text.length <= 12 || /^[\d\s.,:TZtz+/-]{1,40}$/.test(text) ? `'${text}'` : `of ${text.length} characters`;

const MS_PER = { s: 1000, ms: 1, us: 0.001 } as const;
const NAME_OF = { s: 'seconds', ms: 'milliseconds', us: 'microseconds' } as const;

function fromNumber(text: string, unit: TimeUnit): ReadTime {
  const value = Number(text);
  if (!Number.isFinite(value)) return { kind: 'invalid', reason: `the text ${namedText(text)} is not a number` };
  if (Math.abs(value) > LAST_US) return { kind: 'invalid', reason: `${shortNumber(text)} is no time` };
  const likely = unitByMagnitude(value);
  if (unit === 'auto') return instant(value * MS_PER[likely]);
  if (unit === 'iso') return { kind: 'invalid', reason: `is the number ${shortNumber(text)}, not ISO 8601 text` };
  // A value of another unit is reported, not converted: its readers take it in the unit that the layout says.
  if (likely !== unit)
    return {
      kind: 'invalid',
      reason: `${shortNumber(text)} looks like ${NAME_OF[likely]} where ${NAME_OF[unit]} belong`,
    };
  return instant(value * MS_PER[unit]);
}

function fromText(text: string, unit: TimeUnit): ReadTime {
  if (unit === 's' || unit === 'ms' || unit === 'us')
    return { kind: 'invalid', reason: `is the text ${namedText(text)}, not a number of ${NAME_OF[unit]}` };
  const ms = parseIso(text);
  if (ms !== undefined) return instant(ms);
  if (unit === 'auto' && text.trim() !== '' && Number.isFinite(Number(text))) return fromNumber(text, unit);
  return { kind: 'invalid', reason: `the text ${namedText(text)} is not an ISO 8601 instant` };
}

/** Reads an instant out of a plain value: a number's exact text, text, or nothing. */
export function readTime(value: string | number | null | undefined, unit: TimeUnit, isNumber: boolean): ReadTime {
  if (value === null || value === undefined) return { kind: 'absent' };
  return isNumber ? fromNumber(String(value), unit) : fromText(String(value), unit);
}

/** Reads an instant out of an attribute. */
export function readTimeAttribute(value: AttributeValue | undefined, unit: TimeUnit): ReadTime {
  if (value === undefined || 'NULL' in value) return { kind: 'absent' };
  const number = numberTextOf(value);
  if (number !== undefined) return readTime(number, unit, true);
  const text = stringOf(value);
  if (text !== undefined) return readTime(text, unit, false);
  return { kind: 'invalid', reason: 'is neither a number nor text' };
}

/** Writes an instant in a unit, as the attribute value that applications store. */
export function writeTime(ms: number, unit: TimeUnit): AttributeValue {
  switch (unit) {
    case 's':
    case 'auto':
      return { N: String(Math.floor(ms / 1000)) };
    case 'ms':
      return { N: String(Math.floor(ms)) };
    case 'us':
      return { N: String(Math.floor(ms) * 1000) };
    case 'iso':
      return { S: new Date(ms).toISOString() };
  }
}
