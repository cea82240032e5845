import { type Backup, type DeletedBackup, deleteBackups } from '../../operations/backup/delete.js';
import { findBackups } from '../../operations/backup/list.js';
import { offersBackups } from '../../operations/backup/place.js';
import { CliError, EXIT } from '../../errors.js';
import type { Outcome } from '../definition.js';
import { pickBackup } from '../pick-backup.js';
import { requireTerminal } from '../picker.js';
import type { CommandSession } from '../session.js';
import { type ListedBackup, deletedView, deleteDryRunView, deletePlanText, recordFolder } from './backup-view.js';
import type { DeleteBackupFlags } from './delete.js';

async function chooseBackup(session: CommandSession): Promise<string> {
  requireTerminal(session, 'backup...');
  return pickBackup(session, 'AWS', { latest: false });
}

export async function runDeleteBackups(
  session: CommandSession,
  named: readonly string[],
  flags: DeleteBackupFlags,
): Promise<Outcome> {
  const texts = named.length > 0 ? named : [await chooseBackup(session)];
  if (texts.includes('latest'))
    throw new CliError('USAGE', "'latest' is not deleted: what is newest may be another one a moment later", {
      hint: 'name the backup; `mcp-sessions backup list` shows them',
    });
  const context = await session.context();
  if (!(await offersBackups(context))) {
    const { deleteArchived } = await import('./archived-run.js');
    return deleteArchived(session, texts, flags);
  }
  const target = await session.target();
  const tables = target.names.map(({ name }) => name);
  const found: Backup[] = [];
  for (const text of texts) found.push(...(await findBackups(context, tables, text)));
  const backups = [...new Map(found.map((backup) => [backup.arn, backup])).values()];
  return deleteWithConsent(session, backups, flags, await onAws(session));
}

type Deleted<Row> = Row & Pick<DeletedBackup, 'outcome' | 'error'>;

/** How backups are deleted, and the plan of a prune. */
export interface Deletion<Row extends ListedBackup> {
  readonly remove: (backups: readonly Row[]) => Promise<{
    readonly backups: readonly Deleted<Row>[];
    readonly interrupted: boolean;
    readonly error: CliError | null;
  }>;
  readonly plan?: Parameters<typeof deletePlanText>[2] & {};
}

/** Deletes AWS's own backups. */
export async function onAws(session: CommandSession): Promise<Deletion<Backup>> {
  const context = await session.context();
  return { remove: (backups) => deleteBackups(context, backups, recordFolder(session.runtime.cwd)) };
}

/** Shows what goes, asks, and deletes. */
export async function deleteWithConsent<Row extends ListedBackup>(
  session: CommandSession,
  backups: readonly Row[],
  flags: DeleteBackupFlags,
  { remove, plan }: Deletion<Row>,
): Promise<Outcome> {
  const { now } = session.runtime;
  session.progress.stop();
  if (flags.dryRun === true || backups.length === 0) {
    const view = deleteDryRunView(backups, now(), plan);
    return { view: flags.dryRun === true ? view : deletedOrNothing(backups, now(), plan) };
  }
  if (session.terminal.isInteractive && session.flags.yes !== true)
    session.tell(`${deletePlanText(session.page('stderr'), backups, plan)}\n`);
  await session.requireConsent({
    question: `Delete ${backups.length === 1 ? 'this backup' : `these ${backups.length} backups`} for good?`,
    what: session.commandName,
    losing: [...new Set(backups.flatMap(({ table, archive }) => archive?.tables ?? [table]))],
    confirmed: flags.confirm ?? [],
  });
  const result = await remove(backups);
  const deleted = result.backups.filter(({ outcome }) => outcome === 'deleted').length;
  const isWhole = deleted === backups.length;
  const error = result.interrupted
    ? new CliError('INTERRUPTED', 'interrupted', { hint: 'the same command deletes the rest' })
    : result.error;
  return {
    view: deletedView(result.backups, now(), plan),
    exitCode: result.interrupted ? EXIT.interrupted : isWhole ? EXIT.done : deleted > 0 ? EXIT.partly : EXIT.failed,
    ...(error !== null && { error }),
  };
}

const deletedOrNothing = (
  backups: readonly ListedBackup[],
  now: number,
  plan: Deletion<ListedBackup>['plan'],
): Outcome['view'] & {} => ({
  ...deleteDryRunView(backups, now, plan),
  json: { dryRun: false, backups: [] },
});
