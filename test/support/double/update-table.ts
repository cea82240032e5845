import { describeTable } from './describe.js';
import { encryptionAspect } from './encryption.js';
import { awsError, inUse, invalid, invalidValue, notImitated } from './errors.js';
import { indexAspect, indexChanges } from './indexes.js';
import { type Json, textIn } from './json.js';
import { replicaAspect } from './replicas.js';
import { protectionAspect, streamAspect, tableClassAspect } from './settings.js';
import {
  type Change,
  type DoubleContext,
  type Handler,
  isCreating,
  isUpdating,
  stateOf,
  type TableState,
} from './state.js';
import { throughputAspect } from './throughput.js';

const SETTINGS = [
  'BillingMode',
  'ProvisionedThroughput',
  'OnDemandThroughput',
  'GlobalSecondaryIndexUpdates',
  'StreamSpecification',
  'SSESpecification',
  'ReplicaUpdates',
  'TableClass',
  'DeletionProtectionEnabled',
];

/** Settings that AWS changes only one at a time, and what it says otherwise; the first that applies is said. */
const ALONE: readonly (readonly [setting: string, message: string])[] = [
  ['SSESpecification', 'Server-Side Encryption modification must be the only operation in the request'],
  ['TableClass', 'TableClass modification must be the only operation in the request'],
  ['DeletionProtectionEnabled', 'DeletionProtection modification must be the only operation in the request'],
  ['ReplicaUpdates', 'Requests that modify replicas or witnesses must not also modify other fields'],
];

/** "You can only perform one of the following operations at once": which settings one request may hold. */
function refuseCombination(body: Json, settings: readonly string[]): void {
  if (settings.length === 0) {
    throw invalid(
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required',
    );
  }
  const alone = ALONE.find(([setting]) => settings.includes(setting));
  if (alone !== undefined && settings.length > 1) throw invalidValue(alone[1]);
  if (settings.includes('OnDemandThroughput') && settings.some((name) => !/^(OnDemand|BillingMode)/.test(name))) {
    throw invalidValue('OnDemandThroughput can only be combined with BillingMode in an UpdateTable request');
  }
  const throughput = settings.includes('ProvisionedThroughput');
  const stream = settings.includes('StreamSpecification');
  if (indexChanges(body).length > 0) {
    if (throughput) throw invalidValue('You cannot create or delete index while updating table IOPS');
    if (stream) throw invalidValue('You cannot create or delete index while changing stream status');
  }
  if (stream && (throughput || textIn(body, 'BillingMode') === 'PROVISIONED')) {
    throw invalidValue('You cannot modify stream status while updating table IOPS');
  }
}

/** While a table is UPDATING, only its deletion protection can be changed. */
function refuseWhileUpdating(double: DoubleContext, table: TableState, settings: readonly string[]): void {
  if (!isUpdating(double, table)) return;
  if (table.replicas.size > 0) {
    throw awsError('ResourceInUseException', 'The resource which you are attempting to change is in use.');
  }
  if (settings[0] !== 'DeletionProtectionEnabled') throw inUse(`Table is being updated: ${table.name}`);
}

const isChange = (change: Change | undefined): change is Change => change !== undefined;

export const updateTable: Handler = async (double, body) => {
  const name = textIn(body, 'TableName') ?? '';
  const unknown = Object.keys(body).find(
    (member) => ![...SETTINGS, 'TableName', 'AttributeDefinitions'].includes(member),
  );
  if (unknown !== undefined) throw notImitated(`UpdateTable with ${unknown}`);
  const table = stateOf(double, name);
  if (table.deleting !== undefined) throw inUse(`Table is being deleted: ${name}`);
  const before = await describeTable(double, name);
  if (isCreating(double, table)) throw inUse(`Table is being created: ${name}`);
  const settings = SETTINGS.filter((setting) => body[setting] !== undefined);
  refuseCombination(body, settings);
  // That another index is in the making is said before that the table is UPDATING.
  const index = indexAspect(double, table, body, before);
  refuseWhileUpdating(double, table, settings);
  const others = [
    throughputAspect,
    streamAspect,
    tableClassAspect,
    protectionAspect,
    encryptionAspect,
    replicaAspect,
  ].map((aspect) => aspect(double, table, body, before));
  const changes = [index, ...others].filter(isChange);
  const forward = Object.assign({}, ...changes.map((change) => change.forward));
  if (Object.keys(forward).length > 0) await double.engine('UpdateTable', { TableName: name, ...forward });
  for (const change of changes) change.apply?.();
  const busyFor = Math.max(...changes.map((change) => change.busyFor ?? 0));
  if (busyFor > 0) table.busyUntil = double.now() + busyFor;
  return { TableDescription: await describeTable(double, name) };
};
