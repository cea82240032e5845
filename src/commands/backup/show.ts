import type { CommandDefinition } from '../definition.js';
import { FIND, LIST_BACKUPS } from '../permissions.js';

export interface ShowBackupFlags {
  readonly record?: string;
}

export const showBackupCommand: CommandDefinition = {
  name: 'show',
  group: 'tables',
  summary: "one of AWS's own backups: its state, and the settings it is restored with",
  declare: (command) => {
    command
      .description(
        'Shows what a backup holds: state, age, size, what AWS keeps of the table, and what was recorded beside it.',
      )
      .argument('[backup]', 'its name, its ARN, or latest; on a terminal it may be chosen from a list')
      .option('--record <file>', 'the file with the recorded settings (default: below .mcp-sessions/backups/)');
  },
  needs: [...FIND, ...LIST_BACKUPS, { on: 'backup', actions: ['dynamodb:DescribeBackup'] }],
  examples: [{ command: 'mcp-sessions backup show latest', does: 'the newest pair that was made together' }],
  run: async (session, [backup], command) => {
    const { runShowBackup } = await import('./show-run.js');
    return runShowBackup(session, typeof backup === 'string' ? backup : null, command.opts<ShowBackupFlags>());
  },
};
