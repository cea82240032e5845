import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeatedName } from '../../src/archive/repeated-name.js';

describe('repeatedName', () => {
  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a" : 1 ,\t"b":{} , "a"\r: 2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"x":{"L":[{"M":{"k":{"S":"1"},"k":{"S":"1"}}}]}}', 'k'],
    ['{"x":{"S":"1","S":"1"}}', 'S'],
    ['{"x":{"S":"1"},"y":[1],"x":null}', 'x'],
    ['{"":1,"":2}', ''],
    ['{"__proto__":1,"a":2,"__proto__":3}', '__proto__'],
    ['{"q\\"":1,"b\\\\":2,"q\\"":3}', 'q"'],
  ])('finds the one in %s', (text, name) => {
    expect(repeatedName(text)).toBe(name);
  });

  it.each([
    '{"a":{"a":{"a":1}},"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"\\"a\\":1","c":"a\\\\"}',
    '{"a":["a","a"],"A":1}',
    '""',
    '3',
  ])('finds none in %s', (text) => {
    expect(repeatedName(text)).toBeNull();
  });

  it('finds none in what JSON.stringify writes, and the one that is put in, whatever the spaces', () => {
    const indent = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(fc.json(), indent, (text, space) => {
        expect(repeatedName(JSON.stringify(JSON.parse(text), null, space))).toBeNull();
      }),
    );
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });
    fc.assert(
      fc.property(object, indent, fc.nat(), (value, space, at) => {
        const names = Object.keys(value);
        const name = names[at % names.length] ?? '';
        const text = JSON.stringify(value, null, space);
        expect(repeatedName(`${text.slice(0, text.lastIndexOf('}'))},${JSON.stringify(name)}:0}`)).toBe(name);
      }),
    );
  });
});
