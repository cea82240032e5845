import type { AppliedChange, AppliedTable, PlannedTable, SetupPlan, SetupResult } from '../operations/setup.js';
import type { Page } from '../output/page.js';
import type { Change } from '../schema/index.js';

type ShownTable = PlannedTable | AppliedTable;
type ShownChange = Change | AppliedChange;

const valueText = (value: Change['from']): string => (value === null ? 'none' : value === true ? 'on' : value || 'off');

function changeText({ property, from, to, kind, loses, reason }: ShownChange): string {
  const values =
    kind === 'add' || kind === 'unsupported'
      ? valueText(to)
      : kind === 'remove'
        ? valueText(from)
        : `${valueText(from)} → ${valueText(to)}`;
  const remark = loses === undefined ? '' : ` (loses ${loses})`;
  return `${property}: ${values}${remark}${kind === 'unsupported' && reason !== undefined ? ` (left out: ${reason})` : ''}`;
}

function changeLine(page: Page, change: ShownChange): readonly string[] {
  const suffix = 'outcome' in change ? OUTCOME_TEXT[change.outcome] : '';
  const text = `  ${changeText(change)}${suffix}`;
  switch (change.kind) {
    case 'add':
      return [page.added(text)];
    case 'remove':
      return [page.removed(text)];
    case 'change':
      return [page.changed(text)];
    case 'unsupported':
      return [page.same(text)];
    case 'blocked':
      return [page.blocked(text), page.block(`${change.reason ?? ''}. The way out: ${change.wayOut ?? 'none'}.`, 6)];
  }
}

const OUTCOME_TEXT: Readonly<Record<AppliedChange['outcome'], string>> = {
  done: '',
  failed: ': failed',
  pending: ': not done yet',
  blocked: '',
  unsupported: '',
};

function tableHeading(page: Page, { action, name, role }: ShownTable): string {
  const text = `${name} (${role})`;
  switch (action) {
    case 'create':
      return page.added(`${text}: create`);
    case 'update':
      return page.changed(`${text}: change`);
    case 'none':
      return page.same(`${text}: as it should be`);
    case 'blocked':
      return page.blocked(`${text}: blocked`);
  }
}

/** A plan, or what became of it, for people: `+ ~ - = !` before each table and change. */
export function planText(page: Page, plan: SetupPlan | SetupResult): string {
  return plan.tables
    .map((table) => {
      const changes: readonly ShownChange[] = table.changes;
      return [tableHeading(page, table), ...changes.flatMap((change) => changeLine(page, change))].join('\n');
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
