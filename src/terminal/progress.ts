import { Chalk } from 'chalk';
import type { Progress } from '../progress.js';
import { type ApiCall, callText } from './api-call.js';
import type { Terminal } from './io.js';
import { fitLine, plainLine } from './plain-line.js';
import { createSpinner, type Spinner } from './spinner.js';

/** Shows what operations report. */
export interface ProgressReporter {
  report(progress: Progress): void;
  /** A line that stays, for what happens along the way. */
  note(text: string): void;
  /** With `verbose`, a line on an AWS call; else nothing. */
  logCall(call: ApiCall): void;
  /** Takes the moving line away and leaves nothing of it; before a question, before the result, and at the end. */
  stop(): void;
}

export interface ProgressOptions {
  /** No progress and no notes. */
  readonly quiet?: boolean;
  /** AWS calls are logged. */
  readonly verbose?: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

const REPEAT_AFTER_MS = 5000;

/** A count as English writes it: `1,200`. Loading the languages that toLocaleString needs takes 5 ms. */
const grouped = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** `deleting sessions in mcp-sessions: 1,200 of 5,000 items (24%), segment 3`; numbers in English, like the rest. */
export function progressText({ step, table, done, total, unit, detail }: Progress): string {
  const counts: string[] = [];
  if (done !== undefined) counts.push(grouped(done));
  if (total !== undefined) counts.push(`${done === undefined ? '' : 'of '}${grouped(total)}`);
  if (counts.length > 0 && unit !== undefined) counts.push(unit);
  if (done !== undefined && total !== undefined && total > 0) {
    counts.push(`(${Math.min(100, Math.floor((100 * done) / total))}%)`);
  }
  const after = [counts.join(' '), detail ?? ''].filter((text) => text !== '').join(', ');
  return `${step}${table === undefined ? '' : ` in ${table}`}${after === '' ? '' : `: ${after}`}`;
}

/**
 * Shows progress on stderr: on a terminal one moving line, elsewhere a plain line when a step begins and one every
 * five seconds while it lasts. Call `stop` in a `finally`: the moving line keeps the process alive.
 */
export function createProgress(terminal: Terminal, options: ProgressOptions = {}): ProgressReporter {
  const { stderr } = terminal;
  const now = options.now ?? (() => performance.now());
  const chalk = new Chalk({ level: terminal.color(stderr) ? 1 : 0 });
  // A dumb terminal cannot take its line back.
  const moving = stderr.isTTY === true && terminal.env['TERM'] !== 'dumb';
  const spinner: Spinner | undefined = moving && options.quiet !== true ? createSpinner(terminal) : undefined;
  const lastWritten = new Map<string, number>();

  const writeLine = (line: string): void => {
    if (spinner === undefined) stderr.write(`${line}\n`);
    else spinner.above(`${line}\n`);
  };

  return {
    report(progress) {
      if (options.quiet === true) return;
      const text = progressText(progress);
      if (spinner !== undefined) {
        spinner.show(text);
        return;
      }
      // By step and table: two tables worked on at the same time must not take turns line by line.
      const key = JSON.stringify([progress.step, progress.table]);
      const last = lastWritten.get(key);
      const time = now();
      if (last !== undefined && time - last < REPEAT_AFTER_MS) return;
      lastWritten.set(key, time);
      writeLine(plainLine(text));
    },
    note(text) {
      if (options.quiet !== true) writeLine(plainLine(text));
    },
    logCall(call) {
      if (options.verbose !== true) return;
      const ellipsis = terminal.unicode ? '…' : '...';
      writeLine(chalk.dim(fitLine(callText(call), terminal.width(stderr), ellipsis)));
    },
    stop() {
      spinner?.stop();
    },
  };
}
