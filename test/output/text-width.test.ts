import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { textWidth, truncate, wrapText } from '../../src/output/text-width.js';
import { livingText } from '../support/text.js';

describe('truncate', () => {
  it.each<[string, number, 'end' | 'middle', string]>([
    ['abcdefghij', 10, 'end', 'abcdefghij'],
    ['abcdefghij', 5, 'end', 'abcd…'],
    ['abcdefghij', 5, 'middle', 'ab…ij'],
    ['abcdefghij', 6, 'middle', 'abc…ij'],
    ['日本語日本語', 5, 'end', '日本…'],
    ['日本語日本語', 6, 'middle', '日…語'],
    ['abc', 1, 'end', '…'],
    ['abc', 0, 'end', ''],
  ])('cuts %j to %i at the %s: %j', (text, width, at, expected) => {
    expect(truncate(text, width, at, '…')).toBe(expected);
  });

  it('keeps to the width', () => {
    fc.assert(
      fc.property(
        livingText(),
        fc.nat(40),
        fc.constantFrom('end' as const, 'middle' as const),
        fc.constantFrom('…', '...'),
        (text, width, at, ellipsis) => {
          expect(stringWidth(truncate(text, width, at, ellipsis))).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe('textWidth', () => {
  it('agrees with string-width', () => {
    fc.assert(
      fc.property(livingText(), (text) => {
        for (const each of [text, `${text}…`, text.repeat(60)]) expect(textWidth(each)).toBe(stringWidth(each));
      }),
    );
  });
});

describe('wrapText', () => {
  it('breaks between words, and within words that are too long', () => {
    expect(wrapText('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
    expect(wrapText('id abcdefghijklmnop end', 10)).toEqual(['id', 'abcdefghij', 'klmnop end']);
    expect(wrapText('日本語日本語', 5)).toEqual(['日本', '語日', '本語']);
  });

  it('leaves long words whole when they are to be copied', () => {
    expect(wrapText('see arn:aws:dynamodb:table now', 10, { breakWords: false })).toEqual([
      'see',
      'arn:aws:dynamodb:table',
      'now',
    ]);
  });

  it('keeps line feeds and indentation, and wraps nothing without a width', () => {
    expect(wrapText('{\n  "a": 1\n}', 80)).toEqual(['{', '  "a": 1', '}']);
    expect(wrapText('x'.repeat(500), undefined)).toEqual(['x'.repeat(500)]);
  });

  it('loses no word and keeps to the width', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', ' ', '日', '\n', '😀') }),
        fc.integer({ min: 2, max: 30 }),
        (text, width) => {
          const lines = wrapText(text, width);
          for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
          expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
        },
      ),
    );
  });

  it('wraps a value of 400 KB in seconds, not minutes', () => {
    for (const unit of ['x', '日']) {
      const start = performance.now();
      wrapText(unit.repeat(400_000 / Buffer.byteLength(unit)), 60);
      expect(performance.now() - start).toBeLessThan(10_000);
    }
  });
});
