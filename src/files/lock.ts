import { randomBytes } from 'node:crypto';
import {
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../errors.js';
import { identify, liveness, type ProcessIdentity } from './processes.js';

/** What stands in a lock, beside what it is about. Only the process that it names, its owner, changes it. */
export interface LockRecord {
  readonly version: 1;
  /** Names this one taking of the lock, and never another. */
  readonly token: string;
  readonly owner: ProcessIdentity;
  /** What the owner does, for messages: 'mcp-sessions list'. */
  readonly label: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Where the owner can be asked: the supervisor of an engine. */
  readonly socket: string | null;
  /** How long the owner may take before it answers, in milliseconds. */
  readonly patienceMs: number;
  /** The engine on the data file; kept across owners until it is known to be gone. */
  readonly engine: ProcessIdentity | null;
}

export type LockDetails = Pick<LockRecord, 'label' | 'socket' | 'patienceMs'>;
export type LockAttempt =
  | { readonly kind: 'taken'; readonly lock: Lock }
  | { readonly kind: 'held'; readonly record: LockRecord };

/** An owner whose processes cannot be seen from here (another machine, a container) counts as dead after this silence. */
const SILENCE_MS = 20_000;
/** Content that cannot be read is a lock in the making this long; after that it is the remainder of a power cut. */
const MAKING_MS = 2000;
const CLAIM: LockDetails = { label: 'a claim', socket: null, patienceMs: 0 };

/**
 * The lock that makes sure of one process at a time: one engine per data file, one writer per archive. It appears at once and complete (link() of a finished file),
 * and it is replaced only by the one process that holds the claim on exactly this token (see {@link replace}):
 * two who find the same dead owner can neither both succeed it, nor remove each other's lock.
 */
export class Lock {
  readonly #path: string;
  #record: LockRecord;

  constructor(path: string, record: LockRecord) {
    this.#path = path;
    this.#record = record;
  }

  get record(): LockRecord {
    return this.#record;
  }

  update(change: Partial<Pick<LockRecord, 'socket' | 'engine'>>): void {
    const next = { ...this.#record, ...change };
    const draft = writeDraft(this.#path, next);
    renameSync(draft, this.#path);
    this.#record = next;
  }

  /** False when someone removed the lock by hand, most likely with the whole folder. */
  isOurs(): boolean {
    return readLock(this.#path)?.token === this.#record.token;
  }

  /** Says to other machines that the owner is alive. */
  touch(): void {
    const now = new Date();
    utimesSync(this.#path, now, now);
  }

  release(): void {
    if (this.isOurs()) rmSync(this.#path, { force: true });
  }

  /** As release, by one who offered the lock to another process, which may be adopting it at this moment. */
  abandon(): void {
    try {
      if (this.isOurs()) replace(this.#path, this.#record.token, null);
    } catch {
      // No room for the claim, say: the lock is stale once this process has ended.
    }
  }
}

export function takeLock(path: string, details: LockDetails): LockAttempt {
  return take(path, newRecord(details, null));
}

/** Passes the lock on from the process that took it to this one; null when it is no longer that process's to give. */
export function adoptLock(path: string, token: string, details: LockDetails): Lock | null {
  const found = readLock(path);
  if (found?.token !== token) return null;
  const record = newRecord(details, found.engine);
  return replace(path, token, record) ? new Lock(path, record) : null;
}

/** null: nobody holds it. */
export function readLock(path: string): LockRecord | null {
  try {
    const { ino, mtime, size } = statSync(path);
    return parseRecord(readFileSync(path, 'utf8')) ?? damaged(`damaged-${ino}-${size}`, mtime);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** False: the owner is gone, and whoever comes next may take its place. */
export function isHeld(path: string, record: LockRecord): boolean {
  return isHeldAt(path, record, Date.now());
}

function isHeldAt(path: string, record: LockRecord, now: number): boolean {
  const state = record.owner.pid === 0 ? 'unknown' : liveness(record.owner);
  if (state !== 'unknown') return state === 'running';
  try {
    return now - statSync(path).mtimeMs < (record.owner.pid === 0 ? MAKING_MS : SILENCE_MS);
  } catch {
    return false;
  }
}

function take(path: string, record: LockRecord): LockAttempt {
  for (;;) {
    const draft = writeDraft(path, record);
    try {
      // The file system's own clock: a network file system's differs from ours.
      const now = statSync(draft).mtimeMs;
      if (place(draft, path, record)) return { kind: 'taken', lock: new Lock(path, record) };
      const found = readLock(path);
      if (found === null) continue;
      if (isHeldAt(path, found, now)) return { kind: 'held', record: found };
      const heir = { ...record, engine: found.engine };
      if (!replace(path, found.token, heir)) return { kind: 'held', record: readLock(path) ?? found };
      sweep(path);
      return { kind: 'taken', lock: new Lock(path, heir) };
    } finally {
      rmSync(draft, { force: true });
    }
  }
}

/**
 * Puts `record`, or nothing, in the place of the lock named by `token`, if that one is still there. The right to do so is a lock
 * itself, named after the token: only one process has it, and a token that was replaced never comes back, so a
 * latecomer with an old token finds out before it does harm. A claim whose owner died is succeeded in the same way.
 */
function replace(path: string, token: string, record: LockRecord | null): boolean {
  const claimPath = `${path}.${token}`;
  const claim = take(claimPath, newRecord(record ?? CLAIM, null));
  if (claim.kind === 'held') return false;
  try {
    if (readLock(path)?.token !== token) return false;
    if (record === null) rmSync(path);
    else renameSync(writeDraft(path, record), path);
    return true;
  } finally {
    claim.lock.release();
  }
}

function place(draft: string, path: string, record: LockRecord): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
  }
  // A file system without hard links (exFAT, some network shares): still exclusive, but not complete at once.
  try {
    writeFileSync(path, JSON.stringify(record), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function writeDraft(path: string, record: LockRecord): string {
  const draft = `${path}.draft-${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, JSON.stringify(record), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  return draft;
}

/** Clears what killed processes left beside the lock. Claims and drafts are of no use once a minute old. */
function sweep(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const file = join(folder, name);
    try {
      if (Date.now() - statSync(file).mtimeMs > 60_000) unlinkSync(file);
    } catch {
      // Its owner removed it first.
    }
  }
}

function newRecord(details: LockDetails, engine: ProcessIdentity | null): LockRecord {
  return {
    version: 1,
    token: randomBytes(8).toString('hex'),
    owner: identify(process.pid),
    label: details.label,
    since: new Date().toISOString(),
    socket: details.socket,
    patienceMs: details.patienceMs,
    engine,
  };
}

function damaged(token: string, since: Date): LockRecord {
  const owner = { pid: 0, start: '', host: '', boot: '', namespace: '' };
  return {
    version: 1,
    token,
    owner,
    label: 'an unknown process',
    since: since.toISOString(),
    socket: null,
    patienceMs: 0,
    engine: null,
  };
}

function parseRecord(text: string): LockRecord | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is LockRecord {
  return (
    hasKeys(value, ['token', 'owner', 'label', 'since', 'socket', 'patienceMs', 'engine']) &&
    typeof value['token'] === 'string' &&
    /^[0-9a-f]{16}$/.test(value['token']) &&
    hasKeys(value['owner'], ['pid', 'start', 'host', 'boot', 'namespace']) &&
    typeof value['owner']['pid'] === 'number'
  );
}

function hasKeys(value: unknown, keys: readonly string[]): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}
