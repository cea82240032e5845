import type { Command } from 'commander';
import type { CliError, ExitCode } from '../errors.js';
import type { View } from '../output/view.js';
import type { IamNeed } from '../schema/iam.js';
import type { CommandSession } from './session.js';

/** What a command ends with; the boundary in program.ts writes it out. */
export interface Outcome {
  /** Goes to stdout in the format that was asked for; left out by commands that have nothing to say. */
  readonly view?: View;
  /** 0 unless said otherwise. */
  readonly exitCode?: ExitCode;
  /** Told on stderr after the view, when the result is there but not what was wanted. */
  readonly error?: CliError;
  /** The exit code of a command that was run on the user's behalf; it is passed on whatever it is. */
  readonly childExitCode?: number;
  /** Told on stderr after the view. */
  readonly warnings?: readonly string[];
}

export const GROUPS = {
  tables: 'Tables:',
  sessions: 'Sessions:',
  tools: 'Tools:',
} as const;

interface Example {
  readonly command: string;
  readonly does: string;
}

/** A command: what it is called, what it takes, and what it does. Nothing is loaded for it before it runs. */
export interface CommandDefinition {
  readonly name: string;
  readonly group: keyof typeof GROUPS;
  readonly summary: string;
  /** Adds arguments and options, which commander then parses. */
  readonly declare: (command: Command) => void;
  readonly examples: readonly Example[];
  /** The IAM actions that it needs, and in which cases; none for a command that calls nothing. With `run` only. */
  readonly needs?: readonly IamNeed[];
  /** `args` are the command's arguments in their order. Left out by a command that only has subcommands. */
  readonly run?: (session: CommandSession, args: readonly unknown[], command: Command) => Promise<Outcome>;
  /** Whether it makes tables, by its own flags: with --local, only then is a data file made that is not there. */
  readonly makesTables?: (flags: Readonly<Record<string, unknown>>) => boolean;
  readonly subcommands?: readonly CommandDefinition[];
  /** What it does with its flag `--interactive`, if it has one: the menu then offers that as well. */
  readonly interactive?: string;
  /** The subcommand that is meant when none is named. */
  readonly isDefault?: boolean;
}
