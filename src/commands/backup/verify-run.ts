import { CliError } from '../../errors.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import type { VerifyBackupFlags } from './verify.js';

export async function runVerifyBackup(
  _session: CommandSession,
  folder: string,
  _flags: VerifyBackupFlags,
): Promise<Outcome> {
  throw new CliError('NOT_SUPPORTED', `archives are not verified yet (${folder})`);
}
