import { damaged } from './disk.js';
import { endOfText } from './repeated-name.js';

const [QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [34, 91, 93, 123, 125];

/** Far above what is written: items nest 32 levels, two brackets each. */
const DEEPEST = 128;
/** Characters for each bracket that opens, on average; those of a list of files have some two hundred. */
const LEAST_LENGTH = 16;
/** What no text takes much memory below. */
const SMALL = 1024 * 1024;

/** How many brackets of a JSON text are open at once at the most, and how many there are. */
function bracketsOf(text: string): { readonly deepest: number; readonly opened: number } {
  let [depth, deepest, opened] = [0, 0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfText(text, at);
    else if (character === OPEN_LIST || character === OPEN_MAP) {
      opened += 1;
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (character === CLOSE_LIST || character === CLOSE_MAP) depth -= 1;
  }
  return { deepest, opened };
}

/**
 * Throws where a text would take memory without measure once it is parsed: each bracket takes some sixty bytes. `item`
 * is a line of a data file, which may have many brackets, but few at once.
 */
export function requireShape(text: string, kind: 'item' | 'list', file: string, line: number | null): void {
  if (text.length <= SMALL) return;
  const { deepest, opened } = bracketsOf(text);
  if (deepest > DEEPEST) throw damaged(file, line, `is nested deeper than ${DEEPEST} levels`);
  if (kind === 'list' && opened * LEAST_LENGTH > text.length) throw damaged(file, line, 'is no list of files');
}

/** Lines one by one: all at once, empty ones would take eight times their size. */
export function* linesIn(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    yield text.slice(start, end < 0 ? text.length : end);
    start = end < 0 ? text.length : end + 1;
  }
}
