import type { CommandSession } from './session.js';

interface MenuChoice {
  readonly words: readonly string[];
  readonly name: string;
}

const CHOICES: readonly MenuChoice[] = [
  { words: ['status'], name: 'Show the tables and how they differ from the layout' },
  { words: ['setup'], name: 'Create the tables, or bring them up to date' },
  { words: ['list'], name: 'List sessions, newest activity first' },
  { words: ['show'], name: 'Show one session' },
  { words: ['seed'], name: 'Write example sessions' },
  { words: ['layouts', 'list'], name: 'List the session layouts' },
  { words: ['doctor'], name: 'Check settings, credentials, permissions and tables' },
];

/**
 * Asks what to do until the user is done. Each choice says the command that does the same, and runs it with the flags
 * that the menu was started with.
 */
export async function runMenu(
  session: CommandSession,
  flags: readonly string[],
  run: (argv: readonly string[]) => Promise<unknown>,
): Promise<void> {
  for (;;) {
    const choice = await session.prompts.select<MenuChoice | null>({
      message: 'What would you like to do?',
      flag: 'a command; see mcp-sessions --help',
      choices: [...CHOICES.map((value) => ({ value, name: value.name })), { value: null, name: 'Quit' }],
    });
    if (choice === null) return;
    const argv = [...choice.words, ...flags];
    session.tell(session.page('stderr').note(`$ mcp-sessions ${argv.join(' ')}`));
    await run(argv);
    session.tell('');
  }
}
