import type { TableStatus } from '../operations/tables/status.js';
import { isoTime } from '../output/format-time.js';
import type { Value } from '../schema/diff.js';
import type { KeySchema } from '../schema/types.js';

const BILLING_MODES = { 'on-demand': 'PAY_PER_REQUEST', provisioned: 'PROVISIONED' } as const;

export interface Drift {
  readonly property: string;
  readonly expected: Value;
  readonly actual: Value;
}

/** Of a table that is not there, that alone is said. */
export const drift = ({ planned, observed }: TableStatus): readonly Drift[] =>
  planned.changes
    .filter(({ kind, property }) => kind !== 'unsupported' && (observed !== null || property === 'table'))
    .map(({ property, from, to }) => ({ property, expected: to, actual: from }));

const keyNames = ({ partitionKey, sortKey }: KeySchema): object => ({
  partitionKey: partitionKey.name,
  sortKey: sortKey?.name ?? null,
});

/** Of a table that is not there every key is there, so that scripts need not look twice. */
const ABSENT = {
  status: null,
  itemCount: null,
  sizeBytes: null,
  billingMode: null,
  keySchema: null,
  indexes: [],
  ttl: null,
  stream: null,
  pointInTimeRecovery: null,
  deletionProtection: null,
  tags: {},
} as const;

export function tableJson(table: TableStatus): object {
  const { planned, observed, newestBackup, unfinished } = table;
  const { name, role } = planned;
  if (observed === null) return { name, role, exists: false, ...ABSENT, unfinished, drift: drift(table) };
  const { partitionKey, sortKey } = observed.keys;
  return {
    name,
    role,
    exists: true,
    status: observed.status,
    arn: observed.arn,
    createdAt: observed.createdAt === null ? null : isoTime(new Date(observed.createdAt)),
    itemCount: observed.itemCount,
    sizeBytes: observed.sizeBytes,
    billingMode: BILLING_MODES[observed.billing.mode],
    provisioned:
      observed.billing.mode === 'provisioned'
        ? {
            readCapacityUnits: observed.billing.readCapacityUnits,
            writeCapacityUnits: observed.billing.writeCapacityUnits,
          }
        : null,
    keySchema: { ...keyNames(observed.keys), partitionKeyType: partitionKey.type, sortKeyType: sortKey?.type ?? null },
    indexes: observed.indexes.map((index) => ({
      name: index.name,
      status: index.status,
      ...keyNames(index),
      projection: index.projection.type,
      nonKeyAttributes: index.projection.nonKeyAttributes ?? [],
      itemCount: index.itemCount,
      sizeBytes: index.sizeBytes,
    })),
    ttl: observed.ttl,
    stream: observed.stream,
    pointInTimeRecovery: observed.pointInTimeRecovery ?? { enabled: false, supported: false },
    deletionProtection: observed.deletionProtection,
    tableClass: observed.tableClass,
    encryption: observed.encryption,
    tags: observed.tags ?? {},
    replicas: observed.replicas,
    newestBackup:
      newestBackup === null || newestBackup === undefined
        ? null
        : {
            name: newestBackup.name,
            arn: newestBackup.arn,
            status: newestBackup.status,
            createdAt: isoTime(new Date(newestBackup.createdAt)),
            sizeBytes: newestBackup.sizeBytes,
          },
    unfinished,
    drift: drift(table),
  };
}

export const STATUS_COLUMNS = [
  'name',
  'role',
  'exists',
  'status',
  'itemCount',
  'sizeBytes',
  'billingMode',
  'ttl',
  'stream',
  'indexes',
  'drift',
] as const;

export function tableRecord(table: TableStatus): Record<string, unknown> {
  const { planned, observed } = table;
  return {
    name: planned.name,
    role: planned.role,
    exists: observed !== null,
    status: observed?.status ?? '',
    itemCount: observed?.itemCount ?? '',
    sizeBytes: observed?.sizeBytes ?? '',
    billingMode: observed === null ? '' : BILLING_MODES[observed.billing.mode],
    ttl: observed?.ttl.attribute ?? '',
    stream: observed?.stream.viewType ?? '',
    indexes: observed?.indexes.map(({ name }) => name).join(' ') ?? '',
    drift: drift(table)
      .map(({ property }) => property)
      .join(' '),
  };
}
