import {
  type AttributeDefinition,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
  ListTablesCommand,
  type ProvisionedThroughput,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { DesiredTable } from '../schema/desired.js';
import type { OnDemandMaximum, TableExtras } from '../schema/extras.js';
import type { Billing, IndexSpec, KeySchema, Projection, StreamViewType, TableClass } from '../schema/types.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import type { Described } from './describe.js';

const ON_DEMAND: Billing = { mode: 'on-demand' };

function keyElements({ partitionKey, sortKey }: KeySchema): KeySchemaElement[] {
  const hash: KeySchemaElement = { AttributeName: partitionKey.name, KeyType: 'HASH' };
  return sortKey === undefined ? [hash] : [hash, { AttributeName: sortKey.name, KeyType: 'RANGE' }];
}

function definitions(schemas: readonly KeySchema[]): AttributeDefinition[] {
  const types = new Map(
    schemas
      .flatMap(({ partitionKey, sortKey }) => (sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]))
      .map(({ name, type }) => [name, type]),
  );
  return [...types].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }));
}

const throughput = (billing: Billing): { ProvisionedThroughput?: ProvisionedThroughput } =>
  billing.mode === 'on-demand'
    ? {}
    : {
        ProvisionedThroughput: {
          ReadCapacityUnits: billing.readCapacityUnits,
          WriteCapacityUnits: billing.writeCapacityUnits,
        },
      };

const projectionInput = ({ type, nonKeyAttributes }: Projection) => ({
  ProjectionType: type,
  ...(nonKeyAttributes === undefined ? {} : { NonKeyAttributes: [...nonKeyAttributes] }),
});

function indexInput(index: IndexSpec, billing: Billing): GlobalSecondaryIndex {
  return {
    IndexName: index.name,
    KeySchema: keyElements(index),
    Projection: projectionInput(index.projection),
    ...throughput(billing),
  };
}

const onDemand = (most: OnDemandMaximum | null | undefined) =>
  most && {
    OnDemandThroughput: {
      ...(most.readUnits !== null && { MaxReadRequestUnits: most.readUnits }),
      ...(most.writeUnits !== null && { MaxWriteRequestUnits: most.writeUnits }),
    },
  };

/** What of a table no layout speaks of, as CreateTable alone takes it. */
function extrasInput({ localIndexes, resourcePolicy }: TableExtras, keys: KeySchema) {
  return {
    ...(localIndexes.length > 0 && {
      LocalSecondaryIndexes: localIndexes.map(({ name, sortKey, projection }) => ({
        IndexName: name,
        KeySchema: keyElements({ partitionKey: keys.partitionKey, sortKey }),
        Projection: projectionInput(projection),
      })),
    }),
    ...(resourcePolicy !== null && { ResourcePolicy: resourcePolicy }),
  };
}

/** An index of a new table; its capacity is the table's unless the record says otherwise. */
function newIndexInput(index: IndexSpec, billing: Billing, extras: TableExtras | undefined): GlobalSecondaryIndex {
  const capacity = billing.mode === 'provisioned' ? extras?.indexCapacity[index.name] : undefined;
  return {
    ...indexInput(index, capacity === undefined ? billing : { mode: 'provisioned', ...capacity }),
    ...onDemand(extras?.indexMaximum[index.name]),
  };
}

const tagList = (tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** What CreateTable and ImportTable both take of a table. */
export function creationInput(table: DesiredTable, keys: KeySchema) {
  const billing = table.billing ?? ON_DEMAND;
  const hasKey = table.kmsKey !== undefined && table.kmsKey !== 'default';
  const { extras } = table;
  return {
    TableName: table.name,
    KeySchema: keyElements(keys),
    AttributeDefinitions: definitions([keys, ...table.indexes]),
    BillingMode: billing.mode === 'on-demand' ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...throughput(billing),
    ...onDemand(extras?.onDemandMaximum),
    ...(table.indexes.length > 0 && {
      GlobalSecondaryIndexes: table.indexes.map((index) => newIndexInput(index, billing, extras)),
    }),
    ...(hasKey && { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: table.kmsKey } }),
  } satisfies CreateTableCommandInput;
}

/** CreateTable with everything that it takes: indexes, stream, tags, billing, class, protection, encryption. */
export async function createTable(dynamo: Dynamo, table: DesiredTable, keys: KeySchema): Promise<void> {
  const { extras } = table;
  const locals = extras?.localIndexes.map(({ sortKey }) => ({ partitionKey: keys.partitionKey, sortKey })) ?? [];
  await call(dynamo, 'CreateTable', table.name, (client) =>
    client.send(
      new CreateTableCommand({
        ...creationInput(table, keys),
        AttributeDefinitions: definitions([keys, ...table.indexes, ...locals]),
        ...(table.stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: table.stream } }),
        ...(Object.keys(table.tags).length > 0 && { Tags: tagList(table.tags) }),
        ...(table.tableClass && { TableClass: table.tableClass }),
        ...(table.deletionProtection && { DeletionProtectionEnabled: true }),
        ...(extras && extrasInput(extras, keys)),
      }),
    ),
  );
}

/** DeleteTable: the table is DELETING afterwards. AWS refuses while it is CREATING or UPDATING, or protected. */
export async function deleteTable(dynamo: Dynamo, name: string): Promise<void> {
  await call(dynamo, 'DeleteTable', name, (client) => client.send(new DeleteTableCommand({ TableName: name })));
}

async function updateTable(
  dynamo: Dynamo,
  name: string,
  input: Omit<UpdateTableCommandInput, 'TableName'>,
): Promise<void> {
  await call(dynamo, 'UpdateTable', name, (client) =>
    client.send(new UpdateTableCommand({ TableName: name, ...input })),
  );
}

/**
 * Switches the billing mode or the capacity, of the table and of every index alike: an index has no mode of its own.
 * AWS refuses a request that names an index, or the table, with the capacity that it has already.
 */
export async function setBilling(dynamo: Dynamo, table: Described, billing: Billing): Promise<void> {
  if (billing.mode === 'on-demand') return updateTable(dynamo, table.name, { BillingMode: 'PAY_PER_REQUEST' });
  const wanted = throughput(billing);
  const differs = (has: { readonly readCapacityUnits: number; readonly writeCapacityUnits: number } | undefined) =>
    has?.readCapacityUnits !== billing.readCapacityUnits || has.writeCapacityUnits !== billing.writeCapacityUnits;
  const indexes = table.indexes.filter(({ name }) => differs(table.indexCapacity.get(name)));
  const tableDiffers = table.billing.mode === 'on-demand' || differs(table.billing);
  await updateTable(dynamo, table.name, {
    BillingMode: 'PROVISIONED',
    ...(tableDiffers && wanted),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexUpdates: indexes.map(({ name }) => ({ Update: { IndexName: name, ...wanted } })),
    }),
  });
}

export const setDeletionProtection = (dynamo: Dynamo, name: string, on: boolean): Promise<void> =>
  updateTable(dynamo, name, { DeletionProtectionEnabled: on });

export const setTableClass = (dynamo: Dynamo, name: string, tableClass: TableClass): Promise<void> =>
  updateTable(dynamo, name, { TableClass: tableClass });

/** Encrypts with a KMS key (ARN or id), or with the key that DynamoDB owns (`default`). */
export const setEncryption = (dynamo: Dynamo, name: string, kmsKey: string): Promise<void> =>
  updateTable(dynamo, name, {
    SSESpecification:
      kmsKey === 'default' ? { Enabled: false } : { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKey },
  });

export const setStream = (dynamo: Dynamo, name: string, view: StreamViewType | false): Promise<void> =>
  updateTable(dynamo, name, {
    StreamSpecification: view === false ? { StreamEnabled: false } : { StreamEnabled: true, StreamViewType: view },
  });

/**
 * Starts one index; AWS takes one index a call and fills it in the background. The attributes of all indexes are named:
 * AWS would do with those of the new one, moto forgets the others.
 */
export const createIndex = (dynamo: Dynamo, table: Described, index: IndexSpec): Promise<void> =>
  updateTable(dynamo, table.name, {
    AttributeDefinitions: definitions([
      table.keys,
      ...table.indexes.filter(({ status }) => status !== 'DELETING'),
      index,
    ]),
    GlobalSecondaryIndexUpdates: [{ Create: indexInput(index, table.billing) }],
  });

export const deleteIndex = (dynamo: Dynamo, name: string, index: string): Promise<void> =>
  updateTable(dynamo, name, { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: index } }] });

export const addReplica = (dynamo: Dynamo, name: string, region: string): Promise<void> =>
  updateTable(dynamo, name, { ReplicaUpdates: [{ Create: { RegionName: region } }] });

/** Turns TTL on or off for an attribute. AWS may take an hour, and refuses a second call within that hour. */
export async function setTtl(dynamo: Dynamo, name: string, attribute: string, on: boolean): Promise<void> {
  await call(dynamo, 'UpdateTimeToLive', name, (client) =>
    client.send(
      new UpdateTimeToLiveCommand({
        TableName: name,
        TimeToLiveSpecification: { Enabled: on, AttributeName: attribute },
      }),
    ),
  );
}

export async function setPointInTimeRecovery(dynamo: Dynamo, name: string, on: boolean): Promise<void> {
  await call(dynamo, 'UpdateContinuousBackups', name, (client) =>
    client.send(
      new UpdateContinuousBackupsCommand({
        TableName: name,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: on },
      }),
    ),
  );
}

/** Sets tags; others stay. */
export async function tagTable(
  dynamo: Dynamo,
  table: { readonly name: string; readonly arn: string },
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await call(dynamo, 'TagResource', table.name, (client) =>
    client.send(new TagResourceCommand({ ResourceArn: table.arn, Tags: tagList(tags) })),
  );
}

/** Names of the tables in the region, in order, at most so many. */
export async function listTables(dynamo: Dynamo, limit: number): Promise<readonly string[]> {
  const names: string[] = [];
  let start: string | undefined;
  do {
    const page = await call(dynamo, 'ListTables', null, (client) =>
      client.send(new ListTablesCommand({ Limit: 100, ...(start && { ExclusiveStartTableName: start }) })),
    );
    names.push(...(page.TableNames ?? []));
    start = page.LastEvaluatedTableName;
  } while (start !== undefined && names.length < limit);
  return names.slice(0, limit).toSorted();
}
