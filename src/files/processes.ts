import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from '../errors.js';

/** One process, told apart from a later one that was given the same number. Unknown parts are empty. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the operating system's own terms: only good for comparing. */
  readonly start: string;
  readonly host: string;
  readonly boot: string;
  /** The PID namespace: the same number means another process in a container. */
  readonly namespace: string;
}

export type Liveness = 'running' | 'gone' | 'unknown';

export function identify(pid: number): ProcessIdentity {
  return { pid, start: startOf(pid) ?? '', ...here() };
}

/** 'unknown' when the process belongs to another machine or container, whose processes cannot be seen from here. */
export function liveness(identity: ProcessIdentity): Liveness {
  const place = here();
  if (identity.host !== place.host) return 'unknown';
  if (identity.boot !== place.boot) return 'gone';
  if (identity.namespace !== place.namespace) return 'unknown';
  const found = look(identity.pid);
  if (found === 'none') return 'gone';
  const start = startOf(identity.pid);
  // Systems may hide the processes of other users, except from this question.
  if (start === null) return found === 'foreign' ? 'running' : 'gone';
  return start === '' || identity.start === '' || start === identity.start ? 'running' : 'gone';
}

/** Kills that very process, if it still runs here, and waits up to `patienceMs` for it to be gone. */
export async function ensureGone(identity: ProcessIdentity, patienceMs: number): Promise<boolean> {
  const end = Date.now() + patienceMs;
  // Without a start time the number may belong to someone else by now: then it is left alone.
  while (identity.start !== '' && liveness(identity) === 'running') {
    try {
      process.kill(identity.pid, 'SIGKILL');
    } catch {
      // It ended in between, or is another user's.
    }
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

function look(pid: number): 'ours' | 'foreign' | 'none' {
  try {
    process.kill(pid, 0);
    return 'ours';
  } catch (error) {
    return errorCode(error) === 'EPERM' ? 'foreign' : 'none';
  }
}

/** null: gone, or a zombie that nobody has buried yet; '': the system does not tell. */
function startOf(pid: number): string | null {
  if (process.platform === 'win32') return '';
  if (process.platform !== 'linux') return startByPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in brackets, may itself hold spaces and brackets. After it: state … start time (field 22).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? '');
  } catch {
    return existsSync('/proc/self/stat') ? null : '';
  }
}

function startByPs(pid: number): string | null {
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const [state = '', ...start] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 2000,
    })
      .trim()
      .split(/\s+/);
    return state.startsWith('Z') ? null : start.join(' ');
  } catch (error) {
    // ps ends with 1 when there is no such process; a missing or hanging ps tells nothing.
    return error instanceof Error && 'status' in error && error.status === 1 ? null : '';
  }
}

function here(): Pick<ProcessIdentity, 'host' | 'boot' | 'namespace'> {
  if (process.platform !== 'linux') return { host: hostname(), boot: '', namespace: '' };
  return {
    host: hostname(),
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: quietly(() => readlinkSync('/proc/self/ns/pid')),
  };
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
