import { CliError } from '../errors.js';
import type { Outcome } from './definition.js';
import type { RestoreFlags } from './restore.js';
import type { CommandSession } from './session.js';

/** Restores a portable archive, or an export that was downloaded from S3. */
export async function restoreFolder(_session: CommandSession, folder: string, _flags: RestoreFlags): Promise<Outcome> {
  throw new CliError('NOT_SUPPORTED', `archives are not restored yet (${folder})`);
}
