import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Secret } from '../../archive/cipher.js';
import { ArchiveDamage, onDisk } from '../../archive/disk.js';
import { JOURNAL } from '../../archive/format.js';
import { Journal } from '../../archive/journal.js';
import { lockArchive } from '../../archive/lock.js';
import { openArchive, type OpenTable } from '../../archive/open.js';
import { CliError } from '../../errors.js';
import { type Layout, LAYOUTS } from '../../schema/index.js';
import type { Progress } from '../../progress.js';
import { exportedTable } from './export-layout.js';
import { type ArchiveCheck, type ArchiveProblem, checkArchive } from './check.js';

export interface VerifyOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Left out: those that come with the product. */
  readonly layouts?: readonly Layout[];
  /** The layout of an export of AWS's, which does not say its keys; left out: the one that it looks like. */
  readonly layout?: string | null;
}

export interface VerifyResult extends ArchiveCheck {
  readonly path: string;
  readonly encrypted: boolean;
  /** Of an archive that was not finished the command that goes on with it, null where none does; null for one that was. */
  readonly unfinished: { readonly command: string | null } | null;
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
 * is in the result, that it was not finished too; throws ARCHIVE_LOCKED, FILE_ERROR where there is nothing to check, and
 * ARCHIVE_BUSY where it is just being written.
 */
export async function verifyArchive(
  folder: string,
  secret: Secret | null,
  options: VerifyOptions,
): Promise<VerifyResult> {
  try {
    const archive = openArchive(folder, secret);
    const exported = archive.tables.some(({ record }) => record === null)
      ? await exportedTable(archive, options.layouts ?? LAYOUTS, options.layout ?? null)
      : null;
    const check = await checkArchive(archive, {
      ...options,
      ...(exported !== null && { rulesOf: () => exported.spec }),
    });
    const extra = archive.tables.flatMap(extraFiles);
    const problems = [...check.problems, ...extra];
    const ok = check.ok && extra.length === 0;
    return { ...check, ok, problems, path: folder, encrypted: archive.cipher !== null, unfinished: null };
  } catch (error) {
    const none = { ok: false, tables: [], path: folder, encrypted: false } as const;
    if (error instanceof CliError && error.code === 'ARCHIVE_PARTIAL') {
      requireNoWriter(folder);
      const problem = { file: path.join(folder, JOURNAL), line: null, reason: 'the archive was not finished' };
      return { ...none, problems: [problem], unfinished: { command: Journal.commandOf(folder) } };
    }
    if (!(error instanceof ArchiveDamage)) throw error;
    const { file, line, reason } = error;
    return { ...none, problems: [{ file, line, reason }], unfinished: null };
  }
}

/** Nobody is told to remove what is being written. Throws ARCHIVE_BUSY. */
function requireNoWriter(folder: string): void {
  try {
    lockArchive(folder)();
  } catch (error) {
    // Where nothing may be written, nothing is.
    if (!(error instanceof CliError) || error.code === 'ARCHIVE_BUSY') throw error;
  }
}
