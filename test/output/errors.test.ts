import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/errors.js';
import { renderError } from '../../src/output/errors.js';
import { Page } from '../../src/output/page.js';
import type { OutputFormat } from '../../src/output/view.js';

const page = (width: number | undefined, color = false): Page =>
  new Page({ width, color, unicode: true, now: new Date(0) });

const human = (error: unknown, options: { width?: number; color?: boolean; verbose?: boolean } = {}): string =>
  renderError(error, {
    format: 'table',
    page: page(options.width, options.color),
    verbose: options.verbose ?? false,
  });

const machine = (error: unknown, format: OutputFormat = 'json', verbose = false): string =>
  renderError(error, { format, page: page(20, true), verbose });

const MISSING = new CliError('TABLE_NOT_FOUND', "table 'x' does not exist in eu-west-1", {
  hint: 'create it with mcp-sessions setup',
});

describe('for people', () => {
  it('is the message and what to do', () => {
    expect(human(MISSING)).toBe(
      "error: table 'x' does not exist in eu-west-1\nhint: create it with mcp-sessions setup\n",
    );
    expect(human(new CliError('USAGE', 'no'))).toBe('error: no\n');
  });

  it('is wrapped to the width, hanging', () => {
    expect(human(MISSING, { width: 30 })).toBe(
      "error: table 'x' does not\n       exist in eu-west-1\nhint: create it with\n      mcp-sessions setup\n",
    );
  });

  it('leaves long words and indented lines whole, to be copied', () => {
    const arn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/mcp-sessions';
    const command = '  mcp-sessions restore latest --to-table mcp-sessions-2';
    const text = human(new CliError('USAGE', `see ${arn}`, { hint: `run\n${command}` }), { width: 40 });
    expect(text).toBe(`error: see\n       ${arn}\nhint: run\n      ${command}\n`);
  });

  it('colours its labels only with colour', () => {
    expect(human(MISSING, { color: true })).toContain('\u001b[31merror:\u001b[39m table');
    expect(human(MISSING)).not.toContain('\u001b');
  });

  it('writes no control character of a message', () => {
    expect(human(new CliError('SESSION_NOT_FOUND', "no session '\u001b[2J\u009b'"))).toBe(
      "error: no session '\\x1b[2J\\x9b'\n",
    );
  });

  it('names the causes when verbose', () => {
    const error = new CliError('AWS_ERROR', 'it failed', { cause: new TypeError('inner', { cause: 'root' }) });
    expect(human(error)).toBe('error: it failed\n');
    expect(human(error, { verbose: true })).toBe("error: it failed\ncause: TypeError: inner\ncause: 'root'\n");
  });
});

describe('for programs', () => {
  it.each<OutputFormat>(['json', 'ndjson', 'csv', 'yaml'])('is one line of JSON with %s', (format) => {
    expect(machine(MISSING, format)).toBe(
      '{"error":{"code":"TABLE_NOT_FOUND","message":"table \'x\' does not exist in eu-west-1","hint":"create it with mcp-sessions setup"}}\n',
    );
  });

  it('has a null hint when there is none', () => {
    expect(machine(new CliError('USAGE', 'a\nb\u009b'))).toBe(
      '{"error":{"code":"USAGE","message":"a\\nb\\u009b","hint":null}}\n',
    );
  });

  it('adds the stack of a bug only when verbose', () => {
    expect(Object.keys(JSON.parse(machine(new Error('boom'))).error)).toEqual(['code', 'message', 'hint']);
    expect(JSON.parse(machine(new Error('boom'), 'json', true)).error.stack).toContain('errors.test');
  });
});

describe('a bug', () => {
  it('is called one, with what to do about it', () => {
    expect(human(new TypeError('x is undefined'))).toBe(
      'error: x is undefined\nhint: this is a bug in mcp-sessions; run again with --verbose and report it\n',
    );
  });

  it('shows its stack when verbose', () => {
    expect(human(new TypeError('x is undefined'), { verbose: true })).toMatch(/\n {4}at .*errors\.test/);
  });

  it.each([
    ['text', 'error: text'],
    [undefined, 'error: undefined'],
    [{ a: 1 }, 'error: { a: 1 }'],
    [new RangeError(), 'error: RangeError'],
  ])('may be anything that was thrown: %o', (thrown, expected) => {
    expect(human(thrown).split('\n')[0]).toBe(expected);
  });

  it('survives a cause that is its own cause', () => {
    const error = new Error('a');
    error.cause = error;
    expect(human(error, { verbose: true })).toContain('error: a');
  });
});
