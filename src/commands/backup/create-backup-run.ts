import { CliError, EXIT, type ExitCode } from '../../errors.js';
import { type BackupMaker, type CreateBackupsResult, createBackups } from '../../operations/backup/create.js';
import { backupName, stampOf } from '../../operations/backup/names.js';
import type { OperationContext } from '../../operations/context.js';
import type { S3Place } from '../../operations/archive/export-s3.js';
import { existingTables } from '../../operations/target.js';
import { parseInstant } from '../../schema/duration.js';
import type { Outcome } from '../definition.js';
import { recordPath } from '../s3-place.js';
import type { CommandSession } from '../session.js';
import { createdView, createDryRunView, type PlannedExport, recordFolder, skippedText } from './backup-view.js';
import type { CreateBackupFlags } from './create.js';
import type { BackupPlace } from './create-run.js';

/** A backup of AWS's own holds a whole table, in the clear of its own key, and costs no capacity. */
const ARCHIVE_ONLY = [
  ['active', '--active'],
  ['expired', '--expired'],
  ['terminated', '--terminated'],
  ['idle', '--idle'],
  ['createdAfter', '--created-after'],
  ['createdBefore', '--created-before'],
  ['where', '--where'],
  ['encrypt', '--encrypt'],
  ['passphraseFile', '--passphrase-file'],
  ['keyFile', '--key-file'],
  ['maxRcu', '--max-rcu'],
  ['segments', '--segments'],
] as const satisfies readonly (readonly [keyof CreateBackupFlags, string])[];

function refuseArchiveFlags(flags: CreateBackupFlags, place: AwsPlace): void {
  if (flags.resume === true && place.kind === 'aws')
    throw new CliError('USAGE', '--resume goes with an archive or an export: AWS goes on with its own backups anyway', {
      hint: '`mcp-sessions backup list` shows when they are AVAILABLE',
    });
  const given = ARCHIVE_ONLY.find(([key]) => flags[key] !== undefined);
  if (given !== undefined)
    throw new CliError('USAGE', `${given[1]} goes with an archive: a backup of AWS's own holds a whole table`, {
      hint: 'add --to <folder> for an archive',
    });
}

type AwsPlace = Exclude<BackupPlace, { readonly kind: 'folder' }>;

/** Makes on-demand backups, or exports to S3. */
export async function createOnAws(
  session: CommandSession,
  flags: CreateBackupFlags,
  place: AwsPlace,
): Promise<Outcome> {
  refuseArchiveFlags(flags, place);
  const { cwd } = session.runtime;
  const file = flags.record === undefined ? null : recordPath(cwd, flags.record);
  const asExport = await wantedExport(flags, place, session.runtime.now());
  const context: OperationContext = await session.context();
  const target = await session.target();
  const { tables, skipped } = await existingTables(context, target, flags.events);
  const at = session.runtime.now();
  await checkSpan(
    context,
    asExport,
    flags,
    tables.map(({ name }) => name),
  );
  const maker = await makerOf(
    context,
    asExport,
    flags,
    tables.map(({ name }) => name),
  );
  if (flags.dryRun === true)
    return {
      view: createDryRunView(
        tables.map(({ name }) => ({ table: name, name: maker?.nameOf(name) ?? backupName(name, stampOf(at)) })),
        skipped,
        await planned(asExport),
      ),
      warnings: skipped.map(skippedText),
    };
  const request = {
    tables,
    layout: target.layout.id,
    at,
    wait: flags.wait,
    timeoutMs: flags.timeout,
    records: file === null ? { folder: recordFolder(cwd) } : { file },
  };
  const result = await createBackups(context, request, maker);
  const error = errorOf(result, place);
  return {
    view: createdView(result, skipped, session.advise),
    warnings: [...skipped.map(skippedText), ...result.warnings],
    exitCode: exitCodeOf(result, flags),
    ...(error !== null && { error }),
  };
}

function exitCodeOf({ backups, interrupted }: CreateBackupsResult, flags: CreateBackupFlags): ExitCode {
  if (interrupted) return EXIT.interrupted;
  const has = (outcome: 'done' | 'pending' | 'failed'): boolean => backups.some((backup) => backup.outcome === outcome);
  if (has('failed')) return has('done') || has('pending') ? EXIT.partly : EXIT.failed;
  const isRecordMissing = flags.record !== undefined && backups.some(({ record }) => record === null);
  return (flags.wait && has('pending')) || isRecordMissing ? EXIT.partly : EXIT.done;
}

interface WantedExport {
  readonly to: S3Place;
  /** Epoch milliseconds; null for the whole tables. */
  readonly since: number | null;
}

/** What to export and where to; null for AWS's own backups. */
async function wantedExport(
  { changedSince }: CreateBackupFlags,
  place: AwsPlace,
  now: number,
): Promise<WantedExport | null> {
  if (place.kind === 'aws') {
    if (changedSince !== undefined) throw new CliError('USAGE', '--changed-since goes with --to s3://…');
    return null;
  }
  const { parseS3Url } = await import('../../operations/archive/export-s3.js');
  const since = changedSince === undefined ? null : parseInstant(changedSince, now);
  if (since === undefined)
    throw new CliError('USAGE', `--changed-since '${changedSince}' is not an instant`, {
      hint: 'write ISO 8601 (2026-11-20T11:22:33Z) or how long ago (15m, 24h)',
    });
  return { to: parseS3Url(place.url), since };
}

/** Exports that are followed have begun in their time. */
async function checkSpan(
  context: OperationContext,
  wanted: WantedExport | null,
  { changedSince: text, resume }: CreateBackupFlags,
  names: readonly string[],
): Promise<void> {
  const since = wanted?.since ?? null;
  if (since === null || text === undefined || resume === true) return;
  const { requireSpan } = await import('../../operations/archive/export-s3.js');
  await requireSpan(context, names, { since, text });
}

async function planned(wanted: WantedExport | null): Promise<PlannedExport | null> {
  if (wanted === null) return null;
  const { urlOf } = await import('../../operations/archive/export-s3.js');
  return { place: urlOf(wanted.to), changedSince: wanted.since };
}

/** How an export is made, or found again; undefined for AWS's own backups. */
async function makerOf(
  context: OperationContext,
  wanted: WantedExport | null,
  { resume }: CreateBackupFlags,
  names: readonly string[],
): Promise<BackupMaker | undefined> {
  if (wanted === null) return undefined;
  const { exportMaker, exportsUnderWay } = await import('../../operations/archive/export-s3.js');
  const { to, since } = wanted;
  return exportMaker(to, since, resume === true ? await exportsUnderWay(context, names, to, since) : undefined);
}

const goesOn = (place: AwsPlace): string =>
  place.kind === 'aws'
    ? 'AWS goes on: `mcp-sessions backup list` shows when it is AVAILABLE; delete nothing before'
    : `AWS goes on: the same command with --resume follows it, and \`mcp-sessions restore ${place.url} --dry-run\` finds the export once it is whole; delete nothing before`;

function errorOf({ error, interrupted }: CreateBackupsResult, place: AwsPlace): CliError | null {
  const hint = goesOn(place);
  if (interrupted) return new CliError('INTERRUPTED', 'interrupted while AWS makes the backups', { hint });
  return error?.code === 'WAIT_TIMEOUT' ? new CliError(error.code, error.message, { hint }) : error;
}
