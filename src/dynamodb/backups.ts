import {
  type BackupDetails,
  type BackupSummary,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupCommand,
  type DescribeBackupCommandOutput,
  ListBackupsCommand,
} from '@aws-sdk/client-dynamodb';
import { CliError, type ErrorCode } from '../errors.js';
import type { StreamViewType } from '../schema/types.js';
import { persistently } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { ifOffered } from './describe.js';
import { pause } from './wait.js';

export interface Backup {
  /** Of which table; it may be gone. */
  readonly table: string;
  /** Not unique: AWS takes the same name any number of times. */
  readonly name: string;
  readonly arn: string;
  /** CREATING, AVAILABLE, DELETED. */
  readonly status: string;
  /** USER, SYSTEM, AWS_BACKUP. */
  readonly type: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** null where it is not known yet. */
  readonly sizeBytes: number | null;
}

/** What DynamoDB keeps of the table in a backup; not its tags, recovery, protection and class. */
export interface DescribedBackup extends Backup {
  /** Epoch milliseconds; null for a backup that does not expire. */
  readonly expiresAt: number | null;
  /** As of DynamoDB's last count before the backup, up to six hours older; null where it is not told. */
  readonly itemCount: number | null;
  readonly sourceArn: string | null;
  readonly indexes: readonly string[];
  readonly ttlAttribute: string | null;
  readonly stream: StreamViewType | null;
  readonly billingMode: 'on-demand' | 'provisioned' | null;
  /** A key's ARN; null for the key that DynamoDB owns. */
  readonly kmsKey: string | null;
  /** Settings that the answer says nothing of; null above means off only for the others. */
  readonly untold: readonly ('ttl' | 'stream' | 'billingMode')[];
}

const TABLE_OF_ARN = /^arn:[^:]+:dynamodb:[^:]+:[^:]*:table\/([^/]+)\/backup\/[^/]+$/;

/** The table that a backup's ARN names; undefined when the text is no such ARN. */
export const tableOfBackupArn = (arn: string): string | undefined => TABLE_OF_ARN.exec(arn)?.[1];

const toBackup = (details: BackupSummary | BackupDetails, table?: string): Backup => ({
  table: table ?? tableOfBackupArn(details.BackupArn ?? '') ?? '',
  name: details.BackupName ?? '',
  arn: details.BackupArn ?? '',
  status: details.BackupStatus ?? 'AVAILABLE',
  type: details.BackupType ?? 'USER',
  createdAt: details.BackupCreationDateTime?.getTime() ?? 0,
  sizeBytes: details.BackupSizeBytes ?? null,
});

/**
 * All backups of a table, or with null of all tables, of whatever type, oldest first as AWS lists them. ListBackups is
 * paged, the last page may be empty, it answers USER backups only unless told otherwise, and takes 5 calls a second.
 */
export async function listBackups(dynamo: Dynamo, table: string | null): Promise<readonly Backup[]> {
  const backups: Backup[] = [];
  let start: string | undefined;
  do {
    const from = start;
    const page = await persistently(dynamo, () =>
      call(dynamo, 'ListBackups', table, (client) =>
        client.send(
          new ListBackupsCommand({
            BackupType: 'ALL',
            ...(table !== null && { TableName: table }),
            ...(from && { ExclusiveStartBackupArn: from }),
          }),
        ),
      ),
    );
    for (const summary of page.BackupSummaries ?? []) backups.push(toBackup(summary, summary.TableName));
    start = page.LastEvaluatedBackupArn;
  } while (start !== undefined);
  return backups;
}

/**
 * The newest backup of a table, of whatever type; null when there is none, undefined where the endpoint has no backups
 * or does not let them be listed.
 */
export async function newestBackup(dynamo: Dynamo, table: string): Promise<Backup | null | undefined> {
  const backups = await ifOffered(listBackups(dynamo, table));
  if (backups === null) return undefined;
  return backups.reduce<Backup | null>(
    (newest, backup) => (newest === null || backup.createdAt > newest.createdAt ? backup : newest),
    null,
  );
}

/** Failures after which a backup may have been begun all the same. */
const UNKNOWN_OUTCOME = new Set<ErrorCode>(['ENDPOINT_UNREACHABLE', 'AWS_ERROR']);
const TRIES = 4;
/** How long a backup that was begun may not be listed. */
const LISTED_AFTER_MS = 1000;

/**
 * Asks for an on-demand backup; it is CREATING afterwards. 50 calls a second are allowed. The name must be one that no
 * backup of the table has: where the answer is lost, the backup is looked for by it, so that there are not two of them.
 */
export async function createBackup(dynamo: Dynamo, table: string, name: string): Promise<Backup> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await askForBackup(dynamo, table, name);
    } catch (error) {
      if (!(error instanceof CliError) || !UNKNOWN_OUTCOME.has(error.code)) throw error;
      await pause(LISTED_AFTER_MS, dynamo.signal);
      const made = (await listBackups(dynamo, table).catch(() => [])).find((backup) => backup.name === name);
      if (made !== undefined) return made;
      if (tries >= TRIES) throw error;
    }
  }
}

async function askForBackup(dynamo: Dynamo, table: string, name: string): Promise<Backup> {
  const { BackupDetails: details } = await persistently(dynamo, () =>
    call(dynamo, 'CreateBackup', table, (client) =>
      client.send(new CreateBackupCommand({ TableName: table, BackupName: name })),
    ),
  );
  if (details?.BackupArn === undefined)
    throw new CliError('AWS_ERROR', `CreateBackup of table '${table}' was answered without a backup's ARN`);
  return toBackup(details, table);
}

function toDescribed({ BackupDescription: description }: DescribeBackupCommandOutput, arn: string): DescribedBackup {
  const { BackupDetails: details, SourceTableDetails: source, SourceTableFeatureDetails: features } = description ?? {};
  if (details === undefined)
    throw new CliError('AWS_ERROR', `DescribeBackup of '${arn}' was answered without a description`);
  const ttl = features?.TimeToLiveDescription;
  const ttlIsOn = ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING';
  const stream = features?.StreamDescription;
  const mode = source?.BillingMode;
  return {
    ...toBackup(details, source?.TableName),
    expiresAt: details.BackupExpiryDateTime?.getTime() ?? null,
    itemCount: source?.ItemCount ?? null,
    sourceArn: source?.TableArn ?? null,
    indexes: (features?.GlobalSecondaryIndexes ?? []).map(({ IndexName = '' }) => IndexName),
    ttlAttribute: ttlIsOn ? (ttl.AttributeName ?? null) : null,
    stream: stream?.StreamEnabled === true ? (stream.StreamViewType ?? null) : null,
    billingMode: mode === undefined ? null : mode === 'PAY_PER_REQUEST' ? 'on-demand' : 'provisioned',
    kmsKey: features?.SSEDescription?.KMSMasterKeyArn ?? null,
    // Old tables with provisioned capacity may have no billing mode; all of it is missing only where nothing is told.
    untold: features === undefined ? ['ttl', 'stream', ...(mode === undefined ? (['billingMode'] as const) : [])] : [],
  };
}

/** A backup and what it keeps of its table. Throws BACKUP_NOT_FOUND. */
export async function describeBackup(dynamo: Dynamo, arn: string): Promise<DescribedBackup> {
  const answer = await persistently(dynamo, () =>
    call(dynamo, 'DescribeBackup', tableOfBackupArn(arn) ?? null, (client) =>
      client.send(new DescribeBackupCommand({ BackupArn: arn })),
    ),
  );
  return toDescribed(answer, arn);
}

/** Deletes a backup for good. Throws BACKUP_BUSY while it is CREATING or restored from. 10 calls a second are allowed. */
export async function deleteBackup(dynamo: Dynamo, { arn, table }: Pick<Backup, 'arn' | 'table'>): Promise<void> {
  await persistently(dynamo, () =>
    call(dynamo, 'DeleteBackup', table, (client) => client.send(new DeleteBackupCommand({ BackupArn: arn }))),
  );
}
