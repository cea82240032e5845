import { createInterface } from 'node:readline';

interface Context {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

interface LineQuestion {
  readonly message: string;
  readonly default?: string;
  readonly validate?: (value: string) => string | boolean;
}

interface Choice<Value> {
  readonly value: Value;
  readonly name: string;
  readonly short?: string;
  readonly description?: string;
  readonly disabled?: boolean | string;
}

const named = (name: string): Error => Object.assign(new Error(name), { name });

const ESCAPE = '\u001b';

type Ask = (text: string) => Promise<string>;

/**
 * Asks for lines, which the terminal itself lets be edited, until there is an answer. One reader for all of them: one
 * that is closed pauses the input, which passes for its end.
 */
async function asking<Value>(
  { input, output, signal }: Context,
  until: (ask: Ask, say: (text: string) => void) => Promise<Value>,
): Promise<Value> {
  const typed: string[] = [];
  let wake: (() => void) | undefined;
  let isOver = signal.aborted;
  const end = (): void => {
    isOver = true;
    wake?.();
  };
  const reader = createInterface({ input, terminal: false });
  reader.on('line', (line) => {
    typed.push(line);
    wake?.();
  });
  reader.once('close', end);
  signal.addEventListener('abort', end);
  const ask: Ask = async (text) => {
    output.write(text);
    if (typed.length === 0 && !isOver)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    const line = typed.shift();
    if (line === undefined) {
      output.write('\n');
      throw named('AbortPromptError');
    }
    // The terminal hands a line over as it is: Esc comes with the Enter after it.
    if (line.includes(ESCAPE)) throw named('EscapePromptError');
    return line;
  };
  try {
    return await until(ask, (text) => void output.write(`  ${text}\n`));
  } finally {
    signal.removeEventListener('abort', end);
    reader.close();
  }
}

/*
 * Questions on a terminal that can only write on: no line is taken back, no key is read before Enter. They are called, and
 * end, as those of inquirer.
 */

export const input = (question: LineQuestion, context: Context): Promise<string> =>
  asking(context, async (ask, say) => {
    const hint = question.default === undefined ? '' : ` (${question.default})`;
    for (;;) {
      const typed = await ask(`? ${question.message}${hint} `);
      const value = typed === '' ? (question.default ?? '') : typed;
      const verdict = question.validate?.(value) ?? true;
      if (verdict === true) return value;
      say(verdict === false ? 'not possible' : verdict);
    }
  });

export const confirm = (
  question: { readonly message: string; readonly default?: boolean },
  context: Context,
): Promise<boolean> =>
  asking(context, async (ask, say) => {
    for (;;) {
      const typed = (await ask(`? ${question.message} (${question.default === true ? 'Y/n' : 'y/N'}) `)).trim();
      if (typed === '') return question.default ?? false;
      if (/^(?:y|yes|n|no)$/i.test(typed)) return /^y/i.test(typed);
      say('answer y or n');
    }
  });

/** The choices as numbered lines; one that cannot be chosen has no number. */
function listOf<Value>(choices: readonly Choice<Value>[]): string {
  const open = openOf(choices);
  const lines = choices.map((choice) => {
    const at = open.indexOf(choice);
    const { name, description, disabled } = choice;
    const more = typeof disabled === 'string' ? ` (${disabled})` : description === undefined ? '' : `: ${description}`;
    return `  ${at < 0 ? '-' : `${at + 1})`} ${name}${more}\n`;
  });
  return lines.join('');
}

const openOf = <Value>(choices: readonly Choice<Value>[]): readonly Choice<Value>[] =>
  choices.filter(({ disabled = false }) => disabled === false);

const numbered = <Value>(choices: readonly Choice<Value>[], typed: string): Choice<Value> | undefined =>
  /^\d+$/.test(typed) ? choices[Number(typed) - 1] : undefined;

export const select = <Value>(
  question: { readonly message: string; readonly choices: readonly Choice<Value>[]; readonly default?: Value },
  context: Context,
): Promise<Value> =>
  asking(context, async (ask, say) => {
    const open = openOf(question.choices);
    const preset = open.findIndex(({ value }) => value === question.default);
    const hint = preset < 0 ? '' : `, Enter for ${preset + 1}`;
    context.output.write(`? ${question.message}\n${listOf(question.choices)}`);
    for (;;) {
      const typed = (await ask(`  Number (1-${open.length}${hint}): `)).trim();
      if (typed === '' && question.default !== undefined) return question.default;
      const chosen = numbered(open, typed);
      if (chosen !== undefined) return chosen.value;
      say(`answer a number from 1 to ${open.length}`);
    }
  });

/** So many are shown at once: nobody scrolls back on a dumb terminal. */
const SHOWN = 15;

export const search = <Value>(
  question: {
    readonly message: string;
    readonly source: (typed: string | undefined) => Promise<readonly Choice<Value>[]>;
  },
  context: Context,
): Promise<Value> =>
  asking(context, async (ask) => {
    let choices = await question.source(undefined);
    context.output.write(`? ${question.message}\n`);
    for (;;) {
      const open = openOf(choices).slice(0, SHOWN);
      const hidden = choices.length - open.length;
      context.output.write(`${listOf(open)}${hidden > 0 ? `  and ${hidden} more\n` : ''}`);
      const typed = (await ask(`  Number (1-${open.length}), or text to search for: `)).trim();
      const chosen = numbered(open, typed);
      if (chosen !== undefined) return chosen.value;
      choices = await question.source(typed);
      const [only] = choices;
      if (typed !== '' && only !== undefined && choices.length === 1) return only.value;
    }
  });
