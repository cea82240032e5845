import { CliError } from '../errors.js';
import type { Outcome } from './definition.js';
import type { RestoreFlags } from './restore.js';
import type { AwsSource } from './restore-run.js';
import type { CommandSession } from './session.js';

/** Restores AWS's own backups, exports and recovery points. */
export async function restoreFromAws(
  _session: CommandSession,
  { backup }: AwsSource,
  _flags: RestoreFlags,
): Promise<Outcome> {
  throw new CliError('NOT_SUPPORTED', `${backup ?? 'a point in time'} cannot be restored yet`, {
    hint: "name an archive's folder",
  });
}
