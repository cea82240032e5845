import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type ConditionalDelete, DELETE_BATCH } from '../../dynamodb/delete.js';
import { presentOf } from '../../dynamodb/delete-size.js';
import { CliError } from '../../errors.js';
import { makeFolder } from '../../files/make-folder.js';
import { syncFolder } from '../../files/sync-folder.js';
import { type Item, itemFromWire, itemToWire, type WireValue } from '../../schema/index.js';
import { Seal } from './seal.js';

/**
 * The files of one purge, private to their owner since they hold session ids:
 * `<name>.plan` the sessions that matched when the table was read, a JSON line for each batch of them: their keys, and,
 * sealed, the values that chose them;
 * `<name>.json` what was asked, and what the reading found; written last, so that a plan without it is not whole;
 * `<name>.done` a JSON line for each batch that is finished, its events included, and what each run has spent; it is
 * there from before the first delete on;
 * `<name>.lock` the process that works with them.
 */
export interface PurgeFiles {
  readonly plan: string;
  readonly summary: string;
  readonly done: string;
  readonly lock: string;
  /** Of this process alone: what another one has sealed stays shut. */
  readonly seal: Seal;
}

/** Which purge this is: the same request on the same tables has the same files. */
export function purgeFiles(folder: string, request: unknown): PurgeFiles {
  const name = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 12);
  const base = path.join(folder, `purge-${name}`);
  return {
    plan: `${base}.plan`,
    summary: `${base}.json`,
    done: `${base}.done`,
    lock: `${base}.lock`,
    seal: new Seal(),
  };
}

export const PRIVATE_FILE = 0o600;

/** Throws FILE_ERROR where the work fails. */
export function onDisk<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('FILE_ERROR', `cannot write '${file}': ${reason}`, {
      hint: 'a purge keeps its plan and its progress in a file, to go on after an interruption: give it room with --checkpoint <folder>',
      cause,
    });
  }
}

export function removeFiles({ plan, summary, done }: PurgeFiles): void {
  for (const file of [summary, done, plan]) rmSync(file, { force: true });
}

/** Writes a plan, batch by batch, in pieces; no more than a piece of it stays in memory. */
export class PlanWriter {
  readonly #files: PurgeFiles;
  readonly #file: number;
  #batch: ConditionalDelete[] = [];
  #batches = 0;
  #pending = '';

  constructor(files: PurgeFiles) {
    this.#files = files;
    this.#file = onDisk(files.plan, () => {
      makeFolder(path.dirname(files.plan));
      removeFiles(files);
      return openSync(files.plan, 'w', PRIVATE_FILE);
    });
  }

  add(chosen: ConditionalDelete): void {
    this.#batch.push(chosen);
    if (this.#batch.length >= DELETE_BATCH) this.#endBatch();
  }

  #endBatch(): void {
    const observed = this.#batch.map((each): ObservedText => {
      const absent = Object.keys(each.observed).filter((name) => each.observed[name] === null);
      return [itemToWire(presentOf(each.observed)), absent];
    });
    const sealed = this.#files.seal.close(JSON.stringify(observed), this.#batches);
    const line: PlanLine = [this.#batch.map(({ key }) => itemToWire(key)), sealed];
    this.#pending += `${JSON.stringify(line)}\n`;
    this.#batch = [];
    this.#batches += 1;
    if (this.#pending.length > 65_536) this.#flush();
  }

  /** Ends the plan with its summary, without which it does not count; both are on the disk when this returns. */
  finish(summary: unknown): void {
    if (this.#batch.length > 0) this.#endBatch();
    this.#flush();
    onDisk(this.#files.plan, () => fsyncSync(this.#file));
    onDisk(this.#files.summary, () => {
      const partial = `${this.#files.summary}.partial`;
      writeFileSync(partial, JSON.stringify({ version: VERSION, summary }), { mode: PRIVATE_FILE, flush: true });
      renameSync(partial, this.#files.summary);
      syncFolder(path.dirname(partial));
    });
    closeSync(this.#file);
  }

  /** Ends a plan that will not be whole, and leaves nothing of it. */
  abandon(): void {
    closeSync(this.#file);
    removeFiles(this.#files);
  }

  #flush(): void {
    onDisk(this.#files.plan, () => writeFileSync(this.#file, this.#pending));
    this.#pending = '';
  }
}

/** Of the plan's lines and of those of what is done; a release that writes others has another one. */
const VERSION = 2;

/** What the reading found, or null when there is no whole plan. Throws FILE_ERROR for one that is not to be gone on with. */
export function readSummary({ summary }: PurgeFiles): unknown {
  if (!existsSync(summary)) return null;
  const found = parsed(readFileSync(summary, 'utf8'));
  if (typeof found === 'object' && found !== null && 'version' in found && found.version === VERSION)
    return Reflect.get(found, 'summary');
  throw noPlan(summary);
}

const noPlan = (file: string): CliError =>
  new CliError('FILE_ERROR', `'${file}' is no plan of a purge, or one of another release`, {
    hint: '--restart forgets it and reads the table again',
  });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A session of a plan; what it was chosen by is null where another process has read the table. */
export interface Planned {
  readonly key: Item;
  readonly observed: ConditionalDelete['observed'] | null;
}

/** The plan's sessions in batches, each with its place in the plan. Throws FILE_ERROR where it is damaged. */
export async function* readPlan({
  plan,
  seal,
}: PurgeFiles): AsyncGenerator<{ readonly batch: number; readonly planned: readonly Planned[] }> {
  let batch = 0;
  for await (const lines of linesOf(plan))
    for (const line of lines) {
      yield { batch, planned: parseLine(line, batch, plan, seal) };
      batch += 1;
    }
}

/**
 * A file's lines, as many at once as a piece of it ends. They end with \n alone: to node:readline U+2028 ends one too, which
 * JSON text has in it as it is.
 */
async function* linesOf(file: string): AsyncGenerator<readonly string[]> {
  const pieces: string[] = [];
  for await (const chunk of createReadStream(file, 'utf8')) {
    const [first = '', ...others] = String(chunk).split('\n');
    pieces.push(first);
    const last = others.pop();
    if (last === undefined) continue;
    yield [pieces.splice(0).join(''), ...others];
    pieces.push(last);
  }
  const rest = pieces.join('');
  if (rest !== '') yield [rest];
}

type PlanLine = readonly [keys: readonly Readonly<Record<string, WireValue>>[], sealed: string];

/** What a session was chosen by: the values that were there, and the names that were not. */
type ObservedText = readonly [present: Readonly<Record<string, WireValue>>, absent: readonly string[]];

const isPlanLine = (value: unknown): value is PlanLine =>
  Array.isArray(value) && value.length === 2 && Array.isArray(value[0]) && typeof value[1] === 'string';

function parseLine(line: string, batch: number, plan: string, seal: Seal): readonly Planned[] {
  const found = parsed(line);
  if (!isPlanLine(found)) throw noPlan(plan);
  const [keys, sealed] = found;
  const text = seal.open(sealed, batch);
  const observed: readonly ObservedText[] | null = text === null ? null : JSON.parse(text);
  return keys.map((key, at) => ({ key: itemFromWire(key), observed: observedOf(observed?.[at]) }));
}

function observedOf(text: ObservedText | undefined): Planned['observed'] {
  if (text === undefined) return null;
  const [present, absent] = text;
  return { ...itemFromWire(present), ...Object.fromEntries(absent.map((name) => [name, null])) };
}
