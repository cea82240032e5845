import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../src/schema/index.js';

describe('what differs between two items', () => {
  it('is told as deep as both sides are maps, lists whole', () => {
    const before = { ttl: 1, state: { count: 1, list: [1, { a: 1 }], same: { x: [] } }, gone: 'x' };
    const after = { ttl: 2, state: { count: 2, list: [1, { a: 2 }], same: { x: [] } }, came: null };
    expect(changesBetween(before, after)).toEqual([
      { path: ['ttl'], from: 1, to: 2 },
      { path: ['state', 'count'], from: 1, to: 2 },
      { path: ['state', 'list'], from: [1, { a: 1 }], to: [1, { a: 2 }] },
      { path: ['gone'], from: 'x', to: undefined },
      { path: ['came'], from: undefined, to: null },
    ]);
  });

  it('does not depend on the order of keys, nor on their names', () => {
    expect(changesBetween({ a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 })).toEqual([]);
    const named: Record<string, unknown> = Object.fromEntries([['__proto__', 1]]);
    expect(changesBetween({}, named)).toEqual([{ path: ['__proto__'], from: undefined, to: 1 }]);
    expect(changesBetween({ a: 1 }, { a: '1' })).toHaveLength(1);
  });

  it('is nothing for an item and its copy', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        (item) => changesBetween(item, structuredClone(item)).length === 0,
      ),
    );
  });
});
