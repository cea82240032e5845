import path from 'node:path';
import { CliError } from '../../errors.js';
import {
  latestArchive,
  type ListedArchive,
  listArchives,
  planArchivePrune,
  removeArchive,
} from '../../operations/archive/archived-list.js';
import type { View } from '../../output/view.js';
import type { Outcome } from '../definition.js';
import type { CommandSession } from '../session.js';
import { type ListedBackup, listedJson, listView } from './backup-view.js';
import { archiveFolder } from './default-folder.js';
import { type Deletion, deleteWithConsent } from './delete-run.js';
import type { DeleteBackupFlags } from './delete.js';

type Row = ListedBackup & { readonly folder: ListedArchive };

const rowOf = (folder: ListedArchive): Row => ({
  table: folder.tables.map(({ name }) => name).join(', '),
  name: folder.name,
  arn: null,
  status: folder.status,
  createdAt: folder.createdAt,
  sizeBytes: folder.sizeBytes,
  type: 'ARCHIVE',
  archive: {
    path: folder.path,
    tables: folder.tables.map(({ name }) => name),
    items: folder.tables.reduce((total, { items }) => total + items, 0),
    isPartOfTables: folder.isPartOfTables,
  },
  folder,
});

const archivesOf = ({ runtime }: CommandSession): readonly ListedArchive[] => listArchives(archiveFolder(runtime.cwd));

/** An archive by its folder's name or path. Throws BACKUP_NOT_FOUND. */
function find(session: CommandSession, text: string): ListedArchive {
  const wanted = path.resolve(session.runtime.cwd, text);
  const found = archivesOf(session).find((archive) => archive.name === text || archive.path === wanted);
  if (found !== undefined) return found;
  throw new CliError('BACKUP_NOT_FOUND', `there is no archive '${text}' below .mcp-sessions/backups/`, {
    hint: 'the endpoint has no backups of its own; `mcp-sessions backup list` shows the archives there are',
  });
}

/** The archives of this folder, where the endpoint has no backups. */
export function listArchived(session: CommandSession): Outcome {
  return { view: listView(archivesOf(session).map(rowOf), session.runtime.now(), ['the tables below .mcp-sessions/']) };
}

/** One archive by its lists; `latest` is the one that `restore latest` takes. */
export async function showArchived(session: CommandSession, text: string): Promise<Outcome> {
  const tables = text === 'latest' ? (await session.target()).names.map(({ name }) => name) : [];
  const newest = text === 'latest' ? latestArchive(archivesOf(session), tables) : undefined;
  const row = rowOf(newest ?? find(session, text));
  const { tables: held, encrypted } = row.folder;
  const shown = listView([row], session.runtime.now(), []);
  const json = { ...listedJson(row, session.runtime.now()), tables: held, encrypted };
  const view: View = {
    ...shown,
    json: { backups: [json] },
    lines: [json],
    human: (page) =>
      [
        shown.human(page),
        ...held.map(({ name, items }) => page.note(`${items.toLocaleString('en-US')} items of '${name}'`)),
        ...(encrypted ? [page.note('encrypted')] : []),
        page.note(row.folder.path),
      ].join('\n'),
  };
  return { view };
}

const deletion: Deletion<Row> = {
  remove: async (rows) => {
    const backups = rows.map((row) => {
      try {
        removeArchive(row.folder);
        return { ...row, status: 'DELETED', outcome: 'deleted' as const, error: null };
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        return { ...row, outcome: 'failed' as const, error };
      }
    });
    return { backups, interrupted: false, error: backups.find(({ error }) => error !== null)?.error ?? null };
  },
};

export async function deleteArchived(
  session: CommandSession,
  texts: readonly string[],
  flags: DeleteBackupFlags,
): Promise<Outcome> {
  const found = new Set(texts.map((text) => find(session, text).name));
  const rows = archivesOf(session).filter(({ name }) => found.has(name));
  return deleteWithConsent(session, rows.map(rowOf), flags, deletion);
}

export async function pruneArchived(
  session: CommandSession,
  flags: DeleteBackupFlags,
  rule: { readonly keep: number | null; readonly madeBefore: number | null },
): Promise<Outcome> {
  const { names } = await session.target();
  const tables = names.map(({ name }) => name);
  const { goes, stays } = planArchivePrune(archivesOf(session), tables, rule);
  const plan = { lastGood: stays.map(rowOf), lastSet: [], otherNames: 0 };
  return deleteWithConsent(session, goes.map(rowOf), flags, { ...deletion, plan });
}
