import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { run } from '../../src/program.js';
import { type FakeStreams, fakeStreams, until } from './fake-terminal.js';

export interface RunCommandOptions {
  /** Columns of a terminal on all three streams; none when absent. */
  readonly columns?: number;
  /** The whole environment, beside the locale and the kind of terminal. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working folder; a new empty one when absent. */
  readonly cwd?: string;
  /** Epoch milliseconds that the command takes for now. */
  readonly now?: number;
  readonly signal?: AbortSignal;
  /** Types on the terminal while the command runs. */
  readonly user?: (streams: FakeStreams) => Promise<void>;
}

export interface RunCommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process, its streams replaced; the environment of the machine does not count. */
export async function runCommand(argv: readonly string[], options: RunCommandOptions = {}): Promise<RunCommandResult> {
  const { columns, env = {}, now = Date.now(), signal = new AbortController().signal } = options;
  const streams = fakeStreams({ tty: columns !== undefined, ...(columns !== undefined && { columns }) });
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
  try {
    const running = run({
      argv,
      env: { ...streams.env, ...env },
      cwd: options.cwd ?? folder,
      stdin: streams.stdin,
      stdout: streams.stdout,
      stderr: streams.stderr,
      signal,
      now: () => now,
    });
    await options.user?.(streams);
    const code = await running;
    // PassThrough hands the last chunk over in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
    return { code, stdout: streams.stdout.written, stderr: streams.stderr.written };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The flags that lead a command to an engine. */
export const at = (endpoint: string): readonly string[] => ['--endpoint-url', endpoint];

/** Answers a question once it is asked. */
export const answer =
  (question: string, keys: string) =>
  async ({ stdin, stderr }: FakeStreams): Promise<void> => {
    await until(() => stripVTControlCharacters(stderr.written).includes(question), question);
    // readline takes the line once it listens.
    await new Promise((resolve) => setTimeout(resolve, 100));
    stdin.write(keys);
  };
