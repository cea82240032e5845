import type { Command } from 'commander';
import { backupTimeoutOption } from './backup/create-backup-options.js';

/** The flags of a restore from AWS's own backups and recovery points; an archive takes none of them. */
export interface RestoreBackupFlags {
  readonly pointInTime?: string;
  readonly inPlace?: boolean;
  readonly forceUnprotect?: boolean;
  /** false with --no-settle. */
  readonly settle: boolean;
  /** false with --no-count. */
  readonly count: boolean;
  readonly record?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

export function declareRestoreBackupOptions(command: Command): void {
  command
    .option('--point-in-time <instant>', 'the tables as they were then: ISO 8601, how long ago, or latest')
    .option('--in-place', 'under the old names: what is there now is backed up, deleted and replaced')
    .option('--force-unprotect', 'with --in-place: turn deletion protection off; the new table gets it again')
    .option(
      '--no-settle',
      'with --in-place: do not wait a minute until the safety backup holds every write for certain',
    )
    .addOption(backupTimeoutOption())
    .option('--record <file>', "the file with the settings that were recorded beside AWS's own backup")
    .option('--no-count', "do not read a table that was restored from AWS's own backup to count its items");
}
