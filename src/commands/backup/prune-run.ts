import { CliError } from '../../errors.js';
import { listTableBackups } from '../../operations/backup-list.js';
import { planPrune } from '../../operations/backup-prune.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import { deleteWithConsent } from './delete-run.js';
import type { PruneFlags } from './prune.js';

export async function runPrune(session: CommandSession, flags: PruneFlags): Promise<Outcome> {
  const { keep = null, olderThan = null } = flags;
  if (keep === null && olderThan === null)
    throw new CliError('USAGE', 'nothing says which backups may go', {
      hint: 'give --keep 7, --older-than 30d, or both',
    });
  const [context, target] = await Promise.all([session.context(), session.target()]);
  const backups = await listTableBackups(
    context,
    target.names.map(({ name }) => name),
  );
  const plan = planPrune(backups, {
    keep,
    madeBefore: olderThan === null ? null : session.runtime.now() - olderThan,
    anyName: flags.anyName === true,
  });
  return deleteWithConsent(session, plan.goes, flags, plan);
}
