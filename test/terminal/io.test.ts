import { describe, expect, it } from 'vitest';
import { createTerminal, type Environment } from '../../src/terminal/io.js';
import { fakeStreams } from '../support/fake-terminal.js';

function terminal(options: {
  tty?: boolean;
  columns?: number;
  env?: Environment;
  noColor?: boolean;
  noInput?: boolean;
}) {
  const { tty = true, env = {}, noColor = false, noInput = false, ...rest } = options;
  return createTerminal({ ...fakeStreams({ tty, env, ...rest }), noColor, noInput });
}

const colorOf = (options: Parameters<typeof terminal>[0]): boolean => {
  const made = terminal(options);
  return made.color(made.stdout);
};

describe('color', () => {
  it.each<[string, Parameters<typeof terminal>[0], boolean]>([
    ['is on at a terminal', {}, true],
    ['is off without one', { tty: false }, false],
    ['is off with --no-color, whatever FORCE_COLOR says', { noColor: true, env: { FORCE_COLOR: '1' } }, false],
    ['is off with NO_COLOR, whatever FORCE_COLOR says', { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, false],
    ['ignores an empty NO_COLOR', { env: { NO_COLOR: '' } }, true],
    ['is on with FORCE_COLOR without a terminal', { tty: false, env: { FORCE_COLOR: '1' } }, true],
    ['is on with FORCE_COLOR at a dumb terminal', { env: { FORCE_COLOR: '1', TERM: 'dumb' } }, true],
    ['is off with FORCE_COLOR=0', { env: { FORCE_COLOR: '0' } }, false],
    ['is off at a dumb terminal', { env: { TERM: 'dumb' } }, false],
  ])('%s', (_, options, expected) => {
    expect(colorOf(options)).toBe(expected);
  });

  it('is decided for each stream', () => {
    const piped = fakeStreams({ tty: false });
    const shown = fakeStreams({ tty: true });
    const mixed = createTerminal({ ...shown, stdout: piped.stdout });
    expect(mixed.color(mixed.stdout)).toBe(false);
    expect(mixed.color(mixed.stderr)).toBe(true);
  });
});

describe('width', () => {
  it.each<[string, Parameters<typeof terminal>[0], number | undefined]>([
    ['is the terminal’s', { columns: 132 }, 132],
    ['is COLUMNS where the terminal does not know', { columns: 0, env: { COLUMNS: '100' } }, 100],
    ['is 80 where nobody knows', { columns: 0, env: { COLUMNS: 'wide' } }, 80],
    ['is not limited without a terminal', { tty: false, env: { COLUMNS: '100' } }, undefined],
  ])('%s', (_, options, expected) => {
    const made = terminal(options);
    expect(made.width(made.stdout)).toBe(expected);
  });
});

describe('isInteractive', () => {
  it('needs stdin and stderr at a terminal; stdout may be piped', () => {
    const piped = fakeStreams({ tty: false });
    const shown = fakeStreams({ tty: true });
    expect(createTerminal(shown).isInteractive).toBe(true);
    expect(createTerminal({ ...shown, stdout: piped.stdout }).isInteractive).toBe(true);
    expect(createTerminal({ ...shown, stdin: piped.stdin }).isInteractive).toBe(false);
    expect(createTerminal({ ...shown, stderr: piped.stderr }).isInteractive).toBe(false);
  });

  it('is off with --no-input, and CI alone does not turn it off', () => {
    expect(terminal({ noInput: true }).isInteractive).toBe(false);
    expect(terminal({ env: { CI: 'true' } }).isInteractive).toBe(true);
  });
});

describe('unicode', () => {
  it.each<[Environment, boolean]>([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'C' }, false],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
    [{ LC_ALL: '', LANG: 'en_US.UTF-8' }, true],
    [{ TERM: 'linux' }, false],
    [{ TERM: 'dumb' }, false],
    [{ TERM: 'xterm' }, true],
    [{}, true],
  ])('with %o is %s', (env, expected) => {
    expect(terminal({ env }).unicode).toBe(expected);
  });
});
