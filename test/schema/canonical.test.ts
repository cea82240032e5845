import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalItem } from '../../src/schema/index.js';

const n = (text: string): string => canonicalItem({ a: { N: text } });

const list = (...texts: string[]) => ({ l: { L: texts.map((S) => ({ S })) } });

describe('canonicalItem', () => {
  it.each([
    ['1.5', '1.50', '+1.5', '15e-1', '0.15E1', '001.5'],
    ['0', '-0', '0.00', '0e5', '.0'],
    ['1000', '1e3', '1E+3', '1000.0'],
    ['-0.001', '-1e-3', '-.001'],
  ])('takes %s and its other spellings for one number', (first, ...others) => {
    expect(others.map(n)).toEqual(others.map(() => n(first)));
  });

  it('keeps numbers apart that a double would not', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), (value) => {
        expect(n(String(value))).not.toBe(n(String(value + 1n)));
      }),
    );
  });

  it('does not mind the order of attributes and of sets, but that of lists', () => {
    const a = {
      x: { SS: ['1', '2'] },
      y: { NS: ['1', '2.0'] },
      z: { M: { p: { BS: ['AA==', 'AQ=='] }, q: { NULL: true } } },
    } as const;
    const b = {
      z: { M: { q: { NULL: true }, p: { BS: ['AQ==', 'AA=='] } } },
      y: { NS: ['2', '1'] },
      x: { SS: ['2', '1'] },
    } as const;
    expect(canonicalItem(a)).toBe(canonicalItem(b));
    expect(canonicalItem(list('a', 'b'))).not.toBe(canonicalItem(list('b', 'a')));
  });

  it('tells types and names apart', () => {
    const items = [
      { a: { S: '1' } },
      { a: { N: '1' } },
      { b: { N: '1' } },
      { a: { B: 'MQ==' } },
      { a: { SS: ['1'] } },
      {},
    ];
    expect(new Set(items.map(canonicalItem)).size).toBe(items.length);
  });
});
