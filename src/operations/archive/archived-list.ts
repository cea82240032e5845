import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { onDisk, readSmall } from '../../archive/disk.js';
import { JOURNAL, LIST, parseList } from '../../archive/format.js';
import { requireShape } from '../../archive/shape.js';
import { CliError } from '../../errors.js';
import type { TableRole } from '../../schema/index.js';

/** A portable archive as its list tells it; its data is not looked at. */
export interface ListedArchive {
  /** Absolute. */
  readonly path: string;
  /** The folder's name. */
  readonly name: string;
  /** `PARTIAL`: not finished. `DAMAGED`: there is a list that cannot be read. */
  readonly status: 'AVAILABLE' | 'PARTIAL' | 'DAMAGED';
  /** Sessions first; empty where they are not told. */
  readonly tables: readonly { readonly name: string; readonly role: TableRole; readonly items: number }[];
  /** Bytes of data files; null where they are not told. */
  readonly sizeBytes: number | null;
  /** When it was begun, epoch milliseconds; for one that does not tell, when its folder was last changed. */
  readonly createdAt: number;
  /** It holds only sessions that were chosen. */
  readonly isPartOfTables: boolean;
  readonly encrypted: boolean;
}

function listed(folder: string): ListedArchive | null {
  const isPartial = !existsSync(path.join(folder, LIST));
  if (isPartial && !existsSync(path.join(folder, JOURNAL))) return null;
  const unread = {
    path: folder,
    name: path.basename(folder),
    status: isPartial ? 'PARTIAL' : 'DAMAGED',
    tables: [],
    sizeBytes: null,
    createdAt: Math.floor(statSync(folder).mtimeMs),
    isPartOfTables: false,
    encrypted: false,
  } as const;
  if (isPartial) return unread;
  try {
    const file = path.join(folder, LIST);
    const text = readSmall(file)?.toString() ?? '';
    requireShape(text, 'list', file, null);
    const parsed = parseList(text);
    if (!parsed.ok) return unread;
    const { tables, startedAt, filter, encryption } = parsed.list;
    const files = tables.flatMap((table) => table.files);
    return {
      ...unread,
      status: 'AVAILABLE',
      tables: tables.map(({ record, items }) => ({ name: record.name, role: record.role, items })),
      sizeBytes: files.reduce((total, { bytes }) => total + bytes, 0),
      createdAt: Date.parse(startedAt) || unread.createdAt,
      isPartOfTables: filter !== null,
      encrypted: encryption !== null,
    };
  } catch (error) {
    if (error instanceof CliError) return unread;
    throw error;
  }
}

/** The archives in a folder, newest first; other folders in it are passed over. */
export function listArchives(place: string): readonly ListedArchive[] {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => listed(path.join(place, name)) ?? [])
    .toSorted((a, b) => b.createdAt - a.createdAt || b.name.localeCompare(a.name));
}

/**
 * The newest whole archive that holds the sessions table, the first, and the others of which there is any. One of chosen sessions is
 * none, and one without the events is none where another has them: such are restored by their names.
 */
export function latestArchive(
  archives: readonly ListedArchive[],
  tables: readonly string[],
): ListedArchive | undefined {
  const whole = archives.filter(({ status, isPartOfTables }) => status === 'AVAILABLE' && !isPartOfTables);
  const holds = (archive: ListedArchive, table: string): boolean => archive.tables.some(({ name }) => name === table);
  const [sessions] = tables;
  const wanted = tables.filter((table) => table === sessions || whole.some((archive) => holds(archive, table)));
  return whole.find((archive) => wanted.every((table) => holds(archive, table)));
}

export interface ArchivePrunePlan {
  readonly goes: readonly ListedArchive[];
  /** The newest whole ones, which the rule would take and which stay all the same. */
  readonly stays: readonly ListedArchive[];
}

/**
 * Which archives of some tables a rule takes. Those of the same tables are counted together, those of chosen sessions
 * apart; one that is not finished or damaged neither counts nor goes, and the newest of the whole tables never does.
 */
export function planArchivePrune(
  archives: readonly ListedArchive[],
  tables: readonly string[],
  { keep, madeBefore }: { readonly keep: number | null; readonly madeBefore: number | null },
): ArchivePrunePlan {
  const own = archives.filter(
    (one) => one.status === 'AVAILABLE' && one.tables.some(({ name }) => tables.includes(name)),
  );
  const newest = new Set([latestArchive(own, tables), own.find(({ isPartOfTables }) => !isPartOfTables)]);
  const counts = new Map<string, number>();
  const taken = own.filter(({ tables: held, isPartOfTables, createdAt }) => {
    const kind = JSON.stringify([isPartOfTables, held.map(({ name }) => name)]);
    const at = counts.get(kind) ?? 0;
    counts.set(kind, at + 1);
    return (keep === null || at >= keep) && (madeBefore === null || createdAt < madeBefore);
  });
  return { goes: taken.filter((one) => !newest.has(one)), stays: taken.filter((one) => newest.has(one)) };
}

/** Removes an archive's folder for good. Throws FILE_ERROR. */
export function removeArchive({ path: folder }: ListedArchive): void {
  onDisk('write', folder, () => rmSync(folder, { recursive: true }));
}
