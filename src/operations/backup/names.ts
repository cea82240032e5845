const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `20261120-142500`, UTC: what the names of backups end with. `ms` is epoch milliseconds. */
export function stampOf(ms: number): string {
  const at = new Date(ms);
  const day = [at.getUTCFullYear(), twoDigits(at.getUTCMonth() + 1), twoDigits(at.getUTCDate())].join('');
  return `${day}-${[at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(twoDigits).join('')}`;
}

const MAX_LENGTH = 255;
const INFIX = '-backup-';

/** A backup's name may have 255 characters, and so may a table's: the table's is cut where both do not fit. */
export function backupName(table: string, stamp: string): string {
  const suffix = `${INFIX}${stamp}`;
  return `${table.slice(0, MAX_LENGTH - suffix.length)}${suffix}`;
}

/** Whether a text is the stamp of backups that were made together. */
export const isStamp = (text: string): boolean => /^\d{8}-\d{6}$/.test(text);

/** The stamp of a backup that bears a name as {@link backupName} makes it for this table; undefined for any other. */
export function stampIn(name: string, table: string): string | undefined {
  const stamp = name.slice(-15);
  return isStamp(stamp) && name === backupName(table, stamp) ? stamp : undefined;
}
