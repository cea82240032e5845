import { describe, expect, it } from 'vitest';
import { expiryAttributes, isTtlDue, LAYOUTS, shiftExpiry } from '../../src/schema/index.js';

const DAY = 86_400_000;
const layout = (id: string) => LAYOUTS.find((each) => each.id === id) ?? null;

describe('expiryAttributes', () => {
  it('are those of the layout, and the one that TTL reads', () => {
    expect(expiryAttributes(layout('mcp'), 'sessions', 'ttl')).toEqual([{ name: 'ttl', unit: 's' }]);
    expect(expiryAttributes(layout('mcp'), 'events', 'ttl')).toEqual([{ name: 'ttl', unit: 's' }]);
    expect(expiryAttributes(layout('express'), 'sessions', 'other')).toEqual([
      { name: 'expires', unit: 's' },
      { name: 'other', unit: 's' },
    ]);
    expect(expiryAttributes(null, 'sessions', 'ttl')).toEqual([{ name: 'ttl', unit: 's' }]);
    expect(expiryAttributes(null, 'sessions', null)).toEqual([]);
  });
});

describe('shiftExpiry', () => {
  it.each([
    ['s', { N: '1700000000' }, { N: '1700086400' }],
    ['s', { N: '1700000000.25' }, { N: '1700086400.25' }],
    ['ms', { N: '1700000000123' }, { N: '1700086400123' }],
    ['us', { N: '1700000000123456' }, { N: '1700086400123456' }],
    ['auto', { N: '1700000000' }, { N: '1700086400' }],
    ['auto', { N: '1700000000123' }, { N: '1700086400123' }],
    ['iso', { S: '2026-11-20T10:00:00Z' }, { S: '2026-11-21T10:00:00.000Z' }],
    ['auto', { S: '2026-11-20T10:00:00Z' }, { S: '2026-11-21T10:00:00.000Z' }],
    // What cannot be read as the layout says stays.
    ['s', { S: '1700000000' }, { S: '1700000000' }],
    ['s', { N: '-5' }, { N: '-5' }],
    ['iso', { N: '1700000000' }, { N: '1700000000' }],
    ['iso', { S: 'soon' }, { S: 'soon' }],
    ['s', { NULL: true }, { NULL: true }],
    // So does what would have more than DynamoDB's 38 digits.
    ['s', { N: `0.${'0'.repeat(129)}1` }, { N: `0.${'0'.repeat(129)}1` }],
    ['s', { N: `99999${'0'.repeat(121)}` }, { N: `99999${'0'.repeat(121)}` }],
    ['s', { N: `${'9'.repeat(37)}.5` }, { N: `${'9'.repeat(37)}.5` }],
    ['s', { N: `1${'0'.repeat(37)}` }, { N: `1${'0'.repeat(32)}86400` }],
    ['iso', { S: '+275760-09-12T00:00:01.000Z' }, { S: '+275760-09-12T00:00:01.000Z' }],
  ] as const)('in %s: %j becomes %j a day later', (unit, before, after) => {
    const item = { id: { S: 'x' }, expires: before };
    expect(shiftExpiry(item, [{ name: 'expires', unit }], DAY)).toEqual({ ...item, expires: after });
  });

  it('leaves items without an expiry, and __proto__ an attribute', () => {
    const item = JSON.parse('{"__proto__":{"S":"x"},"ttl":{"N":"1"}}');
    const shifted = shiftExpiry(item, [{ name: 'ttl', unit: 's' }], DAY);
    expect(JSON.stringify(shifted)).toBe('{"__proto__":{"S":"x"},"ttl":{"N":"86401"}}');
    expect(shiftExpiry({}, [{ name: 'toString', unit: 's' }], DAY)).toEqual({});
  });
});

describe('isTtlDue', () => {
  const now = 1_700_000_000_000;
  it.each([
    [{ N: '1700000000' }, true],
    [{ N: '1699999999' }, true],
    [{ N: '1700000001' }, false],
    [{ N: '1700000000000' }, false],
    // More than five years past: TTL passes over it.
    [{ N: '1500000000' }, false],
    [{ S: '1699999999' }, false],
  ] as const)('%j: %s', (ttl, due) => {
    expect(isTtlDue({ ttl }, 'ttl', now)).toBe(due);
  });
});
