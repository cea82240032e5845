import { existsSync } from 'node:fs';
import path from 'node:path';
import { type ArchiveList, LIST } from '../../archive/format.js';
import { readList, unfinished } from '../../archive/open.js';
import type { FolderProblem } from '../../archive/folder.js';
import { CliError } from '../../errors.js';
import type { TableRole } from '../../schema/index.js';
import type { ArchiveRequest, ArchiveResult, ArchiveTable } from './archive.js';

/** The tables of an archive, by its list. */
export const tablesOf = ({ tables }: ArchiveList): readonly ArchiveTable[] =>
  tables.map(({ record, items, files, sha256 }) => ({
    role: record.role,
    table: record.name,
    items,
    files: files.length,
    bytes: files.reduce((total, { bytes }) => total + bytes, 0),
    sha256,
    alarms: record.alarms,
  }));

/** What is in a folder when nothing is left to go on with: an archive of what was asked for; null otherwise. */
export function wholeArchive(
  { folder, filter, secret }: Pick<ArchiveRequest, 'folder' | 'filter' | 'secret'>,
  wanted: readonly { readonly role: TableRole; readonly table: { readonly name: string } }[],
): ArchiveResult | null {
  if (!existsSync(path.join(folder, LIST))) return null;
  const { list } = readList(folder);
  const tables = tablesOf(list);
  const isSame =
    (list.filter === null) === (filter === null) &&
    (list.encryption === null) === (secret === null) &&
    tables.length === wanted.length &&
    wanted.every(({ role, table }) => tables.some((known) => known.role === role && known.table === table.name));
  if (!isSame) return null;
  const encrypted = list.encryption !== null;
  return {
    path: folder,
    tables,
    encrypted,
    readUnits: 0,
    seconds: 0,
    redone: [],
    interrupted: false,
    wasWhole: true,
  };
}

const WHY: Readonly<Record<Exclude<FolderProblem, 'partial'>, (folder: string) => string>> = {
  archive: (folder) => `there is an archive in '${folder}' already`,
  file: (folder) => `'${folder}' is a file, and no folder`,
  other: (folder) => `the folder '${folder}' is not empty`,
};

/** Why nothing new is written into a folder. */
export const occupied = (folder: string, problem: FolderProblem): CliError =>
  problem === 'partial'
    ? unfinished(folder)
    : new CliError('ARCHIVE_EXISTS', WHY[problem](folder), {
        hint: 'choose another folder: an archive is never overwritten',
      });
