import type { Command } from 'commander';
import { declareLockOptions, type LockFlags } from '../archive-options.js';
import type { CommandDefinition } from '../definition.js';
import { declareFilterOptions, type FilterFlags } from '../filter-options.js';
import { type CreateOnAwsFlags, declareCreateOnAwsOptions } from './create-backup-options.js';
import { concurrencyOption, maxRcuOption, segmentsOption } from '../pace-options.js';
import { ALARMS, BACK_UP, EXTRAS, FIND, LIST_BACKUPS, OBSERVE, optional, when } from '../permissions.js';

export interface CreateBackupFlags extends FilterFlags, LockFlags, CreateOnAwsFlags {
  readonly to?: string;
  /** false with --no-events. */
  readonly events: boolean;
  readonly encrypt?: boolean;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly maxRcu?: number;
  readonly concurrency: number;
  readonly segments?: number;
}

/** A page of 1 MB is some 10 MB once it is read: so few at once keep memory small, and the processor busy. */
const CONCURRENCY = 4;

export const createBackupCommand: CommandDefinition = {
  name: 'create',
  isDefault: true,
  group: 'tables',
  summary: 'back the tables up',
  declare: (command: Command) => {
    command
      .description(
        "Backs up the sessions table and the events table: on AWS with AWS's own on-demand backups, waited for. With\n" +
          '--to <folder>, and by default where the endpoint has no backups of its own (then below .mcp-sessions/backups/),\n' +
          'into an archive in the format of DynamoDB exports. With --to s3://… AWS exports the tables by itself.',
      )
      .option(
        '--to <place>',
        'a folder that does not exist yet, for a portable archive; or s3://bucket/prefix, to which AWS exports',
      )
      .option('--no-events', 'leave the events table out');
    declareFilterOptions(command, { active: true });
    declareLockOptions(command);
    command
      .option('--encrypt', 'encrypt the archive, and ask for a passphrase where none is given')
      .option(
        '--resume',
        'after an interruption, go on with the archive in that folder, or follow the exports under way to s3://…',
      )
      .option('--dry-run', 'say what would be read and written, and write nothing')
      .addOption(maxRcuOption())
      .addOption(concurrencyOption(CONCURRENCY))
      .addOption(segmentsOption());
    declareCreateOnAwsOptions(command);
  },
  needs: [
    ...FIND,
    ...OBSERVE,
    ...optional(EXTRAS, ALARMS, when('at an endpoint of its own', LIST_BACKUPS)),
    ...when("AWS's own backups", BACK_UP),
    ...when('into a folder', [{ on: 'table', actions: ['dynamodb:Scan'] }]),
    ...when('--to s3://…', [
      { on: 'table', actions: ['dynamodb:ExportTableToPointInTime'] },
      { on: 'export', actions: ['dynamodb:DescribeExport'] },
      { on: 'objects', actions: ['s3:AbortMultipartUpload', 's3:PutObject'] },
    ]),
    ...when('--to s3://… --resume', [{ on: 'any', actions: ['dynamodb:ListExports'] }]),
  ],
  examples: [
    { command: 'mcp-sessions backup --region eu-west-1', does: "AWS's own backups of both tables" },
    {
      command: 'mcp-sessions backup --to s3://bucket/sessions',
      does: 'an export by AWS; needs point-in-time recovery',
    },
    { command: 'mcp-sessions backup --local', does: 'an archive below .mcp-sessions/backups/' },
    { command: 'mcp-sessions backup --to ./archive --active', does: 'only the sessions that are alive' },
    { command: 'mcp-sessions backup --to ./archive --passphrase-file pass.txt', does: 'encrypted' },
    { command: 'mcp-sessions backup --to ./archive --max-rcu 50', does: 'without starving the application' },
  ],
  run: async (session, _args, command) => {
    const { runCreateBackup } = await import('./create-run.js');
    return runCreateBackup(session, command.opts<CreateBackupFlags>());
  },
};
