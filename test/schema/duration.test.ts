import { describe, expect, it } from 'vitest';
import { parseDuration, parseInstant, parseIso } from '../../src/schema/index.js';
import { NOW } from './fixtures.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['15m', 15 * MINUTE],
    ['24h', DAY],
    ['7d', 7 * DAY],
    ['2w', 14 * DAY],
    ['2h30m', 2.5 * HOUR],
    ['1d12h', 1.5 * DAY],
    ['1.5h', 1.5 * HOUR],
    ['250ms', 250],
    ['0s', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '7d foo',
    '90',
    '-5m',
    '',
    ' 5m',
    '5m ',
    '5 m',
    '5M',
    '5min',
    '1h-5m',
    '1y',
    'm',
    '.5h',
    '1e3s',
    '1,5h',
    '٣d',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('parseIso', () => {
  it.each([
    ['2026-02-29'],
    ['2026-02-30T10:00:00Z'],
    ['2026-13-01'],
    ['2026-11-20T24:30:00Z'],
    ['2026-11-20T10:61:00Z'],
    ['2026-11-20T10'],
    ['20261120'],
    ['2026-11-20T10:00:00 UTC'],
    ['20 Nov 2026'],
    ['1795173753'],
    ['Z'],
    [''],
  ])('refuses %j', (text) => {
    expect(parseIso(text)).toBeUndefined();
  });

  it('knows leap years', () => {
    expect(parseIso('2028-02-29')).toBe(Date.UTC(2028, 1, 29));
  });
});

describe('parseInstant', () => {
  it('is ISO 8601 or a duration ago', () => {
    expect(parseInstant('2h30m', NOW)).toBe(NOW - 2.5 * HOUR);
    expect(parseInstant('2026-11-20T11:22:33Z', NOW)).toBe(Date.UTC(2026, 10, 20, 11, 22, 33));
    expect(parseInstant('2026-11-20T11:22', NOW)).toBe(Date.UTC(2026, 10, 20, 11, 22));
  });

  it.each(['yesterday', '90', '-5m', '2026-02-30', '999999999999w'])('refuses %j', (text) => {
    expect(parseInstant(text, NOW)).toBeUndefined();
  });
});
