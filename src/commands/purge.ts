import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Shard } from '../operations/purge/plan.js';
import type { CommandDefinition } from './definition.js';
import { declareFilterOptions, type FilterFlags } from './filter-options.js';
import { collect, wholeNumber } from './global-options.js';
import { concurrencyOption, maxRcuOption, segmentsOption } from './pace-options.js';
import { EVENTS_TABLE, FIND, when } from './permissions.js';

export interface PurgeFlags extends FilterFlags {
  readonly id?: readonly string[];
  readonly idsFile?: string;
  readonly orphans?: boolean;
  readonly keepEvents?: boolean;
  readonly maxRcu?: number;
  readonly maxWcu?: number;
  readonly concurrency: number;
  readonly segments?: number;
  readonly shard?: Shard;
  readonly resume?: boolean;
  readonly restart?: boolean;
  readonly checkpoint?: string;
  readonly deleteWith?: 'statements' | 'items';
  readonly confirm?: readonly string[];
  readonly dryRun?: boolean;
}

function shardOf(text: string): Shard {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || count === undefined || index < 1 || index > count || count > 1000)
    throw new InvalidArgumentError('It must be <i>/<n>, the i-th of n shares, such as 1/4.');
  return { index, count };
}

export const purgeCommand: CommandDefinition = {
  name: 'purge',
  group: 'sessions',
  summary: 'delete chosen sessions and their events, never one that came back to life',
  declare: (command: Command) => {
    command.description(
      'Deletes chosen sessions and their events. The table is read first, and what matches is shown with its cost; then ' +
        'each session is deleted only if every attribute that chose it, and its activity and expiry, are as they were read: one ' +
        'that was refreshed meanwhile survives.',
    );
    declareFilterOptions(command, { active: false });
    command
      .addOption(
        new Option('--id <id>', 'this session, if it also meets the other conditions; may be repeated').argParser(
          collect,
        ),
      )
      .option('--ids-file <file>', 'the sessions whose ids are in this file, one a line')
      .option('--orphans', 'events whose session is gone')
      .option('--keep-events', 'leave the events of deleted sessions')
      .option('--dry-run', 'count, and change nothing')
      .addOption(maxRcuOption())
      .addOption(new Option('--max-wcu <units>', 'write capacity units a second at the most').argParser(wholeNumber(1)))
      .addOption(concurrencyOption(16))
      .addOption(segmentsOption())
      .addOption(
        new Option('--shard <i/n>', 'only the i-th of n shares, so that n jobs split a table').argParser(shardOf),
      )
      .option('--resume', 'go on with this same purge after an interruption; without one it begins')
      .option('--restart', 'forget an interrupted run of this same purge')
      .option('--checkpoint <folder>', 'where plan and progress are kept (default: .mcp-sessions)')
      .addOption(
        new Option(
          '--delete-with <how>',
          'statements: PartiQL, 25 a call (default on AWS and the embedded engine); items: DeleteItem',
        ).choices(['statements', 'items']),
      )
      .addOption(
        new Option(
          '--confirm <table>',
          'in production, unattended: consent to what this table loses; may be repeated',
        ).argParser(collect),
      );
  },
  needs: [
    ...FIND,
    { on: 'table', role: 'sessions', actions: ['dynamodb:Scan'] },
    ...when('without --keep-events', EVENTS_TABLE, [
      { on: 'table', role: 'events', actions: ['dynamodb:Query', 'dynamodb:Scan'] },
    ]),
    { on: 'table', role: 'sessions', actions: ['dynamodb:GetItem'], when: '--id, --ids-file' },
    { on: 'table', role: 'sessions', actions: ['dynamodb:BatchGetItem'], when: '--orphans' },
    { on: 'table', role: 'sessions', actions: ['dynamodb:BatchGetItem'], when: '--resume' },
    {
      on: 'table',
      role: 'sessions',
      actions: ['dynamodb:DeleteItem', 'dynamodb:PartiQLDelete'],
      when: 'sessions are deleted',
    },
    { on: 'table', role: 'events', actions: ['dynamodb:BatchWriteItem'], when: 'events are deleted' },
  ],
  examples: [
    {
      command: 'mcp-sessions purge --expired --dry-run',
      does: 'how many, what it would cost, and whether TTL does it for nothing',
    },
    {
      command: 'mcp-sessions purge --expired --yes --max-wcu 100',
      does: 'from a pipeline, without starving the application',
    },
    { command: 'mcp-sessions purge --where state.userId=user-42', does: 'end every session of one user' },
    { command: 'mcp-sessions purge --idle 30d --shard 1/4 --yes', does: 'the first of four jobs that split a table' },
  ],
  run: async (session, _args, command) => {
    const { runPurge } = await import('./purge-run.js');
    return runPurge(session, command.opts<PurgeFlags>());
  },
};
