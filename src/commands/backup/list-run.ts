import { listTableBackups } from '../../operations/backup/list.js';
import { offersBackups } from '../../operations/backup/place.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import { listView } from './backup-view.js';

export async function runListBackups(session: CommandSession): Promise<Outcome> {
  const context = await session.context();
  if (!(await offersBackups(context))) {
    const { listArchived } = await import('./archived-run.js');
    return listArchived(session);
  }
  const tables = (await session.target()).names.map(({ name }) => name);
  const backups = await listTableBackups(context, tables);
  return { view: listView(backups, session.runtime.now(), tables) };
}
