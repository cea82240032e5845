import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { CliError } from '../errors.js';
import { onDisk, PRIVATE_FILE } from './disk.js';
import { LOCK } from './format.js';

const OWNER = v.object({ token: v.string(), pid: v.number(), host: v.string(), began: v.number() });

/** How often a lock says that its owner is alive, to whom cannot see its processes, and how long nothing may be said. */
const BEAT_MS = 15_000;
const SILENCE_MS = 120_000;

/** How long a lock that was left behind is being replaced at the most. */
const REPLACING_MS = 10_000;

/**
 * Makes sure that one process at a time writes into the folder of an archive: a file that is made if it is not there. One
 * whose owner is gone is replaced; that of another machine or container when it has said nothing for two minutes.
 */
export class ArchiveLock {
  readonly #file: string;
  readonly #token: string;
  readonly #beat: NodeJS.Timeout;

  private constructor(file: string, token: string) {
    this.#file = file;
    this.#token = token;
    this.#beat = setInterval(() => this.#touch(), BEAT_MS).unref();
  }

  /** Throws ARCHIVE_BUSY while another process has it. */
  static take(root: string): ArchiveLock {
    const file = path.join(root, LOCK);
    const token = randomUUID();
    return onDisk('write', file, () => {
      if (!create(file, token) && !replace(file, token)) throw busy(root, file);
      return new ArchiveLock(file, token);
    });
  }

  release(): void {
    clearInterval(this.#beat);
    if (read(this.#file).includes(this.#token)) rmSync(this.#file, { force: true });
  }

  #touch(): void {
    try {
      const now = new Date();
      utimesSync(this.#file, now, now);
    } catch {
      // Somebody removed it.
    }
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, 'code') : undefined);

/** False where it is there already. */
function create(file: string, token: string): boolean {
  let handle: number;
  try {
    handle = openSync(file, 'wx', PRIVATE_FILE);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(handle, JSON.stringify({ token, pid: process.pid, host: hostname(), began: performance.timeOrigin }));
  } finally {
    closeSync(handle);
  }
  return true;
}

/** Takes the place of a lock that was left behind; only one of those that find it so may. */
function replace(file: string, token: string): boolean {
  const claim = `${file}.replacing`;
  if (age(claim) > REPLACING_MS) rmSync(claim, { force: true });
  if (!create(claim, token)) return false;
  try {
    if (isHeld(file)) return false;
    rmSync(file, { force: true });
    return create(file, token);
  } finally {
    rmSync(claim, { force: true });
  }
}

function isHeld(file: string): boolean {
  const owner = ownerIn(read(file));
  // One that cannot be read may be half written.
  if (owner === null || owner.host !== hostname()) return age(file) <= SILENCE_MS;
  // A container's processes have the same numbers each time.
  if (owner.pid === process.pid) return owner.began === performance.timeOrigin;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function ownerIn(text: string): v.InferOutput<typeof OWNER> | null {
  try {
    const parsed = v.safeParse(OWNER, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Empty where it is gone. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Milliseconds since it was touched; above all bounds where it is gone. */
const age = (file: string): number =>
  Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY);

function busy(root: string, file: string): CliError {
  const owner = ownerIn(read(file));
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`;
  return new CliError('ARCHIVE_BUSY', `the archive in '${root}' is being written by ${who}`, {
    hint: `wait for it to end; if that is no mcp-sessions, remove '${file}'`,
  });
}
