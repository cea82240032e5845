import { withFlags } from './equivalent.js';
import { pickBackup } from './pick-backup.js';
import type { RestoreFlags } from './restore.js';
import type { CommandSession } from './session.js';

interface Asked {
  readonly backup: string;
  readonly flags: RestoreFlags;
}

const says = ({ toTable, onConflict, inPlace, resume, dryRun }: RestoreFlags): boolean =>
  [toTable, onConflict, inPlace, resume, dryRun].some((flag) => flag !== undefined);

/**
 * Asks what is to be restored, and, where there is a table already, where to: says the command line with both.
 * `isArchive` tells an archive from a backup of AWS's own, which are put in place in ways of their own.
 */
export async function askForRestore(
  session: CommandSession,
  flags: RestoreFlags,
  isArchive: (backup: string) => Promise<boolean>,
): Promise<Asked> {
  const backup = await pickBackup(session, 'both');
  const { sessions } = await session.target();
  session.progress.stop();
  if (sessions === null || says(flags)) return { backup, flags };
  const { prompts, runtime } = session;
  const choice = await prompts.select<'new' | 'skip' | 'in-place'>({
    message: `${sessions.name} is there. Restore how?`,
    flag: '--to-table <name>, --on-conflict <how> or --in-place',
    choices: [
      { value: 'new', name: 'into new tables, beside it' },
      (await isArchive(backup))
        ? { value: 'skip', name: 'into it, only what is gone' }
        : { value: 'in-place', name: 'in its place: it is backed up first, then deleted' },
    ],
  });
  const go = (words: readonly string[], more: Partial<RestoreFlags>): Asked => {
    session.complete(withFlags(runtime.argv, words));
    return { backup, flags: { ...flags, ...more } };
  };
  if (choice === 'skip') return go(['--on-conflict', 'skip'], { onConflict: 'skip' });
  if (choice === 'in-place') return go(['--in-place'], { inPlace: true });
  const { nameProblem } = await import('../schema/names.js');
  const answer = await prompts.input({
    message: 'Name of the new sessions table?',
    flag: '--to-table <name>',
    default: `${sessions.name.slice(0, 246)}-restored`,
    validate: (text) => {
      const problem = nameProblem(text.trim());
      return problem === undefined || `the name ${problem}`;
    },
  });
  return go(['--to-table', answer.trim()], { toTable: answer.trim() });
}
