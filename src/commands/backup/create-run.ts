import path from 'node:path';
import { CliError } from '../../errors.js';
import type { Outcome } from '../definition.js';
import { s3Url } from '../s3-place.js';
import type { CommandSession } from '../session.js';
import type { CreateBackupFlags } from './create.js';

/** Where a backup goes. */
export type BackupPlace =
  | { readonly kind: 'aws' }
  | { readonly kind: 's3'; readonly url: string }
  /** `path` is null for a folder of the command's own choice. */
  | { readonly kind: 'folder'; readonly path: string | null };

/** What `--to` means; without it AWS's own backups, and an archive where the endpoint has none. */
async function placeOf(session: CommandSession, { to }: CreateBackupFlags): Promise<BackupPlace> {
  const url = to === undefined ? null : s3Url(to);
  if (url !== null) return { kind: 's3', url };
  if (to !== undefined) return { kind: 'folder', path: path.resolve(session.runtime.cwd, to) };
  const [{ offersBackups }, context] = await Promise.all([
    import('../../operations/backup/place.js'),
    session.context(),
  ]);
  return (await offersBackups(context)) ? { kind: 'aws' } : { kind: 'folder', path: null };
}

export async function runCreateBackup(session: CommandSession, flags: CreateBackupFlags): Promise<Outcome> {
  const place = await placeOf(session, flags);
  if (place.kind === 'folder') {
    if (!flags.wait || (flags.record ?? flags.changedSince) !== undefined)
      throw new CliError(
        'USAGE',
        "--no-wait, --record and --changed-since go with AWS's own backups, not with an archive",
      );
    const { createArchive } = await import('./create-archive-run.js');
    return createArchive(session, flags, place.path);
  }
  const { createOnAws } = await import('./create-backup-run.js');
  return createOnAws(session, flags, place);
}
