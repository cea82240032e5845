import { CliError } from '../../errors.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import type { CreateBackupFlags } from './create.js';

/** Writes a portable archive; `folder` is null for one below `.mcp-sessions/backups/`. */
export async function createArchive(
  _session: CommandSession,
  _flags: CreateBackupFlags,
  folder: string | null,
): Promise<Outcome> {
  throw new CliError('NOT_SUPPORTED', `archives are not written yet${folder === null ? '' : ` (${folder})`}`);
}
