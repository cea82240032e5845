import { CliError } from '../../errors.js';
import { listTableBackups } from '../../operations/backup/list.js';
import { offersBackups } from '../../operations/backup/place.js';
import { planPrune } from '../../operations/backup/prune.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import { deleteWithConsent, onAws } from './delete-run.js';
import type { PruneFlags } from './prune.js';

/** On a terminal, where nothing says which may go. */
async function askHowMany({ terminal, prompts }: CommandSession): Promise<number | null> {
  if (!terminal.isInteractive) return null;
  const answer = await prompts.input({
    message: 'How many backups of each table stay?',
    flag: '--keep <n>',
    default: '7',
    validate: (text) => /^[1-9]\d{0,5}$/.test(text.trim()) || 'a whole number of at least 1',
  });
  return Number(answer.trim());
}

export async function runPrune(session: CommandSession, flags: PruneFlags): Promise<Outcome> {
  const { olderThan = null } = flags;
  const keep = flags.keep ?? (olderThan === null ? await askHowMany(session) : null);
  if (keep === null && olderThan === null)
    throw new CliError('USAGE', 'nothing says which backups may go', {
      hint: 'give --keep 7, --older-than 30d, or both',
    });
  const context = await session.context();
  const madeBefore = olderThan === null ? null : session.runtime.now() - olderThan;
  if (!(await offersBackups(context))) {
    const { pruneArchived } = await import('./archived-run.js');
    return pruneArchived(session, flags, { keep, madeBefore });
  }
  const target = await session.target();
  const backups = await listTableBackups(
    context,
    target.names.map(({ name }) => name),
  );
  const plan = planPrune(backups, {
    keep,
    madeBefore,
    anyName: flags.anyName === true,
  });
  return deleteWithConsent(session, plan.goes, flags, { ...(await onAws(session)), plan });
}
