import { awsError, inUse, invalid, invalidValue } from './errors.js';
import { isJson, type Json, numberIn, objectIn, objectsIn, textIn } from './json.js';
import { type Aspect, indexesInCreation, type TableState } from './state.js';

export type BillingMode = 'PAY_PER_REQUEST' | 'PROVISIONED';

/** The billing mode that a table description tells of, or that a request asks for. */
export function billingOf(before: Json, body: Json = {}): BillingMode {
  const asked = textIn(body, 'BillingMode') ?? textIn(objectIn(before, 'BillingModeSummary') ?? {}, 'BillingMode');
  return asked === 'PAY_PER_REQUEST' ? asked : 'PROVISIONED';
}

/** Names of the table's indexes that are not being deleted. */
const indexNames = (before: Json): readonly string[] =>
  objectsIn(before, 'GlobalSecondaryIndexes')
    .filter((index) => textIn(index, 'IndexStatus') !== 'DELETING')
    .map((index) => textIn(index, 'IndexName') ?? '');

function refuseIndexThroughput(
  table: TableState,
  name: string,
  throughput: Json,
  onDemand: boolean,
  before: Json,
): void {
  if (!indexNames(before).includes(name)) {
    throw awsError(
      'ResourceNotFoundException',
      `Requested resource not found: Index: ${name} not found for table: ${table.name}`,
    );
  }
  if (onDemand) {
    throw invalidValue(
      `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  const read = numberIn(throughput, 'ReadCapacityUnits');
  const write = numberIn(throughput, 'WriteCapacityUnits');
  if (read === undefined || write === undefined || read < 1 || write < 1) {
    throw invalidValue(`Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: ${name}`);
  }
  const current = table.indexThroughput.get(name);
  if (current?.['ReadCapacityUnits'] === read && current['WriteCapacityUnits'] === write) {
    throw invalid(
      `The provisioned throughput for the index ${name} will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the index: ${read}. Requested ReadCapacityUnits: ${read}. Current WriteCapacityUnits provisioned for the index: ${write}. Requested WriteCapacityUnits: ${write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  }
}

/** Billing mode, provisioned throughput of the table and of its indexes, on-demand maxima. */
export const throughputAspect: Aspect = (double, table, body, before) => {
  const updates = objectsIn(body, 'GlobalSecondaryIndexUpdates')
    .map((update) => update['Update'])
    .filter(isJson);
  const forward = Object.fromEntries(
    ['BillingMode', 'ProvisionedThroughput', 'OnDemandThroughput'].flatMap((member) =>
      body[member] === undefined ? [] : [[member, body[member]]],
    ),
  );
  if (updates.length === 0 && Object.keys(forward).length === 0) return undefined;
  const building = indexesInCreation(double, table);
  if (building.length > 0) {
    throw inUse(
      `Can't change table IOPS when an index is being created. Table: ${table.name} Indexes: [${building.join(', ')}]`,
    );
  }
  const mode = billingOf(before, body);
  const switched = mode !== billingOf(before);
  const asked = new Map<string, Json>();
  for (const update of updates) {
    const name = textIn(update, 'IndexName') ?? '';
    const throughput = objectIn(update, 'ProvisionedThroughput');
    if (throughput === undefined) continue;
    refuseIndexThroughput(table, name, throughput, mode === 'PAY_PER_REQUEST', before);
    asked.set(name, throughput);
  }
  const bare = indexNames(before).find((name) => !asked.has(name));
  if (switched && mode === 'PROVISIONED' && body['ProvisionedThroughput'] !== undefined && bare !== undefined) {
    throw invalidValue(`ProvisionedThroughput must be specified for index: ${bare}`);
  }
  const onlyMode = asked.size === 0 && Object.keys(forward).every((member) => member === 'BillingMode');
  return {
    forward,
    busyFor: onlyMode && !switched ? 0 : double.delays.update,
    apply: () => {
      if (switched && mode === 'PAY_PER_REQUEST') {
        table.onDemandSince = double.now();
        table.indexThroughput.clear();
      }
      for (const [name, throughput] of asked) table.indexThroughput.set(name, throughput);
    },
  };
};
