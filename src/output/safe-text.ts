/**
 * Text that came out of a table can hold anything: escape sequences that move the cursor or set the clipboard, marks
 * that turn the reading direction round, characters of no width that make two ids look alike. Here it is made harmless.
 *
 * Unsafe are the Unicode categories control (C0, DEL, C1), format (bidi, zero width, tags), line and paragraph
 * separator, and surrogates without their other half; and what Unicode says to show as nothing, but for the selectors
 * that belong to emoji. Emoji joined by U+200D are shown taken apart: the exact text is in the machine formats.
 */
const CLASS = String.raw`(?![\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]`;
const ESCAPE = '\u001b';

const UNSAFE = new RegExp(CLASS, 'gu');
const UNSAFE_BUT_NEWLINE = new RegExp(String.raw`(?!\n)${CLASS}`, 'gu');
const COLOUR_OR_UNSAFE = new RegExp(String.raw`${ESCAPE}\[[\d;]*m|(?![\n\t])${CLASS}`, 'gu');
const PRINTABLE_ASCII = /^[ -~]*$/;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function visible(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** True for text of printable ASCII only, whose width is its length and which needs no care. */
export function isPlainAscii(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}

/** One line of text that is safe to write to a terminal: `\x1b`, `\n`, `\u202e` stand for what cannot be shown. */
export function safeText(text: string): string {
  return isPlainAscii(text) ? text : text.replace(UNSAFE, visible);
}

/** Like {@link safeText}, but line feeds stay: for pretty-printed JSON and messages of several lines. */
export function safeMultiline(text: string): string {
  return replaceUnsafe(text, visible);
}

/** Replaces what must not reach a terminal, line feeds excepted; for formats that have escapes of their own. */
export function replaceUnsafe(text: string, escape: (character: string) => string): string {
  return text.replace(UNSAFE_BUT_NEWLINE, escape);
}

/**
 * The last guard before a finished page is written: only line feeds, tabs and, with `color`, colour codes get through.
 * What a view forgot to make safe is made visible here.
 */
export function safePage(text: string, color: boolean): string {
  return text.replace(COLOUR_OR_UNSAFE, (match) => {
    if (match === ESCAPE || !match.startsWith(ESCAPE)) return visible(match);
    return color ? match : safeText(match);
  });
}

/**
 * JSON text whose strings hold no raw unsafe character; it means the same. JSON itself escapes C0 and lone surrogates
 * but leaves DEL, C1 (U+009B starts an escape sequence on some terminals) and bidi marks as they are.
 */
export function safeJson(json: string): string {
  return replaceUnsafe(json, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** True when the text holds a character that must not reach a terminal; line feeds alone are harmless. */
export function isUnsafe(text: string): boolean {
  return text.search(UNSAFE_BUT_NEWLINE) !== -1;
}
