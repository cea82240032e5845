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

export const select = <Value>(
  question: { readonly message: string; readonly choices: readonly Choice<Value>[]; readonly default?: Value },
  context: Context,
): Promise<Value> =>
  asking(context, async (ask) => {
    const open = question.choices.filter(({ disabled = false }) => disabled === false);
    const list = question.choices.map((choice) => {
      const at = open.indexOf(choice);
      const { name, description, disabled } = choice;
      const more =
        typeof disabled === 'string' ? ` (${disabled})` : description === undefined ? '' : `: ${description}`;
      return `  ${at < 0 ? '-' : `${at + 1})`} ${name}${more}\n`;
    });
    context.output.write(`? ${question.message}\n${list.join('')}`);
    for (;;) {
      const typed = (await ask(`  Number (1-${open.length}): `)).trim();
      if (typed === '' && question.default !== undefined) return question.default;
      const chosen = /^\d+$/.test(typed) ? open[Number(typed) - 1] : undefined;
      if (chosen !== undefined) return chosen.value;
    }
  });
