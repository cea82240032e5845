import { Writable } from 'node:stream';
import stringWidth from 'fast-string-width';
import { type OutputStream, positive } from './io.js';

const ESCAPE = '\u001b';
const COLOUR = new RegExp(String.raw`${ESCAPE}\[[\d;]*m`, 'g');
const CONTROL = new RegExp(String.raw`${ESCAPE}\[[?\d;]*[A-Za-z]`, 'g');
/** How inquirer draws: what it takes back, the lines, how far up the cursor goes from their end, and to which column. */
const DRAWN = new RegExp(
  String.raw`^(?:${ESCAPE}\[\d+B)?(?:(?:${ESCAPE}\[2K(?:${ESCAPE}\[1A)?)+${ESCAPE}\[G)?([^]*?)(?:${ESCAPE}\[(\d+)A)?${ESCAPE}\[(\d+)G$`,
);
/** How it leaves: below the lines. */
const LEFT = new RegExp(String.raw`^(?:${ESCAPE}\[\d+B)?\n`);

/** What stands on the terminal of a question. */
interface Drawn {
  /** Columns of each line. */
  readonly lines: readonly number[];
  /** The line with the cursor, and where in it. */
  readonly cursor: number;
  readonly column: number;
  /** How wide the terminal was. */
  readonly width: number | undefined;
}

const up = (rows: number): string => (rows > 0 ? `${ESCAPE}[${rows}A` : '');
const down = (rows: number): string => (rows > 0 ? `${ESCAPE}[${rows}B` : '');

/**
 * What a prompt writes to instead of stderr itself. inquirer ends its output after each question, which must not close
 * stderr; it decides on colour by what stdout is, knowing nothing of `--no-color`, so colour is taken out here; and it
 * takes back as many rows as it has drawn, which are others once the terminal has another width and wraps them anew.
 */
export class PromptOutput extends Writable {
  readonly #target: OutputStream;
  readonly #color: boolean;
  #drawn: Drawn | undefined;

  constructor(target: OutputStream, color: boolean) {
    super({ decodeStrings: false });
    this.#target = target;
    this.#color = color;
  }

  get isTTY(): boolean {
    return this.#target.isTTY === true;
  }

  get columns(): number | undefined {
    return positive(this.#target.columns);
  }

  get rows(): number | undefined {
    return positive(this.#target.rows);
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const text = this.#fitted(String(chunk));
    this.#target.write(this.#color ? text : text.replace(COLOUR, ''));
    done();
  }

  /** The text, with what takes lines back or leaves them made to fit the rows that they have now. */
  #fitted(text: string): string {
    const before = this.#drawn;
    const isResized = before !== undefined && before.width !== this.columns;
    const [, body = '', above = '0', column = '1'] = DRAWN.exec(text) ?? [];
    if (body !== '') {
      const lines = body.split('\n').map((line) => stringWidth(line.replace(CONTROL, '')));
      const cursor = lines.length - 1 - Number(above);
      this.#drawn = { lines, cursor, column: Number(column) - 1, width: this.columns };
      const end = text.slice(text.indexOf(body));
      return isResized ? `\r${up(this.#rowsAbove(before))}${ESCAPE}[J${end}` : text;
    }
    return isResized && LEFT.test(text) ? text.replace(LEFT, `${down(this.#rowsBelow(before))}\n`) : text;
  }

  #rowsOf(lines: readonly number[]): number {
    const width = this.columns ?? 80;
    return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(line / width)), 0);
  }

  #rowsAbove({ lines, cursor, column }: Drawn): number {
    return this.#rowsOf(lines.slice(0, cursor)) + Math.floor(column / (this.columns ?? 80));
  }

  #rowsBelow(drawn: Drawn): number {
    return this.#rowsOf(drawn.lines) - this.#rowsAbove(drawn) - 1;
  }
}
