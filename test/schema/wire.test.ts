import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeValue, Item } from '../../src/schema/attribute-value.js';
import { fromWire, itemFromWire, itemToWire, toWire, type WireValue } from '../../src/schema/wire.js';

const digits = fc.stringMatching(/^-?[1-9]\d{0,37}$/);
const bytes = fc.uint8Array({ maxLength: 20 });
const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'a.b', '"', '\u2028'),
);

const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.record({ S: fc.string({ unit: 'binary' }) }),
    fc.record({ N: digits }),
    fc.record({ B: bytes }),
    fc.record({ BOOL: fc.boolean() }),
    fc.constant({ NULL: true } as const),
    fc.record({ SS: fc.uniqueArray(fc.string(), { minLength: 1 }) }),
    fc.record({ NS: fc.uniqueArray(digits, { minLength: 1 }) }),
    fc.record({ BS: fc.array(bytes, { minLength: 1 }) }),
    fc.record({ L: fc.array(tie('value'), { maxLength: 4 }) }),
    fc.record({ M: fc.dictionary(name, tie('value'), { maxKeys: 4 }) }),
  ),
}));

describe('DynamoDB JSON', () => {
  it('brings every value back as it was, through text as well', () => {
    fc.assert(
      fc.property(value, (given) => {
        const text = JSON.stringify(toWire(given));
        const wire: WireValue = JSON.parse(text);
        expect(fromWire(wire)).toEqual(given);
        expect(JSON.stringify(toWire(fromWire(wire)))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps 38 digits, empty binary and the bytes of sets', () => {
    const item: Item = {
      n: { N: '-99999999999999999999999999999999999999' },
      small: { N: '1E-130' },
      empty: { B: new Uint8Array() },
      set: { BS: [new Uint8Array([0, 255]), new Uint8Array([1])] },
    };
    expect(itemToWire(item)).toEqual({
      n: { N: '-99999999999999999999999999999999999999' },
      small: { N: '1E-130' },
      empty: { B: '' },
      set: { BS: ['AP8=', 'AQ=='] },
    });
    expect(itemFromWire(itemToWire(item))).toEqual(item);
  });

  it('keeps an attribute that is called __proto__, at any depth, as an attribute', () => {
    const text = '{"__proto__":{"M":{"__proto__":{"S":"x"}}}}';
    const item = itemFromWire(JSON.parse(text));
    expect(Object.keys(item)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
    expect(JSON.stringify(itemToWire(item))).toBe(text);
  });
});
