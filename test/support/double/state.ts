import type { Json } from './json.js';
import type { ShardedStream } from './streams.js';

/** How long AWS takes for what an engine does at once, in milliseconds; each 30 unless told otherwise. */
export interface Delays {
  /** CREATING after CreateTable. */
  create: number;
  /** UPDATING after UpdateTable. */
  update: number;
  /** DELETING after DeleteTable. */
  delete: number;
  /** A new index: the table UPDATING, the index CREATING and not yet Backfilling. */
  allocate: number;
  /** A new index after that: the table ACTIVE, the index CREATING and Backfilling. */
  backfill: number;
  /** After ACTIVE, until backups and point-in-time recovery can be used. */
  backups: number;
  /** A backup is CREATING. */
  backup: number;
  /** A table that is restored is CREATING. */
  restore: number;
  /** An export is IN_PROGRESS. */
  export: number;
  /** An import is IN_PROGRESS, and its table CREATING. */
  import: number;
  /** TTL is ENABLING or DISABLING. */
  ttl: number;
  /** After a change of TTL, the next one is refused; an hour by the SDK's documentation. */
  ttlCooldown: number;
  /** SSEDescription.Status is UPDATING. */
  encryption: number;
  /** A replica is CREATING, UPDATING or DELETING. */
  replica: number;
  /** ListTagsOfResource still shows the old tags, and they cannot be changed again. */
  tags: number;
  /** After a change of deletion protection, the next one is throttled; 15 s on AWS, none here unless asked for. */
  protectionCooldown: number;
}

export const DEFAULT_DELAYS: Readonly<Delays> = {
  create: 30,
  update: 30,
  delete: 30,
  allocate: 30,
  backfill: 30,
  backups: 30,
  backup: 30,
  restore: 30,
  export: 30,
  import: 30,
  ttl: 30,
  ttlCooldown: 30,
  encryption: 30,
  replica: 30,
  tags: 30,
  protectionCooldown: 0,
};

interface IndexState {
  /** When it starts to back-fill. */
  readonly backfillAt: number;
  readonly activeAt: number;
}

export interface ReplicaState {
  readonly region: string;
  status: 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE';
  /** When `status` gives way to ACTIVE, or the replica to nothing. */
  settledAt: number;
  readonly details: Json;
}

/** What the double knows of a table beyond the engine. Instants are epoch milliseconds. */
export interface TableState {
  readonly name: string;
  /** Until then CREATING. */
  readonly activeAt: number;
  /** Until then UPDATING. */
  busyUntil: number;
  deleting?: { readonly until: number; readonly description: Json };
  ttl?: { readonly enabled: boolean; readonly attribute: string; readonly settledAt: number; readonly freeAt: number };
  recovery?: { readonly since: number; readonly days: number };
  /** ARN of the KMS key; absent with DynamoDB's own. */
  key?: string;
  keyChange?: { readonly until: number; readonly before: string | undefined };
  /** Indexes that UpdateTable made. */
  readonly indexes: Map<string, IndexState>;
  readonly deletedIndexes: Map<string, { readonly until: number; readonly description: Json }>;
  /** Provisioned throughput of indexes, which the engine does not keep. */
  readonly indexThroughput: Map<string, Json>;
  readonly replicas: Map<string, ReplicaState>;
  /** AWS goes on naming the last stream when it is disabled. */
  lastStream?: Json;
  /** When on-demand billing was last set. */
  onDemandSince?: number;
  tagsBefore?: { readonly tags: readonly Json[]; readonly until: number };
  protectionChangedAt?: number;
  /** RestoreSummary of a table that was restored, without RestoreInProgress; that is as long as it is CREATING. */
  restored?: Json;
}

/** An on-demand or SYSTEM backup. */
export interface BackupState {
  readonly arn: string;
  readonly name: string;
  readonly type: 'USER' | 'SYSTEM' | 'AWS_BACKUP';
  readonly tableName: string;
  readonly createdAt: number;
  readonly availableAt: number;
  readonly expiresAt?: number;
  /** The table as it was, in the shapes of SourceTableDetails and SourceTableFeatureDetails. */
  readonly source: Json;
  readonly features: Json;
  /** The definitions of key attributes, which AWS does not tell of a backup. */
  readonly definitions: readonly Json[];
  readonly items: readonly Json[];
}

/** An export to S3, or an import from it: its description, and what is added once it is over. */
export interface TransferState {
  readonly arn: string;
  readonly completedAt: number;
  readonly description: Json;
  readonly result: Json;
}

/** All that the parts of the double share. */
export interface DoubleContext {
  readonly region: string;
  readonly account: string;
  readonly delays: Delays;
  readonly now: () => number;
  readonly tables: Map<string, TableState>;
  readonly backups: BackupState[];
  /** Streams in shards, by table; those of other tables are the engine's. */
  readonly streams: Map<string, ShardedStream>;
  /** CloudWatch's, as it describes them; a test puts them there. */
  readonly alarms: Json[];
  readonly exports: TransferState[];
  readonly imports: TransferState[];
  /** What lies in S3: items by `bucket/prefix/AWSDynamoDB/id/data/`. */
  readonly s3: Map<string, readonly Json[]>;
  /** Calls the real engine; ARNs are translated both ways, its errors are thrown. */
  readonly engine: (operation: string, body: Json) => Promise<Json>;
}

export type Handler = (double: DoubleContext, body: Json) => Promise<Json>;

/** What one setting of an UpdateTable request leads to. */
export interface Change {
  /** What the engine is to be told of it. */
  readonly forward?: Json;
  /** For how many milliseconds the table is UPDATING. */
  readonly busyFor?: number;
  readonly apply?: () => void;
}

/** One kind of setting that UpdateTable changes: throws what AWS would refuse, and changes nothing itself. */
export type Aspect = (double: DoubleContext, table: TableState, body: Json, before: Json) => Change | undefined;

/** A table as if it had been there for ever: for those that a test made on the engine itself. */
export const newTable = (name: string, activeAt = 0): TableState => ({
  name,
  activeAt,
  busyUntil: 0,
  indexes: new Map(),
  deletedIndexes: new Map(),
  indexThroughput: new Map(),
  replicas: new Map(),
});

/** The state of a table, with all that time has settled taken away. */
export function stateOf(double: DoubleContext, name: string): TableState {
  const now = double.now();
  const known = double.tables.get(name);
  const table = known === undefined || (known.deleting?.until ?? Infinity) <= now ? newTable(name) : known;
  double.tables.set(name, table);
  if ((table.keyChange?.until ?? Infinity) <= now) delete table.keyChange;
  for (const [index, { until }] of table.deletedIndexes) if (until <= now) table.deletedIndexes.delete(index);
  for (const [region, replica] of table.replicas) {
    if (replica.settledAt > now) continue;
    if (replica.status === 'DELETING') table.replicas.delete(region);
    else replica.status = 'ACTIVE';
  }
  return table;
}

export const isCreating = (double: DoubleContext, table: TableState): boolean => double.now() < table.activeAt;

export const isUpdating = (double: DoubleContext, table: TableState): boolean => double.now() < table.busyUntil;

/** Names of the indexes that are not yet ACTIVE. */
export const indexesInCreation = (double: DoubleContext, table: TableState): readonly string[] =>
  [...table.indexes].filter(([, { activeAt }]) => double.now() < activeAt).map(([name]) => name);

export const tableArn = (double: DoubleContext, name: string): string =>
  `arn:aws:dynamodb:${double.region}:${double.account}:table/${name}`;

/** AWS writes times as epoch seconds. */
export const seconds = (instant: number): number => instant / 1000;
