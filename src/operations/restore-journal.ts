import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.js';
import type { TableRole } from '../schema/index.js';

/** How far one file of an archive has got. */
export interface FileProgress {
  /** Lines from the first on that are written, or were skipped. */
  readonly lines: number;
  readonly skipped: number;
}

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

/**
 * What a restore has done so far, private to its owner. The first line names the tables that it makes itself, written
 * before they are made; each other line says how far a file is. A line that a kill -9 has torn does not count: what it
 * told of is written again, which changes nothing.
 */
export class RestoreJournal {
  readonly #file: string;
  readonly #created: ReadonlySet<string>;
  readonly #progress: Map<string, FileProgress>;

  private constructor(file: string, created: readonly string[], progress: Map<string, FileProgress>) {
    this.#file = file;
    this.#created = new Set(created);
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
    const created: readonly string[] = JSON.parse(first);
    const progress = new Map(
      others.map((line): [string, FileProgress] => {
        const [role, at, lines, skipped]: [string, number, number, number] = JSON.parse(line);
        return [`${role} ${at}`, { lines, skipped }];
      }),
    );
    return new RestoreJournal(file, created, progress);
  }

  static begin(file: string, created: readonly string[]): RestoreJournal {
    onDisk(file, () => {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, `${JSON.stringify(created)}\n`, { mode: 0o600 });
    });
    return new RestoreJournal(file, created, new Map());
  }

  /** Whether a table was there for this restore to make. */
  made(table: string): boolean {
    return this.#created.has(table);
  }

  of(role: TableRole, file: number): FileProgress {
    return this.#progress.get(`${role} ${file}`) ?? { lines: 0, skipped: 0 };
  }

  note(role: TableRole, file: number, progress: FileProgress): void {
    this.#progress.set(`${role} ${file}`, progress);
    const { lines, skipped } = progress;
    onDisk(this.#file, () => appendFileSync(this.#file, `${JSON.stringify([role, file, lines, skipped])}\n`));
  }

  /** Whether an earlier run has compared a whole table with the archive. */
  isCompared(role: TableRole): boolean {
    return this.#progress.has(`${role} ${COMPARED}`);
  }

  noteCompared(role: TableRole): void {
    this.note(role, COMPARED, { lines: 0, skipped: 0 });
  }

  /** Begins a table anew: it was made by this run, so nothing that an earlier one wrote is in it. */
  forget(role: TableRole): void {
    const stale = [...this.#progress.keys()].filter((key) => key.startsWith(`${role} `));
    if (stale.length === 0) return;
    for (const key of stale) this.#progress.delete(key);
    const lines = [...this.#progress].map(([key, { lines: done, skipped }]) => {
      const [name = '', at = ''] = key.split(' ');
      return JSON.stringify([name, Number(at), done, skipped]);
    });
    onDisk(this.#file, () => {
      const partial = `${this.#file}.partial`;
      writeFileSync(partial, `${[JSON.stringify([...this.#created]), ...lines].join('\n')}\n`, { mode: 0o600 });
      renameSync(partial, this.#file);
    });
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}
