import { ArchiveDamage } from '../../archive/disk.js';
import { itemsOf } from '../../archive/lines.js';
import { fileProblem, type OpenArchive, type OpenTable, type SummedFile } from '../../archive/open.js';
import { CliError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { itemFromWire, itemSize, type TableRecord, type WireItem } from '../../schema/index.js';
import { commandLine } from '../command-line.js';
import { KeySet } from '../purge/key-set.js';
import { type IndexRule, type KeyProblem, keyProblem, type KeyRules } from './key-check.js';

export interface ArchiveProblem {
  readonly file: string;
  /** null where it is the file as a whole. */
  readonly line: number | null;
  readonly reason: string;
  /** The global index that takes no such item; a table without it does. */
  readonly index?: string;
}

export interface CheckedTable {
  readonly role: OpenTable['role'];
  readonly table: string;
  /** Items that were found. */
  readonly items: number;
  /** Items that there should be. */
  readonly expected: number;
  readonly ok: boolean;
  /** False where the table's keys are not known, or there are more items than keys can be kept in mind. */
  readonly keysChecked: boolean;
  /** Why not, and what to do about it; null where they were checked. */
  readonly keysNote: string | null;
}

export interface ArchiveCheck {
  readonly ok: boolean;
  readonly tables: readonly CheckedTable[];
  /** The first of each file. */
  readonly problems: readonly ArchiveProblem[];
}

export interface CheckOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Only these tables; all when left out. */
  readonly only?: (table: OpenTable) => boolean;
  /** The keys that the items of a table have to fit; left out: those of the archive's own description of it. */
  readonly rulesOf?: (table: OpenTable) => KeyRules;
  /** Sees every item. */
  readonly onItem?: (table: OpenTable, item: WireItem) => void;
}

/**
 * Reads an archive whole: every checksum, every count, every line, and whether each key is there once. Holds no more in
 * memory than a few lines and a hash of each key.
 */
export async function checkArchive(archive: OpenArchive, options: CheckOptions): Promise<ArchiveCheck> {
  const problems: ArchiveProblem[] = [];
  const tables: CheckedTable[] = [];
  for (const table of archive.tables.filter(options.only ?? (() => true))) {
    const checking: Checking = {
      archive,
      table,
      options,
      rules: (options.rulesOf ?? recordedRules)(table),
      seen: new KeySet(),
      items: 0,
    };
    const before = problems.length;
    for (const file of table.files) {
      const broken = await fileProblem(file);
      // Read also where the checksum is wrong: the line at which it shows is worth knowing.
      const found = broken?.isReadable === false ? null : await checkFile(checking, file);
      if (broken !== null) problems.push({ file: file.file, line: found?.line ?? null, reason: broken.reason });
      else if (found !== null) problems.push(found);
    }
    const { items } = checking;
    const keysNote = noteOn(checking);
    tables.push({
      role: table.role,
      table: table.name,
      items,
      expected: table.items,
      ok: problems.length === before && items === table.items,
      keysChecked: keysNote === null,
      keysNote,
    });
  }
  return { ok: problems.length === 0 && tables.every(({ ok }) => ok), tables, problems };
}

function noteOn({ items, rules, seen }: Checking): string | null {
  if (seen.isFull)
    return 'it has more items than keys can be kept in mind: whether one is there twice was not looked at';
  return rules.keys !== null || items === 0
    ? null
    : 'an export does not say its keys, and no layout that was named or recognized does: name one with --layout <id>, or describe yours in the configuration file';
}

interface Checking {
  readonly archive: OpenArchive;
  readonly table: OpenTable;
  readonly options: CheckOptions;
  readonly rules: KeyRules;
  readonly seen: KeySet;
  /** So far. */
  items: number;
}

async function checkFile(checking: Checking, file: SummedFile): Promise<ArchiveProblem | null> {
  const { archive, table, options, rules, seen } = checking;
  let refused: ArchiveProblem | null = null;
  try {
    for await (const found of itemsOf(file, archive.cipher, true)) {
      if (options.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted');
      for (const { line, item, length } of found) {
        const problem = sizeProblem(item, length) ?? keyProblem(item, rules, seen);
        if (problem !== undefined) refused ??= problemAt(file, line, problem);
        options.onItem?.(table, item);
      }
      checking.items += found.length;
      const { items: done } = checking;
      options.onProgress({ step: 'checking', table: table.name, done, total: table.items, unit: 'items' });
    }
  } catch (error) {
    if (!(error instanceof ArchiveDamage)) throw error;
    const { line, reason } = error;
    return refused ?? { file: file.file, line, reason };
  }
  return refused;
}

const LARGEST_ITEM = 400 * 1024;
/** Numbers are counted by a rule of thumb, AWS's own: an item that was in a table is not to be refused for that. */
const SIZE_TOLERANCE = 1024;

/** Why no table would take an item, or undefined. `characters` are those of its line: three bytes each at the most. */
function sizeProblem(item: WireItem, characters: number): KeyProblem | undefined {
  if (characters * 3 <= LARGEST_ITEM || itemSize(itemFromWire(item)) <= LARGEST_ITEM + SIZE_TOLERANCE) return undefined;
  return { reason: 'is larger than the 400 KB that an item may have', index: null };
}

const problemAt = ({ file }: SummedFile, line: number, { reason, index }: KeyProblem): ArchiveProblem => ({
  file,
  line,
  reason,
  ...(index !== null && { index }),
});

/** What the description in an archive says of a table's keys; an export of AWS's has none. */
export const recordedRules = ({ record }: OpenTable): KeyRules =>
  record === null
    ? { keys: null, indexes: [] }
    : { keys: record.keys, indexes: [...record.indexes, ...localOf(record)] };

/** The local indexes of a table, as indexes: their partition key is the table's. */
export const localOf = ({
  keys: { partitionKey },
  extras,
}: Pick<TableRecord, 'keys' | 'extras'>): readonly IndexRule[] =>
  (extras?.localIndexes ?? []).map(({ name, sortKey }) => ({ name, partitionKey, sortKey, isLocal: true }));

/** The check's first problem as an error, for whoever needs a whole archive. */
export function requireSound(folder: string, { problems, ok }: ArchiveCheck, layout: string | null): void {
  if (ok) return;
  const [first, ...others] = problems;
  const where = first === undefined ? folder : `${first.file}${first.line === null ? '' : `, line ${first.line}`}`;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  throw new CliError('ARCHIVE_INVALID', `${where}: ${first?.reason ?? 'it is not whole'}${more}`, {
    hint:
      problems.length > 0 && problems.every(({ index }) => index !== undefined)
        ? 'nothing was restored; --no-indexes restores into a new table that takes such items'
        : `\`${commandLine(['backup', 'verify', folder, ...(layout === null ? [] : ['--layout', layout])])}\` lists all that is wrong; nothing was restored`,
  });
}
