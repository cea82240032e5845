import { significantDigits } from './decimal.js';
import { parseIso } from './duration.js';
import { unitByMagnitude } from './time.js';
import { TTL_REACH_MS } from './ttl.js';
import type { Layout, TableRole, TimeUnit } from './types.js';
import type { WireItem } from './wire-check.js';
import type { WireValue } from './wire.js';

/** An attribute at the top level of an item that says when it expires. */
export interface ExpiryAttribute {
  readonly name: string;
  readonly unit: TimeUnit;
}

/** The attributes of a table's items that say when they expire: those of the layout, and the one that TTL reads. */
export function expiryAttributes(
  layout: Layout | null,
  role: TableRole,
  ttlAttribute: string | null,
): readonly ExpiryAttribute[] {
  const field = role === 'sessions' ? layout?.session.expiresAt : layout?.event?.expiresAt;
  const named = (field?.paths ?? [])
    .filter((path) => path.length === 1)
    .map(([name]) => ({ name, unit: field?.unit ?? 's' }));
  const isNamed = named.some(({ name }) => name === ttlAttribute);
  return ttlAttribute === null || isNamed ? named : [...named, { name: ttlAttribute, unit: 's' }];
}

/** Digits of a number that DynamoDB keeps; one with more is refused. */
const MOST_DIGITS = 38;

const PER_MS = { s: 1 / 1000, ms: 1, us: 1000 } as const;

/** A number's exact text with whole units added to it; undefined for a text that is no plain number of 0 or more. */
function add(text: string, units: number): string | undefined {
  const [, whole, fraction = ''] = /^(\d+)(\.\d+)?$/.exec(text) ?? [];
  return whole === undefined ? undefined : `${BigInt(whole) + BigInt(units)}${fraction}`;
}

function shifted(value: WireValue, unit: TimeUnit, ms: number): WireValue | undefined {
  if ('N' in value && unit !== 'iso') {
    const numeric = unit === 'auto' ? unitByMagnitude(Number(value.N)) : unit;
    const text = add(value.N, Math.round(ms * PER_MS[numeric]));
    return text === undefined || significantDigits(text) > MOST_DIGITS ? undefined : { N: text };
  }
  if ('S' in value && (unit === 'iso' || unit === 'auto')) {
    const instant = parseIso(value.S);
    const later = new Date((instant ?? Number.NaN) + ms);
    return Number.isNaN(later.getTime()) ? undefined : { S: later.toISOString() };
  }
  return undefined;
}

/**
 * An item whose expiry is so many milliseconds later, whole seconds of them; values that cannot be read as what the layout
 * says stay as they are, and so do items without an expiry, and values that would become none that can be stored.
 */
export function shiftExpiry(item: WireItem, attributes: readonly ExpiryAttribute[], ms: number): WireItem {
  const changes = attributes.flatMap(({ name, unit }) => {
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    const later = value === undefined ? undefined : shifted(value, unit, ms);
    return later === undefined ? [] : [[name, later] as const];
  });
  return changes.length === 0 ? item : Object.fromEntries([...Object.entries(item), ...changes]);
}

/** Whether TTL removes an item as soon as it is on: a number of seconds that is past, by not more than five years. */
export function isTtlDue(item: WireItem, attribute: string, now: number): boolean {
  const value = Object.hasOwn(item, attribute) ? item[attribute] : undefined;
  if (value === undefined || !('N' in value)) return false;
  const ms = Number(value.N) * 1000;
  return ms <= now && ms > now - TTL_REACH_MS;
}
