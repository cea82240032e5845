import { CliError } from '../errors.js';
import type { CommandSession } from './session.js';
import type { TeardownFlags } from './teardown.js';

interface Chosen {
  readonly flags: Partial<TeardownFlags>;
  /** The same on the command line. */
  readonly words: readonly string[];
}

const CHOICES: readonly (readonly [name: string, does: string, chosen: Chosen | null])[] = [
  ['clear data', 'delete all rows, keep the tables', { flags: { clearData: true }, words: ['--clear-data'] }],
  ['create backups', 'of both tables; nothing is taken away', { flags: { backup: true }, words: ['--backup'] }],
  ['disable streams', 'rows and tables stay', { flags: { disableStreams: true }, words: ['--disable-streams'] }],
  ['delete', 'the tables and all rows, without a backup', { flags: { delete: true }, words: ['--delete'] }],
  ['full clean-up', 'back up, wait until it is safe, delete', { flags: { all: true }, words: ['--all'] }],
  ['cancel', 'leave everything as it is', null],
];

const NAME_WIDTH = Math.max(...CHOICES.map(([name]) => name.length));

/** Asks which step it is to be, and says the command that does the same. Throws NOT_CONFIRMED when it is none. */
export async function chooseSteps(session: CommandSession): Promise<Chosen> {
  const chosen = await session.prompts.select<Chosen | null>({
    message: 'Tear down what?',
    flag: '--backup, --clear-data, --disable-streams, --delete or --all',
    choices: CHOICES.map(([name, does, value]) => ({
      value,
      short: name,
      name: `${name.padEnd(NAME_WIDTH)}  ${does}`,
    })),
  });
  if (chosen === null) throw new CliError('NOT_CONFIRMED', 'teardown: cancelled, so nothing was changed');
  session.tellCommand([...session.runtime.argv, ...chosen.words]);
  return chosen;
}
