import { type Backup, describeBackup, listBackups, tableOfBackupArn } from '../../dynamodb/backups.js';
import { CliError } from '../../errors.js';
import { backupName, isStamp, stampIn } from './names.js';
import type { OperationContext } from '../context.js';

/** Newest first; the ARN decides between two of one instant, so that the order is always the same. */
const newestFirst = (a: Backup, b: Backup): number =>
  b.createdAt - a.createdAt || a.table.localeCompare(b.table) || a.arn.localeCompare(b.arn);

/** All backups of some tables, of whatever type and state, newest first. The tables may be gone. */
export async function listTableBackups(
  context: OperationContext,
  tables: readonly string[],
): Promise<readonly Backup[]> {
  context.onProgress({ step: 'listing backups' });
  const lists = await Promise.all(tables.map((table) => listBackups(context.dynamo, table)));
  return lists.flat().toSorted(newestFirst);
}

const LIST_HINT = '`mcp-sessions backup list` shows the backups there are';

const notFound = (text: string, tables: readonly string[], hint = LIST_HINT): CliError =>
  new CliError('BACKUP_NOT_FOUND', `there is no backup '${text}' of ${tables.join(' and ')}`, { hint });

/**
 * The backups that a text stands for: an ARN; `latest`, the newest pair that was made together; a stamp
 * (`20261120-142500`), those that were made together then; or a name. `tables` are the layout's, sessions first. Throws
 * BACKUP_NOT_FOUND, and BACKUP_AMBIGUOUS where more than one bears the name.
 */
export async function findBackups(
  context: OperationContext,
  tables: readonly string[],
  text: string,
): Promise<readonly Backup[]> {
  if (text.startsWith('arn:')) {
    if (tableOfBackupArn(text) === undefined)
      throw new CliError('USAGE', `'${text}' is not the ARN of a DynamoDB backup`, {
        hint: 'it has the form arn:aws:dynamodb:<region>:<account>:table/<table>/backup/<id>; `mcp-sessions backup list --json` shows them',
      });
    return [await describeBackup(context.dynamo, text)];
  }
  const all = await listTableBackups(context, tables);
  if (text === 'latest') return latestOf(all, tables);
  const found = isStamp(text)
    ? tables.map((table) => all.filter((one) => one.table === table && one.name === backupName(table, text)))
    : [all.filter(({ name }) => name === text)];
  for (const same of found) requireOne(same);
  const backups = found.flat();
  if (backups.length === 0) throw notFound(text, tables);
  return backups;
}

/** AWS takes the same name any number of times; which one is meant is not for us to guess. */
function requireOne(same: readonly Backup[]): void {
  const [first] = same;
  if (first === undefined || same.length === 1) return;
  const those = same.map(({ arn, createdAt }) => `${arn} (${new Date(createdAt).toISOString()})`);
  throw new CliError('BACKUP_AMBIGUOUS', `${same.length} backups bear the name '${first.name}': ${those.join(', ')}`, {
    hint: 'name the ARN of the one that is meant',
  });
}

/** The newest backups, one of each of the tables, that were made together by their names; empty when there are none. */
export function newestTogether(backups: readonly Backup[], tables: readonly string[]): readonly Backup[] {
  const stamps = new Set(backups.flatMap(({ name, table }) => stampIn(name, table) ?? []));
  for (const stamp of [...stamps].toSorted().toReversed()) {
    const set = tables.flatMap(
      (table) => backups.find((backup) => backup.table === table && backup.name === backupName(table, stamp)) ?? [],
    );
    if (set.length === tables.length) return set;
  }
  return [];
}

/**
 * The newest AVAILABLE backups that were made together. A table that has no backup at all is left out; one that has some,
 * but none of the same run as the other's, is no reason to put together what does not belong together. Throws
 * BACKUP_AMBIGUOUS.
 */
function latestOf(all: readonly Backup[], tables: readonly string[]): readonly Backup[] {
  const usable = all.filter(({ status, type }) => status === 'AVAILABLE' && type === 'USER');
  const backedUp = tables.filter((table) => usable.some((backup) => backup.table === table));
  if (backedUp.length === 0) throw notFound('latest', tables, 'none is AVAILABLE: `mcp-sessions backup` makes one');
  if (backedUp.length === 1) return usable.slice(0, 1);
  const pair = newestTogether(usable, backedUp);
  // Two runs that chose one name: which of theirs belong together the names do not tell.
  for (const { table, name } of pair) requireOne(usable.filter((one) => one.table === table && one.name === name));
  if (pair.length > 0) return pair;
  const newest = backedUp.map((table) => usable.find((backup) => backup.table === table)?.name ?? '');
  throw notFound(
    'latest',
    tables,
    `no two were made together; the newest of each are ${newest.join(' and ')}: name what you want`,
  );
}
