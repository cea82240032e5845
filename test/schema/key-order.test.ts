import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys } from '../../src/schema/index.js';

const order = (a: string, b: string): number => compareKeys({ N: a }, { N: b });

describe('the order of sort keys', () => {
  it('numbers are compared by value, to their last of 38 digits', () => {
    expect(order('9', '10')).toBe(-1);
    expect(order('-9', '-10')).toBe(1);
    expect(order('12345678901234567890123456789012345678', '12345678901234567890123456789012345679')).toBe(-1);
    expect(order('0.12345678901234567890123456789012345678', '0.12345678901234567890123456789012345677')).toBe(1);
    expect(order('1.50', '1.5')).toBe(0);
    expect(order('9007199254740993', '9007199254740992.5')).toBe(1);
  });

  it('agrees with whole numbers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => order(String(a), String(b)) === (a < b ? -1 : a > b ? 1 : 0)),
    );
  });

  it('text is compared by its bytes in UTF-8, not by UTF-16 units', () => {
    expect(compareKeys({ S: 'a' }, { S: 'b' })).toBe(-1);
    expect(compareKeys({ S: 'ab' }, { S: 'a' })).toBe(1);
    expect(compareKeys({ S: '\uffee' }, { S: '\u{1f600}' })).toBe(-1);
    expect(compareKeys({ B: new Uint8Array([1, 255]) }, { B: new Uint8Array([2]) })).toBe(-1);
  });
});
