import { CliError } from '../../errors.js';
import type { TableRole } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { isUnfinished } from './recreate.js';

/** Where the settings of a table are kept while it is made anew. */
export type RecordFileOf = (table: string) => string;

/** The file of a table that an interrupted run dropped and has not put back whole; null where there is none. */
export async function unfinishedRecord(
  context: OperationContext,
  table: string,
  fileOf: RecordFileOf | null,
): Promise<string | null> {
  if (fileOf === null) return null;
  const file = fileOf(table);
  try {
    return (await isUnfinished(context, table, file)) ? file : null;
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'FILE_ERROR') throw error;
    // There is one; what is wrong with it, whoever goes on will be told.
    return file;
  }
}

/** What to say of such a table, and what to do. */
export const unfinishedText = (exists: boolean, file: string): string =>
  `an interrupted teardown dropped it${exists ? ' and has not put back all of it' : ''}: its settings are kept in '${file}'`;

export const goOnWith = (role: TableRole): string =>
  `\`mcp-sessions teardown --clear-data --recreate --only ${role}\` goes on from there`;
