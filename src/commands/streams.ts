import { Option } from 'commander';
import type { StreamViewType, TableRole } from '../schema/index.js';
import type { CommandDefinition } from './definition.js';
import { collect, wholeNumber } from './global-options.js';
import { STREAM_VIEWS } from './setup-options.js';
import { FIND, OBSERVE } from './permissions.js';

export interface StreamsFlags {
  readonly only?: TableRole;
  readonly view?: StreamViewType;
  readonly dryRun?: boolean;
  readonly confirm?: readonly string[];
}

export interface TailFlags {
  readonly only?: TableRole;
  readonly from: 'now' | 'trim-horizon';
  readonly session?: string;
  readonly limit?: number;
  readonly reveal?: boolean;
}

const only = (): Option =>
  new Option('--only <table>', 'one of the tables (default: both)').choices(['sessions', 'events']);

const dryRun = (): Option => new Option('--dry-run', 'show what would be done and change nothing');

const confirm = (): Option =>
  new Option(
    '--confirm <table>',
    'in production, unattended: consent to what this table loses; may be repeated',
  ).argParser(collect);

export const streamsCommand: CommandDefinition = {
  name: 'streams',
  group: 'tables',
  summary: 'the streams of the tables: see them, turn them on and off, follow what changes',
  declare: (command) => {
    command.description(
      "A table's stream tells what changes in it, for 24 hours: Lambda functions are triggered by it, " +
        'and `mcp-sessions events --follow` reads it.',
    );
  },
  subcommands: [
    {
      name: 'status',
      group: 'tables',
      summary: 'the streams as they are: view type, ARN, shards',
      declare: () => {},
      needs: [
        ...FIND,
        { on: 'table', actions: ['dynamodb:DescribeTable'] },
        { on: 'stream', actions: ['dynamodb:DescribeStream'], optional: true },
      ],
      examples: [{ command: 'mcp-sessions streams status --local', does: 'those of the embedded engine' }],
      run: async (session) => {
        const { runStatus } = await import('./streams-run.js');
        return runStatus(session);
      },
    },
    {
      name: 'enable',
      group: 'tables',
      summary: 'turn streams on, or change what they hold',
      declare: (command) => {
        command
          .description(
            'Turns streams on. One that holds something else than asked for is turned off and on again: that makes a ' +
              'new stream, and what reads the old one does not go on with it by itself. Asks before anything is changed.',
          )
          .addOption(
            new Option(
              '--view <type>',
              'what the stream holds (default: as the layout says, else both images)',
            ).choices(STREAM_VIEWS),
          )
          .addOption(only())
          .addOption(dryRun())
          .addOption(confirm());
      },
      needs: [...OBSERVE, { on: 'table', actions: ['dynamodb:UpdateTable'], when: 'something is to be changed' }],
      examples: [
        { command: 'mcp-sessions streams enable --region eu-west-1', does: "both tables', as the layout says" },
        { command: 'mcp-sessions streams enable --view KEYS_ONLY --only events --dry-run', does: 'what would happen' },
      ],
      run: async (session, _args, command) => {
        const { runChange } = await import('./streams-run.js');
        return runChange(session, 'enable', command.opts<StreamsFlags>());
      },
    },
    {
      name: 'disable',
      group: 'tables',
      summary: 'turn streams off; what reads them stops',
      declare: (command) => {
        command
          .description(
            'Turns streams off. What reads them stops: Lambda triggers get nothing more, `mcp-sessions events --follow` ' +
              'asks the table instead. What a stream holds can be read for another 24 hours. Refused for a table with ' +
              'replicas: they need the stream. Asks before anything is changed.',
          )
          .addOption(only())
          .addOption(dryRun())
          .addOption(confirm());
      },
      needs: [...OBSERVE, { on: 'table', actions: ['dynamodb:UpdateTable'], when: 'something is to be changed' }],
      examples: [
        { command: 'mcp-sessions streams disable --region eu-west-1 --dry-run', does: 'what would stop' },
        { command: 'mcp-sessions streams disable --only events --yes', does: 'from a pipeline' },
      ],
      run: async (session, _args, command) => {
        const { runChange } = await import('./streams-run.js');
        return runChange(session, 'disable', command.opts<StreamsFlags>());
      },
    },
    {
      name: 'tail',
      group: 'tables',
      summary: 'what changes in the tables, as it happens',
      declare: (command) => {
        command
          .description(
            'Follows the streams of the tables until Ctrl-C: what was added, changed and removed, by the application or ' +
              'by TTL. Values whose key looks secret are masked unless --reveal is given. Counts as one of the two readers ' +
              'that AWS lets read a shard at the same time.',
          )
          .addOption(only())
          .addOption(
            new Option('--from <place>', 'now, or trim-horizon: the oldest that there is, of the last 24 hours')
              .choices(['now', 'trim-horizon'])
              .default('now'),
          )
          .option('--session <id>', 'only what this session and its events are about')
          .addOption(new Option('--limit <n>', 'end after so many changes').argParser(wholeNumber(1)))
          .option('--reveal', 'show secrets');
      },
      needs: [
        ...FIND,
        { on: 'table', actions: ['dynamodb:DescribeTable'] },
        { on: 'stream', actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'] },
      ],
      examples: [
        { command: 'mcp-sessions streams tail --local', does: 'what an application under development does' },
        {
          command: 'mcp-sessions streams tail --from trim-horizon --session 0198c0ffee',
          does: 'what became of one session in the last 24 hours',
        },
      ],
      run: async (session, _args, command) => {
        const { runTail } = await import('./streams-tail-run.js');
        return runTail(session, command.opts<TailFlags>());
      },
    },
  ],
  examples: [
    { command: 'mcp-sessions streams status', does: 'are they on?' },
    { command: 'mcp-sessions streams tail --local', does: 'what changes, as it happens' },
  ],
};
