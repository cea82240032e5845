import { invalid, invalidValue } from './errors.js';
import { type Json, objectIn, objectsIn, textIn } from './json.js';
import type { Aspect, Change, DoubleContext, TableState } from './state.js';
import { billingOf } from './throughput.js';

/** Replicas of global tables, version 2019.11.21. */
export const replicaAspect: Aspect = (double, table, body, before) => {
  if (body['ReplicaUpdates'] === undefined) return undefined;
  const [update, ...more] = objectsIn(body, 'ReplicaUpdates');
  if (update === undefined)
    throw invalid('There are no actions specified in the Replica Update Action of the request.');
  if (more.length > 0) {
    throw invalid('Update table operation with more than one create or delete replica actions not allowed');
  }
  const create = objectIn(update, 'Create');
  const action = create ?? objectIn(update, 'Update') ?? objectIn(update, 'Delete') ?? {};
  const region = textIn(action, 'RegionName') ?? '';
  if (region === double.region) throw invalid('Cannot add or delete the local region through ReplicaUpdates.');
  const unsettled = [...table.replicas.values()].find(({ status }) => status !== 'ACTIVE');
  if (unsettled !== undefined) throw replicaInCreation(table.name, unsettled.region);
  if (create !== undefined) return creation(double, table, create, region, before);
  const replica = table.replicas.get(region);
  if (replica === undefined) {
    throw invalid(
      `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${region}].`,
    );
  }
  return {
    busyFor: double.delays.update,
    apply: () => {
      const status = update['Delete'] === undefined ? 'UPDATING' : 'DELETING';
      table.replicas.set(region, {
        region,
        status,
        settledAt: double.now() + double.delays.replica,
        details: status === 'UPDATING' ? { ...replica.details, ...detailsOf(action) } : replica.details,
      });
    },
  };
};

export const replicaInCreation = (table: string, region: string): Error =>
  invalid(
    `Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘${table}’ in region: ‘${region}’.`,
  );

/** What DescribeTable tells of a replica's own settings. */
function detailsOf(action: Json): Json {
  const key = textIn(action, 'KMSMasterKeyId');
  const tableClass = textIn(action, 'TableClassOverride');
  return {
    ...(key !== undefined && { KMSMasterKeyId: key }),
    ...(tableClass !== undefined && { ReplicaTableClassSummary: { TableClass: tableClass } }),
  };
}

function creation(double: DoubleContext, table: TableState, create: Json, region: string, before: Json): Change {
  if (table.replicas.has(region)) {
    throw invalid(
      `Failed to create a the new replica of table with name: ‘${table.name}’ because one or more replicas already existed as tables.`,
    );
  }
  if (billingOf(before) === 'PROVISIONED') {
    throw invalid('Table write capacity should either be Pay-Per-Request or AutoScaled.');
  }
  if (table.key !== undefined && textIn(create, 'KMSMasterKeyId') === undefined) {
    throw invalidValue('KMSMasterKeyId must be specified for each replica.');
  }
  const streaming = objectIn(before, 'StreamSpecification')?.['StreamEnabled'] === true;
  return {
    // Version 2019.11.21 turns a stream on by itself, and takes one that is there as it is.
    ...(!streaming && {
      forward: { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } },
    }),
    busyFor: double.delays.update,
    apply: () => {
      const settledAt = double.now() + double.delays.replica;
      table.replicas.set(region, { region, status: 'CREATING', settledAt, details: detailsOf(create) });
    },
  };
}
