import { appendFileSync } from 'node:fs';

/** What the long run counts; nothing is kept of an ordinary one. */
export function note(figure: Readonly<Record<string, string | number>>): void {
  const file = process.env['MCP_SESSIONS_TORTURE_FIGURES'];
  if (file) appendFileSync(file, `${JSON.stringify(figure)}\n`);
}

/** Whether this is the long run: more rows, more rounds, and seeds that no run had before. */
export const IS_TORTURE = Boolean(process.env['MCP_SESSIONS_TORTURE_FIGURES']);

/** The seed of this run: fixed, or that of the long run, which prints it. */
export const SEED = Number(process.env['MCP_SESSIONS_TORTURE_SEED'] || 1);
