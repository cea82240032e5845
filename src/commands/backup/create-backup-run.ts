import { CliError } from '../../errors.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import type { CreateBackupFlags } from './create.js';
import type { BackupPlace } from './create-run.js';

/** Makes on-demand backups, or an export to S3. */
export async function createOnAws(
  _session: CommandSession,
  _flags: CreateBackupFlags,
  place: Exclude<BackupPlace, { readonly kind: 'folder' }>,
): Promise<Outcome> {
  throw new CliError(
    'NOT_SUPPORTED',
    `backups ${place.kind === 's3' ? `to ${place.url}` : 'on AWS'} are not made yet`,
    {
      hint: 'give --to <folder> for a portable archive',
    },
  );
}
