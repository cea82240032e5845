import * as fc from 'fast-check';
import type { AttributeValue, Item, Layout, TableSpec } from '../../src/schema/index.js';

const NASTY = [
  '\u001b[2J\u001b]52;c;aGVsbG8=\u0007',
  '\u009b31m',
  '\u202egnp.exe',
  'two\nlines\r\nthree\u2028four',
  '=HYPERLINK("http://x","y")',
  '@SUM(A1)',
  "-cmd|' /C calc'!A0",
  '\ud800alone',
  'nul\u0000byte',
  '{"open": ',
  '[[[[[[[[',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  '["list"]',
  'null',
  '"text"',
  '1e400',
  '\u0004\bo:\u000bObject',
  'O:8:"stdClass":1:{s:1:"a";i:1;}',
  "cos\nsystem\n(S'id'\ntR.",
  'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA',
  'e\u0301\u200b\u{1f468}\u200d\u{1f469}',
  ' ',
] as const;

/** Half a surrogate is no UTF-8: on the wire it becomes U+FFFD. */
const inUtf8 = (string: string): string => Buffer.from(string).toString();

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const NUMBERS = [
  '0',
  '-1',
  '12345678901234567890123456789012345678',
  '-9.9999999999999999999999999999999999999e125',
  '1e-130',
  '1795173753',
  '1795173753123',
  '0.1',
] as const;

const text: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(50, 1000, 20_000).map(nested),
);

const name = fc.constantFrom(
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'a.b',
  'ttl',
  '=x',
  'line\nfeed',
  '\u001b[31m',
);

const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  text.map((S) => ({ S })),
  fc.constantFrom(...NUMBERS).map((N) => ({ N })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant<AttributeValue>({ NULL: true }),
  fc.uint8Array({ minLength: 1, maxLength: 8 }).map((B) => ({ B })),
);

const value: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map((entries) => ({ M: Object.fromEntries(entries) })),
    fc.uniqueArray(fc.constantFrom('a', '\u001b', '=1'), { minLength: 1 }).map((SS) => ({ SS })),
  ),
})).value;

/** DynamoDB takes no key that is empty, none with half a surrogate (it is no UTF-8), and none beyond 2,048 bytes. */
const keyText = (most: number): fc.Arbitrary<string> =>
  fc
    .oneof(text, fc.constant('x'.repeat(most)), fc.uuid())
    .map((id) => inUtf8(inUtf8(id).slice(0, 300)))
    .filter((id) => id !== '' && Buffer.byteLength(id) <= most)
    .chain((id) => fc.constantFrom(id, ...(id.startsWith('x') ? ['x'.repeat(most)] : [])));

const keyOf = (type: 'S' | 'N' | 'B', most: number): fc.Arbitrary<AttributeValue> =>
  type === 'S'
    ? keyText(most).map((S) => ({ S }))
    : type === 'N'
      ? fc.integer({ min: 0, max: 1_000_000 }).map((N) => ({ N: String(N) }))
      : fc.uint8Array({ minLength: 1, maxLength: 20 }).map((B) => ({ B }));

/** DynamoDB takes text in UTF-8 only: half a surrogate becomes U+FFFD on the wire. */
function wellFormed(value_: AttributeValue): AttributeValue {
  if ('S' in value_) return { S: inUtf8(value_.S) };
  if ('L' in value_) return { L: value_.L.map(wellFormed) };
  if ('M' in value_)
    return {
      M: Object.fromEntries(Object.entries(value_.M).map(([key, one]) => [inUtf8(key), wellFormed(one)])),
    };
  return value_;
}

/**
 * Rows that an enemy, or a bug, could have written into a layout's table: the keys are what DynamoDB takes, and every
 * other attribute of the layout holds anything of any type, or is missing; there are others besides.
 */
export function hostileRows(layout: Layout, spec: TableSpec): fc.Arbitrary<Item> {
  const keys = spec.keys ?? { partitionKey: { name: 'id', type: 'S' as const } };
  const parts = [keys.partitionKey, ...(keys.sortKey === undefined ? [] : [keys.sortKey])];
  const indexed = new Map(
    spec.indexes.flatMap(({ partitionKey, sortKey }) =>
      [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].map((key) => [key.name, key.type]),
    ),
  );
  const prefixOf = (attribute: string): string =>
    spec.role === 'sessions' ? (layout.session.id.find((part) => part.attribute === attribute)?.prefix ?? '') : '';
  const key = fc.tuple(
    ...parts.map(({ name: attribute, type }, at) =>
      keyOf(type, at === 0 ? 1900 : 900).map((made): [string, AttributeValue] => [
        attribute,
        'S' in made ? { S: prefixOf(attribute) + made.S } : made,
      ]),
    ),
  );
  const known = spec.attributes
    .flatMap(({ names }) => names)
    .filter((attribute) => !parts.some((part) => part.name === attribute));
  const attributes = fc.array(
    fc
      .tuple(fc.oneof(fc.constantFrom(...known, ...known, 'extra'), name), value)
      // An index takes only keys of its type.
      .map(([attribute, made]): [string, AttributeValue] => {
        const type = indexed.get(attribute);
        return [attribute, type === undefined || type in made ? made : type === 'N' ? { N: '7' } : { S: 'x' }];
      })
      .filter(([attribute, made]) => !(indexed.has(attribute) && 'S' in made && made.S === '')),
    { maxLength: 8 },
  );
  return fc.tuple(key, attributes).map(([keyed, others]) => {
    const entries = others.filter(([attribute]) => !parts.some((part) => part.name === attribute));
    return Object.fromEntries([...entries.map(([attribute, made]) => [attribute, wellFormed(made)]), ...keyed]);
  });
}
