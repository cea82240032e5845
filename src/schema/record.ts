import * as v from 'valibot';
import type { DesiredTable } from './desired.js';
import type { TableExtras } from './extras.js';
import type { IndexSpec, KeySchema, ObservedTable, TableRole } from './types.js';

const keyType = v.picklist(['S', 'N', 'B']);
const keyAttribute = v.object({ name: v.string(), type: keyType });
const keySchema = { partitionKey: keyAttribute, sortKey: v.exactOptional(keyAttribute) };
const capacity = v.pipe(v.number(), v.integer(), v.minValue(1));
const capacities = { readCapacityUnits: capacity, writeCapacityUnits: capacity };
const projectionShape = v.object({
  type: v.picklist(['ALL', 'KEYS_ONLY', 'INCLUDE']),
  nonKeyAttributes: v.exactOptional(v.array(v.string())),
});
const maximum = v.object({ readUnits: v.nullable(capacity), writeUnits: v.nullable(capacity) });

const RECORD = v.object({
  version: v.literal(1),
  name: v.string(),
  role: v.picklist(['sessions', 'events']),
  layout: v.string(),
  region: v.string(),
  recordedAt: v.number(),
  keys: v.object(keySchema),
  indexes: v.array(
    v.object({
      ...keySchema,
      name: v.string(),
      projection: projectionShape,
    }),
  ),
  ttlAttribute: v.nullable(v.string()),
  stream: v.nullable(v.picklist(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'])),
  billing: v.variant('mode', [
    v.object({ mode: v.literal('on-demand') }),
    v.object({ mode: v.literal('provisioned'), ...capacities }),
  ]),
  pointInTimeRecovery: v.nullable(v.boolean()),
  deletionProtection: v.boolean(),
  tableClass: v.picklist(['STANDARD', 'STANDARD_INFREQUENT_ACCESS']),
  kmsKey: v.nullable(v.string()),
  tags: v.nullable(v.record(v.string(), v.string())),
  replicas: v.array(v.string()),
  extras: v.exactOptional(
    v.object({
      localIndexes: v.array(v.object({ name: v.string(), sortKey: keyAttribute, projection: projectionShape })),
      indexCapacity: v.record(v.string(), v.object(capacities)),
      onDemandMaximum: v.nullable(maximum),
      indexMaximum: v.record(v.string(), maximum),
      resourcePolicy: v.nullable(v.string()),
    }),
  ),
  // Earlier records have none.
  alarms: v.optional(v.nullable(v.array(v.string())), null),
  others: v.array(v.string()),
});

/**
 * How one table was set, as plain JSON: what a backup, an archive or a table that is dropped is put back from. Epoch
 * milliseconds; null where a setting was off, or, for recovery and tags, not to be read.
 */
export interface TableRecord {
  readonly version: 1;
  readonly name: string;
  readonly role: TableRole;
  /** The layout's id. */
  readonly layout: string;
  readonly region: string;
  readonly recordedAt: number;
  readonly keys: KeySchema;
  readonly indexes: readonly IndexSpec[];
  readonly ttlAttribute: string | null;
  readonly stream: Exclude<DesiredTable['stream'], false | undefined> | null;
  readonly billing: ObservedTable['billing'];
  readonly pointInTimeRecovery: boolean | null;
  readonly deletionProtection: boolean;
  readonly tableClass: ObservedTable['tableClass'];
  /** A key's ARN; null for the key that DynamoDB owns. */
  readonly kmsKey: string | null;
  readonly tags: Readonly<Record<string, string>> | null;
  /** Regions. */
  readonly replicas: readonly string[];
  /** Left out where they were not read. */
  readonly extras?: TableExtras;
  /** The names of CloudWatch's alarms on the table; null where they were not read. */
  readonly alarms: readonly string[] | null;
  /** Settings that the table had and that cannot be put back here, in words. */
  readonly others: readonly string[];
}

export interface RecordFacts {
  readonly role: TableRole;
  readonly layout: string;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly extras?: TableExtras;
  readonly others: readonly string[];
}

/** AWS's own tags cannot be set by anyone else. */
const isOwnTag = ([key]: readonly [string, string]): boolean => !key.startsWith('aws:');

export function recordOf(
  table: ObservedTable,
  { role, layout, region, now, extras, others }: RecordFacts,
): TableRecord {
  const ttlIsOn = table.ttl.status === 'ENABLED' || table.ttl.status === 'ENABLING';
  return {
    version: 1,
    name: table.name,
    role,
    layout,
    region,
    recordedAt: now,
    keys: table.keys,
    indexes: table.indexes
      .filter(({ status }) => status !== 'DELETING')
      .map(({ name, partitionKey, sortKey, projection }) => ({
        name,
        partitionKey,
        ...(sortKey && { sortKey }),
        projection,
      })),
    ttlAttribute: ttlIsOn ? table.ttl.attribute : null,
    stream: table.stream.enabled ? (table.stream.viewType ?? 'KEYS_ONLY') : null,
    billing: table.billing,
    pointInTimeRecovery: table.pointInTimeRecovery?.enabled ?? null,
    deletionProtection: table.deletionProtection,
    tableClass: table.tableClass,
    kmsKey: table.encryption.kmsKey,
    tags: table.tags === null ? null : Object.fromEntries(Object.entries(table.tags).filter(isOwnTag)),
    replicas: table.replicas.map((replica) => replica.region),
    ...(extras && { extras }),
    // CloudWatch is asked only where somebody waits for it.
    alarms: null,
    others,
  };
}

/** A record out of JSON, or what is wrong with it. */
export function parseRecord(
  value: unknown,
): { readonly ok: true; readonly record: TableRecord } | { readonly ok: false; readonly reason: string } {
  const result = v.safeParse(RECORD, value);
  if (result.success) return { ok: true, record: result.output };
  const [issue] = result.issues;
  return { ok: false, reason: `${v.getDotPath(issue) ?? 'the record'}: ${issue.message}` };
}

/** What a table of this name has to be to be set as the record says; what was off is turned off. */
export function desiredOf(record: TableRecord, name: string = record.name): DesiredTable {
  return {
    role: record.role,
    name,
    keys: record.keys,
    indexes: record.indexes,
    ttlAttribute: record.ttlAttribute ?? false,
    stream: record.stream ?? false,
    tags: record.tags ?? {},
    billing: record.billing,
    pointInTimeRecovery: record.pointInTimeRecovery ?? undefined,
    deletionProtection: record.deletionProtection,
    tableClass: record.tableClass,
    kmsKey: record.kmsKey ?? 'default',
    replicas: record.replicas,
    // A policy names its table: for another one it would be refused.
    ...(record.extras && {
      extras: name === record.name ? record.extras : { ...record.extras, resourcePolicy: null },
    }),
  };
}
