import { CliError } from '../errors.js';
import { isProduction } from '../schema/desired.js';
import { withFlags } from './equivalent.js';
import type { CommandSession } from './session.js';

export interface ConsentRequest {
  /** What is asked: `Apply this plan?`. */
  readonly question: string;
  /** What is left undone without consent: `setup`. */
  readonly what: string;
  /** Tables that lose something. In production each has to be typed, or named with --confirm. */
  readonly losing: readonly string[];
  /** A table is tagged as production's, whatever environment this command was told. */
  readonly taggedProduction?: boolean;
  /** Tables whose names are demanded outside production too. */
  readonly alwaysNamed?: readonly string[];
  /** Outside production this word is to be typed, where a `y` could be a slip. */
  readonly word?: string;
  /** Tables named with --confirm. */
  readonly confirmed: readonly string[];
  /** The command line that is asked about, where it is more than was typed. */
  readonly argv?: readonly string[];
}

/** Whether the tables are on this machine, to be played with. */
export async function isPlayground(session: CommandSession): Promise<boolean> {
  const { environment, endpoint, localFile } = await session.settings();
  if (isProduction(environment.value)) return false;
  if (localFile.value !== null) return true;
  return endpoint.value !== null && (await import('../operations/connect.js')).isLoopback(endpoint.value);
}

interface Missing {
  /** Flags do not answer the question. */
  readonly answer: boolean;
  /** Tables whose names are to be typed. */
  readonly names: readonly string[];
}

async function missingConsent(session: CommandSession, request: ConsentRequest): Promise<Missing> {
  const { losing, confirmed, taggedProduction = false, alwaysNamed = [] } = request;
  const production = taggedProduction || isProduction((await session.settings()).environment.value);
  const demanded = losing.filter((table) => production || alwaysNamed.includes(table));
  const names = demanded.filter((table) => !confirmed.includes(table));
  const isAnswered = session.flags.yes === true || (losing.length > 0 && demanded.length === losing.length);
  return { answer: names.length > 0 || !isAnswered, names };
}

/** Whether the user will be asked: then what is asked about has to be shown before. */
export async function willAsk(session: CommandSession, request: ConsentRequest): Promise<boolean> {
  return session.terminal.isInteractive && (await missingConsent(session, request)).answer;
}

/**
 * Asks before anything is changed; throws NOT_CONFIRMED when the answer is no, or when nobody can answer.
 * In production `--yes` is not enough for a table that loses something.
 */
export async function requireConsent(session: CommandSession, request: ConsentRequest): Promise<void> {
  const { prompts, terminal, runtime } = session;
  const { question, what, argv = runtime.argv } = request;
  const { answer, names } = await missingConsent(session, request);
  if (!answer) return;
  if (!terminal.isInteractive) throw unattended(what, names);
  session.progress.stop();
  if (names.length === 0 && request.word !== undefined) {
    const { word } = request;
    const message = `${question} Type ${word} to go on`;
    if (await prompts.confirmByName({ message, expected: word, flag: '--yes' }))
      return session.tellCommand(withFlags(argv, ['--yes']));
    throw notConfirmed(what, `type ${word}, or give --yes`);
  }
  if (names.length === 0) {
    if (await prompts.confirm({ message: question, flag: '--yes' }))
      return session.tellCommand(withFlags(argv, ['--yes']));
    throw notConfirmed(what, 'answer y, or give --yes');
  }
  for (const table of names) {
    const message = `${question} Type ${table} to go on`;
    if (!(await prompts.confirmByName({ message, expected: table, flag: `--confirm ${table}` })))
      throw notConfirmed(what, `type the table's name, or give --confirm ${table}`);
  }
  session.tellCommand(
    withFlags(
      argv,
      names.flatMap((table) => ['--confirm', table]),
    ),
  );
}

function unattended(what: string, unconfirmed: readonly string[]): Error {
  const flags = unconfirmed.length === 0 ? '--yes' : unconfirmed.map((table) => `--confirm ${table}`).join(' ');
  const why =
    unconfirmed.length === 0
      ? ''
      : " (in production, or for a table that may be another's, --yes is not enough where something is lost)";
  return new CliError(
    'NOT_CONFIRMED',
    `${what} needs consent, and there is no terminal to ask on: nothing was changed`,
    { hint: `give ${flags}${why}` },
  );
}

const notConfirmed = (what: string, hint: string): CliError =>
  new CliError('NOT_CONFIRMED', `${what}: not confirmed, so nothing was changed`, { hint });
