import { type Json, objectIn, objectsIn, textIn, without } from './json.js';
import {
  type DoubleContext,
  isCreating,
  isUpdating,
  type ReplicaState,
  seconds,
  stateOf,
  tableArn,
  type TableState,
} from './state.js';

/** TableDescription as AWS gives it: the engine's, merged with what only the double knows. */
export async function describeTable(double: DoubleContext, name: string): Promise<Json> {
  const table = stateOf(double, name);
  if (table.deleting !== undefined) return table.deleting.description;
  const answer = await double.engine('DescribeTable', { TableName: name });
  return merge(double, table, objectIn(answer, 'Table') ?? {});
}

function merge(double: DoubleContext, table: TableState, engine: Json): Json {
  const stream = textIn(engine, 'LatestStreamArn');
  if (stream !== undefined) {
    table.lastStream = { LatestStreamArn: stream, LatestStreamLabel: engine['LatestStreamLabel'] };
  }
  const indexes = objectsIn(engine, 'GlobalSecondaryIndexes').map((index) => mergeIndex(double, table, index));
  for (const { description } of table.deletedIndexes.values()) indexes.push(description);
  return {
    ...without(engine, ['SSEDescription', 'GlobalSecondaryIndexes', 'BillingModeSummary']),
    TableStatus: isCreating(double, table) ? 'CREATING' : isUpdating(double, table) ? 'UPDATING' : 'ACTIVE',
    ...table.lastStream,
    ...billing(table, engine),
    ...encryption(table),
    ...(table.restored !== undefined && {
      RestoreSummary: { ...table.restored, RestoreInProgress: isCreating(double, table) },
    }),
    ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    ...(table.replicas.size > 0 && {
      GlobalTableVersion: '2019.11.21',
      Replicas: [...table.replicas.values()].map((replica) => describeReplica(double, table, replica)),
    }),
  };
}

function billing(table: TableState, engine: Json): Json {
  const mode = textIn(objectIn(engine, 'BillingModeSummary') ?? {}, 'BillingMode') ?? 'PROVISIONED';
  const since = table.onDemandSince;
  // AWS leaves the summary out for a table that never was on-demand.
  if (mode === 'PROVISIONED' && since === undefined) return {};
  return {
    BillingModeSummary: {
      BillingMode: mode,
      ...(since !== undefined && { LastUpdateToPayPerRequestDateTime: seconds(since) }),
    },
  };
}

function encryption(table: TableState): Json {
  const change = table.keyChange;
  // While the key changes AWS still names the old one; with DynamoDB's own key it names none at all.
  const key = change === undefined ? table.key : (change.before ?? table.key);
  if (key === undefined) return {};
  return {
    SSEDescription: { Status: change === undefined ? 'ENABLED' : 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: key },
  };
}

function mergeIndex(double: DoubleContext, table: TableState, engine: Json): Json {
  const name = textIn(engine, 'IndexName') ?? '';
  const provisioned = table.indexThroughput.get(name);
  const description = {
    ...engine,
    IndexStatus: isCreating(double, table) ? 'CREATING' : 'ACTIVE',
    ...(provisioned !== undefined && { ProvisionedThroughput: { NumberOfDecreasesToday: 0, ...provisioned } }),
  };
  const made = table.indexes.get(name);
  if (made === undefined) return description;
  const now = double.now();
  if (now >= made.activeAt) return { ...description, Backfilling: false };
  return { ...description, IndexStatus: 'CREATING', Backfilling: now >= made.backfillAt };
}

function describeReplica(double: DoubleContext, table: TableState, replica: ReplicaState): Json {
  return {
    RegionName: replica.region,
    ReplicaStatus: replica.status,
    ReplicaArn: tableArn({ ...double, region: replica.region }, table.name),
    ...replica.details,
  };
}
