import { type Backup, deleteBackup } from '../../dynamodb/backups.js';
import { CliError } from '../../errors.js';
import { recordFile, removeRecord } from './records.js';
import type { OperationContext } from '../context.js';

export type { Backup } from '../../dynamodb/backups.js';

export interface DeletedBackup extends Backup {
  readonly outcome: 'deleted' | 'failed' | 'pending';
  readonly error: CliError | null;
}

export interface DeleteBackupsResult {
  readonly backups: readonly DeletedBackup[];
  readonly interrupted: boolean;
  /** The first failure. */
  readonly error: CliError | null;
}

/**
 * Deletes backups for good, one after the other: AWS allows ten a second. What fails does not keep the others from being
 * deleted; after an interruption the rest is pending. One that is gone already counts as deleted. The record of its
 * settings goes with it.
 */
export async function deleteBackups(
  context: OperationContext,
  backups: readonly Backup[],
  recordFolder: string,
): Promise<DeleteBackupsResult> {
  const results: DeletedBackup[] = [];
  let interrupted = false;
  for (const [at, backup] of backups.entries()) {
    context.onProgress({ step: 'deleting backups', done: at, total: backups.length, unit: 'backups' });
    const error: CliError | null = interrupted ? null : await attempt(context, backup, recordFolder);
    interrupted ||= error?.code === 'INTERRUPTED';
    const outcome = interrupted ? 'pending' : error === null ? 'deleted' : 'failed';
    results.push({ ...backup, outcome, error, ...(outcome === 'deleted' && { status: 'DELETED' }) });
  }
  const error = results.find(({ outcome }) => outcome === 'failed')?.error ?? null;
  return { backups: results, interrupted, error };
}

async function attempt(context: OperationContext, backup: Backup, recordFolder: string): Promise<CliError | null> {
  try {
    await deleteBackup(context.dynamo, backup);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.code !== 'BACKUP_NOT_FOUND') return error;
  }
  try {
    await removeRecord(recordFile(recordFolder, backup), backup.arn);
  } catch (error) {
    // A record that cannot be read does no harm: it is found by the ARN of a backup that is no more.
    if (!(error instanceof CliError)) throw error;
  }
  return null;
}
