import type { Command } from 'commander';

/** The flags of a restore from AWS's own backups and recovery points; an archive takes none of them. */
export interface RestoreBackupFlags {
  readonly pointInTime?: string;
  readonly inPlace?: boolean;
}

export function declareRestoreBackupOptions(command: Command): void {
  command
    .option('--point-in-time <instant>', 'the tables as they were then: ISO 8601, or how long ago')
    .option('--in-place', 'under the old names: what is there now is replaced');
}
