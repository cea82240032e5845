import {
  DescribeContinuousBackupsCommand,
  DescribeKinesisStreamingDestinationCommand,
  DescribeTableCommand,
  GetResourcePolicyCommand,
  ListContributorInsightsCommand,
  type OnDemandThroughput,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { LocalIndex, OnDemandMaximum, TableExtras } from '../schema/extras.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { ifTableExists } from './describe.js';
import { capacityOf, keysOf, projectionOf } from './describe-parts.js';

export interface ObservedExtras {
  /** A table of the same name that is made anew has another one. */
  readonly tableId: string;
  readonly extras: TableExtras;
  /** What a table that is made anew would lack, in words; also what may not be read, and so might be there. */
  readonly others: readonly string[];
  /** What else is different with a new table, in words. */
  readonly notes: readonly string[];
}

/** What no other table of the name has: its id, or the time of its creation where the endpoint gives no ids. */
const idOf = ({ TableId, CreationDateTime }: TableDescription): string =>
  TableId ?? CreationDateTime?.toISOString() ?? '';

/** Which table it is; null when there is none, or it is being deleted. */
export async function describeTableId(dynamo: Dynamo, name: string): Promise<string | null> {
  const table = await describeRaw(dynamo, name);
  return table === null || table.TableStatus === 'DELETING' ? null : idOf(table);
}

/** What neither a layout nor DescribeTable's usual reader speaks of; null when there is no such table. Six calls. */
export async function describeExtras(dynamo: Dynamo, name: string): Promise<ObservedExtras | null> {
  const table = await describeRaw(dynamo, name);
  if (table === null) return null;
  const { TableArn: arn = '', LatestStreamArn: stream, StreamSpecification } = table;
  const [policy, streamPolicy, kinesis, insights, window] = await Promise.all([
    policyOf(dynamo, name, arn),
    StreamSpecification?.StreamEnabled === true && stream !== undefined ? policyOf(dynamo, name, stream) : null,
    look(() => kinesisStreams(dynamo, name)),
    look(() => insightsOf(dynamo, name)),
    look(() => recoveryWindow(dynamo, name)),
  ]);
  const others = [
    ...hidden(policy, 'a resource policy', 'dynamodb:GetResourcePolicy'),
    ...(streamPolicy === null ? [] : hidden(streamPolicy, "a policy of its stream's", 'dynamodb:GetResourcePolicy')),
    ...(typeof streamPolicy === 'string' ? ["its stream's resource policy"] : []),
    ...hidden(kinesis, 'Kinesis streams', 'dynamodb:DescribeKinesisStreamingDestination'),
    ...(Array.isArray(kinesis)
      ? kinesis.map((destination) => `its changes go to the Kinesis stream ${destination}`)
      : []),
    ...hidden(insights, 'CloudWatch Contributor Insights', 'dynamodb:ListContributorInsights'),
    ...(insights === true ? ['CloudWatch Contributor Insights'] : []),
    ...(typeof window === 'number' && window !== WINDOW_DAYS ? [`a recovery window of ${window} days`] : []),
    ...manyKeyed(table),
  ];
  return {
    tableId: idOf(table),
    extras: { ...extrasOf(table), resourcePolicy: typeof policy === 'string' ? policy : null },
    others,
    notes: notesOf(table),
  };
}

/** The recovery window unless told otherwise. */
const WINDOW_DAYS = 35;

async function describeRaw(dynamo: Dynamo, name: string): Promise<TableDescription | null> {
  const answer = await ifTableExists(
    call(dynamo, 'DescribeTable', name, (client) => client.send(new DescribeTableCommand({ TableName: name }))),
  );
  return answer?.Table ?? null;
}

/** These credentials may not look, so that it might be there. */
const HIDDEN = Symbol('hidden');
type Look<T> = T | null | typeof HIDDEN;

/** null where the endpoint has nothing of the kind. */
async function look<T>(work: () => Promise<T>): Promise<Look<T>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.code === 'ACCESS_DENIED') return HIDDEN;
    // moto answers an operation that it does not know with a web page.
    if (error.code === 'NOT_SUPPORTED' || error.cause instanceof SyntaxError) return null;
    throw error;
  }
}

const hidden = (found: Look<unknown>, what: string, action: string): readonly string[] =>
  found === HIDDEN ? [`${what}, if it has any: these credentials may not look (${action})`] : [];

/** moto takes a stream, and a table without a policy, for something that is not there. */
const isNone = ({ isAws }: Dynamo, { code, cause }: CliError): boolean =>
  (cause instanceof Error && cause.name === 'PolicyNotFoundException') || (!isAws && code === 'TABLE_NOT_FOUND');

const policyOf = (dynamo: Dynamo, name: string, arn: string): Promise<Look<string>> =>
  look(async () => {
    try {
      const { Policy = null } = await call(dynamo, 'GetResourcePolicy', name, (client) =>
        client.send(new GetResourcePolicyCommand({ ResourceArn: arn })),
      );
      return Policy;
    } catch (error) {
      if (error instanceof CliError && isNone(dynamo, error)) return null;
      throw error;
    }
  }).then((found) => found ?? null);

async function kinesisStreams(dynamo: Dynamo, name: string): Promise<readonly string[]> {
  const { KinesisDataStreamDestinations = [] } = await call(
    dynamo,
    'DescribeKinesisStreamingDestination',
    name,
    (client) => client.send(new DescribeKinesisStreamingDestinationCommand({ TableName: name })),
  );
  return KinesisDataStreamDestinations.filter(
    ({ DestinationStatus }) => DestinationStatus !== 'DISABLED' && DestinationStatus !== 'ENABLE_FAILED',
  ).map(({ StreamArn = '' }) => StreamArn);
}

async function insightsOf(dynamo: Dynamo, name: string): Promise<boolean> {
  let start: string | undefined;
  do {
    const page = await call(dynamo, 'ListContributorInsights', name, (client) =>
      client.send(new ListContributorInsightsCommand({ TableName: name, ...(start && { NextToken: start }) })),
    );
    const on = (page.ContributorInsightsSummaries ?? []).some(
      ({ ContributorInsightsStatus: status }) => status === 'ENABLED' || status === 'ENABLING',
    );
    if (on) return true;
    start = page.NextToken;
  } while (start !== undefined);
  return false;
}

/** Days; undefined where recovery is off. */
async function recoveryWindow(dynamo: Dynamo, name: string): Promise<number | undefined> {
  const { ContinuousBackupsDescription: backups } = await call(dynamo, 'DescribeContinuousBackups', name, (client) =>
    client.send(new DescribeContinuousBackupsCommand({ TableName: name })),
  );
  const recovery = backups?.PointInTimeRecoveryDescription;
  return recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? recovery.RecoveryPeriodInDays : undefined;
}

/** -1 stands for no limit. */
const units = (value: number | undefined): number | null => (value === undefined || value < 1 ? null : value);

function maximumOf(throughput: OnDemandThroughput | undefined): OnDemandMaximum | null {
  const most = {
    readUnits: units(throughput?.MaxReadRequestUnits),
    writeUnits: units(throughput?.MaxWriteRequestUnits),
  };
  return most.readUnits === null && most.writeUnits === null ? null : most;
}

function extrasOf(table: TableDescription): Omit<TableExtras, 'resourcePolicy'> {
  const { AttributeDefinitions: definitions = [], GlobalSecondaryIndexes: indexes = [] } = table;
  const onDemand = table.BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST';
  return {
    localIndexes: (table.LocalSecondaryIndexes ?? []).flatMap((index): readonly LocalIndex[] => {
      const { sortKey } = keysOf(index.KeySchema, definitions);
      if (sortKey === undefined) return [];
      return [{ name: index.IndexName ?? '', sortKey, projection: projectionOf(index) }];
    }),
    indexCapacity: onDemand
      ? {}
      : Object.fromEntries(
          indexes.flatMap(({ IndexName = '', ProvisionedThroughput }) => {
            const capacity = capacityOf(ProvisionedThroughput);
            // The embedded engine says 0 of an index whose table was on demand before; there is no such capacity.
            const isTold = capacity.readCapacityUnits > 0 && capacity.writeCapacityUnits > 0;
            return isTold ? [[IndexName, capacity]] : [];
          }),
        ),
    onDemandMaximum: maximumOf(table.OnDemandThroughput),
    indexMaximum: Object.fromEntries(
      indexes.flatMap(({ IndexName = '', OnDemandThroughput }) => {
        const most = maximumOf(OnDemandThroughput);
        return most === null ? [] : [[IndexName, most]];
      }),
    ),
  };
}

/** An index may have up to four attributes in either part of its key; only the first of each is known here. */
function manyKeyed({ GlobalSecondaryIndexes: indexes = [] }: TableDescription): readonly string[] {
  return indexes.flatMap(({ IndexName = '', KeySchema = [] }) =>
    ['HASH', 'RANGE'].some((kind) => KeySchema.filter(({ KeyType }) => KeyType === kind).length > 1)
      ? [`the index ${IndexName}, whose key has several attributes in one part`]
      : [],
  );
}

/** What a new table on demand bears at once, units a second [DG]. */
const NEW_TABLE = { read: 12_000, write: 4000 };

function notesOf({ BillingModeSummary, WarmThroughput: warm }: TableDescription): readonly string[] {
  if (BillingModeSummary?.BillingMode !== 'PAY_PER_REQUEST')
    return ['auto scaling, if there is any, belongs to another service and cannot be seen here: look at it afterwards'];
  const [read, write] = [warm?.ReadUnitsPerSecond ?? 0, warm?.WriteUnitsPerSecond ?? 0];
  return read > NEW_TABLE.read || write > NEW_TABLE.write
    ? [`it is warm for ${read} reads and ${write} writes a second; a new table begins with 12000 and 4000`]
    : [];
}
