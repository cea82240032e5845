import type { AttributeType, AttributeValue, Item, KeyType } from './attribute-value.js';

/** What a table of a layout is for. Every layout has `sessions`; `events` is there when events have a table of their own. */
export type TableRole = 'sessions' | 'events';

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

export interface KeySchema {
  readonly partitionKey: KeyAttribute;
  readonly sortKey?: KeyAttribute;
}

export interface Projection {
  readonly type: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  /** Only with INCLUDE; order does not matter. */
  readonly nonKeyAttributes?: readonly string[];
}

/** A global secondary index. */
export interface IndexSpec extends KeySchema {
  readonly name: string;
  readonly projection: Projection;
}

/** Provisioned, units a second. */
export interface Capacity {
  readonly readCapacityUnits: number;
  readonly writeCapacityUnits: number;
}

export type Billing = { readonly mode: 'on-demand' } | ({ readonly mode: 'provisioned' } & Capacity);

/**
 * One table of a layout. `null` means that the layout leaves the setting to its owner: it is not created, not compared
 * and never changed.
 */
export interface TableSpec {
  readonly role: TableRole;
  /** May hold `{sessions}`, which stands for the name of the sessions table. */
  readonly defaultName: string;
  /** Environment variables that override the name, the first that is set wins. */
  readonly environmentVariables: readonly string[];
  /** null only where the keys are taken from the table itself (`generic`). */
  readonly keys: KeySchema | null;
  readonly indexes: readonly IndexSpec[];
  readonly ttl: { readonly attribute: string } | null;
  readonly stream: StreamViewType | null;
  /** Values may hold `{environment}`. Tags beyond these are left alone. */
  readonly tags: Readonly<Record<string, string>>;
  readonly billing: Billing | null;
  /** What the application does with items of it; left out: all that reads and writes single items. */
  readonly calls?: readonly TableCall[];
  /** What an item of this table looks like; detection and completeness are judged by it. */
  readonly attributes: readonly AttributeSpec[];
}

/** What an application asks of a table, as DynamoDB's API and IAM name it. */
export type TableCall =
  | 'BatchGetItem'
  | 'BatchWriteItem'
  | 'DeleteItem'
  | 'GetItem'
  | 'PutItem'
  | 'Query'
  | 'Scan'
  | 'UpdateItem';

export interface AttributeSpec {
  /** The name today first, then the names that older writers used for the same thing. */
  readonly names: readonly string[];
  readonly types: readonly AttributeType[];
  /** An item without it was not written whole. */
  readonly required: boolean;
}

/**
 * How an instant is stored. `s`, `ms` and `us` are numbers since the Unix epoch; `iso` is ISO 8601 text, taken as UTC
 * where it names no zone; `auto` goes by the value's type and magnitude.
 */
export type TimeUnit = 's' | 'ms' | 'us' | 'iso' | 'auto';

/** An attribute's name, and after it the way into its decoded payload: `['data', 'task', 'createdAt']`. */
export type AttributePath = readonly [string, ...string[]];

export interface TimeField {
  /** Where the instant stands; the first path that has a value counts. */
  readonly paths: readonly AttributePath[];
  readonly unit: TimeUnit;
}

export interface ExpiryField extends TimeField {
  /** How the application reads a row without the attribute. */
  readonly missing: 'never' | 'expired';
}

/** How a payload is stored: `json` is JSON text in a string, `native` is DynamoDB's own types. */
export type Codec = 'json' | 'native';

export interface PayloadField {
  readonly names: readonly string[];
  readonly codec: Codec;
}

/** One key attribute of a session's row, and how its text becomes a part of the session's id. */
export interface IdPart {
  readonly attribute: string;
  readonly type: KeyType;
  /** Constant text before the id in the stored key; left out of the id. */
  readonly prefix?: string;
}

export type ItemCondition =
  | { readonly attribute: string; readonly equals: string }
  | { readonly attribute: string; readonly beginsWith: string }
  | { readonly attribute: string; readonly exists: true };

/** Every group must have at least one condition that holds; no group means every item. */
export type ItemFilter = readonly (readonly ItemCondition[])[];

export interface SessionMeaning {
  readonly id: readonly IdPart[];
  /** Prefixes that `show` tries before an id that it does not find as given. */
  readonly idPrefixes?: readonly string[];
  /** Whoever holds the id holds the session. */
  readonly idIsSecret: boolean;
  readonly createdAt: TimeField | null;
  readonly lastActivityAt: TimeField | null;
  readonly expiresAt: ExpiryField | null;
  readonly payload: readonly PayloadField[];
  /** A path whose value says that the session was ended but not deleted, and the values that say so. */
  readonly terminated: { readonly path: AttributePath; readonly values: readonly (string | boolean)[] } | null;
  readonly filter: ItemFilter;
  /** Attributes of a realistic item beside its id and times; `seed` writes them. */
  readonly example?: (facts: ExampleFacts) => Readonly<Record<string, AttributeValue>>;
}

export interface EventMeaning {
  /** The attribute that holds the session's id. */
  readonly sessionId: string;
  /** The attribute that orders the events of a session. */
  readonly id: KeyAttribute;
  readonly timestamp: TimeField | null;
  readonly type: readonly string[];
  readonly payload: readonly PayloadField[];
  readonly expiresAt: ExpiryField | null;
  readonly example?: (facts: ExampleFacts & { readonly sequence: number }) => Readonly<Record<string, AttributeValue>>;
}

/** What an example is made from; `random` gives a uniform integer from 0 up to, not including, its argument. */
export interface ExampleFacts {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds. */
  readonly lastActivityAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly terminated: boolean;
  readonly random: (below: number) => number;
  readonly uuid: () => string;
}

export interface PurgePolicy {
  /** False where rows are not expendable, and the reason why. */
  readonly safe: boolean;
  readonly reason: string;
}

export interface Layout {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly tables: readonly TableSpec[];
  readonly session: SessionMeaning;
  readonly event: EventMeaning | null;
  /** How the application makes session ids; `seed` follows it. */
  readonly idForm: IdForm;
  /** How long a session lives, in seconds; `seed` follows it. */
  readonly lifetimeSeconds: number;
  /** Whether expired rows may be deleted, and why. */
  readonly purge: PurgePolicy;
  /** Keys, at any depth, whose values are secrets in this layout, beside those that look secret anywhere. */
  readonly secretKeys: readonly string[];
  /** Keys whose values are no secrets although their names look like it. */
  readonly publicKeys: readonly string[];
}

export type IdForm = 'uuid-v7-simple' | 'uuid-v7' | 'uuid-v4' | 'base64url-24' | 'base64url-32' | 'owner-task';

/** What DynamoDB says of one table, in this product's words. */
export interface ObservedTable {
  readonly name: string;
  readonly arn: string | null;
  /** TableStatus: CREATING, ACTIVE, UPDATING, DELETING, … */
  readonly status: string;
  /** Epoch milliseconds. */
  readonly createdAt: number | null;
  /** As of DynamoDB's last count, up to six hours old. */
  readonly itemCount: number;
  /** As of DynamoDB's last count, up to six hours old. */
  readonly sizeBytes: number;
  readonly keys: KeySchema;
  readonly indexes: readonly ObservedIndex[];
  readonly ttl: { readonly status: TtlStatus; readonly attribute: string | null };
  readonly stream: { readonly enabled: boolean; readonly viewType: StreamViewType | null };
  readonly billing: Billing;
  /** null where the endpoint has no point-in-time recovery, or its answer may not be read. */
  readonly pointInTimeRecovery: { readonly enabled: boolean } | null;
  readonly deletionProtection: boolean;
  readonly tableClass: TableClass;
  readonly encryption: { readonly kmsKey: string | null };
  /** null where tags may not be read. */
  readonly tags: Readonly<Record<string, string>> | null;
  readonly replicas: readonly { readonly region: string; readonly status: string }[];
}

export interface ObservedIndex extends IndexSpec {
  /** IndexStatus: CREATING, ACTIVE, UPDATING, DELETING. */
  readonly status: string;
  readonly backfilling: boolean;
  readonly itemCount: number;
  readonly sizeBytes: number;
}

export type TtlStatus = 'ENABLED' | 'ENABLING' | 'DISABLED' | 'DISABLING';

export type TableClass = 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS';

export type { Item };
