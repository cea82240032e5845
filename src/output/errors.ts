import { inspect } from 'node:util';
import { CliError } from '../errors.js';
import type { Page } from './page.js';
import { isMachineFormat, jsonLine } from './render.js';
import { safeMultiline } from './safe-text.js';
import { wrapText } from './text-width.js';
import type { OutputFormat } from './view.js';

export interface ErrorOptions {
  readonly format: OutputFormat;
  /** The page of stderr, where the error goes. */
  readonly page: Page;
  readonly verbose: boolean;
}

interface Described {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly isBug: boolean;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : inspect(error, { depth: 1 });
  return error.message === '' ? error.name : error.message;
}

function describe(error: unknown, verbose: boolean): Described {
  if (error instanceof CliError) return { code: error.code, message: error.message, hint: error.hint, isBug: false };
  const hint = verbose
    ? 'this is a bug in mcp-sessions; report it with this output'
    : 'this is a bug in mcp-sessions; run again with --verbose and report it';
  return { code: 'INTERNAL', message: messageOf(error), hint, isBug: true };
}

/** What the error was caused by, outermost first. */
function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  const seen = new Set([error]);
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && cause !== null && !seen.has(cause)) {
    seen.add(cause);
    causes.push(cause instanceof Error ? `${cause.name}: ${cause.message}` : inspect(cause, { depth: 1 }));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/** Wraps words, but leaves long ones and indented lines whole: those are commands, ARNs and paths to be copied. */
function paragraph(text: string, width: number | undefined): string[] {
  return safeMultiline(text)
    .split('\n')
    .flatMap((line) => (line.startsWith('  ') ? [line] : wrapText(line, width, { breakWords: false })));
}

function labelled(page: Page, style: 'bad' | 'info' | 'muted', label: string, text: string): string[] {
  const indent = label.length + 2;
  const lines = paragraph(text, page.width === undefined ? undefined : page.width - indent);
  return lines.map((line, index) =>
    index === 0 ? `${page.styled(style, `${label}:`)} ${line}`.trimEnd() : `${' '.repeat(indent)}${line}`.trimEnd(),
  );
}

/**
 * The text of a failure for stderr, ended by a line feed. For people: the message, then what to do. With a machine
 * format: one line, `{"error":{"code","message","hint"}}`, the hint null when there is none.
 * What is not a CliError is a bug and says so; `verbose` adds the causes, and a bug's stack (in JSON as `stack`).
 */
export function renderError(error: unknown, { format, page, verbose }: ErrorOptions): string {
  const { code, message, hint, isBug } = describe(error, verbose);
  const stack = isBug && verbose && error instanceof Error ? error.stack : undefined;
  if (isMachineFormat(format)) {
    return `${jsonLine({ error: { code, message, hint: hint ?? null, ...(stack === undefined ? {} : { stack }) } })}\n`;
  }
  const lines = labelled(page, 'bad', 'error', message);
  if (verbose) for (const cause of causesOf(error)) lines.push(...labelled(page, 'muted', 'cause', cause));
  if (stack !== undefined) lines.push(...safeMultiline(stack).split('\n'));
  if (hint !== undefined) lines.push(...labelled(page, 'info', 'hint', hint));
  return `${lines.join('\n')}\n`;
}
