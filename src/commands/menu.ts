import { Command } from 'commander';
import type { CommandDefinition } from './definition.js';
import type { CommandSession } from './session.js';

interface MenuChoice {
  readonly words: readonly string[];
  readonly definition: CommandDefinition;
}

/** Every command that can be run, in the order of help. */
function choicesOf(definitions: readonly CommandDefinition[], before: readonly string[] = []): readonly MenuChoice[] {
  return definitions.flatMap((definition) => {
    const words = [...before, definition.name];
    const below = choicesOf(definition.subcommands ?? [], words);
    return definition.run === undefined ? below : [{ words, definition }, ...below];
  });
}

/** The choice as a command line, the arguments that it cannot do without asked for. */
async function argvOf(session: CommandSession, { words, definition }: MenuChoice): Promise<readonly string[]> {
  const declared = new Command(definition.name);
  definition.declare(declared);
  const answers: string[] = [];
  // A command line of the user's own goes behind `--`.
  const child: string[] = [];
  for (const argument of declared.registeredArguments.filter(({ required }) => required)) {
    const answer = await session.prompts.input({
      message: `${argument.description}:`,
      flag: `<${argument.name()}>: mcp-sessions ${words.join(' ')}`,
      validate: (text) => text.trim() !== '' || 'type something, or Ctrl-C to leave',
    });
    if (argument.variadic) child.push('--', ...answer.trim().split(/\s+/));
    else answers.push(answer.trim());
  }
  return [...words, ...answers, ...session.runtime.argv, ...child];
}

/**
 * Asks what to do until the user is done. Each choice says the command that does the same, and runs it with the flags
 * that the menu was started with.
 */
export async function runMenu(
  session: CommandSession,
  definitions: readonly CommandDefinition[],
  run: (argv: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const choices = choicesOf(definitions);
  const width = Math.max(...choices.map(({ words }) => words.join(' ').length));
  const room = (session.terminal.width(session.runtime.stderr) ?? 80) - width - 6;
  const ellipsis = session.terminal.unicode ? '…' : '...';
  const cut = (text: string): string =>
    text.length > room ? `${text.slice(0, Math.max(0, room - ellipsis.length))}${ellipsis}` : text;
  const nameOf = ({ words, definition: { summary } }: MenuChoice): string =>
    `${words.join(' ').padEnd(width)}  ${cut(summary)}`;
  for (;;) {
    const choice = await session.prompts.select<MenuChoice | null>({
      message: 'What would you like to do?',
      flag: 'a command; see mcp-sessions --help',
      choices: [...choices.map((value) => ({ value, name: nameOf(value) })), { value: null, name: 'quit' }],
    });
    if (choice === null) return;
    const argv = await argvOf(session, choice);
    session.tellCommand(argv);
    await run(argv);
    session.tell('');
  }
}
