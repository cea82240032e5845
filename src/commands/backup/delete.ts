import { Option } from 'commander';
import type { CommandDefinition } from '../definition.js';
import { collect } from '../global-options.js';
import { FIND, LIST_BACKUPS } from '../permissions.js';

export interface DeleteBackupFlags {
  readonly confirm?: readonly string[];
  readonly dryRun?: boolean;
}

/** Consent for what a pipeline deletes. */
export const confirmOption = (): Option =>
  new Option(
    '--confirm <table>',
    'in production, unattended: consent to what this table loses; may be repeated',
  ).argParser(collect);

export const deleteBackupCommand: CommandDefinition = {
  name: 'delete',
  group: 'tables',
  summary: "delete some of AWS's own backups for good",
  declare: (command) => {
    command
      .description(
        'Deletes backups for good, each named, also the last good one of a table; where the endpoint has none, archives below .mcp-sessions/backups/.',
      )
      .argument('[backup...]', 'their names or ARNs; on a terminal one may be chosen from a list')
      .option('--dry-run', 'say what would be deleted, and change nothing')
      .addOption(confirmOption());
  },
  needs: [...FIND, ...LIST_BACKUPS, { on: 'backup', actions: ['dynamodb:DeleteBackup'], when: 'something is deleted' }],
  examples: [
    { command: 'mcp-sessions backup delete mcp-sessions-backup-20261120-142500', does: 'one of them' },
    {
      command: 'mcp-sessions backup delete 20261120-142500 --yes',
      does: 'all that were made together then, from a pipeline',
    },
  ],
  run: async (session, [backups], command) => {
    const { runDeleteBackups } = await import('./delete-run.js');
    const texts = Array.isArray(backups) ? backups.map(String) : [];
    return runDeleteBackups(session, texts, command.opts<DeleteBackupFlags>());
  },
};
