import { styleText } from 'node:util';
import { CliError } from '../errors.js';
import type * as Inquirer from './inquirer.js';
import type { Terminal } from './io.js';
import { plainLine } from './plain-line.js';
import type * as Plain from './plain-questions.js';
import { PromptOutput } from './prompt-output.js';

interface Question {
  /** Plain text of one line; control characters in it are not written. */
  readonly message: string;
  /** What answers the question on the command line, for whoever has no terminal: `--yes`, `--to-table <name>`. */
  readonly flag: string;
}

interface ConfirmQuestion extends Question {
  /** What Enter means; no, unless said otherwise. */
  readonly default?: boolean;
}

interface NameQuestion extends Question {
  /** The exact name to type. */
  readonly expected: string;
}

interface InputQuestion extends Question {
  readonly default?: string;
  /** True, or what is wrong with the answer. */
  readonly validate?: (value: string) => true | string;
}

interface Choice<Value> {
  readonly value: Value;
  readonly name: string;
  /** What stands as the answer once it is chosen; the name where it is left out. */
  readonly short?: string;
  readonly description?: string;
  /** Cannot be chosen; a text says why. */
  readonly disabled?: boolean | string;
}

interface SelectQuestion<Value> extends Question {
  readonly choices: readonly Choice<Value>[];
  readonly default?: Value;
}

interface SearchQuestion<Value> extends Question {
  /** The choices that fit what was typed; all of them for ''. There is always one. */
  readonly choicesFor: (typed: string) => readonly Choice<Value>[];
}

/**
 * Questions to the person at the terminal, on stderr. Without one they throw NOT_CONFIRMED at once, naming the flag
 * that answers them; Ctrl-C and the abort signal throw INTERRUPTED; Esc and input that ends (Ctrl-D) NOT_CONFIRMED.
 * A dumb terminal is asked in plain lines.
 */
export interface Prompts {
  /** False when declined: the caller ends with NOT_CONFIRMED. */
  confirm(question: ConfirmQuestion): Promise<boolean>;
  /** True when the exact name was typed; false when the line was left empty. */
  confirmByName(question: NameQuestion): Promise<boolean>;
  select<Value>(question: SelectQuestion<Value>): Promise<Value>;
  /** One of many: what is typed narrows them down. */
  search<Value>(question: SearchQuestion<Value>): Promise<Value>;
  input(question: InputQuestion): Promise<string>;
  /** What is typed is not shown. */
  password(question: Question): Promise<string>;
}

interface Context {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** Who asks: inquirer, or plain lines. */
type Asker = typeof Inquirer | AsksPlainly;
type AsksPlainly = typeof Plain & Pick<typeof Inquirer, 'password'>;

const INPUT_ENDED = Symbol('input ended');
const ESCAPED = Symbol('escape');
const INQUIRER_ENDINGS = new Set(['ExitPromptError', 'AbortPromptError', 'CancelPromptError', 'EscapePromptError']);

function inputEnded(flag: string): CliError {
  return new CliError('NOT_CONFIRMED', 'the input ended before the question was answered', { hint: `give ${flag}` });
}

function escaped(flag: string): CliError {
  return new CliError('NOT_CONFIRMED', 'left at a question with Esc', { hint: `answer it, or give ${flag}` });
}

/**
 * Runs one question. inquirer never settles when its input ends or when Ctrl-D closes it, and the process would hang or
 * vanish: readline pauses the input then, which is what is listened for.
 */
async function ask<Value>(
  terminal: Terminal,
  { signal: abort, onLeft }: PromptsOptions,
  { message, flag }: Question,
  question: (context: Context, message: string) => Promise<Value>,
): Promise<Value> {
  const text = plainLine(message);
  if (!terminal.isInteractive) {
    throw new CliError('NOT_CONFIRMED', `cannot ask "${text}": there is no terminal, or --no-input was given`, {
      hint: `give ${flag}`,
    });
  }
  if ('readableEnded' in terminal.stdin && terminal.stdin.readableEnded === true) throw inputEnded(flag);

  const ended = new AbortController();
  const onEnded = (): void => ended.abort(INPUT_ENDED);
  const onKey = (_text: unknown, key?: { readonly name?: string }): void => {
    if (key?.name === 'escape') ended.abort(ESCAPED);
  };
  const endings = ['pause', 'end', 'close'] as const;
  const signal = abort === undefined ? ended.signal : AbortSignal.any([abort, ended.signal]);
  const output = new PromptOutput(terminal.stderr, terminal.color(terminal.stderr));
  try {
    const answer = question({ input: terminal.stdin, output, signal }, text);
    for (const event of endings) terminal.stdin.on(event, onEnded);
    terminal.stdin.on('keypress', onKey);
    return await answer;
  } catch (error) {
    if (!(error instanceof Error) || !INQUIRER_ENDINGS.has(error.name)) throw error;
    onLeft?.();
    if (signal.reason === ESCAPED || error.name === 'EscapePromptError') throw escaped(flag);
    if (signal.reason === INPUT_ENDED && error.name === 'AbortPromptError') throw inputEnded(flag);
    throw new CliError('INTERRUPTED', 'interrupted at a question', { cause: error });
  } finally {
    for (const event of endings) terminal.stdin.removeListener(event, onEnded);
    terminal.stdin.removeListener('keypress', onKey);
  }
}

/** Each is loaded when it is first needed. A dumb terminal cannot be told to forget what it shows. */
async function askerFor({ env }: Terminal): Promise<Asker> {
  const inquirer = await import('./inquirer.js');
  if (env['TERM'] !== 'dumb') return inquirer;
  return { ...(await import('./plain-questions.js')), password: inquirer.password };
}

export interface PromptsOptions {
  /** Cancels the question being asked. */
  readonly signal?: AbortSignal;
  /** Is called when a question was left with Esc, Ctrl-C or Ctrl-D, before that is thrown. */
  readonly onLeft?: () => void;
}

type Keys = readonly (readonly [key: string, action: string])[];

/** The line below the choices: inquirer does not know that Esc leaves, nor says that one may type. */
const themeWith = (more: Keys) => ({
  style: {
    keysHelpTip: (keys: Keys) =>
      styleText('dim', [...keys, ...more, ['esc', 'leave']].map((key) => key.join(' ')).join(' • ')),
  },
});

/** A choice as it may be shown. */
const shown = <Value>({ name, short, description, ...choice }: Choice<Value>) => ({
  ...choice,
  name: plainLine(name),
  ...(short === undefined ? {} : { short: plainLine(short) }),
  ...(description === undefined ? {} : { description: plainLine(description) }),
});

/** The questions of one run. */
export function createPrompts(terminal: Terminal, options: PromptsOptions = {}): Prompts {
  // As many choices as fit, also when the terminal is resized: what is below the edge is not known to be there.
  const pageSize = (): number => Math.max(5, (terminal.stderr.rows ?? 24) - 5);
  const askNow = <Value>(
    question: Question,
    run: (asker: Asker, context: Context, message: string) => Promise<Value>,
  ): Promise<Value> =>
    ask(terminal, options, question, async (context, message) => run(await askerFor(terminal), context, message));

  return {
    confirm: (question) =>
      askNow(question, ({ confirm }, context, message) =>
        confirm({ message, default: question.default ?? false }, context),
      ),

    confirmByName: async (question) => {
      const { expected } = question;
      const answer = await askNow(question, ({ input }, context, message) =>
        input(
          {
            message,
            validate: (value) =>
              value === '' || value === expected || `type ${plainLine(expected)} exactly, or nothing to cancel`,
          },
          context,
        ),
      );
      return answer === expected && expected !== '';
    },

    select: (question) =>
      askNow(question, ({ select }, context, message) =>
        select(
          {
            message,
            choices: question.choices.map(shown),
            get pageSize() {
              return pageSize();
            },
            theme: themeWith([]),
            loop: false,
            ...(question.default === undefined ? {} : { default: question.default }),
          },
          context,
        ),
      ),

    search: (question) =>
      askNow(question, ({ search }, context, message) =>
        search(
          {
            message,
            source: async (typed: string | undefined) => question.choicesFor(typed ?? '').map(shown),
            get pageSize() {
              return pageSize();
            },
            theme: themeWith([['type', 'to search']]),
          },
          context,
        ),
      ),

    input: (question) =>
      askNow(question, ({ input }, context, message) =>
        input(
          {
            message,
            ...(question.default === undefined ? {} : { default: question.default }),
            ...(question.validate === undefined ? {} : { validate: question.validate }),
          },
          context,
        ),
      ),

    password: (question) => askNow(question, ({ password }, context, message) => password({ message }, context)),
  };
}
