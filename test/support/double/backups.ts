import { randomBytes } from 'node:crypto';
import { describeTable } from './describe.js';
import { awsError, invalid, invalidValue, outsideModel, requireBetween } from './errors.js';
import { type Json, numberIn, objectIn, objectsIn, textIn } from './json.js';
import { backedUpTable, requireBackupsReady } from './recovery.js';
import { type BackupState, type DoubleContext, type Handler, seconds, tableArn, type TableState } from './state.js';
import { billingOf } from './throughput.js';
import { timeToLiveOf } from './ttl.js';

/** The members of a description that are there, under the same names. */
const pick = (description: Json, members: readonly string[]): Json =>
  Object.fromEntries(members.flatMap((name) => (description[name] === undefined ? [] : [[name, description[name]]])));

const CAPACITY = ['ReadCapacityUnits', 'WriteCapacityUnits'];
const INDEX_INFO = ['IndexName', 'KeySchema', 'Projection'];

function sourceOf(description: Json): Json {
  return {
    ...pick(description, [
      'TableName',
      'TableId',
      'TableArn',
      'TableSizeBytes',
      'KeySchema',
      'ItemCount',
      'OnDemandThroughput',
    ]),
    TableCreationDateTime: description['CreationDateTime'],
    ProvisionedThroughput: pick(objectIn(description, 'ProvisionedThroughput') ?? {}, CAPACITY),
    BillingMode: billingOf(description),
  };
}

const indexInfo = (index: Json): Json => ({
  ...pick(index, INDEX_INFO),
  ProvisionedThroughput: pick(objectIn(index, 'ProvisionedThroughput') ?? {}, CAPACITY),
});

/** A table's keys, indexes and billing, in the words of a backup's description. */
export const describedSource = (description: Json, timeToLive: Json): Pick<BackupState, 'source' | 'features'> => ({
  source: sourceOf(description),
  features: featuresOf(description, timeToLive),
});

/** Streams, TTL, encryption and indexes; not tags, recovery, table class or deletion protection. */
function featuresOf(description: Json, timeToLive: Json): Json {
  const indexes = objectsIn(description, 'GlobalSecondaryIndexes').map(indexInfo);
  const local = objectsIn(description, 'LocalSecondaryIndexes').map((index) => pick(index, INDEX_INFO));
  const stream = objectIn(description, 'StreamSpecification');
  return {
    ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    ...(local.length > 0 && { LocalSecondaryIndexes: local }),
    ...(stream !== undefined && { StreamDescription: stream }),
    ...pick(description, ['SSEDescription']),
    TimeToLiveDescription: timeToLive,
  };
}

const newArn = (double: DoubleContext, table: string, suffix = randomBytes(4).toString('hex')): string =>
  `${tableArn(double, table)}/backup/${String(double.now()).padStart(14, '0')}-${suffix}`;

/** Every item of a table, as the engine has it. */
export async function itemsOf(double: DoubleContext, name: string): Promise<readonly Json[]> {
  const items: Json[] = [];
  let start: Json | undefined;
  do {
    const page = await double.engine('Scan', { TableName: name, ...(start && { ExclusiveStartKey: start }) });
    items.push(...objectsIn(page, 'Items'));
    start = objectIn(page, 'LastEvaluatedKey');
  } while (start !== undefined);
  return items;
}

/** What a backup keeps of a table beside its features. */
async function contentOf(
  double: DoubleContext,
  name: string,
  description: Json,
): Promise<Pick<BackupState, 'source' | 'definitions' | 'items'>> {
  return {
    source: sourceOf(description),
    definitions: objectsIn(description, 'AttributeDefinitions'),
    items: await itemsOf(double, name),
  };
}

/** Deleting a table that has point-in-time recovery leaves a SYSTEM backup of it for 35 days. */
export async function pendingSystemBackup(
  double: DoubleContext,
  table: TableState,
  description: Json,
): Promise<BackupState | undefined> {
  if (table.recovery === undefined) return undefined;
  const now = double.now();
  return {
    arn: newArn(double, table.name, '00000000'),
    name: `${table.name}$DeletedTableBackup`,
    type: 'SYSTEM',
    tableName: table.name,
    createdAt: now,
    availableAt: now + double.delays.backup,
    expiresAt: now + 35 * 86_400_000,
    ...(await contentOf(double, table.name, description)),
    features: {},
  };
}

function detailsOf(double: DoubleContext, backup: BackupState): Json {
  return {
    BackupArn: backup.arn,
    BackupName: backup.name,
    BackupSizeBytes: numberIn(backup.source, 'TableSizeBytes') ?? 0,
    BackupStatus: double.now() < backup.availableAt ? 'CREATING' : 'AVAILABLE',
    BackupType: backup.type,
    BackupCreationDateTime: seconds(backup.createdAt),
    ...(backup.expiresAt !== undefined && { BackupExpiryDateTime: seconds(backup.expiresAt) }),
  };
}

const describeOne = (double: DoubleContext, backup: BackupState): Json => ({
  BackupDetails: detailsOf(double, backup),
  SourceTableDetails: backup.source,
  SourceTableFeatureDetails: backup.features,
});

export function findBackup(double: DoubleContext, body: Json): BackupState {
  const arn = textIn(body, 'BackupArn') ?? '';
  if (!/^arn:[^:]+:dynamodb:[^:]+:\d+:table\/[^/]+\/backup\/[^/]+$/.test(arn)) throw invalid('Invalid Backup ARN');
  const backup = double.backups.find((other) => other.arn === arn);
  if (backup === undefined) throw awsError('BackupNotFoundException', `Backup not found: ${arn}`);
  return backup;
}

/** BackupName is not unique: each call makes another backup. */
export const createBackup: Handler = async (double, body) => {
  const name = textIn(body, 'BackupName') ?? '';
  if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) {
    const rule = /^[a-zA-Z0-9_.-]*$/.test(name)
      ? 'Member must have length greater than or equal to 3'
      : 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+';
    throw outsideModel(name, 'backupName', rule);
  }
  const table = await backedUpTable(double, textIn(body, 'TableName') ?? '');
  requireBackupsReady(double, table);
  const description = await describeTable(double, table.name);
  const now = double.now();
  const backup: BackupState = {
    arn: newArn(double, table.name),
    name,
    type: 'USER',
    tableName: table.name,
    createdAt: now,
    availableAt: now + double.delays.backup,
    ...(await contentOf(double, table.name, description)),
    features: featuresOf(description, await timeToLiveOf(double, table)),
  };
  double.backups.push(backup);
  return { BackupDetails: detailsOf(double, backup) };
};

export const describeBackup: Handler = async (double, body) => ({
  BackupDescription: describeOne(double, findBackup(double, body)),
});

export const deleteBackup: Handler = async (double, body) => {
  const backup = findBackup(double, body);
  if (backup.type === 'SYSTEM') {
    throw invalid(
      `Invalid Request: User is not allowed to delete the system backup with arn ${backup.arn}. It will automatically expire on ${new Date(backup.expiresAt ?? 0).toISOString()}`,
    );
  }
  if (double.now() < backup.availableAt) {
    throw awsError('BackupInUseException', `Backup is being created: ${backup.arn}`);
  }
  double.backups.splice(double.backups.indexOf(backup), 1);
  const description = describeOne(double, backup);
  return {
    BackupDescription: { ...description, BackupDetails: { ...detailsOf(double, backup), BackupStatus: 'DELETED' } },
  };
};

/** The end of a backup's ARN, which sorts by age. */
const ageKey = (arn: string): string => arn.replace(/^.*\/backup\//, '');

/**
 * USER backups unless another type is asked for, oldest first, of tables that are gone too. The lower bound of time is
 * inclusive, the upper exclusive. A full page names its last backup even when there are no more.
 */
export const listBackups: Handler = async (double, body) => {
  requireBetween(body['Limit'], 'limit', 1, 100);
  const limit = numberIn(body, 'Limit') ?? 100;
  const type = textIn(body, 'BackupType') ?? 'USER';
  const table = textIn(body, 'TableName');
  const from = (numberIn(body, 'TimeRangeLowerBound') ?? -Infinity) * 1000;
  const to = (numberIn(body, 'TimeRangeUpperBound') ?? Infinity) * 1000;
  if (from > to) throw invalidValue('Time range lower bound must be less than or equal to upper bound');
  const start = textIn(body, 'ExclusiveStartBackupArn');
  const after = start === undefined ? undefined : ageKey(start);
  const matching = double.backups
    .filter((backup) => type === 'ALL' || backup.type === type)
    .filter((backup) => table === undefined || backup.tableName === table)
    .filter((backup) => backup.createdAt >= from && backup.createdAt < to)
    .toSorted((one, other) => (ageKey(one.arn) < ageKey(other.arn) ? -1 : 1))
    .filter((backup) => after === undefined || ageKey(backup.arn) > after);
  const page = matching.slice(0, limit);
  const last = page.at(-1);
  return {
    BackupSummaries: page.map((backup) => ({
      ...pick(backup.source, ['TableName', 'TableId', 'TableArn']),
      ...detailsOf(double, backup),
    })),
    ...(page.length === limit && last !== undefined && { LastEvaluatedBackupArn: last.arn }),
  };
};
