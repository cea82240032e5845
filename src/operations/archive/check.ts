import { ArchiveDamage } from '../../archive/disk.js';
import { itemsOf } from '../../archive/lines.js';
import { fileProblem, type OpenArchive, type OpenTable, type SummedFile } from '../../archive/open.js';
import { CliError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { itemFromWire, itemSize, type KeySchema, type WireItem } from '../../schema/index.js';
import { KeySet } from '../purge/key-set.js';

export interface ArchiveProblem {
  readonly file: string;
  /** null where it is the file as a whole. */
  readonly line: number | null;
  readonly reason: string;
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
  /** The keys of a table whose archive does not say them. */
  readonly keysOf?: (table: OpenTable) => KeySchema | null;
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
      keys: table.record?.keys ?? options.keysOf?.(table) ?? null,
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
    const { items, keys, seen } = checking;
    tables.push({
      role: table.role,
      table: table.name,
      items,
      expected: table.items,
      ok: problems.length === before && items === table.items,
      keysChecked: keys !== null && !seen.isFull,
    });
  }
  return { ok: problems.length === 0 && tables.every(({ ok }) => ok), tables, problems };
}

interface Checking {
  readonly archive: OpenArchive;
  readonly table: OpenTable;
  readonly options: CheckOptions;
  readonly keys: KeySchema | null;
  readonly seen: KeySet;
  /** So far. */
  items: number;
}

async function checkFile(checking: Checking, file: SummedFile): Promise<ArchiveProblem | null> {
  const { archive, table, options, keys, seen } = checking;
  let repeated: ArchiveProblem | null = null;
  try {
    for await (const found of itemsOf(file, archive.cipher, true)) {
      if (options.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted');
      for (const { line, item, length } of found) {
        const reason = sizeProblem(item, length) ?? (keys === null ? undefined : keyProblem(item, keys, seen));
        if (reason !== undefined) repeated ??= { file: file.file, line, reason };
        options.onItem?.(table, item);
      }
      checking.items += found.length;
      const { items: done } = checking;
      options.onProgress({ step: 'checking', table: table.name, done, total: table.items, unit: 'items' });
    }
  } catch (error) {
    if (!(error instanceof ArchiveDamage)) throw error;
    const { line, reason } = error;
    return repeated ?? { file: file.file, line, reason };
  }
  return repeated;
}

const LARGEST_ITEM = 400 * 1024;
/** Numbers are counted by a rule of thumb, AWS's own: an item that was in a table is not to be refused for that. */
const SIZE_TOLERANCE = 1024;

/** Why no table would take an item, or undefined. `characters` are those of its line: three bytes each at the most. */
function sizeProblem(item: WireItem, characters: number): string | undefined {
  if (characters * 3 <= LARGEST_ITEM || itemSize(itemFromWire(item)) <= LARGEST_ITEM + SIZE_TOLERANCE) return undefined;
  return 'is larger than the 400 KB that an item may have';
}

/** Why an item cannot be the only one of its key, or undefined. */
function keyProblem(item: WireItem, { partitionKey, sortKey }: KeySchema, seen: KeySet): string | undefined {
  const parts: string[] = [];
  for (const key of sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]) {
    const value = Object.hasOwn(item, key.name) ? item[key.name] : undefined;
    const [type, content] = value === undefined ? [] : (Object.entries(value)[0] ?? []);
    if (type !== key.type) return `the key '${key.name}' is ${type === undefined ? 'missing' : `of type ${type}`}`;
    if (content === '') return `the key '${key.name}' is empty`;
    parts.push(`${String(content).length}:${String(content)}`);
  }
  const id = parts.join('|');
  if (seen.get(id) !== undefined) return 'its key is there twice';
  seen.add(id, true);
  return undefined;
}

/** The check's first problem as an error, for whoever needs a whole archive. */
export function requireSound(folder: string, { problems, ok }: ArchiveCheck): void {
  if (ok) return;
  const [first, ...others] = problems;
  const where = first === undefined ? folder : `${first.file}${first.line === null ? '' : `, line ${first.line}`}`;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  throw new CliError('ARCHIVE_INVALID', `${where}: ${first?.reason ?? 'it is not whole'}${more}`, {
    hint: '`mcp-sessions backup verify` lists all that is wrong; nothing was restored',
  });
}
