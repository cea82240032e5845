import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { ConditionalDelete } from '../../dynamodb/delete.js';
import { presentOf } from '../../dynamodb/delete-size.js';
import { CliError } from '../../errors.js';
import { makeFolder } from '../../files/make-folder.js';
import { itemFromWire, itemToWire, type WireValue } from '../../schema/index.js';

/**
 * The files of one purge, private to their owner since they hold session ids:
 * `<name>.plan` the sessions that matched when the table was read, a JSON line each;
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
}

/** Which purge this is: the same request on the same tables has the same files. */
export function purgeFiles(folder: string, request: unknown): PurgeFiles {
  const name = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 12);
  const base = path.join(folder, `purge-${name}`);
  return { plan: `${base}.plan`, summary: `${base}.json`, done: `${base}.done`, lock: `${base}.lock` };
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

/** Writes a plan, line by line, in pieces; nothing of it stays in memory. */
export class PlanWriter {
  readonly #files: PurgeFiles;
  readonly #file: number;
  #pending = '';

  constructor(files: PurgeFiles) {
    this.#files = files;
    this.#file = onDisk(files.plan, () => {
      makeFolder(path.dirname(files.plan));
      removeFiles(files);
      return openSync(files.plan, 'w', PRIVATE_FILE);
    });
  }

  add({ key, observed }: ConditionalDelete): void {
    const absent = Object.keys(observed).filter((name) => observed[name] === null);
    this.#pending += `${JSON.stringify([itemToWire(key), itemToWire(presentOf(observed)), absent])}\n`;
    if (this.#pending.length > 65_536) this.#flush();
  }

  /** Ends the plan with its summary, without which it does not count. */
  finish(summary: unknown): void {
    this.#flush();
    onDisk(this.#files.summary, () => {
      const partial = `${this.#files.summary}.partial`;
      writeFileSync(partial, JSON.stringify({ version: VERSION, summary }), { mode: PRIVATE_FILE });
      renameSync(partial, this.#files.summary);
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
const VERSION = 1;

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

/** The plan's sessions in batches of so many, each with its place in the plan. Throws FILE_ERROR where it is damaged. */
export async function* readPlan(
  { plan }: PurgeFiles,
  size: number,
): AsyncGenerator<{ readonly batch: number; readonly deletes: readonly ConditionalDelete[] }> {
  let deletes: ConditionalDelete[] = [];
  let batch = 0;
  for await (const lines of linesOf(plan))
    for (const line of lines) {
      deletes.push(parseLine(line, plan));
      if (deletes.length < size) continue;
      yield { batch, deletes };
      deletes = [];
      batch += 1;
    }
  if (deletes.length > 0) yield { batch, deletes };
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

type PlanLine = readonly [
  key: Readonly<Record<string, WireValue>>,
  observed: Readonly<Record<string, WireValue>>,
  absent: readonly string[],
];

const isPlanLine = (value: unknown): value is PlanLine => Array.isArray(value) && value.length === 3;

function parseLine(line: string, plan: string): ConditionalDelete {
  const found = parsed(line);
  if (!isPlanLine(found)) throw noPlan(plan);
  const [key, observed, absent] = found;
  return {
    key: itemFromWire(key),
    observed: { ...itemFromWire(observed), ...Object.fromEntries(absent.map((name) => [name, null])) },
  };
}
