import { Chalk } from 'chalk';

export type Scalar = string | number | boolean | null;

/** What a piece of text means; how that looks is decided in this file alone. */
export type Style = 'plain' | 'muted' | 'strong' | 'good' | 'warn' | 'bad' | 'info';

/** A value to show, plain or with a meaning. Always raw text: it is made safe, cut and coloured on output. */
export type Cell = Scalar | undefined | { readonly text: Scalar | undefined; readonly style: Style };

export type Paint = (style: Style, text: string) => string;

/** The function that colours safe text, or leaves it alone. Sixteen colours only: they follow the user's theme. */
export function createPaint(color: boolean): Paint {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const styles = {
    plain: String,
    muted: chalk.dim,
    strong: chalk.bold,
    good: chalk.green,
    warn: chalk.yellow,
    bad: chalk.red,
    info: chalk.cyan,
  } satisfies Record<Style, (text: string) => string>;
  return (style, text) => (text === '' ? text : styles[style](text));
}

/** The raw text of a cell: `-` for what is absent, yes and no for booleans. */
export function cellText(cell: Cell): string {
  const value = typeof cell === 'object' && cell !== null ? cell.text : cell;
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

export function cellStyle(cell: Cell): Style {
  return typeof cell === 'object' && cell !== null ? cell.style : 'plain';
}
