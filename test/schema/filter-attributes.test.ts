import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item } from '../../src/schema/attribute-value.js';
import { decisiveAttributes, neededAttributes, selectSession, type SessionFilter } from '../../src/schema/filter.js';
import { custom, filter, LAYOUTS, rowsOf } from './filter-samples.js';
import { layoutNamed, NOW } from './fixtures.js';

describe('decisiveAttributes', () => {
  const mcp = layoutNamed('mcp');
  it.each<[string, SessionFilter, readonly string[]]>([
    [
      'expiry and activity always: a sign of life keeps a session',
      { expired: true },
      ['ttl', 'last_activity', 'lastActivity'],
    ],
    [
      'creation where it is asked for',
      { createdBefore: 1 },
      ['ttl', 'last_activity', 'lastActivity', 'created_at', 'createdAt'],
    ],
    ['the payload that says terminated', { terminated: true }, ['ttl', 'last_activity', 'lastActivity', 'state']],
    [
      'every attribute that a dotted path may mean',
      { where: [{ path: 'state.a.b', operator: '=', value: '1' }] },
      ['ttl', 'last_activity', 'lastActivity', 'state', 'state.a', 'state.a.b'],
    ],
  ])('are %s', (_, asked, names) => {
    expect(decisiveAttributes(mcp, asked)).toEqual(names);
  });

  it('are also those of the items that are sessions', () => {
    expect(decisiveAttributes(custom, { expired: true })).toEqual(
      expect.arrayContaining(['kind', 'state', 'ttl', 'expires']),
    );
  });
});

describe('neededAttributes', () => {
  it.each(LAYOUTS)('tell of a session of the layout $id all but its size', (layout) => {
    const rows = rowsOf(layout);
    const agrees = (item: Item, asked: SessionFilter): void => {
      const names = new Set(neededAttributes(layout, asked));
      const narrow = Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)));
      const whole = selectSession(layout, item, asked, NOW);
      const fromLess = selectSession(layout, narrow, asked, NOW);
      expect(fromLess).toEqual(whole && { ...whole, sizeBytes: fromLess?.sizeBytes });
    };
    for (const item of rows) agrees(item, {});
    fc.assert(
      fc.property(filter, fc.constantFrom(...rows), (asked, item) => agrees(item, asked)),
      { numRuns: 500 },
    );
  });

  it('leave out what only makes a row large, and ask for no empty name', () => {
    const names = neededAttributes(layoutNamed('mcp'), { where: [{ path: '.a', operator: '=', value: '1' }] });
    expect(names).not.toContain('metadata');
    expect(names).not.toContain('');
    expect(names).toContain('.a');
  });
});
