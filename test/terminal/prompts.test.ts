import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createTerminal, type Environment } from '../../src/terminal/io.js';
import { PromptOutput } from '../../src/terminal/prompt-output.js';
import { createPrompts, type Prompts } from '../../src/terminal/prompts.js';
import { type FakeStreams, fakeStreams, until } from '../support/fake-terminal.js';

const ENTER = '\r';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ESCAPE = '\u001b';

function session(options: { tty?: boolean; noInput?: boolean; signal?: AbortSignal; env?: Environment } = {}) {
  const { tty = true, noInput = false, signal, env } = options;
  const streams = fakeStreams({ tty, ...(env !== undefined && { env }) });
  const terminal = createTerminal({ ...streams, noInput });
  return { streams, prompts: createPrompts(terminal, signal === undefined ? {} : { signal }) };
}

async function type(streams: FakeStreams, question: string, keys: string): Promise<void> {
  await until(() => streams.stderr.written.includes(question), `"${question}" is asked`);
  streams.stdin.write(keys);
}

/** The outcome, or that there is none after two seconds. */
async function settled(answer: Promise<unknown>): Promise<unknown> {
  const late = new Promise((resolve) => setTimeout(resolve, 2000, 'still waiting').unref());
  return Promise.race([answer.then((value) => ({ value })).catch((error: unknown) => error), late]);
}

const validate = (value: string): true | string => value.length > 2 || 'too short';

const QUESTION = { message: 'Delete 3 sessions?', flag: '--yes' };

describe('without a terminal', () => {
  it.each([{ tty: false }, { noInput: true }])('every question throws at once and names its flag (%o)', async (how) => {
    const { prompts, streams } = session(how);
    const answers = [
      prompts.confirm({ ...QUESTION, default: true }),
      prompts.confirmByName({ ...QUESTION, expected: 'mcp-sessions' }),
      prompts.input({ ...QUESTION, default: 'x' }),
      prompts.password(QUESTION),
      prompts.select({ ...QUESTION, choices: [{ value: 1, name: 'one' }], default: 1 }),
      prompts.search({ ...QUESTION, choicesFor: () => [{ value: 1, name: 'one' }] }),
    ];
    for (const answer of answers) {
      expect(await settled(answer)).toMatchObject({ code: 'NOT_CONFIRMED', exitCode: 4, hint: 'give --yes' });
    }
    expect(streams.stderr.written).toBe('');
  });
});

describe('confirm', () => {
  it.each([
    ['y', ENTER, true],
    ['n', ENTER, false],
    ['', ENTER, false],
  ])('answers %j with %j → %s: Enter alone declines', async (keys, enter, expected) => {
    const { prompts, streams } = session();
    const answer = prompts.confirm(QUESTION);
    await type(streams, 'Delete 3 sessions?', keys + enter);
    expect(await settled(answer)).toEqual({ value: expected });
  });

  it('takes Enter for yes only where the question says so', async () => {
    const { prompts, streams } = session();
    const answer = prompts.confirm({ ...QUESTION, default: true });
    await type(streams, 'Delete 3 sessions?', ENTER);
    expect(await settled(answer)).toEqual({ value: true });
  });

  it('asks on stderr, leaves stdout empty and stderr open', async () => {
    const { prompts, streams } = session();
    const answer = prompts.confirm(QUESTION);
    await type(streams, 'Delete 3 sessions?', `y${ENTER}`);
    await answer;
    expect(streams.stdout.written).toBe('');
    expect(streams.stderr.writableEnded).toBe(false);
    const again = prompts.confirm({ ...QUESTION, message: 'Really?' });
    await type(streams, 'Really?', `y${ENTER}`);
    expect(await settled(again)).toEqual({ value: true });
  });

  it('does not write control characters of the message', async () => {
    const { prompts, streams } = session();
    const answer = prompts.confirm({ ...QUESTION, message: `Delete a${ESCAPE}]0;title\u0007\u202eb?` });
    await type(streams, 'Delete a ]0;title b?', ENTER);
    await answer;
    expect(streams.stderr.written).not.toContain(`${ESCAPE}]0`);
    expect(streams.stderr.written).not.toContain('\u202e');
  });
});

describe('what prompts write to', () => {
  it.each([
    [true, `${ESCAPE}[36mx${ESCAPE}[39m${ESCAPE}[2K`],
    [false, `x${ESCAPE}[2K`],
  ])('keeps colour: %s, and movements always', async (color, expected) => {
    const { stderr } = fakeStreams({ tty: true });
    new PromptOutput(stderr, color).end(`${ESCAPE}[36mx${ESCAPE}[39m${ESCAPE}[2K`);
    await until(() => stderr.written !== '', 'it has arrived');
    expect(stderr.written).toBe(expected);
    expect(stderr.writableEnded).toBe(false);
  });

  it('is as wide as the terminal', () => {
    const { stderr } = fakeStreams({ tty: true, columns: 33 });
    expect(new PromptOutput(stderr, true)).toMatchObject({ isTTY: true, columns: 33 });
  });
});

describe('what a prompt has drawn, on a terminal that is resized', () => {
  const LINES = `? Which?\n${'x'.repeat(60)}\n${'y'.repeat(90)}\n\nkeys`;
  /** As inquirer draws: takes back so many rows, and puts the cursor up to its line. */
  const frame = (rows: number, above: number): string => {
    const erased = rows === 0 ? '' : `${`${ESCAPE}[2K${ESCAPE}[1A`.repeat(rows - 1)}${ESCAPE}[2K${ESCAPE}[G`;
    return `${rows === 0 ? '' : `${ESCAPE}[${above}B`}${erased}${LINES}${ESCAPE}[${above}A${ESCAPE}[9G`;
  };

  async function redrawn(columns: number, next: string): Promise<string> {
    const { stderr } = fakeStreams({ tty: true, columns: 100 });
    const output = new PromptOutput(stderr, true);
    output.write(frame(0, 2));
    Object.defineProperty(stderr, 'columns', { value: columns });
    await until(() => stderr.written !== '', 'it is drawn');
    const before = stderr.written.length;
    output.write(next);
    await until(() => stderr.written.length > before, 'it is drawn again');
    return stderr.written.slice(before);
  }

  it.each([
    ['as wide', 100, frame(5, 2)],
    // Two lines above that of the cursor: one of 8 columns and one of 60, which then take one and two rows, or one and three.
    ['of 40 columns', 40, `\r${ESCAPE}[3A${ESCAPE}[J${LINES}${ESCAPE}[2A${ESCAPE}[9G`],
    ['of 25 columns', 25, `\r${ESCAPE}[4A${ESCAPE}[J${LINES}${ESCAPE}[2A${ESCAPE}[9G`],
    ['of 200 columns', 200, `\r${ESCAPE}[2A${ESCAPE}[J${LINES}${ESCAPE}[2A${ESCAPE}[9G`],
  ])('is taken back row by row as it stands there: %s', async (_, columns, expected) => {
    expect(await redrawn(columns, frame(5, 2))).toBe(expected);
  });

  it('is left below its last row', async () => {
    // The line of the cursor takes three rows of 40, two lines are below it.
    expect(await redrawn(40, `${ESCAPE}[2B\n${ESCAPE}[G${ESCAPE}[?25h`)).toBe(
      `${ESCAPE}[4B\n${ESCAPE}[G${ESCAPE}[?25h`,
    );
    expect(await redrawn(100, `${ESCAPE}[2B\n${ESCAPE}[G`)).toBe(`${ESCAPE}[2B\n${ESCAPE}[G`);
  });

  it('is counted anew after that, and a moved cursor is no drawing', async () => {
    expect(await redrawn(40, `${ESCAPE}[12G`)).toBe(`${ESCAPE}[12G`);
  });
});

describe('endings', () => {
  it('Ctrl-C throws INTERRUPTED', async () => {
    const { prompts, streams } = session();
    const answer = prompts.confirm(QUESTION);
    await type(streams, 'Delete', CTRL_C);
    expect(await settled(answer)).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
  });

  it('Ctrl-D throws NOT_CONFIRMED instead of hanging', async () => {
    const { prompts, streams } = session();
    const answer = prompts.input(QUESTION);
    await type(streams, 'Delete', CTRL_D);
    expect(await settled(answer)).toMatchObject({ code: 'NOT_CONFIRMED', hint: 'give --yes' });
  });

  it('input that ends throws NOT_CONFIRMED, then and for the next question', async () => {
    const { prompts, streams } = session();
    const answer = prompts.confirm({ ...QUESTION, default: true });
    await until(() => streams.stderr.written.includes('Delete'), 'asked');
    streams.stdin.end();
    expect(await settled(answer)).toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(await settled(prompts.confirm(QUESTION))).toMatchObject({ code: 'NOT_CONFIRMED' });
  });

  it('the abort signal throws INTERRUPTED, while a question is asked and before', async () => {
    const abort = new AbortController();
    const { prompts, streams } = session({ signal: abort.signal });
    const answer = prompts.select({ ...QUESTION, choices: [{ value: 1, name: 'one' }] });
    await until(() => streams.stderr.written.includes('Delete'), 'asked');
    abort.abort();
    expect(await settled(answer)).toMatchObject({ code: 'INTERRUPTED' });
    expect(await settled(prompts.confirm(QUESTION))).toMatchObject({ code: 'INTERRUPTED' });
  });

  it('leaves no listener on stdin', async () => {
    const { prompts, streams } = session();
    const events = ['pause', 'end', 'close', 'keypress'];
    const before = events.map((event) => streams.stdin.listenerCount(event));
    const answer = prompts.confirm(QUESTION);
    await type(streams, 'Delete', ENTER);
    await answer;
    expect(events.map((event) => streams.stdin.listenerCount(event))).toEqual(before);
  });
});

describe('Esc', () => {
  const choices = [{ value: 1, name: 'one' }];

  it.each([
    ['confirm', (prompts: Prompts) => prompts.confirm({ ...QUESTION, default: true })],
    ['confirmByName', (prompts: Prompts) => prompts.confirmByName({ ...QUESTION, expected: 'x' })],
    ['select', (prompts: Prompts) => prompts.select({ ...QUESTION, choices })],
    ['input', (prompts: Prompts) => prompts.input({ ...QUESTION, default: 'x' })],
    ['password', (prompts: Prompts) => prompts.password(QUESTION)],
  ] as const)('leaves %s with NOT_CONFIRMED, and what was typed is forgotten', async (_, ask) => {
    const { prompts, streams } = session();
    const answer = ask(prompts);
    await type(streams, 'Delete', 'x');
    streams.stdin.write(ESCAPE);
    expect(await settled(answer)).toMatchObject({ code: 'NOT_CONFIRMED', hint: expect.stringContaining('--yes') });
    expect(streams.stdin.listeners('keypress').map(({ name }) => name)).not.toContain('onKey');
    const again = prompts.confirm({ ...QUESTION, message: 'Really?' });
    await type(streams, 'Really?', `y${ENTER}`);
    expect(await settled(again)).toEqual({ value: true });
  });

  it('is not taken for an arrow', async () => {
    const { prompts, streams } = session();
    const answer = prompts.select({ ...QUESTION, choices: [...choices, { value: 2, name: 'two' }] });
    await type(streams, 'Delete', DOWN);
    streams.stdin.write(ENTER);
    expect(await settled(answer)).toEqual({ value: 2 });
  });
});

describe('a dumb terminal', () => {
  const dumb = { env: { TERM: 'dumb' } };
  const choices = [
    { value: 'a', name: 'first' },
    { value: 'x', name: 'never', disabled: 'not here' },
    { value: 'b', name: 'second', description: 'the other' },
  ];

  it('is asked for the number of a choice, until there is such a one', async () => {
    const { prompts, streams } = session(dumb);
    const answer = prompts.select({ message: 'What?', flag: '--all', choices });
    await type(streams, 'Number (1-2): ', '3\n');
    await until(() => streams.stderr.written.split('Number').length === 3, 'asked again');
    expect(streams.stderr.written).toContain('Number (1-2):   answer a number from 1 to 2\n  Number (1-2): ');
    streams.stdin.write('2\n');
    expect(await settled(answer)).toEqual({ value: 'b' });
    expect(streams.stderr.written).toContain(
      '? What?\n  1) first\n  - never (not here)\n  2) second: the other\n  Number (1-2): ',
    );
    expect(streams.stderr.written).not.toContain(ESCAPE);
  });

  it.each([
    ['yes\n', true],
    ['N\n', false],
    ['\n', false],
    ['perhaps\ny\n', true],
  ] as const)('takes %j for %s', async (typed, value) => {
    const { prompts, streams } = session(dumb);
    const answer = prompts.confirm(QUESTION);
    for (const [at, line] of typed.split(/(?<=\n)/).entries()) {
      await until(() => streams.stderr.written.split('(y/N) ').length > at + 1, 'asked');
      streams.stdin.write(line);
    }
    expect(await settled(answer)).toEqual({ value });
  });

  it('has names typed and answers checked', async () => {
    const { prompts, streams } = session(dumb);
    const answer = prompts.confirmByName({ ...QUESTION, expected: 'mcp-sessions' });
    await type(streams, 'Delete 3 sessions?', 'mcp\n');
    await type(streams, 'type mcp-sessions exactly', 'mcp-sessions\n');
    expect(await settled(answer)).toEqual({ value: true });
    const other = prompts.input({ message: 'Name?', flag: '--name', default: 'copy' });
    await type(streams, 'Name? (copy)', '\n');
    expect(await settled(other)).toEqual({ value: 'copy' });
  });

  it('leaves by Esc and Enter, by the end of its input, and by the signal', async () => {
    const first = session(dumb);
    const left = first.prompts.select({ ...QUESTION, choices });
    await type(first.streams, 'Number', `1${ESCAPE}\n`);
    expect(await settled(left)).toMatchObject({ code: 'NOT_CONFIRMED', message: expect.stringContaining('Esc') });
    const ended = first.prompts.confirm(QUESTION);
    await until(() => first.streams.stderr.written.includes('(y/N)'), 'asked');
    first.streams.stdin.end();
    expect(await settled(ended)).toMatchObject({ code: 'NOT_CONFIRMED', message: expect.stringContaining('ended') });
    const abort = new AbortController();
    const second = session({ ...dumb, signal: abort.signal });
    const stopped = second.prompts.confirm(QUESTION);
    await until(() => second.streams.stderr.written.includes('(y/N)'), 'asked');
    abort.abort();
    expect(await settled(stopped)).toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('confirmByName', () => {
  const byName = { message: 'Type the name of the table', flag: '--confirm mcp-sessions', expected: 'mcp-sessions' };

  it('is true for the exact name', async () => {
    const { prompts, streams } = session();
    const answer = prompts.confirmByName(byName);
    await type(streams, 'Type the name', `mcp-sessions${ENTER}`);
    expect(await settled(answer)).toEqual({ value: true });
  });

  it('asks again after another name, and is false for an empty line', async () => {
    const { prompts, streams } = session();
    const answer = prompts.confirmByName(byName);
    await type(streams, 'Type the name', `mcp-session${ENTER}`);
    await type(streams, 'type mcp-sessions exactly', '\u0015');
    streams.stdin.write(ENTER);
    expect(await settled(answer)).toEqual({ value: false });
  });
});

describe('select, input, password', () => {
  it('gives the value of the choice', async () => {
    const { prompts, streams } = session();
    const choices = [
      { value: 'backup', name: 'Back up' },
      { value: 'delete', name: 'Delete', description: 'for good' },
    ];
    const answer = prompts.select({ message: 'What?', flag: '--delete', choices });
    await type(streams, 'What?', DOWN + ENTER);
    expect(await settled(answer)).toEqual({ value: 'delete' });
  });

  it('takes the default, and says what is wrong with an answer', async () => {
    const { prompts, streams } = session();
    const first = prompts.input({ message: 'Name?', flag: '--name', default: 'copy', validate });
    await type(streams, 'Name?', ENTER);
    expect(await settled(first)).toEqual({ value: 'copy' });
    const second = prompts.input({ message: 'Other?', flag: '--name', validate });
    await type(streams, 'Other?', `ab${ENTER}`);
    await type(streams, 'too short', `c${ENTER}`);
    expect(await settled(second)).toEqual({ value: 'abc' });
  });

  it('does not show a password', async () => {
    const { prompts, streams } = session();
    const answer = prompts.password({ message: 'Key?', flag: '--key' });
    await type(streams, 'Key?', `hunter2${ENTER}`);
    expect(await settled(answer)).toEqual({ value: 'hunter2' });
    expect(streams.stderr.written).not.toContain('hunter2');
  });
});

describe('search', () => {
  const names = Array.from({ length: 40 }, (_, index) => `backup-${index}`);
  const choicesFor = (typed: string) => [
    ...names.filter((name) => name.includes(typed)).map((name) => ({ value: name, name, short: name.toUpperCase() })),
    ...(typed === '' ? [] : [{ value: typed, name: `'${typed}', as it was typed` }]),
  ];
  const question = { message: 'Which?', flag: '<backup>', choicesFor };

  it('narrows the choices down, and says the short name of the one that was taken', async () => {
    const { prompts, streams } = session();
    const answer = prompts.search(question);
    await type(streams, 'Which?', '-39');
    await until(() => /❯ backup-39/.test(stripVTControlCharacters(streams.stderr.written)), 'it is found');
    streams.stdin.write(ENTER);
    expect(await settled(answer)).toEqual({ value: 'backup-39' });
    expect(stripVTControlCharacters(streams.stderr.written)).toContain('✔ Which? BACKUP-39');
  });

  it('says what the keys do', async () => {
    const { prompts, streams } = session();
    const answer = prompts.search(question);
    await type(streams, 'Which?', CTRL_C);
    await settled(answer);
    expect(stripVTControlCharacters(streams.stderr.written)).toContain('type to search • esc leave');
  });

  it.each([
    ['Esc', ESCAPE, 'NOT_CONFIRMED'],
    ['Ctrl-C', CTRL_C, 'INTERRUPTED'],
  ])('is left with %s, which is told to whoever asks several things', async (_, keys, code) => {
    const streams = fakeStreams({ tty: true });
    let left = 0;
    const prompts = createPrompts(createTerminal({ ...streams }), {
      onLeft: () => {
        left += 1;
      },
    });
    const answer = prompts.search(question);
    await type(streams, 'Which?', keys);
    expect([await settled(answer), left]).toEqual([expect.objectContaining({ code }), 1]);
  });

  it('shows some at a time on a dumb terminal, and takes a number, the only one left, or what was typed', async () => {
    for (const [lines, value] of [
      [['3'], 'backup-2'],
      [['-1', '2'], 'backup-10'],
      [['somewhere'], 'somewhere'],
    ] as const) {
      const { prompts, streams } = session({ env: { TERM: 'dumb' } });
      const answer = prompts.search(question);
      for (const [at, line] of lines.entries()) {
        await until(() => streams.stderr.written.split('text to search for: ').length > at + 1, 'asked');
        streams.stdin.write(`${line}\n`);
      }
      expect(await settled(answer)).toEqual({ value });
      expect(streams.stderr.written).toContain('  15) backup-14\n  and 25 more\n  Number (1-15), or text');
    }
  });
});
