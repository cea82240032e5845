import { describeBilling, describeIndex, describeKeys } from './describe.js';
import { type DesiredTable, isProduction } from './desired.js';
import type { Billing, IndexSpec, KeySchema, ObservedTable, StreamViewType, TableClass } from './types.js';

/** One AWS call, or a pair that belongs together, and what has to be true before the next. */
export type Step =
  | { readonly do: 'createTable' }
  | { readonly do: 'setBilling'; readonly billing: Billing }
  | { readonly do: 'setDeletionProtection'; readonly on: boolean }
  | { readonly do: 'setTableClass'; readonly tableClass: TableClass }
  | { readonly do: 'setEncryption'; readonly kmsKey: string }
  | { readonly do: 'deleteIndex'; readonly index: string }
  | { readonly do: 'createIndex'; readonly index: IndexSpec }
  | { readonly do: 'replaceIndex'; readonly index: IndexSpec }
  | { readonly do: 'setStream'; readonly from: StreamViewType | false; readonly to: StreamViewType | false }
  | { readonly do: 'addReplica'; readonly region: string }
  | { readonly do: 'setTtl'; readonly from: string | null; readonly to: string | false }
  | { readonly do: 'setPointInTimeRecovery'; readonly on: boolean }
  | { readonly do: 'setTags'; readonly tags: Readonly<Record<string, string>> };

export type Value = string | boolean | null;

/**
 * One difference. Changes that one call makes together hold the very same step: CreateTable takes indexes, stream and
 * tags along, TagResource all tags. `blocked` cannot be changed in place: `reason` and `wayOut` say why and what to do.
 * `unsupported` is what the endpoint does not offer: it is a warning and no drift.
 */
export interface Change {
  readonly property: string;
  readonly kind: 'add' | 'change' | 'remove' | 'blocked' | 'unsupported';
  readonly from: Value;
  readonly to: Value;
  readonly step: Step | null;
  readonly reason?: string;
  readonly wayOut?: string;
  /** The change throws something away that the table has: an index, recovery points. */
  readonly loses?: string;
  /** What comes with the change and the reader should know. */
  readonly note?: string;
}

export interface TablePlan {
  readonly role: DesiredTable['role'];
  readonly name: string;
  readonly action: 'create' | 'update' | 'none' | 'blocked';
  readonly desired: DesiredTable;
  readonly changes: readonly Change[];
}

export interface DiffOptions {
  /** Also remove indexes that the layout does not have, and rebuild those that differ. */
  readonly prune: boolean;
}

const sameKeys = (a: KeySchema, b: KeySchema): boolean => describeKeys(a) === describeKeys(b);

const sameIndex = (a: IndexSpec, b: IndexSpec): boolean => describeIndex(a) === describeIndex(b);

/** Steps in the order in which a table takes them; AWS allows one UpdateTable at a time. */
const ORDER: readonly Step['do'][] = [
  'createTable',
  'setDeletionProtection',
  'setBilling',
  'setTableClass',
  'setEncryption',
  'deleteIndex',
  'replaceIndex',
  'createIndex',
  'setStream',
  'addReplica',
  'setTtl',
  'setPointInTimeRecovery',
  'setTags',
];

const rank = ({ step }: Change): number => (step === null ? -1 : ORDER.indexOf(step.do));

/** What it takes to bring a table from what was observed (null: it does not exist) to what it should be. */
export function planTable(desired: DesiredTable, observed: ObservedTable | null, options: DiffOptions): TablePlan {
  const changes = observed === null ? createChanges(desired) : updateChanges(desired, observed, options);
  const ordered = changes.toSorted((a, b) => rank(a) - rank(b));
  return {
    role: desired.role,
    name: desired.name,
    action: actionOf(observed, ordered),
    desired,
    changes: ordered,
  };
}

function actionOf(observed: ObservedTable | null, changes: readonly Change[]): TablePlan['action'] {
  const real = changes.filter(({ kind }) => kind !== 'unsupported');
  if (real.some(({ kind }) => kind === 'blocked')) return 'blocked';
  if (observed === null) return 'create';
  return real.length > 0 ? 'update' : 'none';
}

function createChanges(desired: DesiredTable): Change[] {
  if (desired.keys === null)
    return [
      {
        property: 'table',
        kind: 'blocked',
        from: null,
        to: null,
        step: null,
        reason: 'the layout takes its keys from the table, so it cannot create one',
        wayOut: 'choose a layout that has keys, or describe your own in the configuration file',
      },
    ];
  const step: Step = { do: 'createTable' };
  const added = (property: string, to: Value): Change => ({ property, kind: 'add', from: null, to, step });
  const changes: Change[] = [
    added('table', describeKeys(desired.keys)),
    ...desired.indexes.map((index) => added(`index:${index.name}`, describeIndex(index))),
    ...(desired.stream ? [added('stream', desired.stream)] : []),
    added('billingMode', describeBilling(desired.billing ?? { mode: 'on-demand' })),
    ...(desired.deletionProtection === true ? [added('deletionProtection', true)] : []),
    ...(desired.tableClass === undefined ? [] : [added('tableClass', desired.tableClass)]),
    ...(desired.kmsKey === undefined || desired.kmsKey === 'default' ? [] : [added('encryption', desired.kmsKey)]),
    ...Object.entries(desired.tags).map(([key, value]) => added(`tag:${key}`, value)),
  ];
  if (desired.ttlAttribute)
    changes.push({
      property: 'ttl',
      kind: 'add',
      from: null,
      to: desired.ttlAttribute,
      step: { do: 'setTtl', from: null, to: desired.ttlAttribute },
    });
  if (desired.pointInTimeRecovery === true)
    changes.push({
      property: 'pointInTimeRecovery',
      kind: 'add',
      from: false,
      to: true,
      step: { do: 'setPointInTimeRecovery', on: true },
    });
  return [...changes, ...replicaChanges(desired, [])];
}

function updateChanges(desired: DesiredTable, observed: ObservedTable, options: DiffOptions): Change[] {
  if (desired.keys !== null && !sameKeys(desired.keys, observed.keys)) return [blockedKeys(desired.keys, observed)];
  return [
    ...settingChanges(desired, observed),
    ...indexChanges(desired, observed, options),
    ...streamChanges(desired, observed),
    ...ttlChanges(desired, observed),
    ...recoveryChanges(desired, observed),
    ...tagChanges(desired, observed),
    ...replicaChanges(desired, observed.replicas),
  ];
}

function blockedKeys(keys: KeySchema, observed: ObservedTable): Change {
  return {
    property: 'keySchema',
    kind: 'blocked',
    from: describeKeys(observed.keys),
    to: describeKeys(keys),
    step: null,
    reason: "DynamoDB cannot change a table's keys",
    wayOut:
      'if this table belongs to another layout, name it with --layout; else set up the tables under other names ' +
      '(--sessions-table, --events-table) and move the application there, or back this table up, delete it and run setup again',
  };
}

function settingChanges(desired: DesiredTable, observed: ObservedTable): Change[] {
  const changes: Change[] = [];
  const { billing, deletionProtection, tableClass, kmsKey } = desired;
  if (billing !== undefined && describeBilling(billing) !== describeBilling(observed.billing))
    changes.push({
      property: 'billingMode',
      kind: 'change',
      from: describeBilling(observed.billing),
      to: describeBilling(billing),
      step: { do: 'setBilling', billing },
    });
  if (deletionProtection !== undefined && deletionProtection !== observed.deletionProtection)
    changes.push({
      property: 'deletionProtection',
      kind: 'change',
      from: observed.deletionProtection,
      to: deletionProtection,
      step: { do: 'setDeletionProtection', on: deletionProtection },
    });
  if (tableClass !== undefined && tableClass !== observed.tableClass)
    changes.push({
      property: 'tableClass',
      kind: 'change',
      from: observed.tableClass,
      to: tableClass,
      step: { do: 'setTableClass', tableClass },
    });
  if (kmsKey !== undefined && !sameKmsKey(kmsKey, observed.encryption.kmsKey))
    changes.push({
      property: 'encryption',
      kind: 'change',
      from: observed.encryption.kmsKey ?? 'default',
      to: kmsKey,
      step: { do: 'setEncryption', kmsKey },
    });
  return changes;
}

/** DescribeTable answers with the key's ARN, whose last part is the key's id. */
function sameKmsKey(wanted: string, observed: string | null): boolean {
  if (wanted === 'default') return observed === null;
  return observed !== null && (observed === wanted || observed.endsWith(`:key/${wanted}`));
}

function indexChanges(desired: DesiredTable, observed: ObservedTable, { prune }: DiffOptions): Change[] {
  const changes: Change[] = [];
  for (const index of desired.indexes) {
    const property = `index:${index.name}`;
    const present = observed.indexes.find(({ name }) => name === index.name);
    if (present === undefined || present.status === 'DELETING') {
      changes.push({
        property,
        kind: 'add',
        from: null,
        to: describeIndex(index),
        step: { do: 'createIndex', index },
      });
    } else if (!sameIndex(index, present)) {
      const values = { property, from: describeIndex(present), to: describeIndex(index) };
      changes.push(
        prune
          ? { ...values, kind: 'change', step: { do: 'replaceIndex', index }, loses: `the index ${index.name}` }
          : {
              ...values,
              kind: 'blocked',
              step: null,
              reason: "DynamoDB cannot change an index's keys or projection",
              wayOut: `run setup with --prune: it drops the index ${index.name} and builds it anew from the table`,
            },
      );
    }
  }
  if (prune) {
    const wanted = new Set(desired.indexes.map(({ name }) => name));
    for (const index of observed.indexes.filter(({ name, status }) => !wanted.has(name) && status !== 'DELETING'))
      changes.push({
        property: `index:${index.name}`,
        kind: 'remove',
        from: describeIndex(index),
        to: null,
        step: { do: 'deleteIndex', index: index.name },
        loses: `the index ${index.name}`,
      });
  }
  return changes;
}

function streamChanges({ stream }: DesiredTable, observed: ObservedTable): Change[] {
  if (stream === undefined) return [];
  const from: StreamViewType | false = observed.stream.enabled ? (observed.stream.viewType ?? 'KEYS_ONLY') : false;
  if (from === stream) return [];
  return [
    {
      property: 'stream',
      kind: from === false ? 'add' : stream === false ? 'remove' : 'change',
      from: from || null,
      to: stream || null,
      step: { do: 'setStream', from, to: stream },
      ...(from === false ? {} : { note: 'a new stream begins empty; the old one can be read for 24 hours' }),
    },
  ];
}

function ttlChanges({ ttlAttribute }: DesiredTable, { ttl }: ObservedTable): Change[] {
  if (ttlAttribute === undefined) return [];
  const isOn = ttl.status === 'ENABLED' || ttl.status === 'ENABLING';
  const from = isOn ? ttl.attribute : null;
  if (from === (ttlAttribute || null)) return [];
  return [
    {
      property: 'ttl',
      kind: from === null ? 'add' : ttlAttribute === false ? 'remove' : 'change',
      from,
      to: ttlAttribute || null,
      step: { do: 'setTtl', from, to: ttlAttribute },
      ...(ttlAttribute === false ? {} : { note: `DynamoDB then removes rows whose '${ttlAttribute}' is past` }),
    },
  ];
}

function recoveryChanges({ pointInTimeRecovery: wanted }: DesiredTable, observed: ObservedTable): Change[] {
  if (wanted === undefined || wanted === observed.pointInTimeRecovery?.enabled) return [];
  const change = { property: 'pointInTimeRecovery', to: wanted } as const;
  if (observed.pointInTimeRecovery === null)
    return wanted
      ? [
          {
            ...change,
            kind: 'unsupported',
            from: null,
            step: null,
            reason: 'this endpoint has no point-in-time recovery, or does not let it be read',
          },
        ]
      : [];
  return [
    {
      ...change,
      kind: 'change',
      from: !wanted,
      step: { do: 'setPointInTimeRecovery', on: wanted },
      ...(wanted ? {} : { loses: 'the recovery points of the last 35 days' }),
    },
  ];
}

function tagChanges({ tags }: DesiredTable, observed: ObservedTable): Change[] {
  const present = observed.tags;
  if (present === null)
    return Object.keys(tags).length === 0
      ? []
      : [
          {
            property: 'tags',
            kind: 'unsupported',
            from: null,
            to: null,
            step: null,
            reason: 'tags may not be read here, so they were not compared',
          },
        ];
  const differing = Object.entries(tags).filter(([key, value]) => present[key] !== value);
  // One call for all of them: AWS refuses a second change of a table's tags within about two seconds.
  const step: Step = { do: 'setTags', tags: Object.fromEntries(differing) };
  return differing.map(([key, value]) => ({
    property: `tag:${key}`,
    kind: present[key] === undefined ? 'add' : 'change',
    from: present[key] ?? null,
    to: value,
    step,
    ...(key === 'Environment' && isProduction(present[key] ?? '') && !isProduction(value)
      ? { loses: "the mark that it is production's, and with it the safeguards" }
      : {}),
  }));
}

function replicaChanges({ replicas }: DesiredTable, present: ObservedTable['replicas']): Change[] {
  return replicas
    .filter((region) => !present.some((replica) => replica.region === region))
    .map((region) => ({
      property: `replica:${region}`,
      kind: 'add',
      from: null,
      to: region,
      step: { do: 'addReplica', region },
    }));
}
