import { type Cell, cellStyle, cellText, createPaint, type Paint, type Style } from './cell.js';
import { safeMultiline, safeText } from './safe-text.js';
import { type Column, renderTable, type Row } from './table.js';
import { textWidth, wrapText } from './text-width.js';

export interface PageOptions {
  /** Columns of the terminal; undefined when the output is no terminal: then nothing is wrapped or cut, and CSV is exact. */
  readonly width: number | undefined;
  readonly color: boolean;
  readonly unicode: boolean;
  /** What relative times are counted from. */
  readonly now: Date;
}

/** A line of a property block: its name and its value. */
export type Property = readonly [name: string, value: Cell];

const KEY_AND_VALUE_MIN = 20;

/**
 * What a view writes on: knows width, colour and the characters at hand.
 *
 * Every method takes raw text, makes it safe for a terminal and returns finished text without a line feed at its end.
 * Finished text is joined to other finished text; it is never passed to a method again.
 */
export class Page {
  readonly width: number | undefined;
  readonly color: boolean;
  readonly unicode: boolean;
  readonly now: Date;
  readonly #paint: Paint;

  constructor(options: PageOptions) {
    this.width = options.width;
    this.color = options.color;
    this.unicode = options.unicode;
    this.now = options.now;
    this.#paint = createPaint(options.color);
  }

  /** Rows under a header, never wider than the page; `remedy` says how to see the columns that had to be left out. */
  table(columns: readonly Column[], rows: readonly Row[], remedy?: string): string {
    return renderTable(columns, rows, { width: this.width, unicode: this.unicode, paint: this.#paint }, remedy);
  }

  /** Aligned `name: value` lines; long values go on below their own beginning, as does a value without a name. */
  properties(pairs: readonly Property[]): string {
    const names = pairs.map(([name]) => (name === '' ? '' : `${safeText(name)}:`));
    const indent = Math.max(0, ...names.map(textWidth)) + 2;
    const beside = this.width === undefined || this.width - indent >= KEY_AND_VALUE_MIN;
    return pairs
      .map(([, value], index) => {
        const name = names[index] ?? '';
        const style = cellStyle(value);
        const text = safeText(cellText(value));
        if (beside) {
          const first = `${this.#paint('strong', name)}${' '.repeat(indent - textWidth(name))}`;
          return this.#hanging(first, indent, text, style);
        }
        const lines = wrapText(text, this.#room(2)).map((line) => `  ${this.#paint(style, line)}`);
        return [...(name === '' ? [] : [this.#paint('strong', name)]), ...lines].join('\n').trimEnd();
      })
      .join('\n');
  }

  /** Pretty-printed text of several lines, indented; its line feeds stay. */
  block(text: string, indent = 2): string {
    return wrapText(safeMultiline(text), this.#room(indent))
      .map((line) => (line === '' ? line : ' '.repeat(indent) + line))
      .join('\n');
  }

  heading(text: string): string {
    return this.#hanging('', 0, safeText(text), 'strong');
  }

  /** A remark that can be skipped. */
  note(text: string): string {
    return this.#hanging('', 0, safeMultiline(text), 'muted');
  }

  success(text: string): string {
    return this.#labelled(this.unicode ? '✓' : 'ok', 'good', text);
  }

  warn(text: string): string {
    return this.#labelled('warning:', 'warn', text);
  }

  error(text: string): string {
    return this.#labelled('error:', 'bad', text);
  }

  bullet(text: string): string {
    return this.#labelled(this.unicode ? '•' : '*', 'muted', text);
  }

  /** A line of a plan: what will be there that is not. */
  added(text: string): string {
    return this.#labelled('+', 'good', text, 'good');
  }

  /** A line of a plan: what will be different. */
  changed(text: string): string {
    return this.#labelled('~', 'warn', text, 'warn');
  }

  /** A line of a plan: what will be gone. */
  removed(text: string): string {
    return this.#labelled('-', 'bad', text, 'bad');
  }

  /** A line of a plan: what is right already. */
  same(text: string): string {
    return this.#labelled('=', 'muted', text, 'muted');
  }

  /** A line of a plan: what differs and cannot be changed. */
  blocked(text: string): string {
    return this.#labelled('!', 'bad', text, 'bad');
  }

  muted(text: string): string {
    return this.styled('muted', text);
  }

  strong(text: string): string {
    return this.styled('strong', text);
  }

  /** A piece of a line; it is not wrapped. */
  styled(style: Style, text: string): string {
    return this.#paint(style, safeText(text));
  }

  #labelled(label: string, labelStyle: Style, text: string, style: Style = 'plain'): string {
    return this.#hanging(`${this.#paint(labelStyle, label)} `, textWidth(label) + 1, safeMultiline(text), style);
  }

  #hanging(first: string, indent: number, safe: string, style: Style): string {
    const [head = '', ...rest] = wrapText(safe, this.#room(indent));
    const below = rest.map((line) => (line === '' ? line : ' '.repeat(indent) + this.#paint(style, line)));
    return [(first + this.#paint(style, head)).trimEnd(), ...below].join('\n');
  }

  #room(indent: number): number | undefined {
    return this.width === undefined ? undefined : this.width - indent;
  }
}
