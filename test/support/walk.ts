import { COMMAND, testNode } from './cli.js';
import { runInTerminal, type TerminalOptions } from './terminal.js';

export const ENTER = '\r';
export const DOWN = '\u001B[B';
export const ESCAPE = '\u001B';
export const CTRL_C = '\u0003';

/** What the user waits for, and what is typed then, as a terminal sends it; '' to wait for more of the same output. */
export type Step = readonly [sees: string | RegExp, types: string];

export interface WalkOptions extends TerminalOptions {
  /** Types these keys in place of a step's, and waits for the end. */
  readonly stop?: { readonly at: number; readonly keys: string };
}

export interface WalkResult {
  readonly code: number;
  readonly output: string;
  readonly raw: string;
  /** The terminal is left as it was: lines are edited and shown, the cursor is there. */
  readonly isRestored: boolean;
}

// A shell shows what the terminal is set to afterwards; Ctrl-C is for the command. It waits until that was seen: what is
// written just before the end may be lost with the terminal.
const SHELL = 'trap : INT; "$@"; code=$?; stty -a; echo "[the end]"; read -r _; exit $code';

/** Walks a path of questions on a terminal of 80×24, to its end or to a step. */
export async function walk(
  args: readonly string[],
  steps: readonly Step[],
  options: WalkOptions = {},
): Promise<WalkResult> {
  const { stop, ...terminal } = options;
  const { code, output, raw } = await runInTerminal([SHELL, 'sh', testNode(), COMMAND, ...args], {
    columns: 80,
    rows: 24,
    timeoutMs: 20_000,
    ...terminal,
    node: '/bin/sh',
    program: '-c',
    script: async (screen) => {
      for (const [at, [sees, types]] of steps.entries()) {
        await screen.waitFor(sees);
        const keys = at === stop?.at ? stop.keys : types;
        if (keys !== '') screen.type(keys);
        if (at === stop?.at) break;
      }
      await screen.waitFor('[the end]', 20_000);
      screen.type('\n');
    },
  });
  const [, settings = ''] = /speed \d+ baud([^]*)$/.exec(output) ?? [];
  const isLineMode = /\sicanon\b/.test(settings) && /\secho\b/.test(settings);
  const isCursorShown = raw.lastIndexOf('\u001B[?25h') >= raw.lastIndexOf('\u001B[?25l');
  return { code, output, raw, isRestored: isLineMode && isCursorShown };
}

/** The endings that a walk has at each of its steps, and the exit code of each. */
export const ENDINGS = [
  ['Esc', ESCAPE, 4],
  ['Ctrl-C', CTRL_C, 130],
] as const;

/** Does some work for each, a few at a time: a walk mostly waits. */
export async function inLanes<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: 3 }, lane));
}
