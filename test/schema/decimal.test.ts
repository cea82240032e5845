import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDecimals, isNumeric } from '../../src/schema/decimal.js';

const SCALE = 40;

/** A decimal in several spellings, and its value as a whole number of 10^-40. */
const decimal = fc
  .record({
    value: fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }),
    places: fc.integer({ min: 0, max: SCALE }),
    shift: fc.integer({ min: -5, max: 5 }),
    zeros: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ value, places, shift, zeros }) => {
    const sign = value < 0n ? '-' : '';
    const digits = String(value < 0n ? -value : value).padStart(places + 1, '0');
    const whole = digits.slice(0, digits.length - places);
    const fraction = digits.slice(digits.length - places) + '0'.repeat(zeros);
    const text = `${sign}${'0'.repeat(zeros)}${whole}${fraction === '' ? '' : `.${fraction}`}`;
    return { text: `${text}e${shift}`, scaled: value * 10n ** BigInt(SCALE - places + shift + 5) };
  });

describe('decimals', () => {
  it('are compared exactly, however they are written', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const expected = a.scaled < b.scaled ? -1 : a.scaled > b.scaled ? 1 : 0;
        expect(Math.sign(compareDecimals(a.text, b.text))).toBe(expected);
        expect(compareDecimals(a.text, a.text)).toBe(0);
      }),
    );
  });

  it.each([
    ['100', '1e2', 0],
    ['-0', '0.0', 0],
    ['1e999999999', '2', 1],
    ['1e-999999999', '0', 1],
    ['-1e999999999', '-2', -1],
    ['9007199254740993', '9007199254740992', 1],
  ])('%s beside %s: %d', (a, b, sign) => {
    expect(Math.sign(compareDecimals(a, b))).toBe(sign);
  });

  it.each(['', ' 1', '1 ', '.5', '5.', '+1', '0x10', 'Infinity', 'NaN', '1e', '1,000'])('%j is none', (text) => {
    expect(isNumeric(text)).toBe(false);
  });
});
