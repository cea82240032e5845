import type { Backup } from '../../dynamodb/backups.js';
import { newestTogether } from './list.js';
import { stampIn } from './names.js';

export interface PruneRule {
  /** How many backups of each table stay; null for any number. */
  readonly keep: number | null;
  /** Only those made before this instant go; epoch milliseconds, null for any age. */
  readonly madeBefore: number | null;
  /** Also those whose names are not this tool's. */
  readonly anyName: boolean;
}

export interface PrunePlan {
  readonly goes: readonly Backup[];
  /** The last good backups of their tables, which the rule would take and which stay all the same. */
  readonly lastGood: readonly Backup[];
  /** Of the newest whole set that was made together, where newer ones of single tables are there. */
  readonly lastSet: readonly Backup[];
  /** Of other names, which were not looked at. */
  readonly otherNames: number;
}

/**
 * Which backups a rule takes. Only USER backups that are AVAILABLE count and go: not those that AWS makes, and not one
 * that is CREATING. With both limits, one goes only if both say so. The newest good backup of a table never goes,
 * nor do the newest ones that were made together, for which `latest` stands.
 */
export function planPrune(backups: readonly Backup[], { keep, madeBefore, anyName }: PruneRule): PrunePlan {
  const good = backups.filter(({ type, status }) => type === 'USER' && status === 'AVAILABLE');
  const goes: Backup[] = [];
  const lastGood: Backup[] = [];
  const lastSet: Backup[] = [];
  let otherNames = 0;
  const tables = new Set(good.map((backup) => backup.table));
  const together = new Set(tables.size > 1 ? newestTogether(good, [...tables]) : []);
  for (const table of tables) {
    const own = good.filter((backup) => backup.table === table).toSorted((a, b) => b.createdAt - a.createdAt);
    const [newest] = own;
    const counted = own.filter(({ name }) => anyName || stampIn(name, table) !== undefined);
    otherNames += own.length - counted.length;
    for (const [at, backup] of counted.entries()) {
      const isTaken = (keep === null || at >= keep) && (madeBefore === null || backup.createdAt < madeBefore);
      if (!isTaken) continue;
      if (backup === newest) lastGood.push(backup);
      else if (together.has(backup)) lastSet.push(backup);
      else goes.push(backup);
    }
  }
  return { goes: goes.toSorted((a, b) => b.createdAt - a.createdAt), lastGood, lastSet, otherNames };
}
