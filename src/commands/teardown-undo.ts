import path from 'node:path';
import type { KnownArchive } from '../operations/archive/archived.js';
import type { StepResult, TeardownResult } from '../operations/teardown/teardown.js';
import type { TeardownPlan } from '../operations/teardown/plan.js';
import type { TeardownTable } from '../operations/teardown/table.js';
import type { Target } from '../operations/target.js';
import { withoutSuffix } from '../schema/names.js';
import type { TableRole } from '../schema/types.js';
import { commandLine, targetWords } from './equivalent.js';
import type { TargetFlags } from '../config/settings.js';
import { enablingStreams } from './enabling-streams.js';
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
  /** What leads to the place of the tables from anywhere, also what the environment says. */
  readonly flags: GlobalFlags;
  /** When the first step began, epoch milliseconds. */
  readonly startedAt: number;
  readonly cwd: string;
  /** The newest archive on this machine, where the endpoint tells of no backups. */
  readonly archive: KnownArchive | null;
}

/** The commands that bring back what was taken away, as far as that is possible. */
export function undoOf(facts: Facts): readonly Undo[] {
  const { result } = facts;
  const deleted = tablesOf(result, 'delete');
  const gone = result.steps.filter((step) => {
    const { table, cleared } = step;
    if (step.step === 'delete') return step.outcome === 'done' || mayBeGone(facts, step);
    return step.step === 'clear-data' && !deleted.includes(table) && cleared !== undefined && !isUntouched(cleared);
  });
  const archived = fromArchive(facts, gone);
  const others = gone.filter(({ table }) => !archived.some(({ tables }) => tables.includes(table)));
  const rows = [...archived, ...others.flatMap((step) => rowsOf(facts, step))];
  const restored = new Set(rows.flatMap(({ command, tables }) => (command === null ? [] : tables)));
  const bare = deleted.filter((table) => !restored.has(table));
  return [...rows, ...streamsOf(facts, deleted), ...structureOf(facts, bare)];
}

const isUntouched = (cleared: NonNullable<StepResult['cleared']>): boolean =>
  cleared.way === 'items' ? cleared.deleted === 0 : cleared.resumed;

const tablesOf = ({ steps }: TeardownResult, wanted: StepResult['step']): readonly string[] =>
  steps.filter(({ step, outcome }) => step === wanted && outcome === 'done').map(({ table }) => table);

/** What this run backed a table up into. */
const madeOf = ({ result }: Facts, name: string): StepResult['made'] =>
  result.steps.find(({ step, table, outcome }) => step === 'backup' && table === name && outcome === 'done')?.made;

/** A deletion that was interrupted may have been asked for: then the backup before it is worth knowing. */
const mayBeGone = (facts: Facts, { step, table, outcome, error }: StepResult): boolean =>
  step === 'delete' && outcome === 'failed' && error === undefined && madeOf(facts, table) !== undefined;

/** The flags that lead to the place, and not to its tables. */
function placeWords({ flags }: Facts): readonly string[] {
  const { layout: _layout, sessionsTable: _sessions, eventsTable: _events, suffix: _suffix, ...place } = flags;
  return targetWords(place);
}

const SHOULD_IT_BE = ', should the table be gone: its deletion was interrupted';

const iso = (ms: number): string => new Date(ms).toISOString();

/** The archive that this run made; else the newest there was, where nothing else is known. */
function archiveOf({ result, archive }: Facts): KnownArchive | null {
  const made = result.steps.filter((step) => step.outcome === 'done' && step.made?.archive);
  const place = made[0]?.made?.archive?.path;
  return place === undefined ? archive : { path: place, tables: made.map(({ table }) => table), startedAt: null };
}

/** Whether AWS itself has the rows, newer than an earlier archive. */
function isElsewhere(facts: Facts, { table, backup }: StepResult): boolean {
  const found = facts.plan.tables.find(({ name }) => name === table);
  const isAwsOwn = (madeOf(facts, table)?.backup ?? backup ?? null) !== null;
  return isAwsOwn || (madeOf(facts, table) === undefined && found !== undefined && hasRecovery(found));
}

/** One command for all tables of an archive: those that are still there take back only what they lack. */
function fromArchive(facts: Facts, gone: readonly StepResult[]): readonly Undo[] {
  const archive = archiveOf(facts);
  const tables = gone
    .filter((step) => archive?.tables.includes(step.table) && !isElsewhere(facts, step))
    .map(({ table }) => table);
  if (archive === null || tables.length === 0) return [];
  const deleted = tablesOf(facts.result, 'delete');
  const relative = path.relative(facts.cwd, archive.path);
  const folder = relative.startsWith('..') || path.isAbsolute(relative) ? archive.path : `.${path.sep}${relative}`;
  const how = archive.tables.every((table) => deleted.includes(table)) ? [] : ['--on-conflict', 'skip'];
  const when = archive.startedAt === null ? 'as archived' : `as of ${iso(archive.startedAt)}, of an earlier archive`;
  const isSure = gone.every((step) => !mayBeGone(facts, step));
  const what = `the rows of ${tables.join(' and ')} ${when}${isSure ? '' : SHOULD_IT_BE}`;
  return [{ tables, what, command: commandLine(['restore', folder, ...how, ...placeWords(facts)]) }];
}

/** The rows come back from a backup or recovery points: under the table's name, or beside it where it cannot be replaced. */
function rowsOf(facts: Facts, gone: StepResult): readonly Undo[] {
  const { step, table, backup, cleared } = gone;
  const isSure = !mayBeGone(facts, gone);
  const found = facts.plan.tables.find(({ name }) => name === table);
  const made = madeOf(facts, table);
  if (found === undefined) return [];
  const beside = `${table.slice(0, 246)}-restored`;
  if (step !== 'delete' && made === undefined && cleared?.way === 'items' && hasRecovery(found)) {
    const at = iso(Math.floor(facts.startedAt / 1000) * 1000);
    // By the layout for any table, a restore to an instant takes one table and not the pair.
    const words = ['--layout', 'generic', ...targetWords(namedIn(facts, table)), '--to-table', beside];
    return [
      {
        tables: [table],
        what: `the rows of ${table} as of ${at}, as the table ${beside}: possible some five minutes after`,
        command: commandLine(['restore', '--point-in-time', at, ...words, ...placeWords(facts)]),
      },
    ];
  }
  const from = made?.backup ?? backup ?? found.newestBackup;
  if (from === null || from === undefined)
    return [{ tables: [table], what: `the rows of ${table} do not come back: there is no backup`, command: null }];
  const { words, where } = step === 'delete' ? { words: [], where: '' } : overTable(found, beside);
  const pending = from.status === 'AVAILABLE' ? '' : ', once the backup is AVAILABLE';
  const when = from.createdAt === null ? '' : ` as of ${iso(from.createdAt)}`;
  return [
    {
      tables: [table],
      what: `the rows of ${table}${when}${where}${pending}${isSure ? '' : SHOULD_IT_BE}`,
      command: commandLine(['restore', from.arn, ...words, ...setupWords(facts)]),
    },
  ];
}

const hasRecovery = ({ observed }: TeardownTable): boolean => observed?.pointInTimeRecovery?.enabled === true;

function overTable(
  { observed }: TeardownTable,
  beside: string,
): { readonly words: readonly string[]; readonly where: string } {
  // A table with replicas is not replaced.
  if (observed !== null && observed.replicas.length > 0)
    return { words: ['--to-table', beside], where: `, as the table ${beside}` };
  const unprotect = observed?.deletionProtection === true ? ['--force-unprotect'] : [];
  return {
    words: ['--in-place', ...unprotect],
    where: ', in place of the table, of which a backup is made before',
  };
}

/** The suffix is said apart: one in the environment would be appended to a whole name. */
function namedIn({ target: { suffix } }: Facts, sessions?: string, events?: string): TargetFlags {
  return {
    ...(sessions !== undefined && { sessionsTable: withoutSuffix(sessions, suffix) }),
    ...(events !== undefined && { eventsTable: withoutSuffix(events, suffix) }),
    ...(suffix !== null && { suffix }),
  };
}

const setupWords = (facts: Facts): readonly string[] => {
  const { target, flags } = facts;
  const nameOf = (role: string): string | undefined => target.names.find((each) => each.role === role)?.name;
  return targetWords({ ...flags, layout: target.layout.id, ...namedIn(facts, nameOf('sessions'), nameOf('events')) });
};

function streamsOf(facts: Facts, deleted: readonly string[]): readonly Undo[] {
  const steps = facts.result.steps.filter(
    ({ step, outcome, table, view }) =>
      step === 'disable-streams' && outcome === 'done' && !deleted.includes(table) && typeof view === 'string',
  );
  const roleOf = (table: string): TableRole => facts.plan.tables.find(({ name }) => name === table)?.role ?? 'sessions';
  const disabled = steps.map(({ table, view }) => ({ table, role: roleOf(table), view: view ?? '' }));
  return enablingStreams(disabled, facts.target.names.length).map(({ tables, words }) => ({
    tables,
    what: `the stream of ${tables.join(' and ')}, as a new one`,
    command: commandLine([...words, ...setupWords(facts)]),
  }));
}

/** The table anew, by its layout; a table that is still there is left as it is. */
function structureOf(facts: Facts, tables: readonly string[]): readonly Undo[] {
  const { layout, names } = facts.target;
  const canCreate = layout.tables.every(({ keys }) => keys !== null) && layout.id !== 'generic';
  const deleted = facts.plan.tables.filter(({ name }) => tables.includes(name));
  const own = canCreate ? deleted.filter(({ isOwn }) => isOwn) : [];
  const foreign = deleted.filter((table) => !own.includes(table)).map(({ name }) => name);
  const [first, ...others] = own;
  const only = first !== undefined && others.length === 0 && names.length > 1 ? ['--only', first.role] : [];
  const made = own.map(({ name }) => name);
  return [
    ...(made.length === 0
      ? []
      : [
          {
            tables: made,
            what: `${made.join(' and ')} as the layout says, without rows`,
            command: commandLine(['setup', ...only, ...setupWords(facts)]),
          },
        ]),
    ...(foreign.length === 0
      ? []
      : [{ tables: foreign, what: `${foreign.join(' and ')}: no layout says how to make it again`, command: null }]),
  ];
}
