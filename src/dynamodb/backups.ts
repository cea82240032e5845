import { type BackupSummary, ListBackupsCommand } from '@aws-sdk/client-dynamodb';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { ifOffered } from './describe.js';

export interface Backup {
  readonly name: string;
  readonly arn: string;
  /** CREATING, AVAILABLE, DELETED. */
  readonly status: string;
  /** USER, SYSTEM, AWS_BACKUP. */
  readonly type: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly sizeBytes: number | null;
}

const toBackup = (summary: BackupSummary): Backup => ({
  name: summary.BackupName ?? '',
  arn: summary.BackupArn ?? '',
  status: summary.BackupStatus ?? 'AVAILABLE',
  type: summary.BackupType ?? 'USER',
  createdAt: summary.BackupCreationDateTime?.getTime() ?? 0,
  sizeBytes: summary.BackupSizeBytes ?? null,
});

/**
 * The newest backup of a table, of whatever type; null when there is none, undefined where the endpoint has no backups
 * or does not let them be listed. ListBackups is paged and answers USER backups only unless told otherwise.
 */
export async function newestBackup(dynamo: Dynamo, table: string): Promise<Backup | null | undefined> {
  let newest: Backup | null = null;
  let start: string | undefined;
  do {
    const page = await ifOffered(
      call(dynamo, 'ListBackups', table, (client) =>
        client.send(
          new ListBackupsCommand({
            TableName: table,
            BackupType: 'ALL',
            ...(start && { ExclusiveStartBackupArn: start }),
          }),
        ),
      ),
    );
    if (page === null) return undefined;
    for (const summary of page.BackupSummaries ?? []) {
      const backup = toBackup(summary);
      if (newest === null || backup.createdAt > newest.createdAt) newest = backup;
    }
    start = page.LastEvaluatedBackupArn;
  } while (start !== undefined);
  return newest;
}
