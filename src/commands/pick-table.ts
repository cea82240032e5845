import { CliError } from '../errors.js';
import { type ListedTable, tablesToChooseFrom } from '../operations/tables/list.js';
import { relativeTime } from '../output/format-time.js';
import { pick, type PickRow, withArgument } from './picker.js';
import type { CommandSession } from './session.js';

function rowOf({ name, described }: ListedTable, now: Date): PickRow {
  if (described === null) return { value: name, cells: [name] };
  const { status, createdAt, itemCount } = described;
  const age = createdAt === null ? '' : relativeTime(new Date(createdAt), now);
  return { value: name, cells: [name, status, age, `${itemCount.toLocaleString('en-US')} items`] };
}

/** Asks which table is meant, and says the command line with it. Throws TABLE_NOT_FOUND where there is none. */
export async function pickTable(session: CommandSession): Promise<string> {
  const context = await session.context();
  const { tables, more } = await tablesToChooseFrom(context);
  session.progress.stop();
  if (tables.length === 0)
    throw new CliError('TABLE_NOT_FOUND', `there is no table ${await session.placeText(context.dynamo)}`, {
      hint: 'check --region and --endpoint-url; `mcp-sessions setup` creates tables',
    });
  const name = await pick(session, {
    message: more ? 'Which table? (some of many; a name may be typed)' : 'Which table?',
    flag: `a table: mcp-sessions ${session.commandName} <table>`,
    rows: tables.map((table) => rowOf(table, new Date(session.runtime.now()))),
    typed: 'the table',
  });
  session.complete(withArgument(session, name));
  return name;
}
