import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AttributeValue,
  decodeAttributes,
  decodeEvent,
  exactNumber,
  type Item,
  matchesFilter,
  readTimeAttribute,
  type TimeUnit,
  toPlain,
  valueAt,
  writeTime,
} from '../../src/schema/index.js';
import { decode, json, layoutNamed, N, NOW, NOW_S, S } from './fixtures.js';

const HOUR = 3600;

const mcpRow: Item = {
  session_id: S('0197c0ffee'),
  created_at: N(NOW - 60_000),
  last_activity: N(NOW - 1000),
  ttl: N(NOW_S + HOUR),
  state: json({ userId: 'u' }),
  metadata: json({}),
  is_initialized: { BOOL: true },
};

const without = (item: Item, ...names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));

describe('instants', () => {
  const DAY = Date.UTC(2026, 10, 20, 11, 22, 33);
  it.each<[AttributeValue, TimeUnit, number]>([
    [N(1_795_173_753), 's', DAY],
    [N('1795173753.123'), 's', DAY + 123],
    // Times 1000 this is 2147483648981.9998.
    [N('2147483648.982'), 's', 2_147_483_648_982],
    [N('1795173753.9999999999999999999999'), 's', DAY + 1000],
    [N(1_795_173_753_123), 'ms', DAY + 123],
    [N(1_795_173_753_123_456), 'us', DAY + 123],
    [S('2026-11-20T11:22:33Z'), 'iso', DAY],
    [S('2026-11-20T11:22:33'), 'iso', DAY],
    [S('2026-11-20T11:22:33.123456'), 'iso', DAY + 123],
    [S('2026-11-20T11:22:33.123456789Z'), 'iso', DAY + 123],
    [S('2026-11-20 11:22:33,5'), 'iso', DAY + 500],
    [S('2026-11-20T12:22:33+01:00'), 'iso', DAY],
    [S('2026-11-20T06:22:33.000000-0500'), 'iso', DAY],
    [S('2026-11-20'), 'iso', Date.UTC(2026, 10, 20)],
    [N(1_795_173_753), 'auto', DAY],
    [N(1_795_173_753_123), 'auto', DAY + 123],
    [N(1_795_173_753_123_456), 'auto', DAY + 123],
    [S('1795173753.5'), 'auto', DAY + 500],
    [S('2026-11-20T11:22:33Z'), 'auto', DAY],
  ])('%j in %s', (value, unit, ms) => {
    const read = readTimeAttribute(value, unit);
    expect(read).toMatchObject({ kind: 'instant' });
    // Beyond 17 digits a double rounds: to the next millisecond at the most.
    expect(read.kind === 'instant' && Math.abs(read.ms - ms)).toBeLessThanOrEqual(
      String(Object.values(value)[0]).length > 20 ? 1 : 0,
    );
  });

  it.each<[AttributeValue, TimeUnit, RegExp]>([
    [N(1_795_173_753_123), 's', /looks like milliseconds where seconds belong/],
    [N(1_795_173_753_123_456), 's', /looks like microseconds where seconds belong/],
    [N(1_795_173_753_123_456), 'ms', /looks like microseconds where milliseconds belong/],
    [N(1_795_173_753), 'ms', /looks like seconds where milliseconds belong/],
    [S('1795173753'), 's', /is the text '1795173753', not a number of seconds/],
    [N(1_795_173_753), 'iso', /not ISO 8601 text/],
    [S('tomorrow'), 'iso', /not an ISO 8601 instant/],
    [S('2026-02-30T00:00:00Z'), 'iso', /not an ISO 8601 instant/],
    [S('2026-11-20T25:00:00Z'), 'iso', /not an ISO 8601 instant/],
    [{ BOOL: true }, 's', /neither a number nor text/],
    [N('1e30'), 'us', /^1e30 is no time$/],
    [N('1e30'), 'auto', /^1e30 is no time$/],
    [N('1.2e37'), 'ms', /^1.2e37 is no time$/],
    [N(`1${'0'.repeat(100)}`), 's', /^1e\+100 is no time$/],
    [S('x'.repeat(1000)), 's', /^is the text of 1000 characters, not a number of seconds$/],
    [S('x'.repeat(1000)), 'iso', /^the text of 1000 characters is not an ISO 8601 instant$/],
  ])('%j is no instant in %s', (value, unit, reason) => {
    const read = readTimeAttribute(value, unit);
    expect(read.kind === 'invalid' && read.reason).toMatch(reason);
  });

  it.each([undefined, { NULL: true } as const])('%j is absent', (value) => {
    expect(readTimeAttribute(value, 's')).toEqual({ kind: 'absent' });
  });

  it('come back as they were written, to the unit', () => {
    const units = fc.constantFrom<TimeUnit>('s', 'ms', 'us', 'iso', 'auto');
    // From 1973-03-03 on, where 1e11 milliseconds can be told from seconds, to 2200.
    fc.assert(
      fc.property(fc.integer({ min: 1e11, max: 7.25e12 }), units, (ms, unit) => {
        const expected = unit === 's' || unit === 'auto' ? Math.floor(ms / 1000) * 1000 : ms;
        expect(readTimeAttribute(writeTime(ms, unit), unit)).toEqual({ kind: 'instant', ms: expected });
      }),
    );
  });

  it('keep the millisecond of fractional seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 999 }), (seconds, ms) => {
        const text = `${seconds}.${String(ms).padStart(3, '0')}`;
        expect(readTimeAttribute(N(text), 's')).toEqual({ kind: 'instant', ms: seconds * 1000 + ms });
      }),
    );
  });
});

describe('decodeSession, mcp and turul', () => {
  it('reads times, expiry and state', () => {
    expect(decode('mcp', mcpRow)).toEqual({
      id: '0197c0ffee',
      state: 'active',
      createdAt: NOW - 60_000,
      lastActivityAt: NOW - 1000,
      expiresAt: NOW + HOUR * 1000,
      sizeBytes: expect.any(Number),
      problems: [],
    });
  });

  it('reads rows that mix both spellings, in both layouts', () => {
    const mixed = { created_at: N(NOW - 5), lastActivity: N(NOW - 4), ttl: N(NOW_S + 1) };
    for (const [layout, key] of [
      ['mcp', 'session_id'],
      ['turul', 'sessionId'],
    ] as const)
      expect(decode(layout, { [key]: S('x'), ...mixed })).toMatchObject({
        state: 'active',
        createdAt: NOW - 5,
        lastActivityAt: NOW - 4,
        problems: [],
      });
  });

  it("reads a row's own spelling where it has both", () => {
    const both = { ...mcpRow, createdAt: N(1), lastActivity: N(1) };
    expect(decode('mcp', both)).toMatchObject({ createdAt: NOW - 60_000, lastActivityAt: NOW - 1000 });
  });

  it.each([
    ['at the instant of its expiry', 0, 'expired'],
    ['a second before', 1, 'active'],
    ['long after', -9000, 'expired'],
  ])('a session is expired or not %s', (_, left, state) => {
    expect(decode('mcp', { ...mcpRow, ttl: N(NOW_S + left) }).state).toBe(state);
  });

  it('without ttl a session never expires', () => {
    expect(decode('mcp', without(mcpRow, 'ttl'))).toMatchObject({ state: 'active', expiresAt: null, problems: [] });
  });

  it('terminated counts before expired and before incomplete', () => {
    const terminated = { ...mcpRow, state: json({ terminated: true, terminated_at: NOW }) };
    expect(decode('mcp', terminated).state).toBe('terminated');
    expect(decode('mcp', { ...terminated, ttl: N(1) }).state).toBe('terminated');
    expect(decode('mcp', { ...mcpRow, state: json({ terminated: 'true' }) }).state).toBe('active');
  });

  it('a row that a write brought back after its deletion is incomplete, and says what it lacks', () => {
    const ghost = { session_id: S('x'), state: json({}), last_activity: N(NOW) };
    expect(decode('mcp', ghost)).toMatchObject({ state: 'incomplete', problems: ['without created_at'] });
    expect(decode('mcp', { ...mcpRow, created_at: { NULL: true } })).toMatchObject({
      state: 'incomplete',
      createdAt: null,
    });
  });

  it('an expiry in milliseconds is reported and not converted: TTL would never fire', () => {
    expect(decode('mcp', { ...mcpRow, ttl: N(NOW - 1) })).toMatchObject({
      state: 'active',
      expiresAt: null,
      problems: [expect.stringContaining(`ttl ${NOW - 1} looks like milliseconds where seconds belong`)],
    });
  });

  it('a creation in seconds is reported and not taken for 1970', () => {
    expect(decode('mcp', { ...mcpRow, created_at: N(NOW_S) })).toMatchObject({
      createdAt: null,
      problems: [expect.stringContaining('created_at')],
    });
  });

  it('reads on where a payload is not JSON', () => {
    const row = { ...mcpRow, state: S('{"terminated": tru') };
    expect(decode('mcp', row).state).toBe('active');
    expect(decodeAttributes(row, layoutNamed('mcp').session.payload).state).toBe('{"terminated": tru');
  });

  it('reads an event', () => {
    const { event } = layoutNamed('mcp');
    const item = {
      session_id: S('x'),
      event_id: N(7),
      timestamp: N(NOW),
      event_type: S('message'),
      data: json({ method: 'm' }),
      retry: { NULL: true } as const,
    };
    expect(event === null ? null : decodeEvent(event, item)).toEqual({
      id: 7,
      timestamp: NOW,
      type: 'message',
      data: { method: 'm' },
    });
    const { event: camel } = layoutNamed('turul');
    const odd = { sessionId: S('x'), eventId: N('12345678901234567890'), event_type: S('ping'), data: S('not JSON') };
    expect(camel === null ? null : decodeEvent(camel, odd)).toEqual({
      id: '12345678901234567890',
      timestamp: null,
      type: 'ping',
      data: 'not JSON',
    });
  });
});

describe('decodeSession, the others', () => {
  it('llm-duel: naive UTC with microseconds', () => {
    const row = {
      session_id: S('abc'),
      user_data: json({ user: {} }),
      created_at: S('2026-11-20T11:30:00.654321'),
      ttl: N(NOW_S + 1800),
    };
    expect(decode('llm-duel', row)).toMatchObject({
      state: 'active',
      createdAt: Date.UTC(2026, 10, 20, 11, 30, 0, 654),
      lastActivityAt: null,
      expiresAt: NOW + 1_800_000,
      problems: [],
    });
  });

  it('llm-duel: a row without ttl is expired, as its application reads it', () => {
    expect(decode('llm-duel', { session_id: S('abc'), user_data: json({}) })).toMatchObject({
      state: 'expired',
      expiresAt: null,
      problems: ['without created_at, ttl'],
    });
  });

  it('express: fractional seconds', () => {
    const row = { id: S('sess:abc'), type: S('connect-session'), sess: json({}), expires: N(`${NOW_S}.25`) };
    expect(decode('express', row)).toMatchObject({
      id: 'sess:abc',
      state: 'active',
      expiresAt: NOW + 250,
      problems: [],
    });
  });

  it('express: a row that a touch brought back has an id and an expiry only', () => {
    const ghost = { id: S('sess:abc'), expires: N(NOW_S + 9) };
    expect(matchesFilter(ghost, layoutNamed('express').session.filter)).toBe(true);
    expect(decode('express', ghost)).toMatchObject({ state: 'incomplete', problems: ['without type, sess'] });
    expect(decode('express', { ...ghost, expires: N(NOW_S - 9) }).state).toBe('expired');
  });

  it("express: leaves another application's rows of a shared table alone", () => {
    const { filter } = layoutNamed('express').session;
    expect(matchesFilter({ id: S('PHPSESSID_1'), expires: N(1), data: S('') }, filter)).toBe(false);
    expect(matchesFilter({ id: S('session:x'), val: { B: Uint8Array.of(1) } }, filter)).toBe(false);
    expect(matchesFilter({ id: S('app:x'), type: S('connect-session') }, filter)).toBe(true);
    expect(matchesFilter({ id: S('app:x'), type: S('other') }, filter)).toBe(false);
  });

  it('express: an expiry written as text, as in 2013, is reported', () => {
    const row = { id: S('sess:a'), type: S('connect-session'), sess: json({}), expires: S(String(NOW_S - 5)) };
    expect(decode('express', row)).toMatchObject({
      expiresAt: null,
      problems: [expect.stringContaining('is the text')],
    });
  });

  it('pmcp-tasks: times out of the record, the expiry out of its attribute', () => {
    const task = {
      taskId: 't',
      createdAt: '2026-11-20T11:00:00.000Z',
      lastUpdatedAt: '2026-11-20T11:59:00.500Z',
      ttl: 9,
    };
    const row = {
      PK: S('OWNER#local'),
      SK: S('TASK#t'),
      version: N(1),
      data: json({ task }),
      expires_at: N(NOW_S + 5),
    };
    expect(decode('pmcp-tasks', row)).toMatchObject({
      id: 'local:t',
      state: 'active',
      createdAt: NOW - 3_600_000,
      lastActivityAt: NOW - 59_500,
      expiresAt: NOW + 5000,
    });
    expect(decode('pmcp-tasks', without(row, 'expires_at'))).toMatchObject({ state: 'active', expiresAt: null });
  });

  it('pmcp-tasks: other rows of a shared table are no tasks', () => {
    const { filter } = layoutNamed('pmcp-tasks').session;
    expect(matchesFilter({ PK: S('OWNER#a'), SK: S('TASK#b') }, filter)).toBe(true);
    expect(matchesFilter({ PK: S('OWNER#a'), SK: S('PROFILE') }, filter)).toBe(false);
    expect(matchesFilter({ PK: S('USER#a'), SK: S('TASK#b') }, filter)).toBe(false);
    expect(matchesFilter({ PK: { B: Uint8Array.of(1) }, SK: S('TASK#b') }, filter)).toBe(false);
  });
});

describe('plain data', () => {
  it('keeps every digit of a number that JavaScript cannot hold', () => {
    const digits = '12345678901234567890123456789012345678';
    expect(toPlain(N(digits))).toBe(digits);
    expect(toPlain(N('0.1'))).toBe(0.1);
    expect(toPlain({ NS: ['1', digits] })).toEqual([1, digits]);
    fc.assert(
      fc.property(fc.stringMatching(/^-?[1-9]\d{0,37}$/), (text) => {
        expect(String(exactNumber(text))).toBe(text);
      }),
    );
  });

  it('keeps attributes and payload keys named __proto__ and constructor data', () => {
    const attributes = JSON.parse('{"__proto__":{"S":"a"},"constructor":{"N":"1"},"state":{"S":""}}');
    attributes.state = S('{"__proto__":{"polluted":true},"constructor":1}');
    const plain = decodeAttributes(attributes, [{ names: ['state'], codec: 'json' }]);
    expect(JSON.stringify(plain)).toBe(
      '{"__proto__":"a","constructor":1,"state":{"__proto__":{"polluted":true},"constructor":1}}',
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
    expect({}).not.toHaveProperty('polluted');
  });

  it('does not take what an object inherits for an attribute', () => {
    const payload = [{ names: ['state'], codec: 'json' }] as const;
    for (const name of ['constructor', 'toString', '__proto__']) {
      expect(valueAt(mcpRow, ['state', name], payload)).toBeUndefined();
      const own = { state: S(`{"${name}":{"deep":1}}`) };
      expect(valueAt(own, ['state', name, 'deep'], payload)).toBe(1);
    }
  });

  it('turns every type into plain data', () => {
    expect(
      toPlain({
        M: {
          s: S('x'),
          n: N(1),
          b: { B: Uint8Array.of(1, 2) },
          bool: { BOOL: false },
          null: { NULL: true },
          l: { L: [N(1), { M: {} }] },
          ss: { SS: ['a'] },
          ns: { NS: ['2'] },
          bs: { BS: [Uint8Array.of(3)] },
        },
      }),
    ).toEqual({
      s: 'x',
      n: 1,
      b: 'AQI=',
      bool: false,
      null: null,
      l: [1, {}],
      ss: ['a'],
      ns: [2],
      bs: ['Aw=='],
    });
  });
});
