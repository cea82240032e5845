import { describe, expect, it } from 'vitest';
import { parseWireItem } from '../../src/schema/index.js';

const reasonOf = (value: unknown): string | null => {
  const parsed = parseWireItem(value);
  return parsed.ok ? null : parsed.reason;
};

const nested = (depth: number): object => {
  let value: object = { S: 'x' };
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? { L: [value] } : { M: { m: value } };
  return { a: value };
};

describe('parseWireItem', () => {
  it.each([
    {},
    { a: { S: '' }, b: { N: '-1.5e10' }, c: { B: '' }, d: { BOOL: false }, e: { NULL: true } },
    { a: { SS: [''] }, b: { NS: ['1', '.5'] }, c: { BS: ['AA=='] }, d: { L: [] }, e: { M: {} } },
    { a: { M: { b: { L: [{ M: { c: { S: 'x' } } }] } } } },
    {
      a: { N: '9'.repeat(38) },
      b: { N: `-${'9'.repeat(38)}e88` },
      c: { N: '1e-130' },
      d: { N: '1e125' },
      e: { N: '-0' },
    },
    { a: { N: `0.${'0'.repeat(129)}1` }, b: { N: `1${'0'.repeat(125)}` }, c: { NS: ['1', '-1', '10', '0.1', '0'] } },
    nested(31),
    { a: { S: '\ud83d\ude00' } },
  ])('takes %j', (item) => {
    expect(parseWireItem(item)).toEqual({ ok: true, item });
  });

  it.each([
    [null, /no item/],
    [[], /no item/],
    ['x', /no item/],
    [{ a: 'x' }, /'a' is no attribute value/],
    [{ a: {} }, /'a' does not have one type/],
    [{ a: { S: 'x', N: '1' } }, /'a' does not have one type/],
    [{ a: { X: 'x' } }, /'a' has the type 'X'/],
    [{ a: { toString: 'x' } }, /'a' has the type 'toString'/],
    [{ a: { S: 1 } }, /'a' is not of its type S/],
    [{ a: { N: 1 } }, /'a' is not of its type N/],
    [{ a: { N: '' } }, /'a' is not of its type N/],
    [{ a: { N: '0x10' } }, /'a' is not of its type N/],
    [{ a: { B: '%' } }, /'a' is not of its type B/],
    [{ a: { SS: ['x', 'y', 'x'] } }, /'a' is not of its type SS/],
    [{ a: { NS: ['10', '-1', '1e1'] } }, /'a' is not of its type NS/],
    [{ a: { NS: ['0', '-0.0'] } }, /'a' is not of its type NS/],
    [{ a: { BS: ['AA==', 'AA=='] } }, /'a' is not of its type BS/],
    [{ a: { N: `1${'0'.repeat(37)}1` } }, /'a' is not of its type N/],
    [{ a: { N: '1e126' } }, /'a' is not of its type N/],
    [{ a: { N: '0.9e-130' } }, /'a' is not of its type N/],
    [{ a: { N: '.' } }, /'a' is not of its type N/],
    [{ a: { NULL: false } }, /'a' is not of its type NULL/],
    [{ a: { SS: [] } }, /'a' is not of its type SS/],
    [{ a: { L: {} } }, /'a' is no list/],
    [{ a: { M: [] } }, /'a' is no map/],
    [{ a: { M: { b: { L: [{ S: 1 }] } } } }, /'a\.b' is not of its type S/],
    [nested(40), /nested deeper/],
    // UTF-8 has no half of a surrogate pair, and DynamoDB takes no request with one.
    [{ a: { S: 'x\ud800' } }, /'a' is no text/],
    [{ a: { SS: ['x', '\udc00y'] } }, /'a' is no text/],
    [{ a: { M: { b: { S: '\ude00\ud83d' } } } }, /'a\.b' is no text/],
    [{ ['a\ud800']: { S: 'x' } }, /a name is no text/],
  ])('refuses %j', (value, reason) => {
    expect(reasonOf(value)).toMatch(reason);
  });
});
