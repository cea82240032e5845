import { type Command, Option } from 'commander';
import type { TableRole } from '../schema/types.js';
import { backupTimeoutOption } from './backup/create-backup-options.js';
import type { CommandDefinition } from './definition.js';
import { collect, wholeNumber } from './global-options.js';
import { concurrencyOption, maxRcuOption, segmentsOption } from './pace-options.js';
import {
  ALARMS,
  BACK_UP,
  CONVERGE,
  EXTRAS,
  FIND,
  LIST_BACKUPS,
  OBSERVE,
  optional,
  SETTINGS,
  when,
} from './permissions.js';

export interface TeardownFlags {
  readonly backup?: boolean;
  readonly clearData?: boolean;
  readonly disableStreams?: boolean;
  readonly delete?: boolean;
  /** Back up and delete. */
  readonly all?: boolean;
  readonly to?: string;
  /** false with --no-settle. */
  readonly settle: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly only?: TableRole;
  /** false with --no-recreate. */
  readonly recreate?: boolean;
  readonly forceUnprotect?: boolean;
  readonly forceShared?: boolean;
  readonly maxRcu?: number;
  readonly maxWcu?: number;
  readonly concurrency: number;
  readonly segments?: number;
  readonly checkpoint?: string;
  readonly confirm?: readonly string[];
  readonly dryRun?: boolean;
}

export const teardownCommand: CommandDefinition = {
  name: 'teardown',
  group: 'tables',
  summary: 'back up, clear, delete the tables, disable their streams; asks first, and says how to undo it',
  declare: (command: Command) => {
    command.description(
      'Backs the tables up, clears them, disables their streams, deletes them: always in this order, events before ' +
        'sessions, and a step that fails keeps those after it from being begun. Nothing is cleared or deleted before every ' +
        'backup is safe. Shows what is lost and asks; without a step, on a terminal, a menu of them.',
    );
    command
      .option('--backup', "AWS's own backups of the tables; an archive where the endpoint has none")
      .option('--clear-data', 'delete all rows and keep the tables')
      .option('--disable-streams', "turn the tables' streams off")
      .option('--delete', 'delete the tables, and wait until they are gone')
      .option('--all', 'back up, wait until the backups are safe, delete')
      .addOption(new Option('--only <role>', 'only this table').choices(['sessions', 'events']))
      .option('--recreate', 'clear by dropping a table and making it anew as it was: free, away for a minute')
      .option('--no-recreate', 'clear by deleting the rows, whatever that costs')
      .option('--force-unprotect', 'take deletion protection off')
      .option('--force-shared', 'also where a table holds other things beside sessions: all of it goes')
      .option('--to <folder>', 'back up into an archive in this folder, which does not exist yet')
      .option('--no-settle', 'do not wait a minute until the backups hold every write for certain')
      .addOption(backupTimeoutOption())
      .option('--dry-run', 'show what would be done and lost, and change nothing')
      .addOption(maxRcuOption())
      .addOption(new Option('--max-wcu <units>', 'write capacity units a second at the most').argParser(wholeNumber(1)))
      .addOption(concurrencyOption(16))
      .addOption(segmentsOption())
      .option('--checkpoint <folder>', "where a dropped table's settings are kept (default: .mcp-sessions)")
      .addOption(
        new Option(
          '--confirm <table>',
          'in production, unattended: consent to what this table loses; may be repeated',
        ).argParser(collect),
      );
  },
  needs: [
    ...FIND,
    ...OBSERVE,
    ...optional(LIST_BACKUPS),
    ...when('--backup, --all', BACK_UP),
    ...optional(when('--backup, --all', EXTRAS, ALARMS)),
    ...when('--backup --to <folder>', [{ on: 'table', actions: ['dynamodb:Scan'] }]),
    ...when('--clear-data', EXTRAS, [{ on: 'table', actions: ['dynamodb:BatchWriteItem', 'dynamodb:Scan'] }]),
    ...when('--clear-data --recreate', CONVERGE, SETTINGS, [
      {
        on: 'table',
        actions: [
          'dynamodb:CreateTable',
          'dynamodb:DeleteTable',
          'dynamodb:PutResourcePolicy',
          'dynamodb:UpdateContinuousBackups',
        ],
      },
    ]),
    ...when('--disable-streams, --force-unprotect', [{ on: 'table', actions: ['dynamodb:UpdateTable'] }]),
    ...when('--delete, --all', [{ on: 'table', actions: ['dynamodb:DeleteTable'] }]),
  ],
  examples: [
    { command: 'mcp-sessions teardown --all', does: 'back up, wait until it is safe, delete' },
    { command: 'mcp-sessions teardown --clear-data --dry-run', does: 'what it would cost, and which way is chosen' },
    { command: 'mcp-sessions teardown --clear-data --yes --max-wcu 500', does: 'all rows gone, the tables kept' },
    { command: 'mcp-sessions teardown --clear-data --recreate --yes', does: 'the same without write units' },
    { command: 'mcp-sessions teardown --delete --only events', does: 'delete the events table' },
  ],
  // One that was interrupted while it made a table anew goes on with that.
  makesTables: ({ dryRun }) => dryRun !== true,
  run: async (session, _args, command) => {
    const { runTeardown } = await import('./teardown-run.js');
    return runTeardown(session, command.opts<TeardownFlags>());
  },
};
