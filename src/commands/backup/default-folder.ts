import path from 'node:path';
import { stampOf } from '../../operations/backup/names.js';

const DEFAULT_PLACE = path.join('.mcp-sessions', 'backups');

/** The folder of archives that were made without `--to`. */
export const archiveFolder = (cwd: string): string => path.join(cwd, DEFAULT_PLACE);

/** Where an archive of a table goes when nothing else is said. */
export const defaultFolder = (cwd: string, table: string, ms: number): string =>
  path.join(cwd, DEFAULT_PLACE, `${table}-backup-${stampOf(ms)}`);
