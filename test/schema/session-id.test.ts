import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AttributeValue,
  genericFor,
  type Item,
  keyOfItem,
  keyOfSessionId,
  type Layout,
  LAYOUTS,
  sessionIdOf,
} from '../../src/schema/index.js';
import { layoutNamed, N, S } from './fixtures.js';

const tricky = fc.string({
  unit: fc.constantFrom(':', '%', '%3A', '%25', '%3a', '3A', 'a', '#', 'é', '🦀'),
  minLength: 1,
});
const text = fc.oneof(tricky, fc.string({ minLength: 1 }));

const values: Readonly<Record<'S' | 'N' | 'B', fc.Arbitrary<AttributeValue>>> = {
  S: text.map(S),
  N: fc
    .oneof(fc.bigInt().map(String), fc.constantFrom('-0.5', '1E+30', '12345678901234567890123456789012345678'))
    .map(N),
  B: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => ({ B: Buffer.from(bytes) })),
};

/** A key of a layout as its application makes it, with its prefixes. */
function keys({ session: { id } }: Layout): fc.Arbitrary<Item> {
  return fc.record(
    Object.fromEntries(
      id.map(({ attribute, type, prefix }) => [
        attribute,
        prefix === undefined
          ? values[type]
          : fc.string({ unit: fc.constantFrom(':', '%', '%3A', '%25', 'a', '#') }).map((rest) => S(prefix + rest)),
      ]),
    ),
  );
}

const types = ['S', 'N', 'B'] as const;
const compositeTables = types.flatMap((first) =>
  types.map((second) =>
    genericFor({
      name: `${first}${second}`,
      keys: { partitionKey: { name: 'p', type: first }, sortKey: { name: 's', type: second } },
      indexes: [],
      ttl: { status: 'DISABLED', attribute: null },
    }),
  ),
);
const simpleTables = types.map((type) =>
  genericFor({
    name: type,
    keys: { partitionKey: { name: 'p', type } },
    indexes: [],
    ttl: { status: 'DISABLED', attribute: null },
  }),
);

const all = [...LAYOUTS.filter(({ session }) => session.id.length > 0), ...simpleTables, ...compositeTables];

describe('session ids', () => {
  it.each(all.map((layout) => [`${layout.id} ${layout.tables[0]?.defaultName}`, layout] as const))(
    'lead back to the key they were made of: %s',
    (_, layout) => {
      fc.assert(
        fc.property(keys(layout), (key) => {
          const item = { ...key, other: S('x') };
          expect(keyOfItem(item, layout.session.id)).toEqual(key);
          expect(keyOfSessionId(sessionIdOf(item, layout.session.id), layout.session.id)).toEqual(key);
        }),
      );
    },
  );

  it('differ where keys differ', () => {
    const { id } = layoutNamed('pmcp-tasks').session;
    fc.assert(
      fc.property(tricky, tricky, tricky, tricky, (a, b, c, d) => {
        const one = sessionIdOf({ PK: S(`OWNER#${a}`), SK: S(`TASK#${b}`) }, id);
        const other = sessionIdOf({ PK: S(`OWNER#${c}`), SK: S(`TASK#${d}`) }, id);
        expect(one === other).toBe(a === c && b === d);
      }),
    );
  });

  it('leave the prefixes out, and an owner with colons whole', () => {
    const { id } = layoutNamed('pmcp-tasks').session;
    const item = { PK: S('OWNER#arn:aws:iam::1:user/x'), SK: S('TASK#5f') };
    expect(sessionIdOf(item, id)).toBe('arn:aws:iam::1:user/x:5f');
    expect(keyOfSessionId('arn:aws:iam::1:user/x:5f', id)).toEqual(item);
    expect(keyOfSessionId('a:50%', id)).toEqual({ PK: S('OWNER#a'), SK: S('TASK#50%') });
  });

  it('are a single key as it is, colons, percent signs and all', () => {
    const { id } = layoutNamed('express').session;
    expect(sessionIdOf({ id: S('sess:a%3Ab') }, id)).toBe('sess:a%3Ab');
    expect(keyOfSessionId('sess:a%3Ab', id)).toEqual({ id: S('sess:a%3Ab') });
  });

  it('that lack a part stand for no key', () => {
    expect(keyOfSessionId('', layoutNamed('mcp').session.id)).toBeUndefined();
    expect(keyOfSessionId('task-only', layoutNamed('pmcp-tasks').session.id)).toBeUndefined();
    const [composite] = compositeTables;
    expect(keyOfSessionId(':b', composite?.session.id ?? [])).toBeUndefined();
    expect(keyOfSessionId('a:', composite?.session.id ?? [])).toBeUndefined();
  });

  it.each([
    ['N', 'abc'],
    ['N', ''],
    ['N', '0x1f'],
    ['N', ' 1'],
    ['B', 'not base64!'],
    ['B', 'abc'],
  ] as const)('that cannot be a key of type %s stand for none: %j', (type, id) => {
    expect(keyOfSessionId(id, [{ attribute: 'p', type }])).toBeUndefined();
  });
});
