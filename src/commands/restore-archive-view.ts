import type { RestoreResult } from '../operations/restore/from-archive.js';
import type { PlannedTable, RestorePlan } from '../operations/restore/plan.js';
import type { Page } from '../output/page.js';
import type { View } from '../output/view.js';
import { alarmsToSetUp } from './alarm-text.js';

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

const COLUMNS = ['source', 'target', 'role', 'items', 'skipped', 'ttlDue', 'reapplied'] as const;

function plannedLines(page: Page, { source, target, desired, ttlAttribute, ttlDue }: PlannedTable): readonly string[] {
  const items = `${number(source.items)} items of '${source.name}'`;
  return [
    desired === null
      ? page.changed(`${items} into '${target}', which exists; its settings stay as they are`)
      : page.added(`${items} into '${target}', a new table`),
    ...(ttlDue === 0
      ? []
      : [
          page.warn(
            `${number(ttlDue)} of them are past their '${ttlAttribute ?? ''}': TTL removes them within days; ` +
              '--shift-expiry lets them live on, --ttl off leaves TTL off',
          ),
        ]),
  ];
}

const dateText = ({ archive }: RestorePlan): string =>
  `${archive.isPartOfTables ? 'chosen sessions, ' : ''}read at ${archive.startedAt ?? 'an unknown time'}`;

/** What would be written where, for people. */
export const restorePlanText = (page: Page, plan: RestorePlan): string =>
  [
    page.note(`${plan.archive.folder}: ${dateText(plan)}`),
    ...plan.tables.flatMap((table) => plannedLines(page, table)),
  ].join('\n');

export function restorePlanView(plan: RestorePlan): View {
  const tables = plan.tables.map(({ source, target, desired, ttlDue }) => ({
    role: source.role,
    source: source.name,
    target,
    exists: desired === null,
    items: source.items,
    ttlDue,
    reapplied: [],
  }));
  const json = { archive: plan.archive.folder, dryRun: true, tables };
  return {
    json,
    lines: [json],
    columns: COLUMNS,
    records: tables.map((table) => ({ skipped: 0, ...table, reapplied: '' })),
    human: (page) => `${restorePlanText(page, plan)}\n\n${page.note('a dry run: nothing was changed')}`,
  };
}

/** A table that was there before may hold more: of it the keys are looked up, one by one. */
const howVerified = (verified: 'count' | 'full', isNew: boolean): string =>
  verified === 'full' ? 'each compared' : isNew ? 'counted' : 'each looked up';

/** `resume` is the command that goes on; null when all is done. */
export function restoreView(plan: RestorePlan, result: RestoreResult, resume: string | null): View {
  const { readUnits, writeUnits, seconds } = result;
  const dueOf = (target: string): number => plan.tables.find((table) => table.target === target)?.ttlDue ?? 0;
  const isNew = (target: string): boolean =>
    plan.tables.some((table) => table.target === target && table.desired !== null);
  const tables = result.tables.map((table) => ({ ...table, ttlDue: dueOf(table.target) }));
  const json = {
    archive: plan.archive.folder,
    dryRun: false,
    tables,
    capacity: { readUnits, writeUnits },
    seconds: Number(seconds.toFixed(3)),
    resume: resume === null ? null : { command: resume },
  };
  return {
    json,
    lines: [json],
    columns: COLUMNS,
    records: tables.map((table) => ({ ...table, reapplied: table.reapplied.join(' ') })),
    human: (page) =>
      [
        ...tables.flatMap(({ source, target, items, skipped, reapplied, verified, ttlDue, alarms }) => [
          page.success(`${number(items)} items of '${source}' in '${target}', ${howVerified(verified, isNew(target))}`),
          ...(skipped > 0 ? [page.note(`${number(skipped)} left out: their keys were taken`)] : []),
          ...(reapplied.length > 0 ? [page.block(`put back: ${reapplied.join(', ')}`)] : []),
          ...(ttlDue > 0
            ? [page.block(`${number(ttlDue)} items are past their expiry: TTL removes them within days`)]
            : []),
          ...alarmsToSetUp(page, { source, target, ...(alarms !== undefined && { alarms }) }),
        ]),
        page.note(`${number(readUnits)} read and ${number(writeUnits)} write units, ${seconds.toFixed(1)} s`),
        ...(resume === null ? [] : [page.warn('not everything was done; go on with:'), page.block(resume)]),
      ].join('\n'),
  };
}
