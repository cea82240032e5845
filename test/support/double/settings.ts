import { awsError, inUse, invalid, invalidValue, outsideModel } from './errors.js';
import { objectIn, textIn } from './json.js';
import { type Aspect, indexesInCreation } from './state.js';

/**
 * "You receive a ValidationException if you try to enable a stream on a table that already has a stream, or if you try
 * to disable a stream on a table that doesn't have a stream."
 */
export const streamAspect: Aspect = (double, table, body, before) => {
  const specification = objectIn(body, 'StreamSpecification');
  if (specification === undefined) return undefined;
  const enable = specification['StreamEnabled'];
  const view = textIn(specification, 'StreamViewType');
  const enabled = objectIn(before, 'StreamSpecification')?.['StreamEnabled'] === true;
  if (typeof enable !== 'boolean') {
    throw outsideModel(enable, 'streamSpecification.streamEnabled', 'Member must not be null');
  }
  if (enable && view === undefined) throw invalidValue('If stream is being enabled then UpdateViewType is required');
  if (!enable && view !== undefined) {
    throw invalidValue('If stream is being disabled, then UpdateViewType must not be specified');
  }
  if (enable && enabled) throw invalid(`Table already has an enabled stream: TableName: ${table.name}`);
  if (!enable && !enabled) throw invalid(`Table has no stream to disable: TableName: ${table.name}`);
  if (!enable && table.replicas.size > 0) {
    throw invalidValue('Disabling Stream is not allowed for a Global Table replica.');
  }
  const building = indexesInCreation(double, table);
  if (building.length > 0) {
    throw inUse(
      `Can't change stream status when an index is being created. Table: ${table.name} Indexes: [${building.join(', ')}]`,
    );
  }
  return { forward: { StreamSpecification: specification }, busyFor: double.delays.update };
};

export const tableClassAspect: Aspect = (double, _table, body, before) => {
  const asked = textIn(body, 'TableClass');
  if (asked === undefined) return undefined;
  const current = textIn(objectIn(before, 'TableClassSummary') ?? {}, 'TableClass') ?? 'STANDARD';
  // Asking for the class that a table has is accepted and changes nothing.
  if (asked === current) return {};
  return { forward: { TableClass: asked }, busyFor: double.delays.update };
};

/** Deletion protection changes at once: the table stays ACTIVE. */
export const protectionAspect: Aspect = (double, table, body) => {
  const asked = body['DeletionProtectionEnabled'];
  if (asked === undefined) return undefined;
  const free = (table.protectionChangedAt ?? -Infinity) + double.delays.protectionCooldown;
  if (double.now() < free) {
    throw awsError(
      'ThrottlingException',
      `Deletion protection setting for table ${table.name} modified within the previous ${double.delays.protectionCooldown} milliseconds. Please try again after ${new Date(free).toISOString()}`,
    );
  }
  return {
    forward: { DeletionProtectionEnabled: asked },
    apply: () => {
      table.protectionChangedAt = double.now();
    },
  };
};
