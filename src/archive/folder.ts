import { existsSync, readdirSync, statSync } from 'node:fs';
import { onDisk } from './disk.js';
import { JOURNAL, LIST, LOCK } from './format.js';

export type FolderProblem = 'archive' | 'partial' | 'file' | 'other';

/** Why a folder cannot take a new archive; null when it can: it is not there, or it is empty. */
export function folderProblem(folder: string): FolderProblem | null {
  if (!existsSync(folder)) return null;
  if (!onDisk('read', folder, () => statSync(folder).isDirectory())) return 'file';
  const names = onDisk('read', folder, () => readdirSync(folder))
    // It may be all that a kill has left.
    .filter((name) => !name.startsWith(LOCK));
  if (names.includes(LIST)) return 'archive';
  if (names.includes(JOURNAL)) return 'partial';
  return names.length === 0 ? null : 'other';
}
