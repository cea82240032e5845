import type { Billing, IndexSpec, KeyAttribute, KeySchema, Projection } from './types.js';

/** `session_id (S)`. */
export const describeKey = ({ name, type }: KeyAttribute): string => `${name} (${type})`;

/** `session_id (S) + event_id (N)`. */
export function describeKeys({ partitionKey, sortKey }: KeySchema): string {
  return sortKey === undefined ? describeKey(partitionKey) : `${describeKey(partitionKey)} + ${describeKey(sortKey)}`;
}

/** `KEYS_ONLY`, or `INCLUDE state, ttl`. */
export function describeProjection({ type, nonKeyAttributes = [] }: Projection): string {
  return nonKeyAttributes.length === 0 ? type : `${type} ${nonKeyAttributes.toSorted().join(', ')}`;
}

/** `timestamp (N) + session_id (S), ALL`. */
export const describeIndex = (index: IndexSpec): string =>
  `${describeKeys(index)}, ${describeProjection(index.projection)}`;

/** `on-demand`, or `provisioned 5 read / 5 write`. */
export function describeBilling(billing: Billing): string {
  return billing.mode === 'on-demand'
    ? 'on-demand'
    : `provisioned ${billing.readCapacityUnits} read / ${billing.writeCapacityUnits} write`;
}
