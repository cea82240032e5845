import { awsError, inUse, invalid, invalidValue } from './errors.js';
import { type Json, objectIn, objectsIn, textIn } from './json.js';
import { type Aspect, type Change, type DoubleContext, indexesInCreation, type TableState } from './state.js';
import { billingOf } from './throughput.js';

/** The creations and deletions of indexes that an UpdateTable request asks for. */
export const indexChanges = (body: Json): readonly Json[] =>
  objectsIn(body, 'GlobalSecondaryIndexUpdates').filter(
    (update) => update['Create'] !== undefined || update['Delete'] !== undefined,
  );

const oneAtATime = (): Error =>
  awsError(
    'LimitExceededException',
    'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  );

const find = (before: Json, name: string): Json | undefined =>
  objectsIn(before, 'GlobalSecondaryIndexes').find((index) => textIn(index, 'IndexName') === name);

/** "You can create or delete only one global secondary index per UpdateTable operation", and one at a time per table. */
export const indexAspect: Aspect = (double, table, body, before) => {
  const [change, ...more] = indexChanges(body);
  if (change === undefined) return undefined;
  if (more.length > 0) throw oneAtATime();
  const create = objectIn(change, 'Create');
  if (create !== undefined) return creation(double, table, create, body, before);
  return deletion(double, table, textIn(objectIn(change, 'Delete') ?? {}, 'IndexName') ?? '', before);
};

function creation(double: DoubleContext, table: TableState, create: Json, body: Json, before: Json): Change {
  const name = textIn(create, 'IndexName') ?? '';
  if (indexesInCreation(double, table).length > 0 || table.deletedIndexes.size > 0) throw oneAtATime();
  if (find(before, name) !== undefined) throw invalid('Attempting to create an index which already exists');
  if (body['AttributeDefinitions'] === undefined) {
    throw invalidValue(`AttributeDefinitions is not specified for index: ${name}`);
  }
  const throughput = objectIn(create, 'ProvisionedThroughput');
  const onDemand = billingOf(before, body) === 'PAY_PER_REQUEST';
  if (onDemand && throughput !== undefined) {
    throw invalidValue(
      `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (!onDemand && throughput === undefined) {
    throw invalidValue(`Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: ${name}`);
  }
  return {
    forward: {
      AttributeDefinitions: body['AttributeDefinitions'],
      GlobalSecondaryIndexUpdates: [{ Create: create }],
    },
    busyFor: double.delays.allocate,
    apply: () => {
      const backfillAt = double.now() + double.delays.allocate;
      table.indexes.set(name, { backfillAt, activeAt: backfillAt + double.delays.backfill });
      if (throughput !== undefined) table.indexThroughput.set(name, throughput);
    },
  };
}

function deletion(double: DoubleContext, table: TableState, name: string, before: Json): Change {
  if (table.deletedIndexes.has(name)) throw inUse(`Index is being deleted.  Table: ${table.name} Index: ${name}`);
  const building = indexesInCreation(double, table);
  // "You can delete an index that is being created during the Backfilling phase", not before it.
  if (building.includes(name) && double.now() < (table.indexes.get(name)?.backfillAt ?? 0)) {
    throw inUse(
      `Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. Table: ${table.name} Index: ${name}`,
    );
  }
  if (table.deletedIndexes.size > 0 || building.some((other) => other !== name)) throw oneAtATime();
  const description = find(before, name);
  if (description === undefined) {
    throw awsError(
      'ResourceNotFoundException',
      `Requested resource not found: Index: ${name} not found for table: ${table.name}`,
    );
  }
  return {
    forward: { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: name } }] },
    busyFor: double.delays.update,
    apply: () => {
      table.indexes.delete(name);
      table.indexThroughput.delete(name);
      table.deletedIndexes.set(name, {
        until: double.now() + double.delays.update,
        description: { ...description, IndexStatus: 'DELETING' },
      });
    },
  };
}

/** A read of an index that is not ready yet is refused; the engine would answer it. */
export function refuseUnreadyIndex(double: DoubleContext, table: TableState, body: Json): void {
  const name = textIn(body, 'IndexName');
  if (name === undefined || !indexesInCreation(double, table).includes(name)) return;
  if (double.now() < (table.indexes.get(name)?.backfillAt ?? 0)) {
    throw invalid(`The table does not have the specified index: ${name}`);
  }
  throw invalid(`Cannot read from backfilling global secondary index: ${name}`);
}
