import { Command } from 'commander';
import { EXIT } from '../errors.js';
import type { CommandDefinition } from './definition.js';
import type { CommandSession } from './session.js';

interface MenuChoice {
  readonly words: readonly string[];
  readonly definition: CommandDefinition;
  readonly summary: string;
}

/** The commands of one level, in the order of help. */
const choicesOf = (definitions: readonly CommandDefinition[], before: readonly string[] = []): readonly MenuChoice[] =>
  definitions.flatMap((definition) => {
    const { name, summary, interactive } = definition;
    const words = [...before, name];
    const asking = { words: [...words, '--interactive'], definition, summary: interactive ?? '' };
    return [{ words, definition, summary }, ...(interactive === undefined ? [] : [asking])];
  });

/** The choice as a command line, the arguments that it cannot do without asked for. */
async function argvOf(session: CommandSession, { words, definition }: MenuChoice): Promise<readonly string[]> {
  const declared = new Command(definition.name);
  definition.declare(declared);
  const answers: string[] = [];
  // A command line of the user's own goes behind `--`.
  const child: string[] = [];
  for (const argument of declared.registeredArguments.filter(({ required }) => required)) {
    const flag = `<${argument.name()}>: mcp-sessions ${words.join(' ')}`;
    if (argument.argChoices !== undefined) {
      const choices = argument.argChoices.map((value) => ({ value, name: value }));
      answers.push(await session.prompts.select({ message: `${argument.description}:`, flag, choices }));
      continue;
    }
    const answer = await session.prompts.input({
      message: `${argument.description}:`,
      flag,
      validate: (text) => text.trim() !== '' || 'type something, or Ctrl-C to leave',
    });
    if (argument.variadic) child.push('--', ...answer.trim().split(/\s+/));
    else answers.push(answer.trim());
  }
  return [...words, ...answers, ...session.runtime.argv, ...child];
}

const BACK = 'Enter: back to the menu, Esc: leave';

/** Columns before a choice, its number on a dumb terminal among them, and between its name and its summary. */
const LEFT_OF_TEXT = 10;

/** Asks for one of the choices; null for none of them. */
async function choose(
  session: CommandSession,
  message: string,
  choices: readonly MenuChoice[],
  none: string,
): Promise<MenuChoice | null> {
  const textOf = ({ words, definition }: MenuChoice): string =>
    `${words.join(' ')}${definition.run === undefined ? ' ...' : ''}`;
  const width = Math.max(...choices.map((choice) => textOf(choice).length));
  const room = (session.terminal.width(session.runtime.stderr) ?? 80) - width - LEFT_OF_TEXT;
  const ellipsis = session.terminal.unicode ? '…' : '...';
  const cut = (text: string): string =>
    text.length > room ? `${text.slice(0, Math.max(0, room - ellipsis.length))}${ellipsis}` : text;
  return session.prompts.select<MenuChoice | null>({
    message,
    flag: 'a command; see mcp-sessions --help',
    choices: [
      ...choices.map((value) => ({
        value,
        short: value.words.join(' '),
        name: `${textOf(value).padEnd(width)}  ${cut(value.summary)}`,
      })),
      { value: null, name: none },
    ],
  });
}

/** A command that only has subcommands is chosen in two steps: all of them at once would not fit on a screen. */
async function commandOf(session: CommandSession, choice: MenuChoice): Promise<MenuChoice | null> {
  const { words, definition } = choice;
  if (definition.run !== undefined) return choice;
  const below = choicesOf(definition.subcommands ?? [], words);
  const chosen = await choose(session, `${words.join(' ')}: which?`, below, 'back');
  return chosen === null ? null : commandOf(session, chosen);
}

/**
 * Asks what to do until the user is done. Each choice says the command that does the same, and runs it with the flags
 * that the menu was started with. Answers the exit code: that of a command which ended the menu.
 */
export async function runMenu(
  session: CommandSession,
  definitions: readonly CommandDefinition[],
  run: (argv: readonly string[], onLeft: () => void) => Promise<number>,
): Promise<number> {
  for (;;) {
    const choice = await choose(session, 'What would you like to do?', choicesOf(definitions), 'quit');
    if (choice === null) return EXIT.done;
    const command = await commandOf(session, choice);
    if (command === null) continue;
    const argv = await argvOf(session, command);
    session.tellCommand(argv);
    let isLeft = false;
    const code = await run(argv, () => {
      isLeft = true;
    });
    // Esc and Ctrl-C leave at any point: no menu comes up again behind a question that was left.
    if (isLeft || session.runtime.signal.aborted) return code;
    // The menu is as high as a small terminal: it would push the result out of sight before it was read.
    session.tell('');
    await session.prompts.input({ message: BACK, flag: 'a command; see mcp-sessions --help' });
  }
}
