import { type Command, Option } from 'commander';
import { durationOf } from '../filter-options.js';

/** The flags of AWS's own backups; an archive takes none of them. */
export interface CreateOnAwsFlags {
  /** false with --no-wait. */
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly record?: string;
  readonly changedSince?: string;
}

/** AWS makes a backup of any size within seconds or minutes. */
export const BACKUP_TIMEOUT_MS = 1_800_000;

export const backupTimeoutOption = (): Option =>
  new Option('--timeout <duration>', 'how long a backup may be CREATING')
    .argParser(durationOf)
    .default(BACKUP_TIMEOUT_MS, '30m');

export function declareCreateOnAwsOptions(command: Command): void {
  command
    .option('--no-wait', "AWS's own backups: do not wait until they are AVAILABLE")
    .addOption(backupTimeoutOption())
    .option(
      '--record <file>',
      'where the settings go that AWS does not keep with a backup (default: a file a backup, below .mcp-sessions/backups/)',
    )
    .option(
      '--changed-since <instant>',
      'with --to s3://…: only what changed since then, at least 15 minutes and at most a day',
    );
}
