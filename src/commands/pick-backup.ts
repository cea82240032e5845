import path from 'node:path';
import { latestArchive, type ListedArchive, listArchives } from '../operations/archive/archived-list.js';
import type { Backup } from '../operations/backup/delete.js';
import { listTableBackups } from '../operations/backup/list.js';
import { stampIn } from '../operations/backup/names.js';
import { offersBackups } from '../operations/backup/place.js';
import { formatSize } from '../output/format-size.js';
import { relativeTime } from '../output/format-time.js';
import { archiveFolder } from './backup/default-folder.js';
import { pick, type PickRow, withArgument } from './picker.js';
import type { CommandSession } from './session.js';

/** A row, and when what it stands for was made (epoch milliseconds). */
type Made = PickRow & { readonly createdAt: number };

const sizeText = (bytes: number | null): string => (bytes === null ? '' : formatSize(bytes));

function archiveRow(archive: ListedArchive, cwd: string, now: Date): Made {
  const { name, status, createdAt, sizeBytes, tables, isPartOfTables, encrypted } = archive;
  const notes = [
    sizeText(sizeBytes),
    tables.length === 1 ? '1 table' : `${tables.length} tables`,
    ...(isPartOfTables ? ['in part'] : []),
    ...(encrypted ? ['encrypted'] : []),
  ];
  const cells = [name, status, relativeTime(new Date(createdAt), now), notes.filter((note) => note !== '').join(', ')];
  return { value: path.relative(cwd, archive.path), cells, createdAt };
}

/** AWS takes the same name any number of times: then it is the ARN that says which one is meant. */
function backupRow(backup: Backup, all: readonly Backup[], now: Date): Made {
  const { name, arn, status, createdAt, sizeBytes } = backup;
  const isUnique = all.every((other) => other === backup || other.name !== name);
  const cells = [name, status, relativeTime(new Date(createdAt), now), sizeText(sizeBytes)];
  return { value: isUnique ? name : arn, cells, createdAt };
}

/** Those that were made together have one stamp, which stands for all of them. */
function setRows(all: readonly Backup[], now: Date): readonly Made[] {
  const byStamp = new Map<string, Backup[]>();
  for (const backup of all) {
    const stamp = stampIn(backup.name, backup.table);
    if (stamp !== undefined) byStamp.set(stamp, [...(byStamp.get(stamp) ?? []), backup]);
  }
  return [...byStamp].flatMap(([stamp, set]) => {
    const [first] = set;
    const tables = new Set(set.map(({ table }) => table)).size;
    if (first === undefined || tables < 2 || tables < set.length) return [];
    const worst = set.find(({ status }) => status !== 'AVAILABLE') ?? first;
    const createdAt = Math.max(...set.map((backup) => backup.createdAt));
    const size = set.reduce((total, { sizeBytes }) => total + (sizeBytes ?? 0), 0);
    const cells = [stamp, worst.status, relativeTime(new Date(createdAt), now), `${sizeText(size)}, ${tables} tables`];
    return [{ value: stamp, cells, createdAt }];
  });
}

const newestFirst = (rows: readonly Made[]): readonly Made[] => rows.toSorted((a, b) => b.createdAt - a.createdAt);

const latestRow = (is: boolean, what: string): readonly PickRow[] =>
  is ? [{ value: 'latest', cells: ['latest', '', '', what] }] : [];

/** `AWS`: backups of the endpoint's own, or archives where it has none; `both`: also archives beside them. */
type Kinds = 'AWS' | 'both' | 'archives';

async function rowsOf(session: CommandSession, kinds: Kinds): Promise<readonly PickRow[]> {
  const { cwd, now: clock } = session.runtime;
  const now = new Date(clock());
  const archives = listArchives(archiveFolder(cwd));
  const archived = archives.map((archive) => archiveRow(archive, cwd, now));
  if (kinds === 'archives') return newestFirst(archived);
  const context = await session.context();
  const offers = await offersBackups(context);
  const tables = (await session.target()).names.map(({ name }) => name);
  if (!offers)
    return [...latestRow(latestArchive(archives, tables) !== undefined, 'the newest'), ...newestFirst(archived)];
  const backups = await listTableBackups(context, tables);
  const isAny = backups.some(({ status, type }) => status === 'AVAILABLE' && type === 'USER');
  const own = [...setRows(backups, now), ...backups.map((backup) => backupRow(backup, backups, now))];
  return [...latestRow(isAny, 'the newest'), ...newestFirst([...own, ...(kinds === 'both' ? archived : [])])];
}

const MESSAGES: Readonly<Record<Kinds, string>> = {
  AWS: 'Which backup?',
  both: "Which backup? (or an archive's folder)",
  archives: "Which archive? (or its folder's path)",
};

/** Asks which backup or archive is meant, and says the command line with it. */
export async function pickBackup(
  session: CommandSession,
  kinds: Kinds,
  { latest = true }: { readonly latest?: boolean } = {},
): Promise<string> {
  const rows = await rowsOf(session, kinds);
  const isFolder = kinds === 'archives';
  const text = await pick(session, {
    message: MESSAGES[kinds],
    flag: `${isFolder ? 'a folder' : 'a backup'}: mcp-sessions ${session.commandName} <${isFolder ? 'folder' : 'backup'}>`,
    rows: latest ? rows : rows.filter(({ value }) => value !== 'latest'),
    typed: isFolder ? 'the folder' : 'the backup',
  });
  session.complete(withArgument(session, text));
  return text;
}
