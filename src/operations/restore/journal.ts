import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../../errors.js';
import { makeFolder } from '../../files/make-folder.js';
import { syncFolder } from '../../files/sync-folder.js';
import type { TableRole } from '../../schema/index.js';

/** How far one file of an archive has got. */
export interface FileProgress {
  /** Lines from the first on that are written, or were skipped. */
  readonly lines: number;
  readonly skipped: number;
}

type Line =
  | readonly ['table', name: string, id: string | null]
  | readonly [role: TableRole, file: number, lines: number, skipped: number];

/** In place of a file's number. */
const COMPARED = -1;

/** Where the progress of a restore is kept: the same restore has the same file. */
export function restoreFile(folder: string, request: unknown): string {
  const name = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 12);
  return path.join(folder, `restore-${name}.jsonl`);
}

function onDisk<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('FILE_ERROR', `cannot write '${file}': ${reason}`, {
      hint: 'a restore keeps its progress in a file, to go on after an interruption',
      cause,
    });
  }
}

/** Of the journal's lines; a release that writes others has another one. */
const VERSION = 1;

const beginning = (begun: BegunRestore): string => JSON.stringify({ version: VERSION, ...begun });

const unreadable = (file: string): CliError =>
  new CliError('FILE_ERROR', `'${file}' is no journal of a restore, or one of another release`, {
    hint: 'the tables that it made may be half restored: look at them with `mcp-sessions status`, delete them and the file, and restore again',
  });

/** Whole lines of this version have one form; what else there is, a disk has spoilt. */
function onLine<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw unreadable(file);
  }
}

/** What a restore is, as its journal's first line says it, written before a table is made. */
export interface BegunRestore {
  /** All that the restore was asked for: it goes on only with the same. */
  readonly choice: string;
  /** The command that goes on with it. */
  readonly command: string;
  /** The tables that it makes itself. */
  readonly created: readonly string[];
}

/**
 * What a restore has done so far, private to its owner. The first line says what it is; each other line how far a file
 * is, or which table it made. A line that a kill -9 has torn does not count: what it told of is written again, which
 * changes nothing.
 */
export class RestoreJournal {
  readonly begun: BegunRestore;
  readonly #file: string;
  /** The ids of tables that were made, by name. */
  readonly #tables: Map<string, string | null>;
  readonly #progress: Map<string, FileProgress>;

  private constructor(
    file: string,
    begun: BegunRestore,
    tables: Map<string, string | null>,
    progress: Map<string, FileProgress>,
  ) {
    this.#file = file;
    this.begun = begun;
    this.#tables = tables;
    this.#progress = progress;
  }

  /** null when there is none, or nothing in it. */
  static read(file: string): RestoreJournal | null {
    if (!existsSync(file)) return null;
    const text = readFileSync(file, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) onDisk(file, () => writeFileSync(file, whole, { mode: 0o600 }));
    const [first, ...others] = whole.split('\n').slice(0, -1);
    if (first === undefined) return null;
    const { version, ...begun }: BegunRestore & { readonly version?: number } = onLine(file, () => JSON.parse(first));
    if (version !== VERSION) throw unreadable(file);
    const tables = new Map<string, string | null>();
    const progress = new Map<string, FileProgress>();
    for (const line of others) {
      const entry: Line = onLine(file, () => JSON.parse(line));
      if (entry[0] === 'table') tables.set(entry[1], entry[2]);
      else progress.set(`${entry[0]} ${entry[1]}`, { lines: entry[2], skipped: entry[3] });
    }
    return new RestoreJournal(file, begun, tables, progress);
  }

  static begin(file: string, begun: BegunRestore): RestoreJournal {
    onDisk(file, () => {
      makeFolder(path.dirname(file));
      writeFileSync(file, `${beginning(begun)}\n`, { mode: 0o600, flush: true });
      syncFolder(path.dirname(file));
    });
    return new RestoreJournal(file, begun, new Map(), new Map());
  }

  get file(): string {
    return this.#file;
  }

  /** Whether a table was there for this restore to make. */
  made(table: string): boolean {
    return this.begun.created.includes(table);
  }

  /** The id of the table that was made under a name; null where the restore did not get as far as writing it down. */
  idOf(table: string): string | null {
    return this.#tables.get(table) ?? null;
  }

  /** `id` is null before a table is made. */
  noteTable(table: string, id: string | null): void {
    this.#tables.set(table, id);
    this.#append(['table', table, id]);
  }

  of(role: TableRole, file: number): FileProgress {
    return this.#progress.get(`${role} ${file}`) ?? { lines: 0, skipped: 0 };
  }

  note(role: TableRole, file: number, progress: FileProgress): void {
    this.#progress.set(`${role} ${file}`, progress);
    const { lines, skipped } = progress;
    this.#append([role, file, lines, skipped]);
  }

  /** Whether an earlier run has compared a whole table with the archive. */
  isCompared(role: TableRole): boolean {
    return this.#progress.has(`${role} ${COMPARED}`);
  }

  noteCompared(role: TableRole): void {
    this.note(role, COMPARED, { lines: 0, skipped: 0 });
  }

  /**
   * Begins a table anew: it was made by this run, so nothing that an earlier one wrote is in it. On the disk when this
   * returns: old lines that came back after a loss of power would say of a new table what is in none.
   */
  forget(role: TableRole): void {
    const stale = [...this.#progress.keys()].filter((key) => key.startsWith(`${role} `));
    if (stale.length === 0) return;
    for (const key of stale) this.#progress.delete(key);
    const tables = [...this.#tables].map(([table, id]) => JSON.stringify(['table', table, id]));
    const files = [...this.#progress].map(([key, { lines: done, skipped }]) => {
      const [name = '', at = ''] = key.split(' ');
      return JSON.stringify([name, Number(at), done, skipped]);
    });
    onDisk(this.#file, () => {
      const partial = `${this.#file}.partial`;
      const lines = [beginning(this.begun), ...tables, ...files];
      writeFileSync(partial, `${lines.join('\n')}\n`, { mode: 0o600, flush: true });
      renameSync(partial, this.#file);
      syncFolder(path.dirname(this.#file));
    });
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }

  #append(line: Line): void {
    onDisk(this.#file, () => appendFileSync(this.#file, `${JSON.stringify(line)}\n`));
  }
}
