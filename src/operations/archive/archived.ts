import { ArchiveDamage } from '../../archive/disk.js';
import { openArchive } from '../../archive/open.js';
import { CliError } from '../../errors.js';

/** A portable archive, by its lists: its data is not looked at. */
export interface KnownArchive {
  readonly path: string;
  /** Names of the tables in it, of those of one region. */
  readonly tables: readonly string[];
  /** Epoch milliseconds; null where it is not known. */
  readonly startedAt: number | null;
}

/** What an archive holds of a region's tables; null where that cannot be told: it is encrypted, damaged, of some sessions only. */
export function knownArchive(folder: string, region: string): KnownArchive | null {
  try {
    const { tables, startedAt, isPartOfTables } = openArchive(folder, null);
    if (isPartOfTables) return null;
    const names = tables.filter(({ record }) => record?.region === region).map(({ name }) => name);
    return { path: folder, tables: names, startedAt: startedAt === null ? null : Date.parse(startedAt) };
  } catch (error) {
    if (error instanceof CliError || error instanceof ArchiveDamage) return null;
    throw error;
  }
}
