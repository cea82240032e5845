import { describe, expect, it } from 'vitest';
import { formatCount } from '../../src/output/format-count.js';
import { formatSize } from '../../src/output/format-size.js';
import { absoluteTime, duration, isoTime, relativeTime } from '../../src/output/format-time.js';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('relativeTime', () => {
  it.each([
    [-3 * M, '3m ago'],
    [-3 * M - 59 * S, '3m ago'],
    [27 * M, 'in 27m'],
    [-2 * D, '2d ago'],
    [H + 5 * M, 'in 1h 5m'],
    [-(2 * D + 3 * H + 4 * M), '2d 3h ago'],
    [-(2 * D + 4 * M), '2d ago'],
    [-45 * S, '45s ago'],
    [H, 'in 1h'],
    [-400 * D, '400d ago'],
    [0, 'now'],
    [-999, 'now'],
  ])('%i ms from now is %j', (difference, expected) => {
    const now = new Date('2026-11-20T11:22:33Z');
    expect(relativeTime(new Date(now.getTime() + difference), now)).toBe(expected);
  });

  it('says so when there is no such time', () => {
    expect(relativeTime(new Date(Number.NaN), new Date())).toBe('invalid time');
    expect(absoluteTime(new Date(Number.NaN))).toBe('invalid time');
  });
});

describe('duration', () => {
  it.each([
    [0, '0s'],
    [850.7, '850ms'],
    [1000, '1s'],
    [59_999, '59s'],
    [3 * M + 20 * S, '3m 20s'],
    [H + 5 * M + 9 * S, '1h 5m'],
    [7 * D, '7d'],
    [-90 * S, '-1m 30s'],
  ])('%d ms is %j', (milliseconds, expected) => {
    expect(duration(milliseconds)).toBe(expected);
  });
});

describe('times', () => {
  it('are UTC', () => {
    const date = new Date('2026-11-20T12:22:33.456+01:00');
    expect(isoTime(date)).toBe('2026-11-20T11:22:33.456Z');
    expect(absoluteTime(date)).toBe('2026-11-20 11:22:33Z');
  });
});

describe('formatSize', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.0 KB'],
    [1229, '1.2 KB'],
    [400 * 1024, '400.0 KB'],
    [1024 * 1024 - 1, '1.0 MB'],
    [3.4 * 1024 * 1024, '3.4 MB'],
    [5 * 1024 ** 3, '5.0 GB'],
  ])('%d is %j', (bytes, expected) => {
    expect(formatSize(bytes)).toBe(expected);
  });
});

describe('formatCount', () => {
  it.each([0, 7, 999, 1000, 12_345, 999_999, 1_000_000, 9_007_199_254_740_991])(
    'writes %i as English does',
    (count) => {
      expect(formatCount(count)).toBe(count.toLocaleString('en-US'));
    },
  );
});
