import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Secret } from '../../archive/cipher.js';
import { ArchiveDamage, onDisk } from '../../archive/disk.js';
import { openArchive, type OpenTable } from '../../archive/open.js';
import type { Progress } from '../../progress.js';
import { type ArchiveCheck, type ArchiveProblem, checkArchive } from './check.js';

export interface VerifyResult extends ArchiveCheck {
  readonly path: string;
  readonly encrypted: boolean;
}

/** Files beside those of the lists. No restore reads them, but AWS's import takes whatever is in the folder. */
function extraFiles({ dataFolder, files }: OpenTable): readonly ArchiveProblem[] {
  if (!existsSync(dataFolder)) return [];
  const known = new Set(files.map(({ file }) => file));
  return onDisk('read', dataFolder, () => readdirSync(dataFolder))
    .map((name) => path.join(dataFolder, name))
    .filter((file) => !known.has(file))
    .map((file) => ({ file, line: null, reason: 'is no file of the archive: an import would take it along' }));
}

/**
 * Checks an archive, or an export that was downloaded, from its lists to its last line; no table is needed. What is wrong
 * is in the result; throws ARCHIVE_PARTIAL, ARCHIVE_LOCKED, FILE_ERROR where there is nothing to check.
 */
export async function verifyArchive(
  folder: string,
  secret: Secret | null,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<VerifyResult> {
  try {
    const archive = openArchive(folder, secret);
    const check = await checkArchive(archive, options);
    const extra = archive.tables.flatMap(extraFiles);
    const problems = [...check.problems, ...extra];
    const ok = check.ok && extra.length === 0;
    return { ...check, ok, problems, path: folder, encrypted: archive.cipher !== null };
  } catch (error) {
    if (!(error instanceof ArchiveDamage)) throw error;
    const { file, line, reason } = error;
    return { ok: false, tables: [], problems: [{ file, line, reason }], path: folder, encrypted: false };
  }
}
