import type { DesiredTable, IndexSpec, ObservedIndex, ObservedTable, Step, TablePlan } from '../../src/schema/index.js';

const built = (index: IndexSpec): ObservedIndex => ({
  name: index.name,
  partitionKey: index.partitionKey,
  ...(index.sortKey !== undefined && { sortKey: index.sortKey }),
  projection: index.projection,
  status: 'ACTIVE',
  backfilling: false,
  itemCount: 0,
  sizeBytes: 0,
});

const arnOf = (key: string): string | null =>
  key === 'default' ? null : key.startsWith('arn:') ? key : `arn:aws:kms:eu-west-1:111122223333:key/${key}`;

/** What CreateTable answers for what it is given: TTL, recovery and replicas are not among it. */
function create(desired: DesiredTable): ObservedTable {
  if (desired.keys === null) throw new Error('CreateTable needs keys');
  return {
    name: desired.name,
    arn: `arn:aws:dynamodb:eu-west-1:111122223333:table/${desired.name}`,
    status: 'ACTIVE',
    createdAt: 0,
    itemCount: 0,
    sizeBytes: 0,
    keys: desired.keys,
    indexes: desired.indexes.map(built),
    ttl: { status: 'DISABLED', attribute: null },
    stream: desired.stream ? { enabled: true, viewType: desired.stream } : { enabled: false, viewType: null },
    billing: desired.billing ?? { mode: 'on-demand' },
    pointInTimeRecovery: { enabled: false },
    deletionProtection: desired.deletionProtection ?? false,
    tableClass: desired.tableClass ?? 'STANDARD',
    encryption: { kmsKey: arnOf(desired.kmsKey ?? 'default') },
    tags: desired.tags,
    replicas: [],
  };
}

/** What a step means for a table, written down apart from the code that plans it; throws where AWS would refuse. */
function apply(table: ObservedTable, step: Exclude<Step, { do: 'createTable' }>): ObservedTable {
  const without = (name: string): readonly ObservedIndex[] => table.indexes.filter((index) => index.name !== name);
  const isThere = (name: string): boolean =>
    table.indexes.some((index) => index.name === name && index.status !== 'DELETING');
  switch (step.do) {
    case 'setBilling':
      return { ...table, billing: step.billing };
    case 'setDeletionProtection':
      return { ...table, deletionProtection: step.on };
    case 'setTableClass':
      return { ...table, tableClass: step.tableClass };
    case 'setEncryption':
      return { ...table, encryption: { kmsKey: arnOf(step.kmsKey) } };
    case 'deleteIndex':
      if (!isThere(step.index)) throw new Error(`no index ${step.index} to delete`);
      return { ...table, indexes: without(step.index) };
    case 'createIndex':
      if (isThere(step.index.name)) throw new Error(`index ${step.index.name} is there already`);
      return { ...table, indexes: [...without(step.index.name), built(step.index)] };
    case 'replaceIndex':
      if (!isThere(step.index.name)) throw new Error(`no index ${step.index.name} to replace`);
      return { ...table, indexes: [...without(step.index.name), built(step.index)] };
    case 'setStream':
      // AWS refuses to turn off a stream that is off, and to change the view of one that is on.
      if (step.from !== (table.stream.enabled && table.stream.viewType)) throw new Error('another stream was seen');
      return { ...table, stream: step.to ? { enabled: true, viewType: step.to } : { enabled: false, viewType: null } };
    case 'setTtl': {
      const isOn = table.ttl.status === 'ENABLED' || table.ttl.status === 'ENABLING';
      if (step.from !== (isOn ? table.ttl.attribute : null)) throw new Error('another TTL was seen');
      return {
        ...table,
        ttl: step.to === false ? { status: 'DISABLED', attribute: null } : { status: 'ENABLING', attribute: step.to },
      };
    }
    case 'setPointInTimeRecovery':
      if (table.pointInTimeRecovery === null) throw new Error('there is no recovery here');
      return { ...table, pointInTimeRecovery: { enabled: step.on } };
    case 'setTags':
      return { ...table, tags: { ...table.tags, ...step.tags } };
    case 'addReplica':
      return { ...table, replicas: [...table.replicas, { region: step.region, status: 'ACTIVE' }] };
  }
}

/** The table after a plan's steps, each carried out once, in the plan's order. */
export function applyPlan(observed: ObservedTable | null, { desired, changes }: TablePlan): ObservedTable {
  let table = observed;
  for (const step of new Set(changes.map((change) => change.step))) {
    if (step === null) continue;
    if (step.do === 'createTable') {
      if (table !== null) throw new Error('the table is there already');
      table = create(desired);
    } else {
      if (table === null) throw new Error(`${step.do} before the table is there`);
      table = apply(table, step);
    }
  }
  if (table === null) throw new Error('the plan makes no table');
  return table;
}
