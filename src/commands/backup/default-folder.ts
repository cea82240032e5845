import { existsSync } from 'node:fs';
import path from 'node:path';
import { stampOf } from '../../operations/backup/names.js';

const DEFAULT_PLACE = path.join('.mcp-sessions', 'backups');

/** The folder of archives that were made without `--to`. */
export const archiveFolder = (cwd: string): string => path.join(cwd, DEFAULT_PLACE);

/** Where an archive of a table goes when nothing else is said: a folder that is not there, by the first second from `ms` on. */
export function defaultFolder(cwd: string, table: string, ms: number): string {
  const folder = path.join(archiveFolder(cwd), `${table}-backup-${stampOf(ms)}`);
  return existsSync(folder) ? defaultFolder(cwd, table, ms + 1000) : folder;
}
