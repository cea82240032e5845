import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.js';
import type { TableRole, WireValue } from '../schema/index.js';
import { Cipher, type Secret } from './cipher.js';
import { makeFolder, onDisk, pathBelow, PRIVATE_FOLDER, sha256, syncFolder, writeWhole } from './disk.js';
import {
  type ArchivedTable,
  type ArchiveList,
  type DataFile,
  JOURNAL,
  LOCK,
  LIST,
  LIST_SEAL,
  LIST_SUM,
  manifestsOf,
  sumOf,
} from './format.js';
import { lockArchive } from './lock.js';
import { Journal, type Started, type StartedTable } from './journal.js';
import { fileProblem } from './open.js';
import { PartWriter } from './part.js';

type Key = Readonly<Record<string, WireValue>>;

/** Text of one data file, before it is compressed, after which the next one is begun. */
const PART_BYTES = 32 * 1024 * 1024;

const fourDigits = (value: number): string => String(value).padStart(4, '0');

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

/** The lock of a folder stays with the writer that the work makes; where it makes none, it is let go of. */
function locked<T extends ArchiveWriter | null>(root: string, work: (unlock: () => void) => T): T {
  const unlock = lockArchive(root);
  let writer: T | null = null;
  try {
    writer = work(unlock);
    return writer;
  } finally {
    if (writer === null) unlock();
  }
}

const notAsFinished = (file: string, reason: string): CliError =>
  new CliError('ARCHIVE_INVALID', `${file}: was finished by an earlier run, and now ${reason}`, {
    hint: 'nobody can go on with this archive: begin another one in another folder',
  });

interface OpenPart {
  readonly writer: PartWriter;
  next: Key | null;
}

/** Writes an archive: data files first, each recorded once it is on the disk, the manifests, and last the list of all. */
export class ArchiveWriter {
  readonly root: string;
  readonly started: Started;
  readonly #journal: Journal;
  readonly #unlock: () => void;
  readonly #partBytes: number;
  readonly #done = new Map<
    TableRole,
    { files: DataFile[]; next: Map<number, Key | null>; parts: Map<number, number> }
  >();
  readonly #open = new Map<string, OpenPart>();

  private constructor(root: string, journal: Journal, unlock: () => void, partBytes: number) {
    this.root = root;
    this.started = journal.started;
    this.#journal = journal;
    this.#unlock = unlock;
    this.#partBytes = partBytes;
    for (const { record } of this.started.tables)
      this.#done.set(record.role, { files: [], next: new Map(), parts: new Map() });
    for (const { role, segment, file, next } of journal.steps) {
      const done = this.#doneOf(role);
      if (file !== null) this.#take(role, segment, file);
      done.next.set(segment, next);
    }
  }

  /** Begins an archive in a folder that is not there yet, or empty. Throws ARCHIVE_BUSY where another process does. */
  static begin(
    root: string,
    started: Omit<Started, 'version' | 'encryption'>,
    secret: Secret | null,
    partBytes = PART_BYTES,
  ): ArchiveWriter {
    const cipher = secret === null ? null : Cipher.create(secret);
    makeFolder(root);
    // One that was there already may be open to others.
    onDisk('write', root, () => chmodSync(root, PRIVATE_FOLDER));
    return locked(root, (unlock) => {
      const problem = folderProblem(root);
      if (problem !== null && (problem !== 'partial' || Journal.isBegun(root)))
        throw new CliError('ARCHIVE_EXISTS', `another process has just written into '${root}'`, {
          hint: 'choose another folder: an archive is never overwritten',
        });
      // Before anything else is in the folder: else what a kill left there would be nobody's.
      const journal = Journal.begin(root, { version: 1, encryption: cipher?.encryption ?? null, ...started }, cipher);
      for (const { folder } of started.tables) makeFolder(path.join(root, folder, 'data'));
      syncFolder(root);
      syncFolder(path.dirname(root));
      return new ArchiveWriter(root, journal, unlock, partBytes);
    });
  }

  /**
   * Goes on with an archive that was stopped: keeps the files that were finished, and removes the others. null where it
   * had not got as far as its journal's first line. Throws ARCHIVE_BUSY where another process still writes it.
   */
  static resume(root: string, secret: Secret | null, partBytes = PART_BYTES): ArchiveWriter | null {
    return locked(root, (unlock) => ArchiveWriter.#resume(root, secret, unlock, partBytes));
  }

  static #resume(root: string, secret: Secret | null, unlock: () => void, partBytes: number): ArchiveWriter | null {
    const journal = Journal.resume(root, secret);
    if (journal === null) return null;
    const writer = new ArchiveWriter(root, journal, unlock, partBytes);
    for (const { folder, record } of journal.started.tables) {
      makeFolder(path.join(root, folder, 'data'));
      const known = new Set(writer.filesOf(record.role).map((file) => file.path));
      for (const name of readdirSync(path.join(root, folder, 'data')))
        if (!known.has(`${folder}/data/${name}`)) rmSync(path.join(root, folder, 'data', name), { force: true });
      writer.#checkSizes(record.role);
    }
    return writer;
  }

  /** Reads what an earlier run has finished; throws ARCHIVE_INVALID where it is not as it was written. */
  async checkFinished(): Promise<void> {
    for (const { record } of this.started.tables)
      for (const { path: name, items, rawBytes, bytes, sha256: value } of this.filesOf(record.role)) {
        const file = pathBelow(this.root, name);
        const sum = { algorithm: 'sha256', value } as const;
        const problem = await fileProblem({ file, name, items, rawBytes, bytes, sum });
        if (problem !== null) throw notAsFinished(file, problem.reason);
      }
  }

  #checkSizes(role: TableRole): void {
    for (const { path: name, bytes } of this.filesOf(role)) {
      const file = pathBelow(this.root, name);
      if (statSync(file, { throwIfNoEntry: false })?.size !== bytes)
        throw notAsFinished(file, 'is missing, or has another size');
    }
  }

  get cipher(): Cipher | null {
    return this.#journal.cipher;
  }

  /** The finished files of a table. */
  filesOf(role: TableRole): readonly DataFile[] {
    return this.#doneOf(role).files;
  }

  /** Where each segment goes on; null for one that is done. Segments that were not begun are not in it. */
  nextOf(role: TableRole): ReadonlyMap<number, Key | null> {
    return this.#doneOf(role).next;
  }

  /** Takes a page of a segment: its items' lines, and where the segment goes on. */
  async page(role: TableRole, segment: number, lines: string, items: number, next: Key | null): Promise<void> {
    const id = `${role} ${segment}`;
    let part = this.#open.get(id);
    if (items > 0) {
      if (part === undefined) {
        const writer = await PartWriter.open(this.root, this.#newName(role, segment), this.cipher);
        part = { writer, next };
        this.#open.set(id, part);
      }
      await part.writer.write(lines, items);
    }
    if (part !== undefined) {
      part.next = next;
      if (next === null || part.writer.rawBytes >= this.#partBytes) await this.#finishPart(role, segment);
    } else if (next === null) this.#record(role, segment, null, null);
  }

  /** Finishes the files that are open, so that nothing of them has to be read again. */
  async pauseAll(): Promise<void> {
    for (const id of this.#open.keys()) {
      const [role, segment] = id.split(' ');
      await this.#finishPart(role === 'events' ? 'events' : 'sessions', Number(segment));
    }
    this.#journal.close();
    this.#unlock();
  }

  /** Gives up the files that are open; what is finished stays, for --resume. */
  async abandon(): Promise<void> {
    for (const { writer } of this.#open.values()) await writer.abandon();
    this.#open.clear();
    this.#journal.close();
    this.#unlock();
  }

  /** Writes manifests and list: from here on the folder is an archive. */
  finish(facts: { readonly tool: string; readonly filter: unknown; readonly endedAt: string }): ArchiveList {
    try {
      return this.#finish(facts);
    } finally {
      this.#unlock();
    }
  }

  #finish(facts: { readonly tool: string; readonly filter: unknown; readonly endedAt: string }): ArchiveList {
    const { id, startedAt, encryption, tables } = this.started;
    // The list is to be of what this process wrote: nobody else's files get its word.
    for (const { record } of tables) this.#checkSizes(record.role);
    const list: ArchiveList = {
      format: 'mcp-sessions archive',
      version: 1,
      ...facts,
      id,
      startedAt,
      encryption,
      tables: tables.map((table) => this.#finishTable(table, startedAt, facts.endedAt)),
    };
    const text = `${JSON.stringify(list, null, 1)}\n`;
    writeWhole(path.join(this.root, LIST_SUM), `${sha256(text)}  ${LIST}\n`);
    if (this.cipher !== null) writeWhole(path.join(this.root, LIST_SEAL), `${this.cipher.seal(text)}\n`);
    writeWhole(path.join(this.root, LIST), text);
    this.#journal.close();
    rmSync(path.join(this.root, JOURNAL), { force: true });
    return list;
  }

  #finishTable({ record, arn, folder }: StartedTable, startedAt: string, endedAt: string): ArchivedTable {
    const files = this.filesOf(record.role).toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const manifests = Object.entries(manifestsOf({ record, arn, folder, startedAt, endedAt, files })).map(
      ([name, text]) => {
        writeWhole(path.join(this.root, folder, name), text);
        return { path: `${folder}/${name}`, bytes: Buffer.byteLength(text), sha256: sha256(text) };
      },
    );
    const items = files.reduce((total, file) => total + file.items, 0);
    return { record, arn, items, sha256: sumOf(files), files, manifests };
  }

  async #finishPart(role: TableRole, segment: number): Promise<void> {
    const id = `${role} ${segment}`;
    const part = this.#open.get(id);
    if (part === undefined) return;
    this.#open.delete(id);
    const file = await part.writer.finish();
    this.#record(role, segment, file, part.next);
  }

  #record(role: TableRole, segment: number, file: DataFile | null, next: Key | null): void {
    this.#journal.add({ role, segment, file, next });
    if (file !== null) this.#take(role, segment, file);
    this.#doneOf(role).next.set(segment, next);
  }

  #take(role: TableRole, segment: number, file: DataFile): void {
    const { files, parts } = this.#doneOf(role);
    files.push(file);
    parts.set(segment, (parts.get(segment) ?? 0) + 1);
  }

  #newName(role: TableRole, segment: number): string {
    const folder = this.started.tables.find(({ record }) => record.role === role)?.folder ?? '';
    const number = (this.#doneOf(role).parts.get(segment) ?? 0) + 1;
    const ending = this.cipher === null ? '.json.gz' : '.json.gz.enc';
    return `${folder}/data/s${fourDigits(segment)}-${fourDigits(number)}${ending}`;
  }

  #doneOf(role: TableRole): { files: DataFile[]; next: Map<number, Key | null>; parts: Map<number, number> } {
    const done = this.#done.get(role);
    if (done === undefined) throw new CliError('FILE_ERROR', `'${this.root}' was not begun with ${role}`);
    return done;
  }
}
