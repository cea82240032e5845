import { describeTableId } from '../../dynamodb/extras.js';
import { samplePage } from '../../dynamodb/items.js';
import { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';
import type { RestoreJournal } from './journal.js';

/**
 * Whether the table that is there under a name is the one that a restore has made. Where the restore was killed before it
 * could write that down, nothing was in the table yet: one with items is somebody else's.
 */
export async function madeBy(context: OperationContext, journal: RestoreJournal, table: string): Promise<boolean> {
  if (!journal.made(table)) return false;
  const known = journal.idOf(table);
  const id = await describeTableId(context.dynamo, table);
  return known === null ? id !== null && (await isEmpty(context, table)) : id === known;
}

/** A table that is still being made is. */
async function isEmpty({ dynamo }: OperationContext, table: string): Promise<boolean> {
  try {
    return (await samplePage(dynamo, table, 1, { segment: 0, of: 1 })).length === 0;
  } catch (error) {
    if (error instanceof CliError && (error.code === 'TABLE_BUSY' || error.code === 'TABLE_NOT_FOUND')) return true;
    throw error;
  }
}

/** --resume, and another table is under the name of the one that was made. */
export const replaced = (table: string): CliError =>
  new CliError('RESTORE_UNFINISHED', `the table '${table}' is not the one that this restore made: it was left alone`, {
    hint: 'restore under another name, without --resume; or delete the table if nobody needs it, and go on',
  });

/** The same restore was stopped half-way, and this is not to go on with it. */
export const halfMade = (table: string): CliError =>
  new CliError('TABLE_EXISTS', `the table '${table}' exists already`, {
    hint: 'an earlier run of this restore made it and was stopped: --resume goes on with it',
  });

/** A restore of the same archive into the same table, which was asked for something else, was stopped half-way. */
export const begunOtherwise = ({ begun, file }: RestoreJournal): CliError =>
  new CliError(
    'RESTORE_UNFINISHED',
    'a restore of this archive into this table was begun with other flags and stopped',
    {
      hint: `to begin anew delete the tables that it made, and '${file}'; this goes on: ${begun.command}`,
    },
  );
