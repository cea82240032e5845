import { ArchiveDamage } from '../../archive/disk.js';
import { openArchive } from '../../archive/open.js';
import { CliError } from '../../errors.js';
import { latestArchive, listArchives } from './archived-list.js';

/** A portable archive, by its lists: its data is not looked at. */
export interface KnownArchive {
  readonly path: string;
  /** Names of the tables in it, of those of one region. */
  readonly tables: readonly string[];
  /** Epoch milliseconds; null where it is not known. */
  readonly startedAt: number | null;
}

/**
 * The newest whole archive of tables of a region below a folder, as `restore latest` would take it; of one that cannot be
 * opened without more, for it is encrypted or damaged, nothing is known. null where there is none.
 */
export function newestKnown(place: string, tables: readonly string[], region: string): KnownArchive | null {
  let left = listArchives(place);
  for (;;) {
    const newest = latestArchive(left, tables);
    if (newest === undefined) return null;
    const known = knownArchive(newest.path, region);
    if (known !== null && known.tables.some((table) => tables.includes(table))) return known;
    left = left.filter((archive) => archive !== newest);
  }
}

/** What an archive holds of a region's tables; null where that cannot be told. */
function knownArchive(folder: string, region: string): KnownArchive | null {
  try {
    const { tables, startedAt } = openArchive(folder, null);
    const names = tables.filter(({ record }) => record?.region === region).map(({ name }) => name);
    return { path: folder, tables: names, startedAt: startedAt === null ? null : Date.parse(startedAt) };
  } catch (error) {
    if (error instanceof CliError || error instanceof ArchiveDamage) return null;
    throw error;
  }
}
