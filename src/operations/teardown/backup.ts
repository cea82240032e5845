import { CliError } from '../../errors.js';
import { archive } from '../archive/archive.js';
import type { ArchiveCheck } from '../archive/check.js';
import { verifyArchive } from '../archive/verify.js';
import { type CreatedBackup, createBackups } from '../backup/create.js';
import { untilSafe } from '../backup/safe.js';
import type { OperationContext } from '../context.js';
import type { TeardownPlan } from './plan.js';
import { type PlannedStep, takesRows } from './steps.js';

export interface BackupOptions {
  /** false: do not wait out the minute after the request. */
  readonly settle: boolean;
  /** Milliseconds that a backup may be CREATING. */
  readonly timeoutMs: number;
  /** Where settings are recorded that DynamoDB does not keep with a backup. */
  readonly recordFolder: string;
  /** Parts that a table is archived in at once; null for as many as its size is worth. */
  readonly segments: number | null;
  /** Read units a second for an archive at the most; null for no limit. */
  readonly maxReadUnits: number | null;
  /** Name and version of the writer of archives. */
  readonly tool: string;
}

/** What there is of a table's backup, also of one that failed. */
export interface MadeBackup {
  /** AWS's own; null where an archive was made, or none could be asked for. */
  readonly backup: {
    readonly name: string;
    readonly arn: string;
    readonly status: string;
    /** Epoch milliseconds; null where it was not told. */
    readonly createdAt: number | null;
    /** The file with the table's settings; null when it could not be written. */
    readonly record: string | null;
  } | null;
  readonly archive: { readonly path: string; readonly items: number; readonly verified: boolean } | null;
}

interface TableEnding {
  readonly outcome: 'done' | 'failed';
  readonly made: MadeBackup;
  readonly interrupted: boolean;
  readonly error: CliError | null;
}

export interface BackedUp {
  /** What became of a table's backup. */
  readonly of: (table: string) => TableEnding;
  readonly warnings: readonly string[];
}

const NOTHING_MADE: MadeBackup = { backup: null, archive: null };

/** A failure before anything was taken away says so; an interruption has no error of its own. */
function failed(plan: TeardownPlan, made: MadeBackup, error: CliError): TableEnding {
  if (error.code === 'INTERRUPTED') return { outcome: 'failed', made, interrupted: true, error: null };
  const isKept = takesRows(stepsOf(plan)) ? '; nothing was deleted' : '';
  const { code, message, hint, cause } = error;
  const told = new CliError(code, `${message}${isKept}`, { ...(hint !== undefined && { hint }), cause });
  return { outcome: 'failed', made, interrupted: false, error: told };
}

const stepsOf = ({ steps }: TeardownPlan): readonly PlannedStep['step'][] =>
  steps.filter(({ skip }) => skip === null).map(({ step }) => step);

/**
 * Makes the backups of a plan, of all its tables at once. Where rows are taken away next, a table is `done` only once
 * the backups of all are safe: AVAILABLE and settled, or a whole archive that was read again from end to end.
 */
export async function backUp(context: OperationContext, plan: TeardownPlan, options: BackupOptions): Promise<BackedUp> {
  const tables = plan.steps.filter(({ step, skip }) => step === 'backup' && skip === null).map(({ table }) => table);
  const endings = new Map<string, TableEnding>();
  const warnings: string[] = [];
  if (tables.length > 0 && plan.backups?.kind === 'aws') {
    const made = await onAws(context, plan, tables, options);
    warnings.push(...made.warnings);
    for (const [table, ending] of made.endings) endings.set(table, ending);
  } else if (tables.length > 0 && plan.backups?.kind === 'archive')
    for (const [table, ending] of await inArchive(context, plan, tables, { ...options, ...plan.backups }))
      endings.set(table, ending);
  return {
    warnings,
    of: (table) => {
      const ending = endings.get(table);
      if (ending === undefined) throw new TypeError(`table '${table}' was not backed up`);
      return ending;
    },
  };
}

type Tables = readonly TeardownPlan['tables'][number][];
type Endings = readonly (readonly [table: string, ending: TableEnding])[];

const madeOf = ({ name, arn, status, createdAt, record }: CreatedBackup): MadeBackup => ({
  backup: arn === null ? null : { name, arn, status, createdAt, record },
  archive: null,
});

const GOES_ON =
  'AWS goes on with it: `mcp-sessions backup list` shows when it is AVAILABLE; then run the command again';

/** Without its record a deleted table comes back without tags, recovery and protection. */
const unrecorded = ({ name }: CreatedBackup): CliError =>
  new CliError('FILE_ERROR', `the settings of the table could not be recorded beside backup '${name}'`, {
    hint: 'the folder .mcp-sessions below the working folder has to be writable; the backup itself is good',
  });

async function onAws(
  context: OperationContext,
  plan: TeardownPlan,
  tables: Tables,
  { settle, timeoutMs, recordFolder }: BackupOptions,
): Promise<{ readonly endings: Endings; readonly warnings: readonly string[] }> {
  const { backups, warnings } = await createBackups(context, {
    tables: tables.map(({ name, role }) => ({ name, role })),
    layout: plan.layout,
    at: context.now(),
    wait: true,
    timeoutMs,
    records: { folder: recordFolder },
  });
  const isDropped = stepsOf(plan).includes('delete');
  const endings = backups.map((backup): TableEnding => {
    const { outcome, error, record } = backup;
    const made = madeOf(backup);
    if (outcome === 'done' && (record !== null || !isDropped))
      return { outcome: 'done', made, interrupted: false, error: null };
    if (outcome === 'done') return failed(plan, made, unrecorded(backup));
    const { code = 'BACKUP_NOT_SAFE', message = 'the backup is not AVAILABLE', hint, cause } = error ?? {};
    const advice = outcome === 'pending' ? GOES_ON : hint;
    return failed(plan, made, new CliError(code, message, { ...(advice !== undefined && { hint: advice }), cause }));
  });
  const isWhole = endings.every(({ outcome }) => outcome === 'done');
  const safe = isWhole && takesRows(stepsOf(plan)) ? await unsafeReason(context, backups, { settle, timeoutMs }) : null;
  return {
    warnings,
    endings: backups.map(({ table }, at) => {
      const ending = endings[at] ?? failed(plan, NOTHING_MADE, unsafe(table));
      return [table, safe === null ? ending : failed(plan, ending.made, safe)] as const;
    }),
  };
}

const unsafe = (table: string): CliError => new CliError('BACKUP_NOT_SAFE', `table '${table}' has no backup`);

/** Why what the tables hold is not safe in these backups; null when it is. */
async function unsafeReason(
  context: OperationContext,
  backups: readonly CreatedBackup[],
  options: Pick<BackupOptions, 'settle' | 'timeoutMs'>,
): Promise<CliError | null> {
  try {
    const asked = backups.map(({ table, name, arn, requestedAt }) => {
      if (arn === null) throw unsafe(table);
      return { table, name, arn, requestedAt };
    });
    await untilSafe(context, asked, options);
    return null;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return error;
  }
}

function broken(folder: string, { problems: [first] }: ArchiveCheck): CliError {
  const what = first === undefined ? 'it is not whole' : `${first.file}: ${first.reason}`;
  return new CliError('BACKUP_NOT_SAFE', `the archive in '${folder}' does not verify: ${what}`, {
    hint: `\`mcp-sessions backup verify ${folder}\` lists all that is wrong; \`--to\` writes another elsewhere`,
  });
}

/** Pages of 1 MB become some 10 MB each once they are read. */
const CALLS_IN_FLIGHT = 4;

async function inArchive(
  context: OperationContext,
  plan: TeardownPlan,
  tables: Tables,
  { folder, segments, maxReadUnits, tool }: BackupOptions & { readonly folder: string },
): Promise<Endings> {
  let made: ReadonlyMap<string, MadeBackup> = new Map();
  const all = (error: CliError): Endings =>
    tables.map(({ name }) => [name, failed(plan, made.get(name) ?? NOTHING_MADE, error)]);
  const has = (wanted: string): boolean => tables.some(({ role }) => role === wanted);
  try {
    const written = await archive(context, plan.target, {
      folder,
      filter: null,
      sessions: has('sessions'),
      events: has('events'),
      secret: null,
      // What was read some time ago is not what is deleted now.
      resume: false,
      segments,
      concurrency: CALLS_IN_FLIGHT,
      maxReadUnits,
      fingerprint: 'teardown',
      resumeCommand: null,
      tool,
    });
    if (written.interrupted) return all(new CliError('INTERRUPTED', 'interrupted'));
    const archived = (verified: boolean): typeof made =>
      new Map(
        written.tables.map(({ table, items }) => [table, { backup: null, archive: { path: folder, items, verified } }]),
      );
    made = archived(false);
    const check = await verifyArchive(folder, null, context);
    if (!check.ok) return all(broken(folder, check));
    const missing = tables.find(({ name }) => !check.tables.some(({ table, ok }) => table === name && ok));
    if (missing !== undefined) return all(unsafe(missing.name));
    made = archived(true);
    return tables.map(({ name }) => [
      name,
      { outcome: 'done', made: made.get(name) ?? NOTHING_MADE, interrupted: false, error: null },
    ]);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return all(error);
  }
}
