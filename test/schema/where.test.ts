import { describe, expect, it } from 'vitest';
import type { Item } from '../../src/schema/attribute-value.js';
import { meetsAll, parseWhere, whereProblem, type WhereMeaning } from '../../src/schema/where.js';

const ITEM: Item = {
  session_id: { S: 'abc' },
  ttl: { N: '1700000000' },
  big: { N: '12345678901234567890123456789012345678' },
  state: { S: JSON.stringify({ userId: 42, terminated: true, name: 'Ada Lovelace', 'a.b': 'dotted', nothing: null }) },
  metadata: { S: JSON.stringify({ ip: '10.0.3.7', client: { name: 'inspector' } }) },
  roles: { SS: ['admin', 'reader'] },
  'odd.name': { S: 'x' },
  seen: { S: '2026-11-20T10:00:00Z' },
  created_at: { N: String(Date.parse('2026-11-20T11:00:00Z')) },
  createdAt: { S: 'not a number' },
  expires: { N: String(Date.parse('2026-11-20T13:00:00Z') / 1000) },
  data: { S: JSON.stringify({ task: { usedAt: '2026-11-20T12:30:00+01:00' }, tries: '9', none: null, tags: [1, 2] }) },
  tiny: { N: '0.00000000000000000000000000000000000001' },
  nothing: { NULL: true },
  flag: { BOOL: true },
  bytes: { B: Buffer.from('abc') },
  numbers: { NS: ['1', '2'] },
  native: { M: { n: { N: '7' }, list: { L: [{ N: '7' }] } } },
};
const NOW = Date.parse('2026-11-20T12:00:00Z');
const MEANING: WhereMeaning = {
  createdAt: { paths: [['created_at'], ['createdAt']], unit: 'ms' },
  lastActivityAt: { paths: [['data', 'task', 'usedAt']], unit: 'iso' },
  expiresAt: { paths: [['expires']], unit: 's', missing: 'never' },
  payload: [{ names: ['state', 'metadata', 'data'], codec: 'json' }],
};

function holds(text: string): boolean {
  const where = parseWhere(text);
  if (where === undefined) throw new Error(`'${text}' was not understood`);
  return meetsAll(ITEM, [where], MEANING, NOW);
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
    // Times of the layout, in whatever unit they are stored.
    'created_at<2026-11-20T11:00:01Z',
    'created_at<=2026-11-20T11:00:00Z',
    'created_at=2026-11-20T12:00:00+01:00',
    'created_at!=2026-11-20',
    'created_at>2020-01-01T00:00:00Z',
    'created_at<30m',
    'created_at>1h30m',
    'created_at>=1795172400000',
    'expires>2026-11-20',
    'expires<2026-11-20T13:00:00.500Z',
    'expires>1795179599.9999999999',
    'data.task.usedAt<2026-11-20T11:30:01Z',
    'data.task.usedAt>=2026-11-20T11:30:00Z',
    // Numbers exactly, wherever they stand.
    'tiny<0.00000000000000000000000000000000000002',
    'tiny>-1e300',
    'tiny>=1e-38',
    'big<1.2345678901234567890123456789012345679e37',
    'native.n>6.5',
    'native.list=7',
    'data.tries>8',
    'numbers=2.0',
    'state.name<B',
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
    'created_at<2020-01-01T00:00:00Z',
    'created_at=2026-11-20',
    'created_at!=2026-11-20T11:00:00Z',
    'created_at<1h30m',
    'createdAt<2030-01-01',
    'createdAt>2020-01-01',
    'data.task.usedAt<2026-11-20T11:30:00Z',
    'data.task.usedAt>5',
    'native.absent>0',
    // No number beside text, no text beside a number.
    'big<x',
    'ttl<2026-11-20T10:00:01Z',
    'state.name>5',
    'state.name<5',
    'native.n<a',
    // What has no order.
    'nothing<z',
    'nothing>0',
    'data.none<z',
    'flag>a',
    'state.terminated>a',
    'bytes<zzzz',
    'bytes>0',
    'numbers<9',
    'roles<z',
    'data.tags<9',
    'native.list<9',
    'native<z',
    'ttl.text exists',
  ])('%s does not hold', (text) => {
    expect(holds(text)).toBe(false);
  });

  it.each([
    '',
    'state.userId',
    '=42',
    'state.userId is 42',
    'exists',
    'state..userId=42',
    '.state exists',
    'state.=1',
    'state<',
    'state >=  ',
    'state.userId^=',
    'state.userId~=',
  ])('%j is not a condition', (text) => {
    expect(parseWhere(text)).toBeUndefined();
  });

  it.each([
    ['state={"userId":42}', 'JSON object or list'],
    ['data.tags!=[1,2]', 'JSON object or list'],
    ['created_at<yesterday', 'holds a time'],
    ['data.task.usedAt>=2026-02-30', 'holds a time'],
  ])('%s is refused', (text, reason) => {
    const where = parseWhere(text);
    expect(where && whereProblem(where, MEANING)).toContain(reason);
  });

  it.each([
    'created_at<30d',
    'expires>1700000000',
    'created_at^=17',
    'seen<yesterday',
    'state.note~={',
    'state={x',
    'state=',
  ])('%s is not refused', (text) => {
    const where = parseWhere(text);
    expect(where).toBeDefined();
    expect(where && whereProblem(where, MEANING)).toBeUndefined();
  });

  it('demands all conditions', () => {
    const both = ['state.userId=42', 'ttl missing'].flatMap((text) => parseWhere(text) ?? []);
    expect(meetsAll(ITEM, both, MEANING, NOW)).toBe(false);
    expect(meetsAll(ITEM, both.slice(0, 1), MEANING, NOW)).toBe(true);
  });
});
