import { CliError } from '../errors.js';
import { sessionsOnPage } from '../operations/sessions/page.js';
import { relativeTime } from '../output/format-time.js';
import { notedId } from './masked-ids.js';
import { pick, type PickRow, withArgument } from './picker.js';
import type { CommandSession } from './session.js';

/**
 * Asks which session is meant, and says the command line with it, as `argvWith` makes it. Throws SESSION_NOT_FOUND where
 * there is none.
 */
export async function pickSession(
  session: CommandSession,
  argvWith = (id: string): readonly string[] => withArgument(session, id),
): Promise<string> {
  const target = await session.target();
  const { sessions, more } = await sessionsOnPage(await session.context(), target);
  session.progress.stop();
  if (sessions.length === 0 && !more)
    throw new CliError('SESSION_NOT_FOUND', 'there is no session to choose from', {
      hint: '`mcp-sessions seed` writes examples',
    });
  const now = new Date(session.runtime.now());
  const rows = sessions.map(({ id, state, createdAt, lastActivityAt, problems }): PickRow => {
    const at = lastActivityAt ?? createdAt;
    const age = at === null ? '' : relativeTime(new Date(at), now);
    return {
      value: id,
      cells: [notedId(session.ids, target.layout, id), state, age, problems.length > 0 ? 'with problems' : ''],
    };
  });
  const id = await pick(session, {
    message: more ? 'Which session? (some of many; an id may be typed)' : 'Which session?',
    flag: `an id: mcp-sessions ${session.commandName} <id>`,
    rows,
    typed: 'the session',
  });
  session.complete(argvWith(id));
  return id;
}
