import stringWidth from 'fast-string-width';
import { isPlainAscii } from './safe-text.js';

export type TruncateAt = 'end' | 'middle';

/** Text whose width is its length; with the ellipsis, which every shortened cell holds, and the rule below titles. */
const NARROW = /^[ -~…─]*$/;
/** Intl.Segmenter takes a minute for 400 KB of Chinese in one piece (Node 20): its cost grows with the square. */
const PIECE = 1024;

/** The characters as people count them, with their places. */
function* graphemes(text: string): Generator<{ readonly segment: string; readonly index: number }> {
  // Made when it is needed: making one takes 6 ms, and most output is ASCII.
  const segmenter = new Intl.Segmenter();
  let start = 0;
  while (start < text.length) {
    // Half of a surrogate pair would count as a character of its own, and hide that the one before it goes on.
    const end = /[\ud800-\udbff]/.test(text.charAt(start + PIECE - 1)) ? start + PIECE - 1 : start + PIECE;
    const segments = [...segmenter.segment(text.slice(start, end))];
    // The last character may go on in the next piece.
    if (end < text.length && segments.length > 1) segments.pop();
    const offset = start;
    for (const { segment, index } of segments) {
      yield { segment, index: offset + index };
      start = offset + index + segment.length;
    }
  }
}

/** Terminal columns that a safe line takes: 2 for CJK and emoji. */
export function textWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  if (text.length <= PIECE) return stringWidth(text);
  let width = 0;
  for (const { segment } of graphemes(text)) width += stringWidth(segment);
  return width;
}

/** The longest beginning of `text` that fits into `width` columns; a character is never cut in two. */
function head(text: string, width: number): string {
  if (isPlainAscii(text)) return text.slice(0, Math.max(0, width));
  let used = 0;
  for (const { segment, index } of graphemes(text)) {
    used += textWidth(segment);
    if (used > width) return text.slice(0, index);
  }
  return text;
}

/** The longest end of `text` that fits into `width` columns. */
function tail(text: string, width: number): string {
  if (isPlainAscii(text)) return width > 0 ? text.slice(-width) : '';
  let excess = textWidth(text) - width;
  for (const { segment, index } of graphemes(text)) {
    if (excess <= 0) return text.slice(index);
    excess -= textWidth(segment);
  }
  return '';
}

/**
 * Shortens a safe line to at most `width` columns. `end` keeps the beginning, `middle` keeps both ends: ids and ARNs
 * differ at their ends.
 */
export function truncate(text: string, width: number, at: TruncateAt, ellipsis: string): string {
  if (textWidth(text) <= width) return text;
  const room = width - textWidth(ellipsis);
  if (room <= 0) return ellipsis.slice(0, Math.max(0, width));
  if (at === 'end') return head(text, room) + ellipsis;
  return head(text, Math.ceil(room / 2)) + ellipsis + tail(text, Math.floor(room / 2));
}

/** Cuts a word that is too long into pieces of at most `width` columns, in one pass: values reach 400 KB. */
function chop(word: string, width: number): string[] {
  const pieces: string[] = [];
  if (isPlainAscii(word)) {
    for (let start = 0; start < word.length; start += width) pieces.push(word.slice(start, start + width));
    return pieces;
  }
  let start = 0;
  let used = 0;
  for (const { segment, index } of graphemes(word)) {
    const segmentWidth = textWidth(segment);
    if (used + segmentWidth > width && index > start) {
      pieces.push(word.slice(start, index));
      start = index;
      used = 0;
    }
    used += segmentWidth;
  }
  pieces.push(word.slice(start));
  return pieces;
}

function wrapLine(line: string, width: number, breakWords: boolean): string[] {
  if (textWidth(line) <= width) return [line];
  const lines: string[] = [];
  let current = '';
  let used = 0;
  for (const word of line.split(/(?<= )/)) {
    const wordWidth = textWidth(word.trimEnd());
    if (used + wordWidth > width) {
      if (current.trim() !== '') lines.push(current.trimEnd());
      current = '';
      used = 0;
    }
    const pieces = breakWords && wordWidth > width ? chop(word, width) : [word];
    const last = pieces.pop() ?? '';
    for (const piece of pieces) lines.push(piece);
    current += last;
    used += textWidth(last);
  }
  if (current.trim() !== '') lines.push(current.trimEnd());
  return lines;
}

export interface WrapOptions {
  /** Words wider than a line are cut (the default); `false` leaves them whole, so that they can be copied. */
  readonly breakWords?: boolean;
}

/**
 * Breaks safe text into lines of at most `width` columns; existing line feeds stay. `undefined` breaks only at those.
 * wrap-ansi is no substitute: it needs a minute for a word of 300 KB, and an attribute may be such a word.
 */
export function wrapText(text: string, width: number | undefined, options: WrapOptions = {}): string[] {
  const lines = text.split('\n');
  if (width === undefined) return lines;
  const columns = Math.max(2, width);
  return lines.flatMap((line) => wrapLine(line, columns, options.breakWords ?? true));
}
