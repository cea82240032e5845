import { describedSource, findBackup, itemsOf } from './backups.js';
import { describeTable } from './describe.js';
import { keyOf, refuseManagedKey, requireValidEncryption } from './encryption.js';
import { awsError, invalid } from './errors.js';
import { type Json, numberIn, objectIn, objectsIn, textIn } from './json.js';
import { backedUpTable, recoveryWindowOf } from './recovery.js';
import { type DoubleContext, type Handler, isCreating, newTable, seconds, stateOf } from './state.js';
import { timeToLiveOf } from './ttl.js';

/** What a table is made from: a backup, or a table as it is. */
interface Source {
  readonly source: Json;
  readonly features: Json;
  readonly definitions: readonly Json[];
  readonly items: readonly Json[];
  /** The key that the new table has unless told otherwise; the one that DynamoDB owns where it is left out. */
  readonly key?: string;
}

/** "A target table with the specified name already exists", or is about to be one. */
async function requireFree(double: DoubleContext, name: string): Promise<void> {
  const state = stateOf(double, name);
  if (isCreating(double, state)) throw awsError('TableInUseException', `Table is being created: ${name}`);
  if (state.deleting !== undefined) throw awsError('TableInUseException', `Table is being deleted: ${name}`);
  const found = await double.engine('DescribeTable', { TableName: name }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  });
  if (found !== null) throw awsError('TableAlreadyExistsException', `Table already exists: ${name}`);
}

/** The indexes of the source, or those of them that the override names: it can leave some out, and add none. */
function indexesOf(source: Source, body: Json): readonly Json[] {
  const indexes = objectsIn(source.features, 'GlobalSecondaryIndexes');
  if (body['GlobalSecondaryIndexOverride'] === undefined) return indexes;
  const wanted = objectsIn(body, 'GlobalSecondaryIndexOverride').map((index) => textIn(index, 'IndexName'));
  const known = new Set(indexes.map((index) => textIn(index, 'IndexName')));
  if (wanted.some((name) => !known.has(name)))
    throw invalid('Global secondary indexes must be a subset of those of the source table');
  return indexes.filter((index) => wanted.includes(textIn(index, 'IndexName')));
}

const names = (schemas: readonly Json[]): ReadonlySet<string | undefined> =>
  new Set(schemas.flatMap((schema) => objectsIn(schema, 'KeySchema')).map((key) => textIn(key, 'AttributeName')));

/** Fills the engine's table; the double holds the copy until then. */
async function fill(double: DoubleContext, name: string, items: readonly Json[]): Promise<void> {
  for (let at = 0; at < items.length; at += 25) {
    const requests = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await double.engine('BatchWriteItem', { RequestItems: { [name]: requests } });
  }
}

/**
 * A new table with the items, keys, indexes and capacity of its source, and without its TTL, stream, tags, recovery,
 * deletion protection and class. CREATING until the data is there.
 */
async function restore(double: DoubleContext, source: Source, body: Json, summary: Json): Promise<Json> {
  const name = textIn(body, 'TargetTableName') ?? '';
  await requireFree(double, name);
  const encryption = objectIn(body, 'SSESpecificationOverride');
  if (encryption !== undefined) {
    requireValidEncryption(encryption);
    refuseManagedKey(double, encryption);
  }
  const indexes = indexesOf(source, body);
  const mode = textIn(body, 'BillingModeOverride') ?? textIn(source.source, 'BillingMode') ?? 'PROVISIONED';
  const capacity =
    objectIn(body, 'ProvisionedThroughputOverride') ?? objectIn(source.source, 'ProvisionedThroughput') ?? {};
  const throughput = mode === 'PROVISIONED' ? { ProvisionedThroughput: capacity } : {};
  const keyNames = names([source.source, ...indexes]);
  await double.engine('CreateTable', {
    TableName: name,
    KeySchema: source.source['KeySchema'],
    AttributeDefinitions: source.definitions.filter((one) => keyNames.has(textIn(one, 'AttributeName'))),
    BillingMode: mode,
    ...throughput,
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
        ...throughput,
      })),
    }),
  });
  await fill(double, name, source.items);
  const now = double.now();
  const table = newTable(name, now + double.delays.restore);
  double.tables.set(name, table);
  const key = encryption === undefined ? source.key : keyOf(double, encryption);
  if (key !== undefined) table.key = key;
  if (mode === 'PAY_PER_REQUEST') table.onDemandSince = now;
  else for (const index of indexes) table.indexThroughput.set(textIn(index, 'IndexName') ?? '', { ...capacity });
  table.restored = summary;
  return { TableDescription: await describeTable(double, name) };
}

export const restoreTableFromBackup: Handler = async (double, body) => {
  const backup = findBackup(double, body);
  if (double.now() < backup.availableAt)
    throw awsError('BackupInUseException', `Backup is being created: ${backup.arn}`);
  return restore(double, backup, body, {
    SourceBackupArn: backup.arn,
    SourceTableArn: backup.source['TableArn'],
    RestoreDateTime: seconds(backup.createdAt),
  });
};

/** The content is that of now: the double keeps no journal. */
export const restoreTableToPointInTime: Handler = async (double, body) => {
  const name = textIn(body, 'SourceTableName') ?? '';
  const table = await backedUpTable(double, name);
  const window = recoveryWindowOf(double, table);
  if (window === undefined)
    throw awsError(
      'PointInTimeRecoveryUnavailableException',
      `Point in time recovery is not enabled for table '${name}'`,
    );
  const at = body['UseLatestRestorableTime'] === true ? window.latest : (numberIn(body, 'RestoreDateTime') ?? 0) * 1000;
  if (at < window.earliest || at > window.latest)
    throw awsError('InvalidRestoreTimeException', `Specified RestoreDateTime is not valid for the table: ${name}`);
  const description = await describeTable(double, name);
  const source: Source = {
    ...describedSource(description, await timeToLiveOf(double, table)),
    definitions: objectsIn(description, 'AttributeDefinitions'),
    items: await itemsOf(double, name),
    // "All these settings come from the current settings of the source table at the time of restore."
    ...(table.key !== undefined && { key: table.key }),
  };
  return restore(double, source, body, {
    SourceTableArn: description['TableArn'],
    RestoreDateTime: seconds(at),
  });
};
