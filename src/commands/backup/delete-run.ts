import { type Backup, deleteBackups } from '../../operations/backup-delete.js';
import { findBackups } from '../../operations/backup-list.js';
import type { PrunePlan } from '../../operations/backup-prune.js';
import { CliError, EXIT } from '../../errors.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import { deletedView, deleteDryRunView, deletePlanText, recordFolder } from './backup-view.js';
import type { DeleteBackupFlags } from './delete.js';

export async function runDeleteBackups(
  session: CommandSession,
  texts: readonly string[],
  flags: DeleteBackupFlags,
): Promise<Outcome> {
  if (texts.includes('latest'))
    throw new CliError('USAGE', "'latest' is not deleted: what is newest may be another one a moment later", {
      hint: 'name the backup; `mcp-sessions backup list` shows them',
    });
  const [context, target] = await Promise.all([session.context(), session.target()]);
  const tables = target.names.map(({ name }) => name);
  const found: Backup[] = [];
  for (const text of texts) found.push(...(await findBackups(context, tables, text)));
  const backups = [...new Map(found.map((backup) => [backup.arn, backup])).values()];
  return deleteWithConsent(session, backups, flags);
}

/** Shows what goes, asks, and deletes; `plan` is that of a prune. */
export async function deleteWithConsent(
  session: CommandSession,
  backups: readonly Backup[],
  flags: DeleteBackupFlags,
  plan?: PrunePlan,
): Promise<Outcome> {
  const { now, cwd } = session.runtime;
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
    losing: [...new Set(backups.map(({ table }) => table))],
    confirmed: flags.confirm ?? [],
  });
  const result = await deleteBackups(await session.context(), backups, recordFolder(cwd));
  const deleted = result.backups.filter(({ outcome }) => outcome === 'deleted').length;
  const isWhole = deleted === backups.length;
  const error = result.interrupted
    ? new CliError('INTERRUPTED', 'interrupted; no call was cut off', { hint: 'the same command deletes the rest' })
    : result.error;
  return {
    view: deletedView(result.backups, now(), plan),
    exitCode: result.interrupted ? EXIT.interrupted : isWhole ? EXIT.done : deleted > 0 ? EXIT.partly : EXIT.failed,
    ...(error !== null && { error }),
  };
}

const deletedOrNothing = (
  backups: readonly Backup[],
  now: number,
  plan: PrunePlan | undefined,
): Outcome['view'] & {} => ({
  ...deleteDryRunView(backups, now, plan),
  json: { dryRun: false, backups: [] },
});
