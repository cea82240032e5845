import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeJson, safeMultiline, safePage, safeText } from '../../src/output/safe-text.js';

const ESCAPE = '\u001b';

/** What must never reach a terminal, listed by code so as not to lean on the classes that the code uses. */
function isForbidden(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0xad ||
    code === 0x61c ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    code === 0xfeff ||
    code === 0x3164 ||
    (code >= 0xe0000 && code <= 0xe0fff)
  );
}

const forbiddenIn = (text: string): string[] =>
  Array.from(text).filter((character) => isForbidden(character.codePointAt(0) ?? 0));

/** Any UTF-16, lone surrogates included, with the dangerous parts much more frequent than chance has them. */
const nastyText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
      fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
      fc.constantFrom(
        ESCAPE,
        '\u009b',
        '\n',
        '\r',
        '\t',
        '\u007f',
        '\u202e',
        '\u2066',
        '\u200b',
        '\u2028',
        '\ud800',
        '\u{e0002}',
        '\u3164',
      ),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

describe('safeText', () => {
  it.each([
    ['\u001b[31m', '\\x1b[31m'],
    ['a\nb\rc\td', 'a\\nb\\rc\\td'],
    ['\u0000\u0007\u007f', '\\x00\\x07\\x7f'],
    ['\u009b31m', '\\x9b31m'],
    ['abc\u202etxt.exe', 'abc\\u202etxt.exe'],
    ['\u2066\u2069\u200b\u2028\u2029\ufeff', '\\u2066\\u2069\\u200b\\u2028\\u2029\\ufeff'],
    ['\ud800x', '\\ud800x'],
    ['x\udc00', 'x\\udc00'],
    ['\u{e0041}', '\\u{e0041}'],
    ['a\u3164', 'a\\u3164'],
  ])('shows %j as %j', (text, expected) => {
    expect(safeText(text)).toBe(expected);
  });

  it.each(['', 'plain', 'Zoë', '日本語', '😀', '❤️', 'עברית', 'e\u0301'])('leaves %j alone', (text) => {
    expect(safeText(text)).toBe(text);
  });

  it('lets nothing forbidden through, whatever comes in', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        expect(forbiddenIn(safeText(text))).toEqual([]);
      }),
    );
  });
});

describe('safeMultiline', () => {
  it('keeps line feeds and nothing else', () => {
    expect(safeMultiline('{\n  "a":\t1\r\n}')).toBe('{\n  "a":\\t1\\r\n}');
    fc.assert(
      fc.property(nastyText, (text) => {
        expect(forbiddenIn(safeMultiline(text)).filter((character) => character !== '\n')).toEqual([]);
      }),
    );
  });
});

describe('safeJson', () => {
  it('escapes what JSON leaves raw, also beyond the first plane', () => {
    expect(safeJson(JSON.stringify('\u009b\u007f\u202e\u{e0041}'))).toBe('"\\u009b\\u007f\\u202e\\udb40\\udc41"');
  });

  it('means the same as before', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const json = safeJson(JSON.stringify({ [text]: text }));
        expect(forbiddenIn(json)).toEqual([]);
        expect(JSON.parse(json)).toEqual({ [text]: text });
      }),
    );
  });
});

describe('safePage', () => {
  it('lets colour through only where there is colour', () => {
    expect(safePage(`${ESCAPE}[31mx${ESCAPE}[0m`, true)).toBe(`${ESCAPE}[31mx${ESCAPE}[0m`);
    expect(safePage(`${ESCAPE}[31mx${ESCAPE}[0m`, false)).toBe('\\x1b[31mx\\x1b[0m');
  });

  it('lets no other sequence through', () => {
    expect(safePage(`a${ESCAPE}[2J${ESCAPE}]0;t\u0007\u009b1m\r\nb\tc`, true)).toBe(
      'a\\x1b[2J\\x1b]0;t\\x07\\x9b1m\\r\nb\tc',
    );
  });
});
