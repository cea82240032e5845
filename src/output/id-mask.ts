import { createHash } from 'node:crypto';

/** So many ids are looked for in texts: those of the last rows, and what was typed. */
const MOST_KNOWN = 200;

/** An id shorter than this is found in other words, too; in texts it is looked for in quotes. */
const SHORTEST_WORD = 6;

const MARK = '…';

/**
 * An id as it may be seen: at most a quarter of it, and no more than its first four characters, then four digits of its
 * SHA-256. The same id is always shown alike, and can be told from others, but not be used.
 */
export function shortId(id: string): string {
  const characters = Array.from(id);
  const head = characters.slice(0, Math.min(4, Math.floor(characters.length / 4))).join('');
  return `${head}${MARK}${createHash('sha256').update(id).digest('hex').slice(0, 4)}`;
}

const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * Keeps ids of sessions out of an output that others read, such as the log of a pipeline. Off, it changes nothing.
 * Fields that hold an id are masked where a result is made; what is noted is looked for in every text besides.
 */
export class IdMask {
  readonly isOn: boolean;
  readonly #known = new Map<string, string>();

  constructor(isOn: boolean) {
    this.isOn = isOn;
  }

  /** The id as it is shown. `others` are spellings of it that could stand elsewhere, such as a part of it. */
  note(id: string, others: readonly string[] = []): string {
    if (!this.isOn) return id;
    for (const spelling of [id, ...others]) {
      if (spelling === '') continue;
      this.#known.delete(spelling);
      this.#known.set(spelling, shortId(spelling));
    }
    for (const spelling of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) break;
      this.#known.delete(spelling);
    }
    return shortId(id);
  }

  /** A text without the ids that were noted. */
  text(text: string): string {
    let masked = text;
    for (const [id, short] of this.#known)
      for (const spelling of spellingsOf(id)) {
        if (spelling.length >= SHORTEST_WORD) masked = masked.replaceAll(spelling, () => short);
        else
          for (const quote of ["'", '"'])
            masked = masked.replaceAll(quote + spelling + quote, () => quote + short + quote);
      }
    return masked;
  }

  /** A deep copy of plain data without the ids that were noted. */
  deep(value: unknown): unknown {
    if (!this.isOn || this.#known.size === 0) return value;
    if (typeof value === 'string') return this.#known.get(value) ?? this.text(value);
    if (Array.isArray(value)) return value.map((element) => this.deep(element));
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, element]) => [this.text(key), this.deep(element)]));
  }
}

/** An id as it is, within JSON, and in an address. */
function spellingsOf(id: string): ReadonlySet<string> {
  const spellings = new Set([id, JSON.stringify(id).slice(1, -1)]);
  // It throws for a surrogate without its other half.
  if (!/[^\x21-\x7e]/.test(id)) spellings.add(encodeURIComponent(id));
  return spellings;
}

/** A word of the length and the letters of ids that are hard to guess. */
const ID_LIKE = /^(?=.*\d)[\w.:#%-]{16,}$/;

/** What on a command line could be an id, where nobody can tell what its words mean: words, and values of conditions. */
export const wordsLikeIds = (argv: readonly string[]): readonly string[] =>
  argv.flatMap((word) => [word, word.replace(/^[^=<>~^!]*[=<>~^!]+/, '')]).filter((word) => ID_LIKE.test(word));

/** Whether the environment is that of a pipeline, whose log may be public: `CI` is set, and not to false. */
export const isPipeline = ({ CI }: Readonly<Record<string, string | undefined>>): boolean =>
  CI !== undefined && !/^(?:|0|false|no)$/i.test(CI);
