import type { StepResult, TeardownResult } from '../operations/teardown.js';
import type { TeardownPlan } from '../operations/teardown-plan.js';
import type { TeardownTable } from '../operations/teardown-table.js';
import type { Target } from '../operations/target.js';
import { commandLine, quoted, targetWords } from './equivalent.js';
import type { GlobalFlags } from './global-options.js';

/** A way back. */
export interface Undo {
  readonly tables: readonly string[];
  /** What it brings back, or why nothing does. */
  readonly what: string;
  /** null where there is no way back. */
  readonly command: string | null;
}

interface Facts {
  readonly plan: TeardownPlan;
  readonly result: TeardownResult;
  readonly target: Target;
  readonly flags: GlobalFlags;
  /** When the first step began, epoch milliseconds. */
  readonly startedAt: number;
}

/** The commands that bring back what was taken away, as far as that is possible. */
export function undoOf(facts: Facts): readonly Undo[] {
  const { result, plan } = facts;
  const deleted = tablesOf(result, 'delete');
  const gone = result.steps.filter(
    ({ step, table, outcome, cleared }) =>
      (step === 'delete' && outcome === 'done') ||
      (step === 'clear-data' && !deleted.includes(table) && cleared !== undefined && !isUntouched(cleared)),
  );
  return [
    ...gone.flatMap((step) =>
      rowsOf(
        facts,
        step,
        plan.tables.find(({ name }) => name === step.table),
      ),
    ),
    ...streamsOf(facts, deleted),
    ...(deleted.length === 0 ? [] : [structureOf(facts, deleted)]),
  ];
}

const isUntouched = (cleared: NonNullable<StepResult['cleared']>): boolean =>
  cleared.way === 'items' ? cleared.deleted === 0 : cleared.resumed;

const tablesOf = ({ steps }: TeardownResult, wanted: StepResult['step']): readonly string[] =>
  steps.filter(({ step, outcome }) => step === wanted && outcome === 'done').map(({ table }) => table);

const aws = ({ plan, flags }: Facts, words: readonly string[]): string =>
  [
    'aws',
    'dynamodb',
    ...words,
    '--region',
    plan.region,
    ...(flags.profile === undefined ? [] : ['--profile', flags.profile]),
    ...(plan.endpoint === null ? [] : ['--endpoint-url', plan.endpoint]),
  ]
    .map(quoted)
    .join(' ');

/** The rows come back from recovery points or a backup, into the table's name where that is free. */
function rowsOf(
  facts: Facts,
  { step, table, backup, cleared }: StepResult,
  found: TeardownTable | undefined,
): readonly Undo[] {
  if (found === undefined) return [];
  const isThere = step !== 'delete';
  const into = isThere ? `${table.slice(0, 246)}-restored` : table;
  const where = isThere ? `, as the table ${into}` : '';
  if (isThere && cleared?.way === 'items' && found.observed?.pointInTimeRecovery?.enabled === true) {
    const at = new Date(facts.startedAt).toISOString();
    const words = ['restore-table-to-point-in-time', '--source-table-name', table, '--target-table-name', into];
    return [
      {
        tables: [table],
        what: `the rows of ${table} as of ${at}${where}`,
        command: aws(facts, [...words, '--restore-date-time', at]),
      },
    ];
  }
  const newest = backup ?? found.newestBackup;
  if (newest === null || newest === undefined)
    return [{ tables: [table], what: `the rows of ${table} do not come back: there is no backup`, command: null }];
  const words = ['restore-table-from-backup', '--target-table-name', into, '--backup-arn', newest.arn];
  return [
    {
      tables: [table],
      what: `the rows of ${table} as of ${new Date(newest.createdAt).toISOString()}${where}`,
      command: aws(facts, words),
    },
  ];
}

const setupWords = ({ target, flags }: Facts): readonly string[] => {
  const nameOf = (role: string): string | undefined => target.names.find((each) => each.role === role)?.name;
  const [sessionsTable, eventsTable] = [nameOf('sessions'), nameOf('events')];
  return targetWords({
    ...flags,
    layout: target.layout.id,
    ...(sessionsTable !== undefined && { sessionsTable }),
    ...(eventsTable !== undefined && { eventsTable }),
  });
};

function streamsOf(facts: Facts, deleted: readonly string[]): readonly Undo[] {
  const steps = facts.result.steps.filter(
    ({ step, outcome, table, view }) =>
      step === 'disable-streams' && outcome === 'done' && !deleted.includes(table) && typeof view === 'string',
  );
  const views = [...new Set(steps.map(({ view }) => view ?? ''))];
  return views.flatMap((view): readonly Undo[] => {
    const tables = steps.filter((step) => step.view === view).map(({ table }) => table);
    const what = `the stream of ${tables.join(' and ')}, as a new one`;
    // `setup` gives all tables of a layout the same view.
    if (views.length === 1)
      return [{ tables, what, command: commandLine(['setup', '--stream-view', view, ...setupWords(facts)]) }];
    return tables.map((table) => ({
      tables: [table],
      what: `the stream of ${table}, as a new one`,
      command: aws(facts, [
        'update-table',
        '--table-name',
        table,
        '--stream-specification',
        `StreamEnabled=true,StreamViewType=${view}`,
      ]),
    }));
  });
}

function structureOf(facts: Facts, tables: readonly string[]): Undo {
  const canCreate =
    facts.target.layout.tables.every(({ keys }) => keys !== null) && facts.target.layout.id !== 'generic';
  return canCreate
    ? {
        tables,
        what: `${tables.join(' and ')} as the layout says, without rows`,
        command: commandLine(['setup', ...setupWords(facts)]),
      }
    : { tables, what: `${tables.join(' and ')}: no layout says how to make it again`, command: null };
}
