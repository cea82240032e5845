import { describeBackup, type DescribedBackup } from '../../dynamodb/backups.js';
import type { TableRecord } from '../../schema/index.js';
import { findBackups } from './list.js';
import { findRecord } from './records.js';
import type { OperationContext } from '../context.js';

export interface ShowBackupsRequest {
  /** The layout's tables, sessions first. */
  readonly tables: readonly string[];
  /** A name, an ARN, a stamp, or `latest`. */
  readonly text: string;
  /** The file of records; null for the one in the folder. */
  readonly recordFile: string | null;
  readonly recordFolder: string;
}

export interface ShownBackup extends DescribedBackup {
  /** Where the record was looked for. */
  readonly recordFile: string;
  /** The settings that AWS does not keep; null where there is no record. */
  readonly record: TableRecord | null;
  /** Why a record that is there was not used; null where none was passed over. */
  readonly recordProblem: string | null;
}

/** Backups, with what AWS keeps of their tables and what was recorded beside. Throws BACKUP_NOT_FOUND. */
export async function showBackups(
  context: OperationContext,
  { tables, text, ...places }: ShowBackupsRequest,
): Promise<readonly ShownBackup[]> {
  const found = await findBackups(context, tables, text);
  return Promise.all(
    found.map(async ({ arn }) => {
      const backup = await describeBackup(context.dynamo, arn);
      const { file, record, problem } = findRecord(backup, { named: places.recordFile, folder: places.recordFolder });
      return { ...backup, recordFile: file, record, recordProblem: problem };
    }),
  );
}
