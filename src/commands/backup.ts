import { createBackupCommand } from './backup/create.js';
import { deleteBackupCommand } from './backup/delete.js';
import { listBackupsCommand } from './backup/list.js';
import { pruneBackupsCommand } from './backup/prune.js';
import { showBackupCommand } from './backup/show.js';
import { verifyBackupCommand } from './backup/verify.js';
import type { CommandDefinition } from './definition.js';

export const backupCommand: CommandDefinition = {
  name: 'backup',
  group: 'tables',
  summary: 'keep what the tables hold: make backups, and check them',
  declare: (command) => {
    command.description(
      'Makes and checks backups of the sessions and events tables. Without a subcommand it makes one: ' +
        '`mcp-sessions backup --to ./archive` is `mcp-sessions backup create --to ./archive`, whose --help shows the flags.',
    );
  },
  subcommands: [
    createBackupCommand,
    listBackupsCommand,
    showBackupCommand,
    deleteBackupCommand,
    pruneBackupsCommand,
    verifyBackupCommand,
  ],
  examples: [
    { command: 'mcp-sessions backup', does: "AWS's own backups of both tables, waited for" },
    { command: 'mcp-sessions backup prune --keep 7', does: 'delete old ones, never the last good one of a table' },
    { command: 'mcp-sessions backup --to ./archive', does: 'a portable archive, in the format of DynamoDB exports' },
    { command: 'mcp-sessions backup verify ./archive', does: 'exit 3 when a byte of it is not as it was written' },
  ],
};
