import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { Page } from '../../src/output/page.js';
import { isMachineFormat, jsonLine, OUTPUT_FORMATS, render } from '../../src/output/render.js';
import type { OutputFormat, View } from '../../src/output/view.js';

const TERMINAL = new Page({ width: 80, color: true, unicode: true, now: new Date(0) });
const PIPE = new Page({ width: undefined, color: false, unicode: true, now: new Date(0) });
const NASTY = '\u001b[31m\u009b\u007f\u202e\u2028x';

function view(parts: Partial<View>): View {
  return { json: {}, records: [], human: () => '', ...parts };
}

const records = (...values: Record<string, unknown>[]): View => view({ records: values });

describe('formats', () => {
  it('are the five of the contract; all but table are for programs', () => {
    expect(OUTPUT_FORMATS.toSorted()).toEqual(['csv', 'json', 'ndjson', 'table', 'yaml']);
    expect(OUTPUT_FORMATS.filter(isMachineFormat)).toHaveLength(4);
    expect(isMachineFormat('table')).toBe(false);
  });

  it.each(OUTPUT_FORMATS)('%s writes nothing raw of what a table holds, to a terminal', async (format) => {
    const nasty = view({
      json: { [NASTY]: [NASTY] },
      records: [{ [NASTY]: NASTY, nested: { a: NASTY } }],
      human: (page) => `${page.strong('fine')} ${NASTY}`,
    });
    const text = await render(nasty, format, TERMINAL);
    expect(text).not.toMatch(/[\u007f-\u009f\u202e\u2028]/);
    expect(
      text
        .split('\u001b')
        .slice(1)
        .every((rest) => format === 'table' && /^\[[\d;]*m/.test(rest)),
    ).toBe(true);
  });

  it.each<OutputFormat>(['json', 'ndjson', 'csv', 'yaml'])(
    '%s has no colour, even where there is colour',
    async (format) => {
      const result = view({ json: { a: 1 }, records: [{ a: 'x' }] });
      expect(await render(result, format, TERMINAL)).toBe(await render(result, format, PIPE));
      expect(await render(result, format, TERMINAL)).not.toContain('\u001b');
    },
  );
});

describe('table', () => {
  it('is the view’s text with one line feed at its end, or nothing', async () => {
    expect(await render(view({ human: () => 'a\n\n' }), 'table', PIPE)).toBe('a\n');
    expect(await render(view({ human: () => '' }), 'table', PIPE)).toBe('');
  });
});

describe('json', () => {
  it('is the contract’s object, indented by two', async () => {
    expect(await render(view({ json: { ok: true, list: [1] } }), 'json', PIPE)).toBe(
      '{\n  "ok": true,\n  "list": [\n    1\n  ]\n}\n',
    );
  });

  it('means what the view says, also with characters that are escaped', async () => {
    expect(JSON.parse(await render(view({ json: [NASTY] }), 'json', TERMINAL))).toEqual([NASTY]);
  });
});

describe('ndjson', () => {
  it('is a record a line', async () => {
    expect(await render(records({ a: 1 }, { a: 'x\ny' }), 'ndjson', PIPE)).toBe('{"a":1}\n{"a":"x\\ny"}\n');
  });

  it('takes the lines when the view has them', async () => {
    expect(await render(view({ records: [{ a: 1 }], lines: [{ a: { b: 1 } }] }), 'ndjson', PIPE)).toBe(
      '{"a":{"b":1}}\n',
    );
  });

  it('is nothing for nothing', async () => {
    expect(await render(view({}), 'ndjson', PIPE)).toBe('');
    expect(jsonLine(undefined)).toBe('null');
  });
});

describe('csv', () => {
  it('quotes as RFC 4180 says, and writes booleans, null and nested values', async () => {
    const text = await render(
      records({ a: 'x,y', b: 'say "hi"', c: 'l1\nl2', d: 'l1\rl2', e: false, f: null, g: { h: [1] }, i: 0, j: ' s ' }),
      'csv',
      PIPE,
    );
    expect(text).toBe('a,b,c,d,e,f,g,i,j\r\n"x,y","say ""hi""","l1\nl2","l1\rl2",false,,"{""h"":[1]}",0, s \r\n');
  });

  it('has its header without records when the columns are known', async () => {
    expect(await render(view({ columns: ['id', 'state'] }), 'csv', PIPE)).toBe('id,state\r\n');
    expect(await render(view({}), 'csv', PIPE)).toBe('');
  });

  it('follows the columns, not the order of a record’s keys', async () => {
    expect(await render(view({ columns: ['a', 'b'], records: [{ b: 2, a: 1 }] }), 'csv', PIPE)).toBe('a,b\r\n1,2\r\n');
  });

  it('is exact in a pipe and harmless at a terminal', async () => {
    expect(await render(records({ a: NASTY }), 'csv', PIPE)).toBe(`a\r\n${NASTY}\r\n`);
    expect(await render(records({ a: 'x\ny' }), 'csv', TERMINAL)).toBe('a\r\nx\\ny\r\n');
  });

  it('keeps a record whose only value is empty', async () => {
    expect(await render(records({ a: null }, { a: 'x' }), 'csv', PIPE)).toBe('a\r\n""\r\nx\r\n');
  });
});

describe('yaml', () => {
  it('is the contract’s object', async () => {
    expect(await render(view({ json: { ok: true, none: null, list: ['a'], map: {} } }), 'yaml', PIPE)).toBe(
      'ok: true\nnone: null\nlist:\n  - a\nmap: {}\n',
    );
  });

  it('escapes in double quotes and means what the view says', async () => {
    const value = { [NASTY]: `${NASTY}\n${NASTY}`, tag: '\u{e0041}', lines: 'a\nb', long: 'word '.repeat(60).trim() };
    const text = await render(view({ json: value }), 'yaml', TERMINAL);
    expect(text).toContain('\\u009b');
    expect(parse(text)).toEqual(value);
  });

  it('keeps strings that look like something else, also for readers of YAML 1.1', async () => {
    const value = { a: 'yes', b: '2026-11-20', c: '12:30:45', d: '1e3', e: 'null', f: '0123' };
    const text = await render(view({ json: value }), 'yaml', PIPE);
    expect(parse(text)).toEqual(value);
    expect(parse(text, { version: '1.1' })).toEqual(value);
  });

  it('agrees with json on dates and on what is absent, and repeats instead of referring', async () => {
    const shared = { at: new Date(0) };
    expect(await render(view({ json: { a: shared, b: shared, c: undefined } }), 'yaml', PIPE)).toBe(
      'a:\n  at: "1970-01-01T00:00:00.000Z"\nb:\n  at: "1970-01-01T00:00:00.000Z"\n',
    );
  });
});
