import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { bareEnvironment, COMMAND, testNode } from './cli.js';

const KEYS = {
  enter: '\r',
  space: ' ',
  tab: '\t',
  escape: '\u001B',
  backspace: '\u007F',
  up: '\u001B[A',
  down: '\u001B[B',
  right: '\u001B[C',
  left: '\u001B[D',
  'ctrl-c': '\u0003',
  'ctrl-d': '\u0004',
} as const;

type Key = keyof typeof KEYS;

interface Screen {
  /**
   * Waits until the text or pattern was printed since the last key or typing (since the start before the first).
   * Throws with what was printed when it is not within `timeoutMs` (10,000), or when the command ended without it.
   */
  waitFor(text: string | RegExp, timeoutMs?: number): Promise<void>;
  /** Types text, without Enter. */
  type(text: string): void;
  key(name: Key): void;
  resize(columns: number, rows: number): void;
  /** Everything printed so far, without control sequences. */
  text(): string;
  /** The same with its control sequences. */
  raw(): string;
  /** What was printed since the last key or typing, without control sequences. */
  recent(): string;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly node?: string;
  /** Another script than the built command. */
  readonly program?: string;
  /** Milliseconds that the command may take to end after the script; 10,000 when absent. */
  readonly timeoutMs?: number;
  /** What the user does. */
  readonly script?: (screen: Screen) => Promise<void>;
}

export interface TerminalResult {
  readonly code: number;
  /** Everything printed, stdout and stderr as the terminal mixes them, without control sequences; lines end in `\n`. */
  readonly output: string;
  /** The same with its control sequences. */
  readonly raw: string;
}

const plain = (raw: string): string => stripVTControlCharacters(raw).replaceAll('\r\n', '\n');

/** Runs the built command on a terminal of its own, with a user who acts by `script`. */
export async function runInTerminal(args: readonly string[], options: TerminalOptions = {}): Promise<TerminalResult> {
  const home = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-home-'));
  const terminal = spawn(options.node ?? testNode(), [options.program ?? COMMAND, ...args], {
    // It becomes TERM, whatever the environment says.
    name: options.env?.['TERM'] ?? 'xterm-256color',
    cols: options.columns ?? 100,
    rows: options.rows ?? 30,
    cwd: options.cwd ?? home,
    env: bareEnvironment(home, { TERM: 'xterm-256color', ...options.env }),
  });
  let raw = '';
  let mark = 0;
  let code: number | undefined;
  terminal.onData((data) => {
    raw += data;
  });
  const exited = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      code = signal ? 128 + signal : exitCode;
      resolve(code);
    });
  });
  const send = (data: string): void => {
    mark = raw.length;
    terminal.write(data);
  };
  const recent = (): string => plain(raw.slice(mark));
  const screen: Screen = {
    text: () => plain(raw),
    raw: () => raw,
    recent,
    type: send,
    key: (name) => send(KEYS[name]),
    resize: (columns, rows) => terminal.resize(columns, rows),
    async waitFor(text, timeoutMs = 10_000) {
      const found = (): boolean => (typeof text === 'string' ? recent().includes(text) : text.test(recent()));
      const deadline = Date.now() + timeoutMs;
      while (!found()) {
        const ended = code !== undefined;
        if (ended) await drained(() => raw.length);
        if (found()) return;
        if (ended || Date.now() > deadline) {
          const why = ended ? `the command ended with ${code}` : `${timeoutMs} ms passed`;
          throw new Error(`${why} without ${String(text)} on the terminal, which shows:\n${recent()}`);
        }
        await sleep(10);
      }
    },
  };
  try {
    await options.script?.(screen);
    const timeoutMs = options.timeoutMs ?? 10_000;
    const ended = await Promise.race([exited, sleep(timeoutMs, undefined, { ref: false })]);
    if (ended === undefined) {
      throw new Error(`mcp-sessions ${args.join(' ')} did not end in ${timeoutMs} ms:\n${plain(raw)}`);
    }
    await drained(() => raw.length);
    return { code: ended, output: plain(raw), raw };
  } finally {
    if (code === undefined) terminal.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The exit of a process can be reported before the last of its output: waits until no more comes. */
async function drained(length: () => number): Promise<void> {
  let before = -1;
  while (before !== length()) {
    before = length();
    await sleep(30);
  }
}
