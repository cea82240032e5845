import path from 'node:path';
import { CliError, EXIT, type ExitCode } from '../../errors.js';
import { type CreateBackupsResult, createBackups } from '../../operations/backup-create.js';
import { backupName, stampOf } from '../../operations/backup-names.js';
import type { OperationContext } from '../../operations/context.js';
import { existingTables } from '../../operations/target.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import { createdView, createDryRunView, recordFolder } from './backup-view.js';
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
  ['resume', '--resume'],
] as const satisfies readonly (readonly [keyof CreateBackupFlags, string])[];

function refuseArchiveFlags(flags: CreateBackupFlags): void {
  const given = ARCHIVE_ONLY.find(([key]) => flags[key] !== undefined);
  if (given !== undefined)
    throw new CliError('USAGE', `${given[1]} goes with an archive: a backup of AWS's own holds a whole table`, {
      hint: 'add --to <folder> for an archive',
    });
}

/** Makes on-demand backups. */
export async function createOnAws(
  session: CommandSession,
  flags: CreateBackupFlags,
  place: Exclude<BackupPlace, { readonly kind: 'folder' }>,
): Promise<Outcome> {
  if (place.kind === 's3')
    throw new CliError('NOT_SUPPORTED', `exports to S3 are not offered (${place.url})`, {
      hint: "leave --to out for AWS's own backup, or give a folder for a portable archive",
    });
  refuseArchiveFlags(flags);
  const context: OperationContext = await session.context();
  const target = await session.target();
  const { tables, missing } = await existingTables(context, target);
  const wanted = tables.filter(({ role }) => flags.events || role !== 'events');
  const at = session.runtime.now();
  if (flags.dryRun === true)
    return {
      view: createDryRunView(wanted.map(({ name }) => ({ table: name, name: backupName(name, stampOf(at)) }))),
    };
  const { cwd } = session.runtime;
  const result = await createBackups(context, {
    tables: wanted,
    layout: target.layout.id,
    at,
    wait: flags.wait,
    timeoutMs: flags.timeout,
    records: flags.record === undefined ? { folder: recordFolder(cwd) } : { file: path.resolve(cwd, flags.record) },
  });
  const warnings = missing.map((name) => `table '${name}' does not exist: there is nothing to back up`);
  const error = errorOf(result);
  return {
    view: createdView(result, session.advise),
    warnings: [...warnings, ...result.warnings],
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

const GOES_ON = 'AWS goes on: `mcp-sessions backup list` shows when it is AVAILABLE; delete nothing before';

function errorOf({ error, interrupted }: CreateBackupsResult): CliError | null {
  if (interrupted) return new CliError('INTERRUPTED', 'interrupted while AWS makes the backups', { hint: GOES_ON });
  return error?.code === 'WAIT_TIMEOUT' ? new CliError(error.code, error.message, { hint: GOES_ON }) : error;
}
