import { PassThrough } from 'node:stream';
import type { Environment } from '../../src/terminal/io.js';

const ESCAPE = '\u001b';

/** A stream that collects what is written to it; with `columns` it passes for a terminal. */
class FakeStream extends PassThrough {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  written = '';

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns;
    this.on('data', (chunk: Buffer) => {
      this.written += chunk.toString();
    });
  }

  // What a tty.WriteStream has besides, and ora uses.
  cursorTo(column: number): boolean {
    return this.write(`${ESCAPE}[${column + 1}G`);
  }
  clearLine(): boolean {
    return this.write(`${ESCAPE}[2K`);
  }
  moveCursor(columns: number, rows: number): boolean {
    if (columns !== 0) throw new Error('not needed so far');
    if (rows !== 0) this.write(`${ESCAPE}[${Math.abs(rows)}${rows < 0 ? 'A' : 'B'}`);
    return true;
  }
}

/** A stdin that tests type into. */
class FakeInput extends PassThrough {
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
}

export interface FakeStreams {
  readonly stdin: FakeInput;
  readonly stdout: FakeStream;
  readonly stderr: FakeStream;
  readonly env: Environment;
}

/** Streams of a terminal that is 80 columns wide, or of none. */
export function fakeStreams(options: { tty: boolean; columns?: number; env?: Environment }): FakeStreams {
  const columns = options.tty ? (options.columns ?? 80) : undefined;
  return {
    stdin: new FakeInput(options.tty),
    stdout: new FakeStream(columns),
    stderr: new FakeStream(columns),
    env: options.env ?? { LANG: 'en_US.UTF-8', TERM: 'xterm-256color' },
  };
}

const TOKEN = new RegExp(String.raw`${ESCAPE}\[(\??)([\d;]*)([A-Za-z])|([\s\S])`, 'gu');

/** The lines that a terminal shows after `written`: carriage returns, cursor up, down, column and erasing are obeyed. */
export function screenOf(written: string): string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  const line = (): string[] => {
    while (lines.length <= row) lines.push([]);
    return lines[row] ?? [];
  };
  for (const [, , argument = '', command, character] of written.matchAll(TOKEN)) {
    const count = argument === '' ? 1 : Number.parseInt(argument, 10);
    if (character === '\n') {
      row += 1;
      column = 0;
    } else if (character === '\r') column = 0;
    else if (character !== undefined) {
      const cells = line();
      while (cells.length < column) cells.push(' ');
      cells[column] = character;
      column += 1;
    } else if (command === 'G') column = count - 1;
    else if (command === 'A') row = Math.max(0, row - count);
    else if (command === 'B') row += count;
    else if (command === 'K') line().splice(argument === '2' || argument === '1' ? 0 : column);
    else if (command === 'J') lines.splice(row + 1);
  }
  return lines.map((cells) => cells.join('').trimEnd());
}

/** Resolves when `condition` holds; fails after two seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 2000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
