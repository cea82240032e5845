import { existsSync } from 'node:fs';
import path from 'node:path';
import { isConfigCode } from '../../config/file.js';
import { CliError } from '../../errors.js';
import { archiveFolder } from '../backup/default-folder.js';
import type { GlobalFlags } from '../global-options.js';
import { CommandSession, type Runtime } from '../session.js';
import { type Candidate, looksLikePath, type LookedUp } from './answer.js';
import type { Position } from './position.js';

/** How long a shell is kept waiting for what has to be looked up. */
const PATIENCE_MS = 2000;
const MOST_TABLES = 300;

const candidatesOf = (values: readonly string[]): readonly Candidate[] => values.map((value) => ({ value }));

/**
 * What a value may be where the typed command line leads, within two seconds; nothing where it cannot be told, for
 * whatever reason: a shell has no place for errors while a line is typed.
 */
export async function lookUp(
  runtime: Runtime,
  kind: LookedUp,
  position: Position,
  text: string,
): Promise<readonly Candidate[]> {
  const overdue = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Candidate[]>((resolve) => {
    timer = setTimeout(() => {
      overdue.abort(new CliError('INTERRUPTED', 'too late for a completion'));
      resolve([]);
    }, PATIENCE_MS);
  });
  const signal = AbortSignal.any([runtime.signal, overdue.signal]);
  const session = new CommandSession({ ...runtime, signal }, flagsOf(position), 'completion');
  try {
    return await Promise.race([answered(session, kind, position, text), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function answered(session: CommandSession, ...question: Question): Promise<readonly Candidate[]> {
  try {
    return await find(session, ...question);
  } catch {
    return [];
  } finally {
    await session.close();
  }
}

type Question = readonly [kind: LookedUp, position: Position, text: string];

/** The flags as commander would give them. */
const flagsOf = ({ values }: Position): GlobalFlags => ({ ...values, color: false, input: false, quiet: true });

/**
 * A configuration file that is a program is not read, and so nothing looked up: in a folder of somebody else's a press of
 * Tab is to run nothing.
 */
async function find(
  session: CommandSession,
  kind: LookedUp,
  position: Position,
  text: string,
): Promise<readonly Candidate[]> {
  if (kind === 'archive') return candidatesOf(await archivePaths(session));
  if (kind === 'profile') {
    const { profileNames } = await import('../../operations/connect.js');
    return candidatesOf(await profileNames());
  }
  if (kind === 'backup') return backups(session, position, text);
  if (await isConfigCode(session.runtime.cwd)) return [];
  const settings = await session.settings();
  if (kind === 'layout') return settings.layouts.map(({ id, title }) => ({ value: id, description: title }));
  if (!(await isThere(session))) return [];
  const context = await session.context();
  if (kind === 'table') {
    const { allTables } = await import('../../operations/tables/all-tables.js');
    return candidatesOf(await allTables(context, MOST_TABLES));
  }
  const { firstIds } = await import('../../operations/sessions/first-ids.js');
  return candidatesOf(await firstIds(context, await session.target()));
}

/** An engine's data file is made by the command that first needs it, not by pressing Tab. */
async function isThere(session: CommandSession): Promise<boolean> {
  const { localFile } = await session.settings();
  return localFile.value === null || existsSync(localFile.value);
}

async function archives({ runtime }: CommandSession) {
  const { listArchives } = await import('../../operations/archive/archived-list.js');
  return listArchives(archiveFolder(runtime.cwd));
}

const archivePaths = async (session: CommandSession): Promise<readonly string[]> =>
  (await archives(session)).map((archive) => path.relative(session.runtime.cwd, archive.path));

/**
 * `latest`, AWS's own backups, and archives: by their folders' names where the endpoint has no backups of its own. `delete`
 * takes no `latest`, and only `restore` takes archives beside AWS's own.
 */
async function backups(session: CommandSession, { command }: Position, text: string): Promise<readonly Candidate[]> {
  const paths = candidatesOf(await archivePaths(session));
  if (looksLikePath(text) && !text.startsWith('arn:')) return paths;
  const latest = command.name() === 'delete' ? [] : candidatesOf(['latest']);
  // Where AWS does not answer, what is on this disk is offered all the same.
  const own = await ownBackups(session, text).catch(() => []);
  if (own === null) return [...latest, ...candidatesOf((await archives(session)).map(({ name }) => name))];
  return [...latest, ...own, ...(command.name() === 'restore' ? paths : [])];
}

/** AWS's own backups of the tables, by their names, or their ARNs where one is typed; null where the endpoint has none. */
async function ownBackups(session: CommandSession, text: string): Promise<readonly Candidate[] | null> {
  if (await isConfigCode(session.runtime.cwd)) return [];
  const { localFile } = await session.settings();
  // The embedded engine has none: it need not be started to know.
  if (localFile.value !== null) return null;
  const [{ offersBackups }, { listTableBackups }, context] = await Promise.all([
    import('../../operations/backup/place.js'),
    import('../../operations/backup/list.js'),
    session.context(),
  ]);
  if (!(await offersBackups(context))) return null;
  const { names } = await session.target();
  const tables = names.map(({ name }) => name);
  const found = await listTableBackups(context, tables);
  return found.map(({ name, arn, status }) => ({ value: text.startsWith('arn:') ? arn : name, description: status }));
}
