import type { AttributeValue } from './attribute-value.js';
import { readTimeAttribute } from './time.js';

/** DynamoDB's TTL passes over values that lie further back, so that a mistake does not empty a table. */
export const TTL_REACH_MS = 5 * 365.25 * 86_400_000;

/** `wrongUnit`: milliseconds or microseconds. `text`: a string. `longPast`: more than five years past. */
export type TtlFaultKind = 'wrongUnit' | 'text' | 'longPast' | 'other';

export interface TtlFault {
  readonly kind: TtlFaultKind;
  /** What is wrong, to be read after the attribute's name. */
  readonly reason: string;
}

/**
 * Why TTL will never remove a row by this value; undefined when it will, or when there is no value. TTL wants a number of
 * epoch seconds (Developer Guide, "Using time to live"). `now` is epoch milliseconds.
 */
export function ttlFault(value: AttributeValue | undefined, now: number): TtlFault | undefined {
  const read = readTimeAttribute(value, 's');
  if (value === undefined || read.kind === 'absent') return undefined;
  if (read.kind === 'invalid') {
    const kind = 'S' in value ? 'text' : 'N' in value ? 'wrongUnit' : 'other';
    return { kind, reason: read.reason };
  }
  return read.ms < now - TTL_REACH_MS
    ? { kind: 'longPast', reason: 'is more than five years past, which TTL ignores' }
    : undefined;
}
