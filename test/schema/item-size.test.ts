import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttributeValue, itemSize, valueSize } from '../../src/schema/index.js';
import { N, S } from './fixtures.js';

/** The rules of the DynamoDB Developer Guide, "Item sizes and formats". */
describe('item sizes', () => {
  it.each<[string, AttributeValue, number]>([
    ['a string is its UTF-8 bytes', S('abc'), 3],
    ['umlauts take two', S('äöü'), 6],
    ['an emoji takes four', S('🦀'), 4],
    ['an empty string takes none', S(''), 0],
    ['binary is its raw bytes, not its base64', { B: new Uint8Array(10) }, 10],
    ['BOOL is one', { BOOL: false }, 1],
    ['NULL is one', { NULL: true }, 1],
    ['one digit: one byte and one', N('7'), 2],
    ['two digits share a byte', N('42'), 2],
    ['three digits need two', N('123'), 3],
    ['epoch seconds: ten digits', N('1795173753'), 6],
    ['epoch milliseconds: thirteen', N('1795173753123'), 8],
    ['trailing zeros are trimmed', N('1000000'), 2],
    ['leading zeros too', N('0.00042'), 2],
    ['the point is no digit', N('12.34'), 3],
    ['an exponent is no digit', N('1.5E+20'), 2],
    ['zeros within count', N('1001'), 3],
    ['zero has no significant digit', N('0'), 1],
    ['a sign is a byte more', N('-42'), 3],
    ['38 digits', N('1'.repeat(38)), 20],
    ['38 negative digits: 21, the most', N(`-${'1'.repeat(38)}`), 21],
    ['an empty list is three', { L: [] }, 3],
    ['an empty map is three', { M: {} }, 3],
    ['a list: three, and one for each element', { L: [S('ab'), N('1')] }, 3 + (1 + 2) + (1 + 2)],
    ['a map: three, and one and its name for each element', { M: { key: S('ab') } }, 3 + 1 + 3 + 2],
    ['nested', { M: { a: { L: [{ M: { b: { BOOL: true } } }] } } }, 3 + 1 + 1 + (3 + 1 + (3 + 1 + 1 + 1))],
    ['a set of strings is their bytes', { SS: ['ab', 'ä'] }, 4],
    ['a set of numbers', { NS: ['1', '123'] }, 5],
    ['a set of binaries', { BS: [new Uint8Array(2), new Uint8Array(3)] }, 5],
  ])('%s', (_, value, bytes) => {
    expect(valueSize(value)).toBe(bytes);
  });

  it('an item is its names and values', () => {
    expect(itemSize({ session_id: S('abcd'), ttl: N('1795173753'), größe: { BOOL: true } })).toBe(
      10 + 4 + (3 + 6) + (7 + 1),
    );
    expect(itemSize({})).toBe(0);
  });

  it('grows with every byte of a string, however deep', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 20 }), (text, depth) => {
        let value: AttributeValue = S(text);
        for (let level = 0; level < depth; level += 1) value = { L: [value] };
        expect(valueSize(value)).toBe(Buffer.byteLength(text) + 4 * depth);
      }),
    );
  });
});
