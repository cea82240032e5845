import type { TableExtras } from './extras.js';
import type {
  Billing,
  IndexSpec,
  KeySchema,
  Layout,
  StreamViewType,
  TableClass,
  TableRole,
  TableSpec,
} from './types.js';

/** What a user asks for beside the layout. A setting that is left out is the layout's, or nobody's. */
export interface SetupOverrides {
  /** The value of `{environment}` in tags; `production` also turns on recovery and protection. */
  readonly environment: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** A view type, or false for no stream. */
  readonly stream?: StreamViewType | false;
  /** An attribute, or false for no TTL. */
  readonly ttlAttribute?: string | false;
  readonly billing?: Billing;
  readonly pointInTimeRecovery?: boolean;
  readonly deletionProtection?: boolean;
  readonly tableClass?: TableClass;
  /** A key's ARN or id, for DynamoDB tells no alias; `default` for the key that DynamoDB owns. */
  readonly kmsKey?: string;
  readonly replicas?: readonly string[];
}

/** What one table should be. `undefined` leaves a setting as it is; `false` means off. */
export interface DesiredTable {
  readonly role: TableRole;
  readonly name: string;
  /** null where the keys are the table's own affair: it can be converged, not created. */
  readonly keys: KeySchema | null;
  readonly indexes: readonly IndexSpec[];
  readonly ttlAttribute: string | false | undefined;
  readonly stream: StreamViewType | false | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly billing: Billing | undefined;
  readonly pointInTimeRecovery: boolean | undefined;
  readonly deletionProtection: boolean | undefined;
  readonly tableClass: TableClass | undefined;
  readonly kmsKey: string | undefined;
  readonly replicas: readonly string[];
  /** Only a table that is created gets them. */
  readonly extras?: TableExtras;
}

/** Whether an environment's name means production; a capital or the short form must not turn its safeguards off. */
export const isProduction = (environment: string): boolean => /^prod(?:uction)?$/i.test(environment.trim());

const fillTags = (tags: TableSpec['tags'], environment: string): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, value.replaceAll('{environment}', environment)]));

/** The tables of a layout under the names that they have here, with a user's wishes applied. */
export function desiredTables(
  layout: Layout,
  names: readonly { readonly role: TableRole; readonly name: string }[],
  overrides: SetupOverrides,
): readonly DesiredTable[] {
  const production = isProduction(overrides.environment) ? true : undefined;
  return layout.tables.map((spec) => ({
    role: spec.role,
    name: names.find(({ role }) => role === spec.role)?.name ?? spec.defaultName,
    keys: spec.keys,
    indexes: spec.indexes,
    ttlAttribute: overrides.ttlAttribute ?? spec.ttl?.attribute,
    stream: overrides.stream ?? spec.stream ?? undefined,
    tags: { ...fillTags(spec.tags, overrides.environment), ...overrides.tags },
    billing: overrides.billing ?? spec.billing ?? undefined,
    pointInTimeRecovery: overrides.pointInTimeRecovery ?? production,
    deletionProtection: overrides.deletionProtection ?? production,
    tableClass: overrides.tableClass,
    kmsKey: overrides.kmsKey,
    replicas: overrides.replicas ?? [],
  }));
}
