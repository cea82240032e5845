import { pendingSystemBackup } from './backups.js';
import { describeTable } from './describe.js';
import { keyOf, requireValidEncryption } from './encryption.js';
import { awsError, inUse, invalid, invalidValue, requireBetween } from './errors.js';
import { type Json, numberIn, objectIn, objectsIn, textIn, textsIn, without } from './json.js';
import {
  type DoubleContext,
  type Handler,
  indexesInCreation,
  isCreating,
  isUpdating,
  newTable,
  stateOf,
} from './state.js';
import { refuseBadTags } from './tags.js';

const nameIn = (body: Json): string => textIn(body, 'TableName') ?? '';

function refuseBadIndexThroughput(body: Json): void {
  const onDemand = textIn(body, 'BillingMode') === 'PAY_PER_REQUEST';
  for (const index of objectsIn(body, 'GlobalSecondaryIndexes')) {
    const name = textIn(index, 'IndexName') ?? '';
    const has = objectIn(index, 'ProvisionedThroughput') !== undefined;
    if (!onDemand && !has) throw invalidValue(`ProvisionedThroughput is not specified for index: ${name}`);
    if (onDemand && has) {
      throw invalidValue(
        `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
      );
    }
  }
}

export const createTable: Handler = async (double, body) => {
  const name = nameIn(body);
  const before = stateOf(double, name);
  if (before.deleting !== undefined) throw awsError('ResourceInUseException', `Table already exists: ${name}`);
  if (isCreating(double, before)) throw inUse(`Table is being created: ${name}`);
  const encryption = objectIn(body, 'SSESpecification');
  if (encryption !== undefined) requireValidEncryption(encryption);
  refuseBadTags(objectsIn(body, 'Tags'), body['Tags'] === undefined);
  refuseBadIndexThroughput(body);
  await double.engine('CreateTable', without(body, ['SSESpecification', 'ResourcePolicy', 'WarmThroughput']));
  const now = double.now();
  const table = newTable(name, now + double.delays.create);
  double.tables.set(name, table);
  const key = encryption === undefined ? undefined : keyOf(double, encryption);
  if (key !== undefined) table.key = key;
  if (textIn(body, 'BillingMode') === 'PAY_PER_REQUEST') table.onDemandSince = now;
  for (const index of objectsIn(body, 'GlobalSecondaryIndexes')) {
    const throughput = objectIn(index, 'ProvisionedThroughput');
    if (throughput !== undefined) table.indexThroughput.set(textIn(index, 'IndexName') ?? '', throughput);
  }
  return { TableDescription: await describeTable(double, name) };
};

export const describe: Handler = async (double, body) => ({ Table: await describeTable(double, nameIn(body)) });

export const deleteTable: Handler = async (double, body) => {
  const name = nameIn(body);
  const table = stateOf(double, name);
  // "If table is already in the DELETING state, no error is returned."
  if (table.deleting !== undefined) return { TableDescription: table.deleting.description };
  const description = await describeTable(double, name);
  const now = double.now();
  if (isCreating(double, table)) throw inUse(`Table is being created: ${name}`);
  if ([...table.replicas.values()].some(({ status }) => status !== 'ACTIVE')) {
    throw inUse(`Table: ${name} is being used.`);
  }
  if (indexesInCreation(double, table).length > 0 || table.deletedIndexes.size > 0) {
    throw inUse('Cannot delete table while indexes are being created, updated, or deleted.');
  }
  if (isUpdating(double, table)) throw inUse(`Table: ${name} is in the process of being updated.`);
  if (table.keyChange !== undefined) throw inUse('Server-Side Encryption is still being updated');
  if (now < (table.tagsBefore?.until ?? 0)) throw inUse(`Table tags are being updated: ${name}`);
  if (description['DeletionProtectionEnabled'] === true) {
    throw invalid(
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    );
  }
  const backup = await pendingSystemBackup(double, table, description);
  await double.engine('DeleteTable', { TableName: name });
  if (backup !== undefined) double.backups.push(backup);
  table.deleting = { until: now + double.delays.delete, description: { ...description, TableStatus: 'DELETING' } };
  return { TableDescription: table.deleting.description };
};

async function engineTables(double: DoubleContext): Promise<string[]> {
  const names: string[] = [];
  let start: string | undefined;
  do {
    const page = await double.engine('ListTables', start === undefined ? {} : { ExclusiveStartTableName: start });
    names.push(...textsIn(page, 'TableNames'));
    start = textIn(page, 'LastEvaluatedTableName');
  } while (start !== undefined);
  return names;
}

/** Tables that are DELETING are listed too. */
export const listTables: Handler = async (double, body) => {
  requireBetween(body['Limit'], 'limit', 1, 100);
  const limit = numberIn(body, 'Limit') ?? 100;
  const names = new Set(await engineTables(double));
  for (const name of double.tables.keys()) if (stateOf(double, name).deleting !== undefined) names.add(name);
  const start = textIn(body, 'ExclusiveStartTableName');
  const rest = [...names].toSorted().filter((name) => start === undefined || name > start);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { TableNames: page, ...(rest.length > limit && last !== undefined && { LastEvaluatedTableName: last }) };
};

/** The quotas that a new account has. */
export const describeLimits: Handler = async () => ({
  AccountMaxReadCapacityUnits: 80_000,
  AccountMaxWriteCapacityUnits: 80_000,
  TableMaxReadCapacityUnits: 40_000,
  TableMaxWriteCapacityUnits: 40_000,
});
