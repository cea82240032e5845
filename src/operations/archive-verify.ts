import type { Secret } from '../archive/cipher.js';
import { ArchiveDamage } from '../archive/disk.js';
import { openArchive } from '../archive/open.js';
import type { Progress } from '../progress.js';
import { type ArchiveCheck, checkArchive } from './archive-check.js';

export interface VerifyResult extends ArchiveCheck {
  readonly path: string;
  readonly encrypted: boolean;
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
    return { ...(await checkArchive(archive, options)), path: folder, encrypted: archive.cipher !== null };
  } catch (error) {
    if (!(error instanceof ArchiveDamage)) throw error;
    const { file, line, reason } = error;
    return { ok: false, tables: [], problems: [{ file, line, reason }], path: folder, encrypted: false };
  }
}
