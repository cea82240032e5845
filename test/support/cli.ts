import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';

/** The built command, as npm would link it. */
export const COMMAND = fileURLToPath(new URL('../../bin/mcp-sessions.js', import.meta.url));

/** The Node that runs the command; CI sets `MCP_SESSIONS_TEST_NODE` to test on others than the one that runs vitest. */
export const testNode = (): string => process.env['MCP_SESSIONS_TEST_NODE'] || process.execPath;

/**
 * A new empty folder. Called in a test it is removed when the test ends; called while the file is collected
 * (at its top or in `describe`), when the file ends. Not for use in hooks.
 */
export function tempFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    onTestFinished(remove);
  } catch {
    afterAll(remove);
  }
  return folder;
}

/** The environment of a user who has set nothing: no AWS, no CI, a home of its own. Entries that are undefined are left out. */
export function bareEnvironment(
  home: string,
  extra: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const all = { PATH: process.env['PATH'], HOME: home, LANG: 'C.UTF-8', ...extra };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

export interface RunOptions {
  /** Set on top of the bare environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Working folder; a new empty one when absent. */
  readonly cwd?: string;
  /** What stdin holds; stdin is closed when absent. */
  readonly input?: string;
  /** Path of the Node to run on. */
  readonly node?: string;
  /** Milliseconds after which the command is killed; 20,000 when absent. */
  readonly timeoutMs?: number;
  /** Another script than the built command. */
  readonly script?: string;
  /** Is told the process once it runs, to send it a signal. */
  readonly onStart?: (child: { kill(signal: NodeJS.Signals): boolean }) => void;
}

export interface RunResult {
  /** Exit code; null when a signal ended the command. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Wall-clock milliseconds from start to end. */
  readonly ms: number;
}

/** Runs the built command as a user's script would, without a terminal. Throws when it does not end in time. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const home = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-home-'));
  const started = performance.now();
  try {
    const child = spawn(options.node ?? testNode(), [options.script ?? COMMAND, ...args], {
      cwd: options.cwd ?? home,
      env: bareEnvironment(home, options.env),
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    // A command that ends without reading its input closes the pipe: not an error of the test.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
    options.onStart?.(child);
    let late = false;
    const timeoutMs = options.timeoutMs ?? 20_000;
    const killer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
    }).finally(() => clearTimeout(killer));
    if (late) {
      throw new Error(
        `mcp-sessions ${args.join(' ')} did not end in ${timeoutMs} ms\nstdout: ${output.stdout}\nstderr: ${output.stderr}`,
      );
    }
    return { code, signal, ...output, ms: performance.now() - started };
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
}
