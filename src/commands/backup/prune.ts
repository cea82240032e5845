import { Option } from 'commander';
import type { CommandDefinition } from '../definition.js';
import { durationOf } from '../filter-options.js';
import { wholeNumber } from '../global-options.js';
import { confirmOption, type DeleteBackupFlags } from './delete.js';
import { FIND, LIST_BACKUPS } from '../permissions.js';

export interface PruneFlags extends DeleteBackupFlags {
  readonly keep?: number;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly anyName?: boolean;
}

export const pruneBackupsCommand: CommandDefinition = {
  name: 'prune',
  group: 'tables',
  summary: "delete old ones of AWS's own backups, never the last good one of a table",
  declare: (command) => {
    command
      .description(
        'Deletes the backups that this tool made and that are not wanted any longer; with both limits, those of which both ' +
          'say so. The newest good backup of a table stays in any case, so do the newest that were made together, and so does ' +
          'one that is being made.',
      )
      .addOption(new Option('--keep <n>', 'so many of each table stay').argParser(wholeNumber(1)))
      .addOption(new Option('--older-than <duration>', 'only those older than this').argParser(durationOf))
      .option('--any-name', 'also on-demand backups of other names')
      .option('--dry-run', 'say what would be deleted, and change nothing')
      .addOption(confirmOption());
  },
  needs: [...FIND, ...LIST_BACKUPS, { on: 'backup', actions: ['dynamodb:DeleteBackup'], when: 'something is deleted' }],
  examples: [
    { command: 'mcp-sessions backup prune --keep 7 --dry-run', does: 'what would go' },
    { command: 'mcp-sessions backup prune --older-than 30d --keep 3 --yes', does: 'from a pipeline' },
  ],
  run: async (session, _args, command) => {
    const { runPrune } = await import('./prune-run.js');
    return runPrune(session, command.opts<PruneFlags>());
  },
};
