import { listTableBackups } from '../../operations/backup-list.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import { listView } from './backup-view.js';

export async function runListBackups(session: CommandSession): Promise<Outcome> {
  const context = await session.context();
  const tables = (await session.target()).names.map(({ name }) => name);
  const backups = await listTableBackups(context, tables);
  return { view: listView(backups, session.runtime.now(), tables) };
}
