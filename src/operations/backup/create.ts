import path from 'node:path';
import { type Backup, createBackup } from '../../dynamodb/backups.js';
import { CliError } from '../../errors.js';
import type { TableRecord, TableRole } from '../../schema/index.js';
import { alarmsOn, readAlarms } from '../tables/alarms.js';
import { backupName } from './names.js';
import { addRecord, recordFile } from './records.js';
import { untilAvailable } from './safe.js';
import { claimStamp, namesakes } from './stamp.js';
import type { OperationContext } from '../context.js';
import { readRecord } from '../tables/put-back.js';
import { patiently } from '../waits.js';

export interface CreateBackupsRequest {
  readonly tables: readonly { readonly name: string; readonly role: TableRole }[];
  /** The layout's id. */
  readonly layout: string;
  /** Epoch milliseconds; all backups of the run bear it, or the next second that is free, in their names. */
  readonly at: number;
  /** Wait until each is AVAILABLE. */
  readonly wait: boolean;
  /** Milliseconds that a backup may be CREATING. */
  readonly timeoutMs: number;
  /** Where settings are recorded that DynamoDB does not keep: a folder with a file a backup, or one file for all. */
  readonly records: { readonly folder: string } | { readonly file: string };
}

/**
 * `done`: AVAILABLE, or COMPLETED for an export. `pending`: asked for, and CREATING or IN_PROGRESS when it was last looked
 * at. `failed`: there is none.
 */
export interface CreatedBackup extends Omit<Backup, 'arn' | 'createdAt' | 'type'> {
  readonly outcome: 'done' | 'pending' | 'failed';
  /** null when there is none. */
  readonly arn: string | null;
  /** Epoch milliseconds; null when there is none. */
  readonly createdAt: number | null;
  /** When AWS had answered the request, by the context's clock; epoch milliseconds. */
  readonly requestedAt: number;
  /** The file with the table's settings; null when they were not written. */
  readonly record: string | null;
  /** The names of the alarms on the table; null where they could not be read, or there is no backup. */
  readonly alarms: readonly string[] | null;
  /** Where an export lies in S3; null for a backup, which is AWS's own affair. */
  readonly place: string | null;
  readonly error: CliError | null;
}

export interface CreateBackupsResult {
  readonly backups: readonly CreatedBackup[];
  readonly warnings: readonly string[];
  readonly interrupted: boolean;
  /** The first failure of a backup. */
  readonly error: CliError | null;
}

/** How one kind of backup is made and waited for. */
export interface BackupMaker {
  /** What it is called until there is one. */
  readonly nameOf: (table: string) => string;
  /** One that an earlier run has asked for tells when; epoch milliseconds. */
  readonly make: (context: OperationContext, table: string) => Promise<Backup & { readonly requestedAt?: number }>;
  /** Waits until it is whole. Throws BACKUP_NOT_SAFE when it comes to nothing. */
  readonly until: (context: OperationContext, made: Backup) => Promise<Pick<Backup, 'status' | 'sizeBytes'>>;
  readonly placeOf: (made: Backup) => string | null;
  /** Called when all are made, or none will be; what is to be warned of. */
  readonly end?: (made: readonly Pick<Backup, 'table' | 'name' | 'arn'>[]) => Promise<readonly string[]>;
}

/** AWS's on-demand backups. */
async function onDemand(
  listing: OperationContext,
  { tables, at, timeoutMs, records }: CreateBackupsRequest,
): Promise<BackupMaker> {
  const names = tables.map(({ name }) => name);
  const folder = 'file' in records ? path.dirname(records.file) : records.folder;
  const { stamp, release } = await claimStamp(listing, names, { at, folder });
  const nameOf = (table: string): string => backupName(table, stamp);
  return {
    nameOf,
    make: (context, table) => askFor(context, table, nameOf(table)),
    until: (context, made) => untilAvailable(context, made, timeoutMs),
    placeOf: () => null,
    end: (made) => {
      release();
      return namesakes(listing, made);
    },
  };
}

const PREPARING_LIMIT_MS = 120_000;

/** Asks for the backup; right after a table's creation AWS takes none, for a while. */
async function askFor(context: OperationContext, table: string, name: string): Promise<Backup> {
  const step = 'asking for a backup';
  let made: Backup | undefined;
  context.onProgress({ step, table });
  await patiently(
    context,
    async () => {
      made = await createBackup(context.dynamo, table, name);
    },
    {
      table,
      step,
      why: "AWS is preparing the new table's backups",
      passes: ({ code }) => code === 'BACKUPS_UNAVAILABLE',
      wait: true,
      limitMs: PREPARING_LIMIT_MS,
      maxDelayMs: 2000,
    },
  );
  if (made === undefined) throw new TypeError('a backup was asked for, and none came');
  return made;
}

interface Recorded {
  readonly file: string | null;
  readonly warning: string | null;
}

/** A backup without a record is still a backup: what fails here is told, and not thrown. */
async function keepRecord({ records }: CreateBackupsRequest, backup: Backup, record: TableRecord): Promise<Recorded> {
  const file = 'file' in records ? records.file : recordFile(records.folder, backup);
  try {
    // What an earlier run has asked for was recorded as the table was then.
    await addRecord(file, { arn: backup.arn, name: backup.name, record });
    return { file, warning: null };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const kept = 'tags, recovery, protection and table class are not recorded';
    return { file: null, warning: `backup '${backup.name}': ${kept}: ${error.message}` };
  }
}

type TableRequest = CreateBackupsRequest['tables'][number];

interface OneResult {
  readonly backup: CreatedBackup;
  readonly warning: string | null;
}

/** What AWS calls a backup, or an export, that is whole. */
const WHOLE: ReadonlySet<string> = new Set(['AVAILABLE', 'COMPLETED']);

/** Failures of waiting, after which the backup goes on being made. */
const isPending = ({ code }: CliError): boolean => code !== 'BACKUP_NOT_SAFE' && code !== 'BACKUP_NOT_FOUND';

async function createOne(
  context: OperationContext,
  all: CreateBackupsRequest,
  maker: BackupMaker,
  { name: table, role }: TableRequest,
  reading: ReturnType<typeof readAlarms>,
): Promise<OneResult> {
  const requestedAt = context.now();
  let made: Awaited<ReturnType<BackupMaker['make']>>;
  let record: TableRecord;
  try {
    const found = await readRecord(context, { name: table, role, layout: all.layout });
    if (found === null) throw new CliError('TABLE_NOT_FOUND', `table '${table}' does not exist`);
    const alarms = await reading;
    record = { ...found, alarms: alarms === null ? null : alarmsOn(alarms, table) };
    made = await maker.make(context, table);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const none = {
      table,
      name: maker.nameOf(table),
      place: null,
      arn: null,
      status: 'FAILED',
      createdAt: null,
      sizeBytes: null,
      alarms: null,
    };
    return { backup: { ...none, outcome: 'failed', requestedAt, record: null, error }, warning: null };
  }
  const answered = made.requestedAt ?? context.now();
  const { file, warning } = await keepRecord(all, made, record);
  const base = { ...made, requestedAt: answered, record: file, alarms: record.alarms, place: maker.placeOf(made) };
  // AWS may say at once that a small one is whole.
  const isWhole = WHOLE.has(made.status);
  if (!all.wait) return { backup: { ...base, outcome: isWhole ? 'done' : 'pending', error: null }, warning };
  try {
    const { status, sizeBytes } = await maker.until(context, made);
    return { backup: { ...base, status, sizeBytes, outcome: 'done', error: null }, warning };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (isPending(error)) return { backup: { ...base, outcome: 'pending', error }, warning };
    return { backup: { ...base, status: 'FAILED', outcome: 'failed', error }, warning };
  }
}

/**
 * Backups of all tables at once, on-demand ones under names with one stamp, so that they are found together again. One that
 * fails does not keep the others from being made; an interruption leaves what was asked for to AWS.
 */
export async function createBackups(
  context: OperationContext,
  all: CreateBackupsRequest,
  given?: BackupMaker,
): Promise<CreateBackupsResult> {
  const maker = given ?? (await onDemand(context, all));
  const reading = readAlarms(context);
  const one = (table: TableRequest): Promise<OneResult> => createOne(context, all, maker, table, reading);
  const [results] = await Promise.all([Promise.all(all.tables.map(one)), reading]);
  const backups = results.map(({ backup }) => backup);
  const errors = backups.flatMap(({ error }) => error ?? []);
  const made = backups.flatMap(({ table, name, arn }) => (arn === null ? [] : [{ table, name, arn }]));
  const shared = (await maker.end?.(made)) ?? [];
  return {
    backups,
    warnings: [...results.flatMap(({ warning }) => warning ?? []), ...shared],
    interrupted: errors.some(({ code }) => code === 'INTERRUPTED'),
    error: backups.find(({ outcome }) => outcome === 'failed')?.error ?? errors[0] ?? null,
  };
}
