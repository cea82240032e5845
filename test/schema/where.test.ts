import { describe, expect, it } from 'vitest';
import type { Item } from '../../src/schema/attribute-value.js';
import { meetsAll, parseWhere } from '../../src/schema/where.js';

const ITEM: Item = {
  session_id: { S: 'abc' },
  ttl: { N: '1700000000' },
  big: { N: '12345678901234567890123456789012345678' },
  state: { S: JSON.stringify({ userId: 42, terminated: true, name: 'Ada Lovelace', 'a.b': 'dotted', nothing: null }) },
  metadata: { S: JSON.stringify({ ip: '10.0.3.7', client: { name: 'inspector' } }) },
  roles: { SS: ['admin', 'reader'] },
  'odd.name': { S: 'x' },
  seen: { S: '2026-11-20T10:00:00Z' },
};
const PAYLOAD = [{ names: ['state', 'metadata'], codec: 'json' }] as const;

function holds(text: string): boolean {
  const where = parseWhere(text);
  if (where === undefined) throw new Error(`'${text}' was not understood`);
  return meetsAll(ITEM, [where], PAYLOAD);
}

describe('where', () => {
  it.each([
    'state.userId=42',
    'state.userId=42.0',
    'state.terminated=true',
    'state.nothing=null',
    'metadata.ip^=10.',
    'metadata.client.name=inspector',
    'state.name~=Love',
    'state.a.b=dotted',
    'odd.name=x',
    'ttl<1700000001',
    'ttl<=1700000000',
    'ttl>=1700000000',
    'ttl > 9',
    'seen<2026-11-20T10:00:01Z',
    'big=12345678901234567890123456789012345678',
    'big>12345678901234567890123456789012345677',
    'roles=admin',
    'roles!=writer',
    'state.userId exists',
    'state.absent missing',
    'state.absent!=7',
    'state.name!=Ada',
  ])('%s holds', (text) => {
    expect(holds(text)).toBe(true);
  });

  it.each([
    'state.userId=43',
    'state.userId!=42',
    'metadata.ip^=0.3',
    'state.name~=love',
    'ttl<1700000000',
    'ttl>1700000000',
    'roles!=admin',
    'big<12345678901234567890123456789012345678',
    'state=anything',
    'state.absent<5',
    'state.absent exists',
    'state.userId missing',
    '__proto__ exists',
    'constructor.name exists',
  ])('%s does not hold', (text) => {
    expect(holds(text)).toBe(false);
  });

  it.each(['', 'state.userId', '=42', 'state.userId is 42', 'exists'])('%j is not a condition', (text) => {
    expect(parseWhere(text)).toBeUndefined();
  });

  it('demands all conditions', () => {
    const both = ['state.userId=42', 'ttl missing'].flatMap((text) => parseWhere(text) ?? []);
    expect(meetsAll(ITEM, both, PAYLOAD)).toBe(false);
    expect(meetsAll(ITEM, both.slice(0, 1), PAYLOAD)).toBe(true);
  });
});
