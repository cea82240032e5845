import type { Capacity, KeyAttribute, Projection } from './types.js';

/** A local secondary index; its partition key is the table's. */
export interface LocalIndex {
  readonly name: string;
  readonly sortKey: KeyAttribute;
  readonly projection: Projection;
}

/** Request units a second at the most of a table on demand; null for no limit. */
export interface OnDemandMaximum {
  readonly readUnits: number | null;
  readonly writeUnits: number | null;
}

/**
 * What CreateTable takes that no layout speaks of: a table that is made anew from a record gets it, one that is there is
 * left as it is. Records by index name.
 */
export interface TableExtras {
  readonly localIndexes: readonly LocalIndex[];
  /** Provisioned capacity of the indexes; empty on demand. */
  readonly indexCapacity: Readonly<Record<string, Capacity>>;
  readonly onDemandMaximum: OnDemandMaximum | null;
  readonly indexMaximum: Readonly<Record<string, OnDemandMaximum>>;
  /** JSON text; null for none. */
  readonly resourcePolicy: string | null;
}
