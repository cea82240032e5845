import { replicaChanges, updateChanges } from './changes.js';
import { describeBilling, describeIndex, describeKeys } from './describe.js';
import type { DesiredTable } from './desired.js';
import type { Change, DiffOptions, Step, TablePlan, Value } from './plan.js';
import type { ObservedTable } from './types.js';

export type { Change, DiffOptions, Step, TablePlan, Value } from './plan.js';

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
