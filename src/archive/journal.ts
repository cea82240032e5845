import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { CliError } from '../errors.js';
import { type TableRecord, type TableRole, type WireValue } from '../schema/index.js';
import { Cipher, ENCRYPTION, type Encryption, type Secret } from './cipher.js';
import { appendSynced, damaged, onDisk, PRIVATE_FILE, readSmall } from './disk.js';
import { DATA_FILE, type DataFile, JOURNAL, RECORD } from './format.js';

type Key = Readonly<Record<string, WireValue>>;

/** One table of an archive that is being written. */
export interface StartedTable {
  readonly record: TableRecord;
  readonly arn: string | null;
  /** Folder of its export, below the archive's. */
  readonly folder: string;
  /** Parts that the table is read in: a key at which one goes on means nothing under another number. */
  readonly segments: number;
}

/** What an archive is of; an archive is resumed only by the command that began it. */
export interface Started {
  readonly version: 1;
  readonly id: string;
  /** Where, which tables, and which sessions were asked for. */
  readonly request: string;
  /** The command that goes on with it; null where none does. */
  readonly command: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly encryption: Encryption | null;
  readonly tables: readonly StartedTable[];
}

/** A part of a table's reading that is finished: its file is on the disk. */
export interface Step {
  readonly role: TableRole;
  readonly segment: number;
  /** null where the segment had nothing more. */
  readonly file: DataFile | null;
  /** Where the segment goes on; null at its end. */
  readonly next: Key | null;
}

/** That only the first steps of a segment count from here on. */
export interface GivenUp {
  readonly role: TableRole;
  readonly segment: number;
  /** So many of its steps stay. */
  readonly kept: number;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const STARTED = v.object({
  version: v.literal(1),
  id: v.string(),
  request: v.string(),
  command: v.nullable(v.string()),
  startedAt: v.string(),
  encryption: v.nullable(ENCRYPTION),
  tables: v.array(
    v.object({
      record: RECORD,
      arn: v.nullable(v.string()),
      folder: v.string(),
      segments: v.pipe(v.number(), v.integer(), v.minValue(1)),
    }),
  ),
});

const STEP = v.object({
  role: v.picklist(['sessions', 'events']),
  segment: count,
  file: v.nullable(DATA_FILE),
  /** DynamoDB JSON as text; hidden where the archive is encrypted, for keys are sessions' ids. */
  next: v.nullable(v.string()),
});

const GIVEN_UP = v.object({ role: v.picklist(['sessions', 'events']), segment: count, kept: count });

/** The journal of an archive that is being written: what is in it is on the disk. */
export class Journal {
  readonly started: Started;
  readonly cipher: Cipher | null;
  #steps: readonly Step[];
  readonly #file: string;
  readonly #handle: number;

  private constructor(file: string, started: Started, cipher: Cipher | null, steps: readonly Step[]) {
    this.started = started;
    this.cipher = cipher;
    this.#steps = steps;
    this.#file = file;
    this.#handle = onDisk('write', file, () => openSync(file, 'a', PRIVATE_FILE));
  }

  /** Whether its first line is there. */
  static isBegun = (root: string): boolean => readSmall(path.join(root, JOURNAL))?.includes('\n') === true;

  /** The command that finishes the archive in a folder; null where that cannot be told. */
  static commandOf(root: string): string | null {
    try {
      const [first = ''] = readFileSync(path.join(root, JOURNAL), 'utf8').split('\n', 1);
      const found = v.safeParse(v.object({ command: v.nullable(v.string()) }), JSON.parse(first));
      return found.success ? found.output.command : null;
    } catch {
      return null;
    }
  }

  static begin(root: string, started: Started, cipher: Cipher | null): Journal {
    const journal = new Journal(path.join(root, JOURNAL), started, cipher, []);
    journal.#append(started);
    return journal;
  }

  /** The journal of an archive that was stopped; null where not even its first line is there. */
  static resume(root: string, secret: Secret | null): Journal | null {
    const file = path.join(root, JOURNAL);
    const text = onDisk('read', file, () => readFileSync(file, 'utf8'));
    // The last line may be torn: what it told of is not finished then.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) onDisk('write', file, () => truncateSync(file, Buffer.byteLength(whole)));
    const [first, ...others] = whole.split('\n').slice(0, -1);
    if (first === undefined) return null;
    const started = parsed(STARTED, file, first, 1);
    const { encryption } = started;
    if ((encryption === null) !== (secret === null))
      throw new CliError(
        'ARCHIVE_LOCKED',
        `the archive in '${root}' was begun ${encryption === null ? 'without' : 'with'} encryption`,
        { hint: 'resume it with the flags that it was begun with' },
      );
    const cipher = encryption === null || secret === null ? null : Cipher.open(secret, encryption);
    let steps: Step[] = [];
    for (const [at, line] of others.entries()) {
      const entry = parsed(v.union([STEP, GIVEN_UP]), file, line, at + 2);
      if ('kept' in entry) {
        steps = without(steps, entry);
        continue;
      }
      const { next, ...step } = entry;
      const key = next === null ? null : (cipher?.reveal(next) ?? next);
      steps.push({ ...step, next: key === null ? null : JSON.parse(key) });
    }
    return new Journal(file, started, cipher, steps);
  }

  add({ next, ...step }: Step): void {
    const text = next === null ? null : JSON.stringify(next);
    this.#append({ ...step, next: text === null ? null : (this.cipher?.hide(text) ?? text) });
  }

  /** The steps of earlier runs, in their order; those that were given up are not among them. */
  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** Takes back the later steps of a segment, before any is added to them. */
  giveUp(givenUp: GivenUp): void {
    this.#append(givenUp);
    this.#steps = without(this.#steps, givenUp);
  }

  close(): void {
    closeSync(this.#handle);
  }

  #append(line: unknown): void {
    appendSynced(this.#handle, this.#file, `${JSON.stringify(line)}\n`);
  }
}

const without = (steps: readonly Step[], { role, segment, kept }: GivenUp): Step[] => {
  let at = 0;
  return steps.filter((step) => step.role !== role || step.segment !== segment || ++at <= kept);
};

function parsed<S extends v.GenericSchema>(schema: S, file: string, line: string, number: number): v.InferOutput<S> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw damaged(file, number, 'is no JSON');
  }
  const result = v.safeParse(schema, json);
  if (!result.success) throw damaged(file, number, result.issues[0].message);
  return result.output;
}
