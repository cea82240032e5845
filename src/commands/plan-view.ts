import type { AppliedChange, AppliedTable, PlannedTable, SetupPlan, SetupResult } from '../operations/setup/setup.js';
import type { Page } from '../output/page.js';
import type { Change } from '../schema/index.js';

type ShownTable = PlannedTable | AppliedTable;
type ShownChange = Change | AppliedChange;

const valueText = (value: Change['from']): string => (value === null ? 'none' : value === true ? 'on' : value || 'off');

const NAMES: Readonly<Record<string, string>> = {
  table: 'keys',
  keySchema: 'keys',
  billingMode: 'billing',
  ttl: 'TTL',
  pointInTimeRecovery: 'point-in-time recovery',
  deletionProtection: 'deletion protection',
  tableClass: 'table class',
};

/** A property as people say it: `index LastActivityIndex`, `point-in-time recovery`. */
const propertyText = (property: string): string => NAMES[property] ?? property.replace(':', ' ');

function valuesText({ from, to, kind }: ShownChange, arrow: string): string {
  if (kind === 'add' || kind === 'unsupported') return valueText(to);
  return kind === 'remove' ? valueText(from) : `${valueText(from)} ${arrow} ${valueText(to)}`;
}

const hasOutcome = (change: ShownChange, outcome: AppliedChange['outcome']): boolean =>
  'outcome' in change && change.outcome === outcome;

const isDone = (change: ShownChange): boolean => hasOutcome(change, 'done');

const isLeftOut = (change: ShownChange): boolean => change.kind === 'unsupported' || hasOutcome(change, 'unsupported');

/** What else is to be said of a change, a line each. */
function remarksOf(change: ShownChange): readonly string[] {
  const { kind, loses, note, reason, wayOut } = change;
  return [
    ...(loses === undefined ? [] : [`loses ${loses}`]),
    ...(note === undefined || isDone(change) || isLeftOut(change) ? [] : [note]),
    ...(isLeftOut(change) ? [`left out: ${reason ?? 'this endpoint does not offer it'}`] : []),
    ...(kind === 'blocked' ? [`${reason ?? ''}. The way out: ${wayOut ?? 'none'}.`] : []),
    ...('outcome' in change && change.outcome === 'failed' ? [`failed: ${change.error ?? 'see below'}`] : []),
    ...('outcome' in change && change.outcome === 'pending' ? ['not done yet'] : []),
  ];
}

const LINE_OF = {
  add: 'added',
  remove: 'removed',
  change: 'changed',
  unsupported: 'same',
  blocked: 'blocked',
} as const satisfies Record<ShownChange['kind'], keyof Page>;

function changeLines(page: Page, change: ShownChange, width: number): readonly string[] {
  const values = valuesText(change, page.unicode ? '→' : '->');
  const line = page[LINE_OF[isLeftOut(change) ? 'unsupported' : change.kind]](
    `  ${propertyText(change.property).padEnd(width)}  ${values}`,
  );
  return [line, ...remarksOf(change).map((remark) => page.block(remark, 6))];
}

const isApplied = ({ changes }: ShownTable): boolean => changes.some((change) => 'outcome' in change);

/** What is to be done with a table, or what became of it. */
function verbOf(table: ShownTable): string {
  const [to, past] = table.action === 'create' ? ['create', 'created'] : ['change', 'changed'];
  if (!isApplied(table)) return to;
  const wanted = table.changes.filter((change) => !isLeftOut(change));
  if (wanted.length > 0 && wanted.every(isDone)) return past;
  return wanted.some(isDone) ? `${past} in part` : `not ${past}`;
}

function tableHeading(page: Page, table: ShownTable): string {
  const { action, name, role } = table;
  const text = `${name} (${role})`;
  switch (action) {
    case 'create':
      return page.added(`${text}: ${verbOf(table)}`);
    case 'update':
      return page.changed(`${text}: ${verbOf(table)}`);
    case 'none':
      return page.same(`${text}: as it should be`);
    case 'blocked':
      return page.blocked(`${text}: blocked`);
  }
}

/**
 * A plan, or what became of it, for people: `+ ~ - = !` before each table and change. `brief`, for a plan that was shown
 * already, leaves out the changes that were made.
 */
export function planText(page: Page, plan: SetupPlan | SetupResult, { brief = false } = {}): string {
  return plan.tables
    .map((table) => {
      const all: readonly ShownChange[] = table.changes;
      const changes = brief ? all.filter((change) => !isDone(change)) : all;
      const width = Math.max(0, ...changes.map(({ property }) => propertyText(property).length));
      return [tableHeading(page, table), ...changes.flatMap((change) => changeLines(page, change, width))].join('\n');
    })
    .join('\n');
}

/** The changes that the contract names, with their outcome once there is one. */
export function tablesJson(plan: SetupPlan | SetupResult): readonly object[] {
  return plan.tables.map(({ name, role, action, changes }) => ({
    name,
    role,
    action,
    changes: changes.map((change: ShownChange) => ({
      property: change.property,
      from: change.from,
      to: change.to,
      kind: change.kind,
      ...(change.loses !== undefined && { loses: change.loses }),
      ...(change.note !== undefined && { note: change.note }),
      ...(change.reason !== undefined && { reason: change.reason }),
      ...(change.wayOut !== undefined && { wayOut: change.wayOut }),
      ...('outcome' in change && { outcome: change.outcome }),
      ...('error' in change && { error: change.error }),
    })),
  }));
}

export const PLAN_COLUMNS = ['table', 'role', 'action', 'property', 'from', 'to', 'outcome'] as const;

/** A line a change; a table without changes has one line. */
export function planRecords(plan: SetupPlan | SetupResult): readonly Record<string, unknown>[] {
  return plan.tables.flatMap(({ name, role, action, changes }) => {
    const head = { table: name, role, action };
    if (changes.length === 0) return [{ ...head, property: '', from: '', to: '', outcome: '' }];
    return changes.map((change: ShownChange) => ({
      ...head,
      property: change.property,
      from: change.from ?? '',
      to: change.to ?? '',
      outcome: 'outcome' in change ? change.outcome : '',
    }));
  });
}
