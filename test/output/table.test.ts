import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { Page } from '../../src/output/page.js';
import type { Column, Row } from '../../src/output/table.js';
import { livingText } from '../support/text.js';

const page = (width: number | undefined, options: { color?: boolean; unicode?: boolean } = {}): Page =>
  new Page({ width, color: false, unicode: true, now: new Date(0), ...options });

const COLUMNS: readonly Column[] = [
  { key: 'id', title: 'Session', truncate: 'middle', min: 13 },
  { key: 'state', title: 'State', priority: 4 },
  { key: 'created', title: 'Created', priority: 1 },
  { key: 'size', title: 'Size', align: 'right', priority: 2 },
];
const ROWS: readonly Row[] = [
  { id: '3f0c9a52-7be1-4b6e-9d55-0a1b2c3d4e5f', state: 'active', created: '2026-11-20 11:22:33Z', size: '1.2 KB' },
  { id: 'short', state: 'expired', created: null, size: '900 B' },
];

describe('table', () => {
  it('aligns columns under an underlined header', () => {
    expect(page(200).table(COLUMNS, ROWS)).toBe(
      [
        'Session                               State    Created                 Size',
        '────────────────────────────────────  ───────  ────────────────────  ──────',
        '3f0c9a52-7be1-4b6e-9d55-0a1b2c3d4e5f  active   2026-11-20 11:22:33Z  1.2 KB',
        'short                                 expired  -                      900 B',
      ].join('\n'),
    );
  });

  it('shrinks the columns that may, before it leaves one out', () => {
    // 60 columns less 7, 20 and 6 for the others and 6 between them: 21 for the id.
    const lines = page(60).table(COLUMNS, ROWS).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toBe('3f0c9a52-7…1b2c3d4e5f  active   2026-11-20 11:22:33Z  1.2 KB');
  });

  it('leaves out the lowest priority first, gives its room to the others and says so', () => {
    // Of 51 columns the id would get 12, less than its 13.
    expect(page(51).table(COLUMNS, ROWS).split('\n')).toEqual([
      'Session                             State      Size',
      '──────────────────────────────────  ───────  ──────',
      '3f0c9a52-7be1-4b6…d55-0a1b2c3d4e5f  active   1.2 KB',
      'short                               expired   900 B',
      'columns not shown: Created (use a wider terminal,',
      '--columns or --output json)',
    ]);
    expect(page(52).table(COLUMNS, ROWS)).toContain('Created');
  });

  it('leaves out further columns in the order of their priority; without one a column stays longest', () => {
    expect(page(24).table(COLUMNS, ROWS).split('\n')[0]).toMatch(/^Session +State$/);
    expect(page(24).table(COLUMNS, ROWS).replaceAll('\n', ' ')).toContain('columns not shown: Created, Size');
    expect(page(15).table(COLUMNS, ROWS).split('\n')[0]).toBe('Session');
  });

  it('cuts the last column left, even one that is not to be shortened', () => {
    const text = page(12).table([{ key: 'a', title: 'Name' }], [{ a: 'x'.repeat(50) }]);
    expect(text.split('\n')).toEqual(['Name', '─'.repeat(12), `${'x'.repeat(11)}…`]);
  });

  it('takes another remedy for the columns not shown', () => {
    expect(page(24).table(COLUMNS, ROWS, 'use --json').replaceAll('\n', ' ')).toMatch(/Created, Size \(use --json\)$/);
  });

  it('shortens nothing and leaves nothing out where there is no terminal', () => {
    const long = 'x'.repeat(5000);
    const text = page(undefined).table(COLUMNS, [{ id: long, state: 'active', created: 'c', size: '1 B' }]);
    expect(text).toContain(`${long}  active  c`);
    expect(text).not.toContain('not shown');
  });

  it('runs a wrapping column over several lines', () => {
    const columns: Column[] = [
      { key: 'check', title: 'Check' },
      { key: 'cure', title: 'Cure', wrap: true },
    ];
    expect(
      page(30, { unicode: false }).table(columns, [{ check: 'region', cure: 'set AWS_REGION or give --region' }]),
    ).toBe(
      ['Check   Cure', '------  ----------------------', 'region  set AWS_REGION or give', '        --region'].join(
        '\n',
      ),
    );
  });

  it('counts the columns of CJK and emoji, and cuts none of them in two', () => {
    const columns: Column[] = [
      { key: 'name', title: 'N', truncate: 'end', min: 1 },
      { key: 'x', title: 'X' },
    ];
    const rows = [
      { name: '日本語', x: '1' },
      { name: '😀a', x: '2' },
    ];
    expect(page(20).table(columns, rows)).toBe('N       X\n──────  ─\n日本語  1\n😀a     2');
    // Seven for the name and the column between, five for the name: two characters of two and the ellipsis.
    expect(page(8).table(columns, rows).split('\n')[2]).toBe('日本…  1');
    expect(page(7).table(columns, rows).split('\n')[2]).toBe('日…   1');
  });

  it('uses ASCII only when asked to', () => {
    const text = page(30, { unicode: false }).table(
      [{ key: 'a', title: 'A', truncate: 'end' }],
      [{ a: 'x'.repeat(50) }],
    );
    expect(text).toBe(`A\n${'-'.repeat(30)}\n${'x'.repeat(27)}...`);
  });

  it('colours values by their meaning, never their padding, and only with colour', () => {
    const columns: Column[] = [
      { key: 'a', title: 'A' },
      { key: 'b', title: 'Long' },
    ];
    const rows = [{ a: { text: 'ok', style: 'good' as const }, b: { text: null, style: 'bad' as const } }];
    expect(page(80, { color: true }).table(columns, rows).split('\n')[2]).toBe(
      '\u001b[32mok\u001b[39m  \u001b[31m-\u001b[39m',
    );
    expect(page(80).table(columns, rows).split('\n')[2]).toBe('ok  -');
  });

  it('makes the text of a table harmless', () => {
    const text = page(80, { color: true }).table([{ key: 'a', title: 'A' }], [{ a: '\u001b[2J\nspoofed\u202e' }]);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toContain('\\x1b[2J\\nspoofed\\u202e');
  });

  it('has a header without rows', () => {
    expect(page(80, { unicode: false }).table([{ key: 'a', title: 'Session' }], [])).toBe('Session\n-------');
  });

  it('never exceeds the width, ends no line with a space, and keeps all lines of one column', () => {
    const column = fc.record(
      {
        align: fc.constantFrom('left' as const, 'right' as const),
        min: fc.integer({ min: 0, max: 40 }),
        priority: fc.integer({ min: 0, max: 3 }),
        truncate: fc.constantFrom('end' as const, 'middle' as const),
        wrap: fc.boolean(),
        title: fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'B', '日') }),
      },
      { requiredKeys: ['title'] },
    );
    const cell = fc.oneof(fc.string(), livingText(), fc.lorem(), fc.integer(), fc.constant(null));
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 7 }),
        fc.array(fc.array(cell, { minLength: 7, maxLength: 7 }), { maxLength: 5 }),
        fc.integer({ min: 12, max: 200 }),
        fc.boolean(),
        (specs, values, width, unicode) => {
          const columns = specs.map((spec, index) => ({ ...spec, key: String(index) }));
          const rows = values.map((row) => Object.fromEntries(row.map((value, index) => [String(index), value])));
          for (const line of page(width, { unicode }).table(columns, rows).split('\n')) {
            expect(stringWidth(line)).toBeLessThanOrEqual(width);
            expect(line).toBe(line.trimEnd());
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
