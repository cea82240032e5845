import { describeBilling, describeIndex, describeKeys } from './describe.js';
import { type DesiredTable, isProduction } from './desired.js';
import type { Change, DiffOptions, Step } from './plan.js';
import type { IndexSpec, KeySchema, ObservedTable, StreamViewType } from './types.js';

const sameKeys = (a: KeySchema, b: KeySchema): boolean => describeKeys(a) === describeKeys(b);

const sameIndex = (a: IndexSpec, b: IndexSpec): boolean => describeIndex(a) === describeIndex(b);

/** What differs between a table and what it should be. */
export function updateChanges(desired: DesiredTable, observed: ObservedTable, options: DiffOptions): Change[] {
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

/** Replicas that are missing; others are left alone. */
export function replicaChanges({ replicas }: DesiredTable, present: ObservedTable['replicas']): Change[] {
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
