import {
  type AttributeDefinition,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type GlobalSecondaryIndexDescription,
  type KeySchemaElement,
  ListTagsOfResourceCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { KeyType } from '../schema/attribute-value.js';
import type {
  Billing,
  KeyAttribute,
  KeySchema,
  ObservedIndex,
  ObservedTable,
  Projection,
  TtlStatus,
} from '../schema/types.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';

const isKeyType = (type: string | undefined): type is KeyType => type === 'S' || type === 'N' || type === 'B';

function keysOf(
  elements: readonly KeySchemaElement[] | undefined,
  definitions: readonly AttributeDefinition[],
): KeySchema {
  const keyOf = (kind: 'HASH' | 'RANGE'): KeyAttribute | undefined => {
    const name = elements?.find(({ KeyType }) => KeyType === kind)?.AttributeName;
    const type = definitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
    return name === undefined ? undefined : { name, type: isKeyType(type) ? type : 'S' };
  };
  const sortKey = keyOf('RANGE');
  return { partitionKey: keyOf('HASH') ?? { name: '', type: 'S' }, ...(sortKey === undefined ? {} : { sortKey }) };
}

function projectionOf(index: GlobalSecondaryIndexDescription): Projection {
  const { ProjectionType = 'ALL', NonKeyAttributes } = index.Projection ?? {};
  return { type: ProjectionType, ...(NonKeyAttributes === undefined ? {} : { nonKeyAttributes: NonKeyAttributes }) };
}

function indexOf(index: GlobalSecondaryIndexDescription, definitions: readonly AttributeDefinition[]): ObservedIndex {
  return {
    name: index.IndexName ?? '',
    ...keysOf(index.KeySchema, definitions),
    projection: projectionOf(index),
    // Engines that build an index at once leave the status out.
    status: index.IndexStatus ?? 'ACTIVE',
    backfilling: index.Backfilling ?? false,
    itemCount: index.ItemCount ?? 0,
    sizeBytes: index.IndexSizeBytes ?? 0,
  };
}

/** A table that never was on demand has no BillingModeSummary: it is provisioned. */
function billingOf(table: TableDescription): Billing {
  if (table.BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST') return { mode: 'on-demand' };
  return { mode: 'provisioned', ...capacityOf(table.ProvisionedThroughput) };
}

/** What DescribeTable tells of a table; the last two are for those who change it. */
export interface Described extends Omit<ObservedTable, 'ttl' | 'pointInTimeRecovery' | 'tags'> {
  /** While true, AWS still names the old key and takes no other. */
  readonly changesKey: boolean;
  /** Provisioned capacity by index; empty on demand. */
  readonly indexCapacity: ReadonlyMap<string, Capacity>;
}

interface Capacity {
  readonly readCapacityUnits: number;
  readonly writeCapacityUnits: number;
}

function capacityOf(throughput: TableDescription['ProvisionedThroughput']): Capacity {
  return {
    readCapacityUnits: throughput?.ReadCapacityUnits ?? 0,
    writeCapacityUnits: throughput?.WriteCapacityUnits ?? 0,
  };
}

function toObserved(table: TableDescription, name: string): Described {
  const definitions = table.AttributeDefinitions ?? [];
  return {
    name: table.TableName ?? name,
    arn: table.TableArn ?? null,
    status: table.TableStatus ?? 'ACTIVE',
    createdAt: table.CreationDateTime?.getTime() ?? null,
    itemCount: table.ItemCount ?? 0,
    sizeBytes: table.TableSizeBytes ?? 0,
    keys: keysOf(table.KeySchema, definitions),
    indexes: (table.GlobalSecondaryIndexes ?? []).map((index) => indexOf(index, definitions)),
    stream: {
      enabled: table.StreamSpecification?.StreamEnabled ?? false,
      viewType: table.StreamSpecification?.StreamViewType ?? null,
    },
    billing: billingOf(table),
    deletionProtection: table.DeletionProtectionEnabled ?? false,
    tableClass:
      table.TableClassSummary?.TableClass === 'STANDARD_INFREQUENT_ACCESS' ? 'STANDARD_INFREQUENT_ACCESS' : 'STANDARD',
    encryption: {
      kmsKey: table.SSEDescription?.Status === 'DISABLED' ? null : (table.SSEDescription?.KMSMasterKeyArn ?? null),
    },
    replicas: (table.Replicas ?? [])
      .filter(({ RegionName }) => RegionName !== undefined)
      .map(({ RegionName = '', ReplicaStatus = 'ACTIVE' }) => ({ region: RegionName, status: ReplicaStatus })),
    changesKey: table.SSEDescription?.Status === 'UPDATING' || table.SSEDescription?.Status === 'ENABLING',
    indexCapacity: new Map(
      (table.GlobalSecondaryIndexes ?? []).map(({ IndexName = '', ProvisionedThroughput }) => [
        IndexName,
        capacityOf(ProvisionedThroughput),
      ]),
    ),
  };
}

/** DescribeTable; null when there is no such table. */
export async function describeTable(dynamo: Dynamo, name: string): Promise<Described | null> {
  const answer = await ifTableExists(
    call(dynamo, 'DescribeTable', name, (client) => client.send(new DescribeTableCommand({ TableName: name }))),
  );
  if (answer === null) return null;
  if (answer.Table === undefined)
    throw new CliError(
      'ENDPOINT_NOT_DYNAMODB',
      `${dynamo.endpoint ?? dynamo.region} answers DescribeTable, but describes no table`,
      { hint: 'check --endpoint-url: it must be the address of a DynamoDB endpoint' },
    );
  return toObserved(answer.Table, name);
}

/** DescribeTimeToLive: DescribeTable does not tell it. */
export async function describeTtl(dynamo: Dynamo, name: string): Promise<ObservedTable['ttl']> {
  const { TimeToLiveDescription: ttl } = await call(dynamo, 'DescribeTimeToLive', name, (client) =>
    client.send(new DescribeTimeToLiveCommand({ TableName: name })),
  );
  const status: TtlStatus = ttl?.TimeToLiveStatus ?? 'DISABLED';
  return { status, attribute: ttl?.AttributeName ?? null };
}

async function describeRecovery(dynamo: Dynamo, name: string): Promise<ObservedTable['pointInTimeRecovery']> {
  const answer = await ifOffered(
    call(dynamo, 'DescribeContinuousBackups', name, (client) =>
      client.send(new DescribeContinuousBackupsCommand({ TableName: name })),
    ),
  );
  if (answer === null) return null;
  const recovery = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  return { enabled: recovery?.PointInTimeRecoveryStatus === 'ENABLED' };
}

/** All tags of a table, paged. */
export async function readTags(dynamo: Dynamo, name: string, arn: string): Promise<Record<string, string>> {
  const tags: Record<string, string> = {};
  let token: string | undefined;
  do {
    const page = await call(dynamo, 'ListTagsOfResource', name, (client) =>
      client.send(new ListTagsOfResourceCommand({ ResourceArn: arn, ...(token && { NextToken: token }) })),
    );
    for (const { Key, Value } of page.Tags ?? []) if (Key !== undefined) tags[Key] = Value ?? '';
    token = page.NextToken;
  } while (token !== undefined);
  return tags;
}

async function settle<T>(work: Promise<T>, isExpected: (error: CliError) => boolean): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CliError && isExpected(error)) return null;
    throw error;
  }
}

const ifTableExists = <T>(work: Promise<T>): Promise<T | null> =>
  settle(work, ({ code }) => code === 'TABLE_NOT_FOUND');

/** null where the endpoint has no such operation, or these credentials may not use it. */
export const ifOffered = <T>(work: Promise<T>): Promise<T | null> =>
  settle(work, ({ code, cause }) => code === 'NOT_SUPPORTED' || code === 'ACCESS_DENIED' || isHtmlAnswer(cause));

/** moto answers an operation that it does not know with HTTP 500 and a web page, which the SDK cannot parse. */
const isHtmlAnswer = (cause: unknown): boolean => cause instanceof SyntaxError;

/** Keys, indexes and TTL of a table, with what DescribeTable tells. */
export type Structure = Described & Pick<ObservedTable, 'ttl'>;

/** Until a table is ACTIVE for the first time, and once it is DELETING, AWS tells nothing of it but its description. */
const isUnready = ({ status }: Pick<ObservedTable, 'status'>): boolean =>
  status === 'CREATING' || status === 'DELETING';

const NO_TTL: ObservedTable['ttl'] = { status: 'DISABLED', attribute: null };

/** Keys, indexes and TTL of a table, two calls; null when there is no such table. */
export async function observeStructure(dynamo: Dynamo, name: string): Promise<Structure | null> {
  // Both are asked at once: a table that is not there fails the second call, which then no longer matters.
  const [table, ttl] = await Promise.allSettled([describeTable(dynamo, name), describeTtl(dynamo, name)]);
  if (table.status === 'rejected') throw table.reason;
  if (table.value === null) return null;
  if (ttl.status === 'fulfilled') return { ...table.value, ttl: ttl.value };
  // DescribeTimeToLive on a table that is CREATING or DELETING is a ValidationException: it has no TTL yet, or no more.
  if (isUnready(table.value)) return { ...table.value, ttl: NO_TTL };
  // The table may have become ACTIVE, or gone, between the two answers.
  const again = await ifTableExists(describeTtl(dynamo, name));
  return again === null ? null : { ...table.value, ttl: again };
}

/** Everything that is known of a table, four calls or more; null when there is no such table. */
export async function observeTable(dynamo: Dynamo, name: string): Promise<(ObservedTable & Described) | null> {
  const structure = await observeStructure(dynamo, name);
  if (structure === null) return null;
  const { arn } = structure;
  // A table that is CREATING or DELETING is not there for these calls.
  if (arn === null || isUnready(structure)) return { ...structure, pointInTimeRecovery: null, tags: null };
  const [pointInTimeRecovery, tags] = await Promise.all([
    ifTableExists(describeRecovery(dynamo, name)),
    ifOffered(ifTableExists(readTags(dynamo, name, arn))),
  ]);
  return { ...structure, pointInTimeRecovery, tags };
}
