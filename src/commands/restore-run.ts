import { statSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.js';
import type { Outcome } from './definition.js';
import type { RestoreFlags } from './restore.js';
import { s3Url } from './s3-place.js';
import type { CommandSession } from './session.js';

/** What is restored from AWS: a name, an ARN, `latest`, `s3://…`; null with `--point-in-time`. */
export interface AwsSource {
  readonly backup: string | null;
}

const isFolder = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;

/** A path has a slash or begins with a dot; a bare name is an archive if such a folder is there. */
function folderOf(cwd: string, backup: string): string | null {
  if (backup.startsWith('arn:') || s3Url(backup) !== null) return null;
  const file = path.resolve(cwd, backup);
  const below = path.resolve(cwd, '.mcp-sessions', 'backups', backup);
  if (/[/\\]|^\./.test(backup) || isFolder(file)) return file;
  return isFolder(below) ? below : null;
}

/** The newest archive of these tables below `.mcp-sessions/backups/`: `latest` where the endpoint has no backups. */
async function newestArchive(session: CommandSession, { events }: RestoreFlags): Promise<string | null> {
  const [{ offersBackups }, { latestArchive, listArchives }, { archiveFolder }] = await Promise.all([
    import('../operations/backup/place.js'),
    import('../operations/archive/archived-list.js'),
    import('./backup/default-folder.js'),
  ]);
  if (await offersBackups(await session.context())) return null;
  const { names } = await session.target();
  const tables = names.filter(({ role }) => events || role !== 'events').map(({ name }) => name);
  const archives = listArchives(archiveFolder(session.runtime.cwd));
  const newest = latestArchive(archives, tables);
  if (newest !== undefined) return newest.path;
  const [other] = archives;
  throw new CliError(
    'FILE_ERROR',
    `there is no whole archive of ${tables.join(' and ')} below .mcp-sessions/backups/`,
    {
      hint:
        other === undefined
          ? '`mcp-sessions backup` makes one; or name the folder of one'
          : `one of other tables, of chosen sessions or without events is restored by its folder: ${path.relative(session.runtime.cwd, other.path)}`,
    },
  );
}

/** A name is that of a backup of AWS's, or, where there are none, a folder that was mistyped. */
async function requireBackups(session: CommandSession, backup: string): Promise<void> {
  if (/^(?:arn|s3):/i.test(backup)) return;
  const { offersBackups } = await import('../operations/backup/place.js');
  if (await offersBackups(await session.context())) return;
  throw new CliError('BACKUP_NOT_FOUND', `there is no folder '${backup}', and the endpoint has no backups of its own`, {
    hint: '`mcp-sessions backup list` shows the archives below .mcp-sessions/backups/; name the folder of one',
  });
}

/** On a terminal what a restore cannot do without is asked for. */
async function asked(
  session: CommandSession,
  flags: RestoreFlags,
): Promise<{ readonly backup: string | null; readonly flags: RestoreFlags }> {
  if (!session.terminal.isInteractive || flags.pointInTime !== undefined) return { backup: null, flags };
  const { askForRestore } = await import('./restore-ask.js');
  return askForRestore(session, flags, async (backup) => {
    if (backup !== 'latest') return folderOf(session.runtime.cwd, backup) !== null;
    const { offersBackups } = await import('../operations/backup/place.js');
    return !(await offersBackups(await session.context()));
  });
}

export async function runRestore(session: CommandSession, named: string | null, given: RestoreFlags): Promise<Outcome> {
  const { backup, flags } = named === null ? await asked(session, given) : { backup: named, flags: given };
  if (backup === null && flags.pointInTime === undefined)
    throw new CliError('USAGE', 'nothing was named to restore', {
      hint: "name an archive's folder or a backup, or give --point-in-time",
    });
  if (backup !== null && flags.pointInTime !== undefined)
    throw new CliError('USAGE', `--point-in-time goes without a backup's name ('${backup}')`);
  const folder =
    backup === null
      ? null
      : backup === 'latest'
        ? await newestArchive(session, flags)
        : folderOf(session.runtime.cwd, backup);
  if (folder !== null) {
    if (!flags.settle || !flags.count || flags.record !== undefined || flags.forceUnprotect === true)
      throw new CliError(
        'USAGE',
        "--no-settle, --no-count, --record and --force-unprotect go with AWS's own backups, not with an archive",
      );
    const { restoreFolder } = await import('./restore-archive-run.js');
    return restoreFolder(session, folder, flags);
  }
  if (backup !== null) await requireBackups(session, backup);
  const { restoreFromAws } = await import('./restore-backup-run.js');
  return restoreFromAws(session, { backup }, flags);
}
