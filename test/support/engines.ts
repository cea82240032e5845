import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-sessions-test-')));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** False for a zombie as well: it is dead, only nobody has buried it. */
export function runs(pid: number): boolean {
  try {
    if (process.platform === 'linux') return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

export function kill(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

export async function until(holds: () => boolean, what: string, patienceMs = 5000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${patienceMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The owner of the lock beside a data file: while an engine runs, its supervisor. */
export function lockOf(dataFile: string): { owner: { pid: number }; token: string; socket: string } {
  const lock: ReturnType<typeof lockOf> = JSON.parse(readFileSync(`${dataFile}.lock`, 'utf8'));
  return lock;
}

/** Processes whose command line names the path: engines and supervisors that are left behind. */
export function processesNaming(path: string): string[] {
  return execFileSync('ps', ['-ww', '-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(path) && !/^\s*\d+ Z/.test(line));
}

/** The engines on a data file; the guard of each, a shell, has the same arguments. */
export function enginesOn(dataFile: string): string[] {
  return processesNaming(`--db-path ${dataFile}`).filter((line) => !line.includes('/bin/sh'));
}

interface Said {
  readonly endpoint?: string;
  readonly pid?: number;
  readonly startedByUs?: boolean;
  readonly put?: string;
  readonly released?: boolean;
}

/** A separate process that uses an engine; see engine-child.ts. */
export class EngineChild {
  readonly process: ChildProcess;
  /** Ids of the items whose writing the engine acknowledged. */
  readonly puts: string[] = [];
  readonly exited: Promise<number | null>;
  readonly ready: Promise<{ endpoint: string; pid: number; startedByUs: boolean }>;
  released = false;

  constructor(script: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    // A process group of its own, as a shell gives to each command.
    this.process = spawn(process.execPath, [script, ...args], { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env });
    // It may have ended before it is asked to.
    this.process.stdin?.on('error', () => undefined);
    let errors = '';
    this.process.stderr?.on('data', (chunk) => {
      errors += String(chunk);
    });
    this.exited = new Promise((resolve) => {
      this.process.once('close', resolve);
    });
    this.ready = new Promise((resolve, reject) => {
      if (this.process.stdout === null) return;
      createInterface(this.process.stdout).on('line', (line) => {
        const { endpoint, pid, startedByUs, put, released }: Said = JSON.parse(line);
        if (put !== undefined) this.puts.push(put);
        if (released === true) this.released = true;
        if (endpoint === undefined || pid === undefined) return;
        resolve({ endpoint, pid, startedByUs: startedByUs === true });
      });
      void this.exited.then((code) => reject(new Error(`ended with ${code} before it had an engine: ${errors}`)));
    });
    // Tests that kill it at any moment do not wait for it.
    this.ready.catch(() => undefined);
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  async release(): Promise<void> {
    this.process.stdin?.end('release\n');
    await this.exited;
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}

/** Bundles engine-child.ts below the package, where it finds the supervisor and the engine as the command does. */
export async function buildEngineChild(name: string): Promise<string> {
  const folder = join(root, 'node_modules', '.cache', 'mcp-sessions');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(root, 'test/support/engine-child.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
  });
  return outfile;
}
