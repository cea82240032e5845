import type { KnownArchive } from '../operations/archive/archived.js';
import type { StepResult, TeardownResult } from '../operations/teardown/teardown.js';
import type { TeardownPlan } from '../operations/teardown/plan.js';
import type { PlannedStep } from '../operations/teardown/steps.js';
import type { TeardownTable } from '../operations/teardown/table.js';
import { relativeTime } from '../output/format-time.js';
import type { Page, Property } from '../output/page.js';
import type { View } from '../output/view.js';
import { backupProperty, madeCells, madeJson, madeText } from './teardown-backup-view.js';
import type { Undo } from './teardown-undo.js';

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

const dollars = (value: number): string => (value < 0.01 ? 'less than 1 cent' : `about $${value.toFixed(2)}`);

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

const VERBS: Readonly<Record<PlannedStep['step'], string>> = {
  backup: 'back up',
  'clear-data': 'clear',
  'disable-streams': 'disable the stream of',
  delete: 'delete',
};

/** A plan, as it is shown. */
export interface ShownPlan {
  readonly plan: TeardownPlan;
  /** Where the tables are, in words. */
  readonly place: string;
  /** The newest archive on this machine, where the endpoint tells of no backups. */
  readonly archive: KnownArchive | null;
}

function activityText(page: Page, seen: TeardownTable['seen']): string {
  if (seen === null) return 'not known: too many rows to look through';
  return seen.newest === null ? 'none' : relativeTime(new Date(seen.newest), page.now);
}

function tableProperties(page: Page, { plan, archive }: ShownPlan, table: TeardownTable): string {
  const { observed, name, role, seen } = table;
  const rows = seen === null ? `about ${number(observed?.itemCount ?? 0)}` : number(seen.rows);
  const pairs: Property[] = [
    ['table', `${name} (${role})${plan.taggedProduction ? ', tagged as production' : ''}`],
    ...(observed === null
      ? []
      : [
          ['rows', rows] as const,
          ...(role === 'sessions' ? [['newest activity', activityText(page, seen)] as const] : []),
          backupProperty(page, table, archive),
        ]),
  ];
  return page.properties(pairs);
}

function howText(step: PlannedStep): string {
  if (step.step !== 'clear-data' || step.choice === null) return '';
  const { way, why } = step.choice;
  return way === 'items' ? `: delete the rows (${why})` : `: drop it and make it anew (${why})`;
}

/** What both ways cost. */
function costLines(step: PlannedStep): readonly string[] {
  if (step.step !== 'clear-data' || step.choice === null) return [];
  const { way, estimate } = step.choice;
  const items = `about ${number(estimate.writeUnits)} write units, ${dollars(estimate.dollars)}${
    estimate.seconds === null ? '' : `, ${duration(estimate.seconds)} or more`
  }`;
  return way === 'items'
    ? [`${items}; with --recreate no write units, but the table is away for about a minute`]
    : [`no write units; deleting the rows would take ${items}`];
}

function stepLines(page: Page, step: PlannedStep): readonly string[] {
  const text = `${VERBS[step.step]} ${step.table.name}`;
  if (step.skip !== null) return [page.same(`${text}: nothing to do, ${step.skip}`)];
  const notes = [
    ...costLines(step),
    ...(step.unprotects ? ['its deletion protection is taken off'] : []),
    ...step.notes,
  ];
  return [stepLine(page, step, text), ...notes.map((note) => page.block(note, 4))];
}

const heading = (plan: TeardownPlan, place: string): string =>
  `teardown ${place}${plan.account === null ? '' : `, account ${plan.account}`} (layout ${plan.layout})`;

function stepLine(page: Page, step: PlannedStep, text: string): string {
  if (step.step === 'backup') return page.added(text);
  return step.step === 'disable-streams' ? page.changed(text) : page.removed(`${text}${howText(step)}`);
}

/** What is lost and how, for people. */
export function planText(page: Page, shown: ShownPlan): string {
  const { plan, place } = shown;
  const backups = plan.steps.filter(({ step, skip }) => step === 'backup' && skip === null);
  return [
    page.note(heading(plan, place)),
    '',
    ...plan.tables.flatMap((table) => [tableProperties(page, shown, table), '']),
    // What is said of one backup goes for all: it is said after the last.
    ...plan.steps.flatMap((step) =>
      stepLines(page, backups.slice(0, -1).includes(step) ? { ...step, notes: [] } : step),
    ),
  ].join('\n');
}

const COLUMNS = [
  'step',
  'table',
  'outcome',
  'way',
  'deleted',
  'failed',
  'left',
  'seconds',
  'reason',
  'error',
  'backup',
  'archive',
] as const;

const recordOf = (step: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(COLUMNS.map((column) => [column, step[column] ?? '']));

export function dryRunView(shown: ShownPlan): View {
  const { plan } = shown;
  const { region, endpoint, account, layout } = plan;
  const steps = plan.steps.map((step) => ({
    step: step.step,
    table: step.table.name,
    outcome: 'skipped',
    reason: step.skip ?? 'a dry run',
    ...(step.step === 'clear-data' && step.choice !== null && step.choice),
    ...(step.notes.length > 0 && { notes: step.notes }),
    ...(step.unprotects && { unprotects: true }),
  }));
  const tables = plan.tables.map((table) => ({
    name: table.name,
    role: table.role,
    exists: table.observed !== null,
    rows: table.seen?.rows ?? table.observed?.itemCount ?? 0,
    newestActivityAt: typeof table.seen?.newest === 'number' ? new Date(table.seen.newest).toISOString() : null,
    newestBackup: table.newestBackup?.arn ?? null,
  }));
  return {
    json: { region, endpoint, account, layout, dryRun: true, tables, steps, undo: [] },
    lines: steps,
    columns: COLUMNS,
    records: steps.map(recordOf),
    human: (page) => `${planText(page, shown)}\n\n${page.note('a dry run: nothing was changed')}`,
  };
}

function stepJson({
  step,
  table,
  outcome,
  reason,
  error,
  cleared,
  made,
  view,
  seconds,
}: StepResult): Record<string, unknown> {
  return {
    step,
    table,
    outcome,
    ...(reason !== undefined && { reason }),
    ...(cleared?.way === 'items' && {
      way: cleared.way,
      deleted: cleared.deleted,
      failed: cleared.failed,
      left: cleared.left,
      capacity: cleared.capacity,
    }),
    ...(cleared?.way === 'recreate' && {
      way: cleared.way,
      resumed: cleared.resumed,
      reapplied: cleared.reapplied,
      missed: cleared.missed,
      capacity: { readUnits: 0, writeUnits: 0 },
    }),
    ...(made !== undefined && madeJson(made)),
    ...(view !== undefined && { view }),
    ...(seconds !== undefined && { seconds: Number(seconds.toFixed(3)) }),
    ...(error !== undefined && { error: { code: error.code, message: error.message } }),
  };
}

const DONE: Readonly<Record<StepResult['step'], string>> = {
  backup: 'backed up',
  'clear-data': 'cleared',
  'disable-streams': 'stream disabled',
  delete: 'deleted',
};

function clearedText({ cleared }: StepResult): string {
  if (cleared === undefined) return '';
  if (cleared.way === 'items') {
    const { deleted, left, capacity } = cleared;
    const rest = left === null || left === 0 ? '' : `, ${number(left)} left`;
    return `: ${number(deleted)} rows gone${rest} (${number(capacity.readUnits)} read and ${number(capacity.writeUnits)} write units, ${duration(cleared.seconds)})`;
  }
  const how = cleared.resumed ? 'made anew, which an earlier run had begun' : 'dropped and made anew';
  return `: ${how}, with ${cleared.reapplied.join(', ') || 'every setting as it was'}`;
}

function resultLines(page: Page, result: StepResult): readonly string[] {
  const { step, table, outcome, reason = '', error } = result;
  if (outcome === 'skipped') return [page.same(`${VERBS[step]} ${table}: skipped, ${reason}`)];
  if (outcome === 'done') return [page.success(`${table}: ${DONE[step]}${clearedText(result)}${madeText(result)}`)];
  const why = error === undefined ? 'interrupted' : error.message;
  const missed = result.cleared?.way === 'recreate' ? result.cleared.missed : [];
  return [
    page.blocked(
      `${table}: not ${step === 'backup' ? 'safely ' : ''}${DONE[step]}${clearedText(result)}${madeText(result)}: ${why}`,
    ),
    ...missed.map(({ property, reason: because }) => page.block(`${property}: ${because}`, 4)),
  ];
}

/** What became of each step, and the ways back. */
export function resultView(plan: TeardownPlan, result: TeardownResult, undo: readonly Undo[], place: string): View {
  const { region, endpoint, account, layout } = plan;
  const steps = result.steps.map(stepJson);
  return {
    json: { region, endpoint, account, layout, dryRun: false, steps, undo },
    lines: steps,
    columns: COLUMNS,
    records: result.steps.map((step) =>
      recordOf({ ...stepJson(step), ...madeCells(step), error: step.error?.message }),
    ),
    human: (page) =>
      [
        page.note(heading(plan, place)),
        ...result.steps.flatMap((step) => resultLines(page, step)),
        ...(undo.length === 0 ? [] : ['', page.heading('To undo it')]),
        ...undo.flatMap(({ what, command }) => [
          page.bullet(what),
          // Not wrapped: it is to be copied.
          ...(command === null ? [] : [`  ${page.styled('plain', command)}`]),
        ]),
      ].join('\n'),
  };
}
