import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Page } from '../../src/output/page.js';

const page = (width: number | undefined, options: { color?: boolean; unicode?: boolean } = {}): Page =>
  new Page({ width, color: false, unicode: true, now: new Date(0), ...options });

describe('properties', () => {
  it('aligns values, and lets long ones go on below their beginning', () => {
    expect(
      page(40).properties([
        ['id', 'abc'],
        ['Last activity', 'three minutes ago, as the clock has it'],
        ['expired', false],
        ['token', null],
      ]),
    ).toBe(
      [
        'id:             abc',
        'Last activity:  three minutes ago, as',
        '                the clock has it',
        'expired:        no',
        'token:          -',
      ].join('\n'),
    );
  });

  it('puts values below their names where there is no room beside them', () => {
    expect(page(30).properties([['Point-in-time recovery', 'enabled']])).toBe('Point-in-time recovery:\n  enabled');
  });

  it('puts a value without a name below the one before it, in colour as well', () => {
    const text = page(80, { color: true }).properties([
      ['Indexes', 'A'],
      ['', 'B'],
    ]);
    expect(stripVTControlCharacters(text)).toBe('Indexes:  A\n          B');
  });

  it('cannot be made to show a property that is not there', () => {
    expect(page(80).properties([['state', 'x\nowner: admin']])).toBe('state:  x\\nowner: admin');
  });

  it('wraps nothing where there is no terminal', () => {
    expect(
      page(undefined)
        .properties([['a', 'x y '.repeat(100).trim()]])
        .split('\n'),
    ).toHaveLength(1);
  });
});

describe('lines', () => {
  it('has the signs of a plan', () => {
    const plain = page(80);
    expect([plain.added('a'), plain.changed('c'), plain.removed('r'), plain.same('s'), plain.blocked('b')]).toEqual([
      '+ a',
      '~ c',
      '- r',
      '= s',
      '! b',
    ]);
  });

  it('labels what is said', () => {
    expect([page(80).success('done'), page(80).warn('w'), page(80).error('e'), page(80).bullet('b')]).toEqual([
      '✓ done',
      'warning: w',
      'error: e',
      '• b',
    ]);
    const ascii = page(80, { unicode: false });
    expect([ascii.success('done'), ascii.bullet('b')]).toEqual(['ok done', '* b']);
  });

  it('hangs what does not fit below the text, not below the sign', () => {
    expect(page(20).added('table mcp-sessions with streams')).toBe('+ table mcp-sessions\n  with streams');
  });

  it('shows a block with its line feeds, indented', () => {
    expect(page(80).block('{\n  "a": 1\n}')).toBe('  {\n    "a": 1\n  }');
  });

  it('makes all text harmless', () => {
    const nasty = '\u001b[2Ja\u009bb';
    const plain = page(80);
    const all = [
      plain.heading(nasty),
      plain.note(nasty),
      plain.added(nasty),
      plain.muted(nasty),
      plain.block(nasty),
      plain.bullet(nasty),
    ];
    for (const text of all) expect(text).toContain('\\x1b[2Ja\\x9bb');
  });
});

describe('colour', () => {
  it('is there only when asked for', () => {
    expect(page(80, { color: true }).muted('x')).toBe('\u001b[2mx\u001b[22m');
    expect(page(80, { color: true }).added('x')).toBe('\u001b[32m+\u001b[39m \u001b[32mx\u001b[39m');
    expect(page(80).heading('x') + page(80).strong('y') + page(80).styled('bad', 'z')).toBe('xyz');
  });
});
