import { filterProblem, parseDuration, type SessionFilter } from '../schema/index.js';
import { withFlags } from './equivalent.js';
import { pickSession } from './pick-session.js';
import type { PurgeFlags } from './purge.js';
import type { CommandSession } from './session.js';

const DAY = 86_400_000;

type Choice = 'expired' | 'terminated' | 'idle' | 'id' | 'orphans';

async function askHowLong({ prompts }: CommandSession): Promise<string> {
  const answer = await prompts.input({
    message: 'Without activity for how long?',
    flag: '--idle <duration>',
    default: '30d',
    validate: (text) => parseDuration(text.trim()) !== undefined || 'a duration such as 90s, 15m, 24h, 7d, 2w',
  });
  return answer.trim();
}

/** Asks what is to be purged, and says the command line with it. */
export async function askWhatToPurge(session: CommandSession, flags: PurgeFlags): Promise<PurgeFlags> {
  const { layout } = await session.target();
  session.progress.stop();
  const unless = (filter: SessionFilter): { readonly disabled: boolean | string } => {
    const problem = filterProblem(layout, filter);
    return { disabled: problem === undefined ? false : `(${problem})` };
  };
  const hasEvents = layout.tables.some(({ role }) => role === 'events');
  const choice = await session.prompts.select<Choice>({
    message: 'Purge what?',
    flag: '--expired, --terminated, --idle 24h, --created-before 30d, --where, --id, --ids-file or --orphans',
    choices: [
      { value: 'expired', name: 'expired       past their expiry, and still there', ...unless({ expired: true }) },
      { value: 'terminated', name: 'terminated    ended, but not deleted', ...unless({ terminated: true }) },
      { value: 'idle', name: 'idle          without activity for so long', ...unless({ idle: DAY }) },
      { value: 'id', name: 'one session   and its events' },
      { value: 'orphans', name: 'orphans       events whose session is gone', disabled: !hasEvents },
    ],
  });
  const { argv } = session.runtime;
  switch (choice) {
    case 'expired':
    case 'terminated':
    case 'orphans':
      session.complete(withFlags(argv, [`--${choice}`]));
      return { ...flags, [choice]: true };
    case 'idle': {
      const text = await askHowLong(session);
      session.complete(withFlags(argv, ['--idle', text]));
      return { ...flags, idle: parseDuration(text) ?? DAY };
    }
    case 'id': {
      const id = await pickSession(session, (picked) => withFlags(argv, [`--id=${picked}`]));
      return { ...flags, id: [id] };
    }
  }
}
