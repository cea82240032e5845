import { CliError } from '../errors.js';
import { safeText } from '../output/safe-text.js';
import { textWidth, truncate } from '../output/text-width.js';
import type { CommandSession } from './session.js';

/** Something to choose. */
export interface PickRow {
  /** What stands for it on the command line. */
  readonly value: string;
  /** What is shown of it, a column each; the first one names it. May hold anything. */
  readonly cells: readonly string[];
}

interface PickRequest {
  readonly message: string;
  /** What answers the question on the command line: `an id: mcp-sessions show <id>`. */
  readonly flag: string;
  readonly rows: readonly PickRow[];
  /** There are others beside the rows: what was typed is a choice of its own. Says what it is taken for: `id`. */
  readonly typed: string;
}

/** Columns that the mark before a choice takes, and one to spare. */
const MARGIN = 3;
const GAP = '  ';

const spaceOf = ({ terminal, runtime }: CommandSession): { readonly columns: number; readonly ellipsis: string } => ({
  columns: (terminal.width(runtime.stderr) ?? 80) - MARGIN,
  ellipsis: terminal.unicode ? '…' : '...',
});

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)));

/** The rows as lines of a terminal: columns aligned, the first one cut in the middle where it does not fit. */
function linesOf(session: CommandSession, rows: readonly PickRow[]): readonly string[] {
  const { columns, ellipsis } = spaceOf(session);
  const texts = rows.map(({ cells }) => cells.map(safeText));
  const widths = Array.from({ length: Math.max(0, ...texts.map((cells) => cells.length)) }, (_, column) =>
    texts.reduce((widest, cells) => Math.max(widest, textWidth(cells[column] ?? '')), 0),
  );
  const [, ...others] = widths;
  const beside = others.reduce((sum, width) => sum + width + GAP.length, 0);
  const first = Math.min(widths[0] ?? 0, Math.max(columns - beside, 16));
  return texts.map(([name = '', ...rest]) =>
    [padded(truncate(name, first, 'middle', ellipsis), first), ...rest.map((text, at) => padded(text, others[at] ?? 0))]
      .join(GAP)
      .trimEnd(),
  );
}

const isAnything = (text: string): true | string => text.trim() !== '' || 'type something, or Esc to leave';

/** There is nothing to choose from. */
async function ask({ prompts }: CommandSession, message: string, flag: string): Promise<string> {
  return (await prompts.input({ message, flag, validate: isAnything })).trim();
}

/**
 * Asks for one of many rows, which what is typed narrows down: every word of it occurs in a row that is left. What was
 * typed is itself the last choice, unless it is one of them.
 */
export async function pick(session: CommandSession, { message, flag, rows, typed }: PickRequest): Promise<string> {
  session.progress.stop();
  if (rows.length === 0) return ask(session, message, flag);
  const lines = linesOf(session, rows);
  const { columns, ellipsis } = spaceOf(session);
  const fit = (text: string): string => truncate(text, columns, 'middle', ellipsis);
  const choices = rows.map(({ value, cells }, at) => ({
    value,
    name: lines[at] ?? value,
    short: safeText(value),
    words: `${cells.join(' ')} ${value} ${lines[at] ?? ''}`.toLowerCase(),
  }));
  return session.prompts.search({
    message,
    flag,
    choicesFor: (text) => {
      const wanted = text.trim();
      // Tab puts the whole line there.
      const exact = choices.find(({ value, name }) => value === wanted || name === wanted);
      if (exact !== undefined) return [exact];
      const words = wanted.toLowerCase().split(/\s+/);
      const fitting = choices.filter((choice) => words.every((word) => choice.words.includes(word)));
      if (wanted === '') return fitting;
      const asTyped = fit(`${typed} '${safeText(wanted)}', as it was typed`);
      return [...fitting, { value: wanted, name: asTyped, short: safeText(wanted) }];
    },
  });
}

/** Throws USAGE, in the words of any missing argument, where there is no terminal to choose it on. */
export function requireTerminal(session: CommandSession, argument: string): void {
  if (session.terminal.isInteractive) return;
  const command = `mcp-sessions ${session.commandName}`;
  throw new CliError('USAGE', `the argument <${argument.replace('...', '')}> of ${command} is missing`, {
    hint: `usage: ${command} [options] <${argument}>`,
  });
}

/** An argument that may be taken for a flag, or for the file of a `--local` before it. */
const LOOKS_LIKE_ANOTHER = /^-|[/\\.]/;

/** The command line with an argument: behind the command's name where that comes first, else at its end. */
export function withArgument({ runtime, commandName }: CommandSession, argument: string): readonly string[] {
  const { argv } = runtime;
  const name = commandName.split(' ');
  const isFirst = name.every((word, at) => argv[at] === word);
  if (isFirst && !argument.startsWith('-')) return [...name, argument, ...argv.slice(name.length)];
  return [...argv, ...(LOOKS_LIKE_ANOTHER.test(argument) && !argv.includes('--') ? ['--'] : []), argument];
}
