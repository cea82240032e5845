import { type Cell, cellStyle, cellText, type Paint } from './cell.js';
import { safeText } from './safe-text.js';
import { type TruncateAt, textWidth, truncate, wrapText } from './text-width.js';

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Columns of the terminal below which a shrinking column does not go; by default 8, or the title's width. */
  readonly min?: number;
  /** The lowest is left out first when the terminal is too narrow; without one a column goes last. */
  readonly priority?: number;
  /** Lets the column shrink by shortening its values. */
  readonly truncate?: TruncateAt;
  /** Lets the column shrink by running its values over several lines. */
  readonly wrap?: boolean;
}

export type Row = Readonly<Record<string, Cell>>;

export interface TableStyle {
  /** Columns of the terminal; undefined when the output is no terminal, and nothing is shortened. */
  readonly width: number | undefined;
  readonly unicode: boolean;
  readonly paint: Paint;
}

interface Fitted {
  readonly column: Column;
  readonly width: number;
}

const GAP = '  ';
const NARROWEST = 8;

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0);

function floorOf(column: Column, natural: number): number {
  if (column.truncate === undefined && column.wrap !== true) return natural;
  // Two columns, because a character may need both.
  return Math.min(natural, Math.max(2, column.min ?? Math.max(NARROWEST, textWidth(column.title))));
}

/** Widths that add up to `room` at the most, taken from the widest columns first; undefined when the floors do not fit. */
function shrink(columns: readonly Column[], natural: readonly number[], room: number): number[] | undefined {
  const floors = columns.map((column, index) => floorOf(column, natural[index] ?? 0));
  const capped = (cap: number): number[] =>
    natural.map((width, index) => Math.min(width, Math.max(floors[index] ?? 0, cap)));
  if (total(floors) > room) return undefined;

  let low = 0;
  let high = Math.max(...natural);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (total(capped(middle)) <= room) low = middle;
    else high = middle - 1;
  }
  const widths = capped(low);
  let spare = room - total(widths);
  return widths.map((width, index) => {
    if (spare === 0 || width >= (natural[index] ?? 0)) return width;
    spare -= 1;
    return width + 1;
  });
}

/** The columns that fit, with their widths: first the shrinking ones shrink, then the least important are left out. */
function fit(columns: readonly Column[], naturalOf: ReadonlyMap<Column, number>, width: number | undefined): Fitted[] {
  const shown = [...columns];
  for (;;) {
    const natural = shown.map((column) => naturalOf.get(column) ?? 0);
    const room = width === undefined ? Infinity : width - GAP.length * (shown.length - 1);
    const fits = total(natural) <= room;
    const widths = fits ? natural : shrink(shown, natural, room);
    if (widths !== undefined) return shown.map((column, index) => ({ column, width: widths[index] ?? 0 }));
    if (shown.length === 1) return shown.map((column) => ({ column, width: Math.max(1, room) }));
    const lowest = Math.min(...shown.map((column) => column.priority ?? Infinity));
    shown.splice(
      shown.findLastIndex((column) => (column.priority ?? Infinity) === lowest),
      1,
    );
  }
}

function linesOf(text: string, { column, width }: Fitted, style: TableStyle): string[] {
  if (textWidth(text) <= width) return [text];
  if (column.wrap === true) return wrapText(text, width);
  return [truncate(text, width, column.truncate ?? 'end', style.unicode ? '…' : '...')];
}

/** One table line from safe texts; colour goes on last, so that padding is never coloured, and no line ends in a space. */
function joinCells(
  texts: readonly string[],
  fitted: readonly Fitted[],
  paintAt: (index: number, text: string) => string,
): string {
  let line = '';
  let pending = '';
  for (const [index, { column, width }] of fitted.entries()) {
    const text = (texts[index] ?? '').trimEnd();
    const padding = ' '.repeat(Math.max(0, width - textWidth(text)));
    const [before, after] = column.align === 'right' ? [padding, ''] : ['', padding];
    if (index > 0) pending += GAP;
    if (text === '') {
      pending += padding;
    } else {
      line += pending + before + paintAt(index, text);
      pending = after;
    }
  }
  return line;
}

/**
 * Lays out rows under a header. Never wider than the terminal: what had to be left out is named in a last line. Where
 * there is no terminal every column is shown in full. Returns lines joined by line feeds, without one at the end.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly Row[],
  style: TableStyle,
  remedy = 'use a wider terminal, --columns or --output json',
): string {
  const texts = new Map(columns.map((column) => [column, rows.map((row) => safeText(cellText(row[column.key])))]));
  const naturalOf = new Map(
    columns.map((column) => {
      let widest = textWidth(column.title);
      for (const text of texts.get(column) ?? []) widest = Math.max(widest, textWidth(text));
      return [column, widest];
    }),
  );
  const fitted = fit(columns, naturalOf, style.width);

  const titles = fitted.map((each) => truncate(each.column.title, each.width, 'end', style.unicode ? '…' : '...'));
  const rule = style.unicode ? '─' : '-';
  const rules = fitted.map(({ width }) => rule.repeat(width));
  const lines = [
    joinCells(titles, fitted, (_, text) => style.paint('strong', text)),
    joinCells(rules, fitted, (_, text) => style.paint('muted', text)),
  ];

  const shownTexts = fitted.map(({ column }) => texts.get(column) ?? []);
  for (const [rowIndex, row] of rows.entries()) {
    const cells = fitted.map((each, index) => linesOf(shownTexts[index]?.[rowIndex] ?? '', each, style));
    const height = Math.max(...cells.map((cell) => cell.length));
    const paintAt = (index: number, text: string): string => {
      const key = fitted[index]?.column.key;
      return style.paint(key === undefined ? 'plain' : cellStyle(row[key]), text);
    };
    for (let at = 0; at < height; at += 1) {
      lines.push(
        joinCells(
          cells.map((cell) => cell[at] ?? ''),
          fitted,
          paintAt,
        ),
      );
    }
  }

  const hidden = columns.filter((column) => !fitted.some((each) => each.column === column));
  if (hidden.length > 0) {
    const note = `columns not shown: ${hidden.map((column) => column.title).join(', ')} (${remedy})`;
    for (const line of wrapText(note, style.width)) lines.push(style.paint('muted', line));
  }
  return lines.join('\n');
}
