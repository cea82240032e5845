import {
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type GlobalSecondaryIndex,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  type SSESpecification,
} from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { Billing } from '../schema/types.js';
import { persistently } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';

/** What a restored table gets in place of what the backup says. */
export interface RestoreOverrides {
  readonly billing?: Billing;
  /** Without its global secondary indexes. */
  readonly noIndexes?: boolean;
  /** A key's ARN or id, `default` for the key that DynamoDB owns. */
  readonly kmsKey?: string;
}

interface OverrideInput {
  readonly BillingModeOverride?: 'PAY_PER_REQUEST' | 'PROVISIONED';
  readonly ProvisionedThroughputOverride?: { readonly ReadCapacityUnits: number; readonly WriteCapacityUnits: number };
  readonly GlobalSecondaryIndexOverride?: GlobalSecondaryIndex[];
  readonly SSESpecificationOverride?: SSESpecification;
}

function overrideInput({ billing, noIndexes, kmsKey }: RestoreOverrides): OverrideInput {
  return {
    ...(billing?.mode === 'on-demand' && { BillingModeOverride: 'PAY_PER_REQUEST' }),
    ...(billing?.mode === 'provisioned' && {
      BillingModeOverride: 'PROVISIONED',
      ProvisionedThroughputOverride: {
        ReadCapacityUnits: billing.readCapacityUnits,
        WriteCapacityUnits: billing.writeCapacityUnits,
      },
    }),
    ...(noIndexes === true && { GlobalSecondaryIndexOverride: [] }),
    ...(kmsKey !== undefined &&
      kmsKey !== 'default' && {
        SSESpecificationOverride: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKey },
      }),
  };
}

/**
 * Asks for a restore under a key. The one that AWS manages in an account (alias aws/dynamodb) is not to be named [SDK,
 * SSESpecification], and its ARN looks like any other's: so it is named, and asked for by its kind where AWS refuses that.
 */
async function underKey(overrides: RestoreOverrides, send: (input: OverrideInput) => Promise<unknown>): Promise<void> {
  const input = overrideInput(overrides);
  try {
    await send(input);
  } catch (error) {
    const isName =
      error instanceof CliError && error.code === 'REQUEST_INVALID' && /KMSMasterKeyId/.test(error.message);
    if (!isName || input.SSESpecificationOverride === undefined) throw error;
    await send({ ...input, SSESpecificationOverride: { Enabled: true, SSEType: 'KMS' } });
  }
}

/**
 * Starts to restore a backup into a new table; 10 calls a second, 50 restores at once in an account. Without a key it may
 * come to lie under the one that DynamoDB owns.
 */
export async function restoreFromBackup(
  dynamo: Dynamo,
  arn: string,
  target: string,
  overrides: RestoreOverrides,
): Promise<void> {
  await underKey(overrides, (input) =>
    persistently(dynamo, () =>
      call(dynamo, 'RestoreTableFromBackup', target, (client) =>
        client.send(new RestoreTableFromBackupCommand({ BackupArn: arn, TargetTableName: target, ...input })),
      ),
    ),
  );
}

/** Starts to restore a table as it was at an instant (epoch milliseconds) into a new table, under the key that it has now. */
export async function restoreToPointInTime(
  dynamo: Dynamo,
  source: string,
  at: number,
  target: string,
  overrides: RestoreOverrides,
): Promise<void> {
  await underKey(overrides, (input) =>
    persistently(dynamo, () =>
      call(dynamo, 'RestoreTableToPointInTime', source, (client) =>
        client.send(
          new RestoreTableToPointInTimeCommand({
            SourceTableName: source,
            TargetTableName: target,
            RestoreDateTime: new Date(at),
            ...input,
          }),
        ),
      ),
    ),
  );
}

/** Where a table was restored from, as DescribeTable tells it. */
export interface RestoreState {
  /** TableStatus. */
  readonly status: string;
  readonly inProgress: boolean;
  /** null for a restore to a point in time, and for a table that was not restored. */
  readonly backupArn: string | null;
  readonly sourceTableArn: string | null;
  /** Epoch milliseconds: of the backup, or of the point in time. */
  readonly restoredTo: number | null;
}

/** The state of a table that is being restored; null when there is no such table. */
export async function describeRestore(dynamo: Dynamo, table: string): Promise<RestoreState | null> {
  try {
    const { Table } = await call(dynamo, 'DescribeTable', table, (client) =>
      client.send(new DescribeTableCommand({ TableName: table })),
    );
    const summary = Table?.RestoreSummary;
    return {
      status: Table?.TableStatus ?? 'ACTIVE',
      inProgress: summary?.RestoreInProgress ?? false,
      backupArn: summary?.SourceBackupArn ?? null,
      sourceTableArn: summary?.SourceTableArn ?? null,
      restoredTo: summary?.RestoreDateTime?.getTime() ?? null,
    };
  } catch (error) {
    if (error instanceof CliError && error.code === 'TABLE_NOT_FOUND') return null;
    throw error;
  }
}

/** The instants, in epoch milliseconds, between which a table can be restored; null while recovery is off. */
export async function recoveryWindow(
  dynamo: Dynamo,
  table: string,
): Promise<{ readonly earliest: number; readonly latest: number } | null> {
  const answer = await call(dynamo, 'DescribeContinuousBackups', table, (client) =>
    client.send(new DescribeContinuousBackupsCommand({ TableName: table })),
  );
  const recovery = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  const earliest = recovery?.EarliestRestorableDateTime?.getTime();
  const latest = recovery?.LatestRestorableDateTime?.getTime();
  if (recovery?.PointInTimeRecoveryStatus !== 'ENABLED' || earliest === undefined || latest === undefined) return null;
  return { earliest, latest };
}

/** Deletes a table with all that is in it. Throws TABLE_BUSY in states that do not allow it. */
export async function deleteTable(dynamo: Dynamo, table: string): Promise<void> {
  await call(dynamo, 'DeleteTable', table, (client) => client.send(new DeleteTableCommand({ TableName: table })));
}
