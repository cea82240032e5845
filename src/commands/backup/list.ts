import type { CommandDefinition } from '../definition.js';
import { FIND, LIST_BACKUPS } from '../permissions.js';

export const listBackupsCommand: CommandDefinition = {
  name: 'list',
  group: 'tables',
  summary: "AWS's own backups of the tables, newest first",
  declare: (command) => {
    command.description(
      'Lists the on-demand backups of the sessions and events tables, and those that AWS made of deleted tables (SYSTEM), ' +
        'newest first; the tables themselves may be gone. Backups made with the service AWS Backup are in its own lists. ' +
        'Where the endpoint has no backups, the archives below .mcp-sessions/backups/.',
    );
  },
  needs: [...FIND, ...LIST_BACKUPS],
  examples: [
    { command: 'mcp-sessions backup list', does: 'name, state, age and size' },
    { command: 'mcp-sessions backup list --json', does: 'with ARN and age in seconds' },
  ],
  run: async (session) => {
    const { runListBackups } = await import('./list-run.js');
    return runListBackups(session);
  },
};
