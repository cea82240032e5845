import { type Command, Option } from 'commander';
import { declareLockOptions, type LockFlags } from './archive-options.js';
import type { CommandDefinition } from './definition.js';
import { durationOf } from './filter-options.js';
import { collect, wholeNumber } from './global-options.js';
import { concurrencyOption } from './pace-options.js';
import { declareRestoreBackupOptions, type RestoreBackupFlags } from './restore-backup-options.js';
import {
  ALARMS,
  BACK_UP,
  CONVERGE,
  EXTRAS,
  FILL,
  FIND,
  LIST_BACKUPS,
  OBSERVE,
  optional,
  SETTINGS,
  when,
} from './permissions.js';

export interface RestoreFlags extends LockFlags, RestoreBackupFlags {
  readonly toTable?: string;
  readonly toEventsTable?: string;
  readonly onConflict?: 'fail' | 'skip' | 'overwrite';
  /** false with --no-events. */
  readonly events: boolean;
  readonly ttl: 'keep' | 'off';
  /** Milliseconds. */
  readonly shiftExpiry?: number;
  /** false with --no-indexes. */
  readonly indexes: boolean;
  readonly billing?: 'on-demand' | 'provisioned';
  readonly readCapacity?: number;
  readonly writeCapacity?: number;
  readonly verify: 'count' | 'full';
  readonly resume?: boolean;
  readonly maxWcu?: number;
  readonly concurrency: number;
  readonly confirm?: readonly string[];
  readonly dryRun?: boolean;
}

export const restoreCommand: CommandDefinition = {
  name: 'restore',
  group: 'tables',
  summary: 'put a backup back, into new tables unless told otherwise',
  declare: (command: Command) => {
    command
      .description(
        'Puts the tables of a backup back, into new ones unless told otherwise, with the settings that they had: indexes,\n' +
          'TTL, stream, tags, recovery and protection, and says which.',
      )
      .argument(
        '[backup]',
        "the name or ARN of AWS's own backup, latest, s3://bucket/prefix, or the folder of an archive or downloaded export",
      )
      .option('--to-table <name>', "the new sessions table (default: the backup's, if there is no such table)")
      .option('--to-events-table <name>', 'the new events table (default: named after the new sessions table)')
      .addOption(
        new Option('--on-conflict <how>', 'restore into tables that exist: what to do where a key is there').choices([
          'fail',
          'skip',
          'overwrite',
        ]),
      )
      .option('--no-events', 'leave the events table out')
      .addOption(
        new Option('--ttl <how>', 'whether TTL is turned on again, if it was on')
          .choices(['keep', 'off'])
          .default('keep'),
      )
      .addOption(
        new Option('--shift-expiry <duration>', 'add this to every expiry, so that sessions live on').argParser(
          durationOf,
        ),
      )
      .option('--no-indexes', 'without the indexes')
      .addOption(new Option('--billing <mode>', 'how the new tables are billed').choices(['on-demand', 'provisioned']))
      .addOption(
        new Option('--read-capacity <units>', 'read capacity units a second, with --billing provisioned').argParser(
          wholeNumber(1),
        ),
      )
      .addOption(
        new Option('--write-capacity <units>', 'write capacity units a second, with --billing provisioned').argParser(
          wholeNumber(1),
        ),
      )
      .addOption(
        new Option('--verify <how>', 'count what was restored, or read and compare each item')
          .choices(['count', 'full'])
          .default('count'),
      )
      .option('--resume', 'go on with this same restore after an interruption')
      .option('--dry-run', 'say what would be done, and change nothing')
      .addOption(new Option('--max-wcu <units>', 'write capacity units a second at the most').argParser(wholeNumber(1)))
      .addOption(concurrencyOption(16))
      .addOption(
        new Option(
          '--confirm <table>',
          'in production, unattended: consent to what this table loses; may be repeated',
        ).argParser(collect),
      );
    declareLockOptions(command);
    declareRestoreBackupOptions(command);
  },
  needs: [
    ...FIND,
    ...OBSERVE,
    ...when('something is restored', CONVERGE, SETTINGS),
    ...when("AWS's own backups", LIST_BACKUPS, [
      { on: 'backup', actions: ['dynamodb:DescribeBackup', 'dynamodb:RestoreTableFromBackup'] },
      { on: 'table', actions: ['dynamodb:RestoreTableFromBackup', ...FILL] },
    ]),
    ...when('--point-in-time', [{ on: 'table', actions: ['dynamodb:RestoreTableToPointInTime', ...FILL] }]),
    ...when('--in-place', BACK_UP, [{ on: 'table', actions: ['dynamodb:DeleteTable'] }]),
    ...when('s3://…', [
      { on: 'any', actions: ['dynamodb:ListExports', 'dynamodb:ListImports'] },
      { on: 'export', actions: ['dynamodb:DescribeExport'] },
      { on: 'table', actions: ['dynamodb:ImportTable', 'dynamodb:Scan'] },
      { on: 'import', actions: ['dynamodb:DescribeImport'] },
      { on: 'bucket', actions: ['s3:ListBucket'] },
      { on: 'objects', actions: ['s3:GetObject'] },
      {
        on: 'log',
        actions: [
          'logs:CreateLogGroup',
          'logs:CreateLogStream',
          'logs:DescribeLogGroups',
          'logs:DescribeLogStreams',
          'logs:PutLogEvents',
          'logs:PutRetentionPolicy',
        ],
      },
    ]),
    ...optional(ALARMS, when('not from a folder', EXTRAS)),
    ...when('from a folder', [
      { on: 'table', actions: ['dynamodb:BatchWriteItem', 'dynamodb:CreateTable', 'dynamodb:Scan'] },
    ]),
    ...when('from a folder, --on-conflict', [{ on: 'table', actions: ['dynamodb:BatchGetItem'] }]),
    ...when('from a folder, --on-conflict skip or fail', [{ on: 'table', actions: ['dynamodb:PutItem'] }]),
    ...when('recovery was on', [{ on: 'table', actions: ['dynamodb:UpdateContinuousBackups'] }]),
  ],
  examples: [
    {
      command: 'mcp-sessions restore latest --to-table sessions-copy',
      does: "AWS's newest backups, beside what is there",
    },
    { command: 'mcp-sessions restore latest --in-place', does: 'in place of what is there, which is backed up first' },
    {
      command: 'mcp-sessions restore --point-in-time 30m --to-table sessions-then',
      does: 'as it was half an hour ago',
    },
    { command: 'mcp-sessions restore ./archive --to-table sessions-copy', does: 'beside what is there' },
    { command: 'mcp-sessions restore ./archive --local --yes', does: 'production sessions to look at on this machine' },
    { command: 'mcp-sessions restore ./archive --shift-expiry 7d', does: 'expired sessions live a week longer' },
    { command: 'mcp-sessions restore ./archive --on-conflict skip', does: 'into tables that exist, only what is gone' },
  ],
  makesTables: ({ dryRun }) => dryRun !== true,
  run: async (session, [backup], command) => {
    const { runRestore } = await import('./restore-run.js');
    return runRestore(session, typeof backup === 'string' ? backup : null, command.opts<RestoreFlags>());
  },
};
