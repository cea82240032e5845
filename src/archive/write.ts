import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.js';
import type { TableRole, WireValue } from '../schema/index.js';
import { syncFolder } from '../files/sync-folder.js';
import { Cipher, type Secret } from './cipher.js';
import { makePrivate, onDisk, pathBelow, PRIVATE_FOLDER } from './disk.js';
import { folderProblem } from './folder.js';
import { type ArchiveList, type DataFile, JOURNAL } from './format.js';
import { type ListFacts, writeList } from './list.js';
import { lockArchive } from './lock.js';
import { type GivenUp, Journal, type Started } from './journal.js';
import { fileProblem } from './open.js';
import { PartWriter } from './part.js';

type Key = Readonly<Record<string, WireValue>>;

/** Text of one data file, before it is compressed, after which the next one is begun. */
const PART_BYTES = 32 * 1024 * 1024;

const fourDigits = (value: number): string => String(value).padStart(4, '0');

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

/** A file that an earlier run has finished and that is not as it was written. */
export interface BrokenPart extends GivenUp {
  readonly file: string;
  readonly reason: string;
}

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
    this.#recall();
  }

  /** What earlier runs have finished. */
  #recall(): void {
    for (const { record } of this.started.tables)
      this.#done.set(record.role, { files: [], next: new Map(), parts: new Map() });
    for (const { role, segment, file, next } of this.#journal.steps) {
      if (file !== null) this.#take(role, segment, file);
      this.#doneOf(role).next.set(segment, next);
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
    makePrivate(root);
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
      for (const { folder } of started.tables) makePrivate(path.join(root, folder, 'data'));
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
      makePrivate(path.join(root, folder, 'data'));
      const known = new Set(writer.filesOf(record.role).map((file) => file.path));
      for (const name of readdirSync(path.join(root, folder, 'data')))
        if (!known.has(`${folder}/data/${name}`)) rmSync(path.join(root, folder, 'data', name), { force: true });
    }
    return writer;
  }

  /** Reads what earlier runs have finished, and answers what is not as they had left it. */
  async brokenParts(): Promise<readonly BrokenPart[]> {
    const broken: BrokenPart[] = [];
    const counts = new Map<string, number>();
    for (const { role, segment, file: part } of this.#journal.steps) {
      const kept = counts.get(`${role} ${segment}`) ?? 0;
      counts.set(`${role} ${segment}`, kept + 1);
      if (part === null) continue;
      const { path: name, sha256: value, ...rest } = part;
      const file = pathBelow(this.root, name);
      const problem = await fileProblem({ ...rest, file, name, sum: { algorithm: 'sha256', value } });
      if (problem !== null) broken.push({ role, segment, kept, file, reason: problem.reason });
    }
    return broken;
  }

  /** Takes back a segment from some part on, before anything is written: it is read again from where that began. */
  giveUp({ role, segment, kept }: GivenUp): void {
    const before = this.filesOf(role);
    this.#journal.giveUp({ role, segment, kept });
    this.#recall();
    const left = new Set(this.filesOf(role).map(({ path: name }) => name));
    // Only now: a file that is gone and still counted would be damage.
    for (const { path: name } of before)
      if (!left.has(name)) onDisk('write', this.root, () => rmSync(pathBelow(this.root, name), { force: true }));
  }

  /** Takes back all that is finished of a table. */
  giveUpAll(role: TableRole): void {
    for (const segment of this.nextOf(role).keys()) this.giveUp({ role, segment, kept: 0 });
  }

  #checkSizes(role: TableRole): void {
    for (const { path: name, bytes } of this.filesOf(role)) {
      const file = pathBelow(this.root, name);
      if (statSync(file, { throwIfNoEntry: false })?.size === bytes) continue;
      throw new CliError('ARCHIVE_INVALID', `${file}: was finished, and now is missing, or has another size`, {
        hint: 'somebody else is at work in the folder; --resume reads that part of the table again',
      });
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
  finish(facts: ListFacts): ArchiveList {
    try {
      return this.#finish(facts);
    } finally {
      this.#unlock();
    }
  }

  #finish(facts: ListFacts): ArchiveList {
    // The list is to be of what this process wrote: nobody else's files get its word.
    for (const { record } of this.started.tables) this.#checkSizes(record.role);
    const { root, started, cipher } = this;
    const list = writeList({ root, started, cipher, filesOf: (role) => this.filesOf(role) }, facts);
    this.#journal.close();
    rmSync(path.join(root, JOURNAL), { force: true });
    return list;
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
