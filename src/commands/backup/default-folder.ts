import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { stampOf } from '../../operations/backup/names.js';

const DEFAULT_PLACE = path.join('.mcp-sessions', 'backups');

/** The folder of archives that were made without `--to`. */
export const archiveFolder = (cwd: string): string => path.join(cwd, DEFAULT_PLACE);

/** Where an archive of a table goes when nothing else is said. */
export const defaultFolder = (cwd: string, table: string, ms: number): string =>
  path.join(cwd, DEFAULT_PLACE, `${table}-backup-${stampOf(ms)}`);

const stampIn = (name: string): string => /\d{8}-\d{6}$/.exec(name)?.[0] ?? '';

/** Folders below `.mcp-sessions/backups/`, the newest first, by the instant in their names. */
function foldersBelow(cwd: string): readonly string[] {
  const place = path.join(cwd, DEFAULT_PLACE);
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted((a, b) => stampIn(b).localeCompare(stampIn(a)))
    .map((name) => path.join(place, name));
}

/** The newest whole archive there, or null. */
export function newestFolder(cwd: string): string | null {
  return (
    foldersBelow(cwd).find((folder) => statSync(path.join(folder, 'archive.json'), { throwIfNoEntry: false })) ?? null
  );
}
