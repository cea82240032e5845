/**
 * What bash hands to a completion is the line as it was typed, quotes and all, and what it takes back stands in the line
 * as it is: it neither takes quotes away nor adds them. Both is done here, by bash's own rules, and nothing is expanded:
 * a line that is being typed must not run what it says.
 */
export interface BashLine {
  /** The words before the one to complete, the program's name first, without their quotes. */
  readonly words: readonly string[];
  /** The word to complete, as far as it was typed, without its quotes. */
  readonly text: string;
  /** Characters of `text` that bash leaves where they are: it replaces what follows the last break in a word. */
  readonly kept: number;
  /** The quote that is open where the cursor is. */
  readonly quote: '' | '"' | "'";
  /** False where what the word will be cannot be told without running it, or quotes end and begin within it. */
  readonly isPlain: boolean;
}

interface Word {
  text: string;
  kept: number;
  quote: '' | '"' | "'";
  isPlain: boolean;
}

const newWord = (): Word => ({ text: '', kept: 0, quote: '', isPlain: true });

/** Reads a line up to the cursor. `breaks` is bash's COMP_WORDBREAKS. */
export function readBashLine(line: string, breaks: string): BashLine {
  const words: string[] = [];
  let word = newWord();
  let isBegun = false;
  // How deep in `$(…)`, whose blanks end no word.
  let depth = 0;
  let inBackticks = false;
  const end = (): void => {
    if (isBegun) words.push(word.text);
    word = newWord();
    isBegun = false;
  };
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (word.quote === '' && depth === 0 && !inBackticks && /\s/.test(character)) {
      end();
      continue;
    }
    isBegun = true;
    if (word.quote !== '' && character === word.quote) {
      word.quote = '';
      // Bash counts a quote that ended as a break or not, from one version to the next.
      word.isPlain = false;
    } else if (word.quote === '' && (character === '"' || character === "'")) {
      if (word.text !== '' && word.kept < word.text.length) word.isPlain = false;
      word.quote = character;
      word.kept = word.text.length;
    } else if (character === '\\' && word.quote !== "'" && isEscape(word.quote, line.charAt(at + 1))) {
      at += 1;
      word.text += line.charAt(at);
    } else {
      if (word.quote !== "'" && /[$`]/.test(character)) word.isPlain = false;
      if (word.quote === '') {
        if (character === '`') inBackticks = !inBackticks;
        if (character === '(' && (depth > 0 || line.charAt(at - 1) === '$')) depth += 1;
        if (character === ')' && depth > 0) depth -= 1;
      }
      word.text += character;
      if (word.quote === '' && breaks.includes(character)) word.kept = word.text.length;
    }
  }
  return { words, ...word };
}

const isEscape = (quote: string, next: string): boolean => next !== '' && (quote === '' || /["\\$`]/.test(next));

/** What is to stand in the line for a value, after what bash keeps; undefined where the open quote cannot hold it. */
export function bashText(value: string, { kept, quote }: Pick<BashLine, 'kept' | 'quote'>): string | undefined {
  const rest = value.slice(kept);
  if (quote === "'") return rest.includes("'") ? undefined : rest;
  // An exclamation mark between double quotes recalls the history, escaped or not.
  if (quote === '"') return rest.includes('!') ? undefined : rest.replaceAll(/["\\$`]/g, '\\$&');
  return rest.replaceAll(/[ -~]/g, (character) => (/[\w.,:=@%+/-]/.test(character) ? character : `\\${character}`));
}
