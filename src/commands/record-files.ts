import path from 'node:path';
import type { CommandSession } from './session.js';

/** Where `teardown` keeps the settings of a table while it makes it anew. */
export async function recordFiles(
  session: CommandSession,
  folder = '.mcp-sessions',
): Promise<(table: string) => string> {
  const { recordFile } = await import('../operations/tables/record-file.js');
  const { region, endpoint, localFile } = await session.settings();
  const place = [region.value, endpoint.value, localFile.value];
  return (table) => recordFile(path.resolve(session.runtime.cwd, folder), place, table);
}
