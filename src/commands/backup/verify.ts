import { declareLockOptions, type LockFlags } from '../archive-options.js';
import type { CommandDefinition } from '../definition.js';

export type VerifyBackupFlags = LockFlags;

export const verifyBackupCommand: CommandDefinition = {
  name: 'verify',
  group: 'tables',
  summary: 'check a portable archive; exit 3 when it is not as it was written',
  declare: (command) => {
    command
      .description(
        'Checks an archive without a table: every checksum, every count, that every line is an item, and that no key is\n' +
          'there twice. Exit 3 when something is wrong, with the file and the line. An export that was downloaded does not\n' +
          'say its keys: they are those of --layout, or of the layout that its items look like.',
      )
      .argument(
        '[folder]',
        "the archive's folder, or that of an export that was downloaded from S3; on a terminal it may be chosen from a list",
      );
    declareLockOptions(command);
  },
  needs: [],
  examples: [{ command: 'mcp-sessions backup verify ./archive', does: 'is it whole?' }],
  run: async (session, [folder], command) => {
    const { runVerifyBackup } = await import('./verify-run.js');
    return runVerifyBackup(session, typeof folder === 'string' ? folder : null, command.opts<VerifyBackupFlags>());
  },
};
