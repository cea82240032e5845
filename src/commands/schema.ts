import { InvalidArgumentError, Option } from 'commander';
import type { CommandDefinition } from './definition.js';
import { collect } from './global-options.js';
import { nearest } from './nearest.js';
import { kmsKeyArn, regionName } from './setup-options.js';

export const AUDIENCES = ['admin', 'app', 'read-only'] as const;
export type Audience = (typeof AUDIENCES)[number];

/** Formats that are announced; asking for one says so. */
const LATER = ['json', 'cloudformation', 'terraform', 'cdk', 'aws-cli'];

export interface SchemaFlags {
  readonly format: 'iam';
  readonly for?: Audience;
  readonly account?: string;
  readonly bucket?: string;
  readonly kmsKey?: string;
  readonly replica?: readonly string[];
  readonly alsoTable?: readonly string[];
}

function formatName(text: string): 'iam' {
  if (text === 'iam') return text;
  if (LATER.includes(text)) throw new InvalidArgumentError(`It comes in a later release; today there is iam.`);
  const meant = nearest(text, ['iam', ...LATER]);
  throw new InvalidArgumentError(`Allowed choices are iam${meant === undefined ? '' : ` (did you mean ${meant}?)`}.`);
}

function accountId(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError('It must be the twelve digits of an AWS account.');
  return text;
}

const TABLE = /^[a-zA-Z0-9_.-]{2,255}[a-zA-Z0-9_.*-]$/;

function tablePattern(text: string, previous: readonly string[] | undefined): readonly string[] {
  if (!TABLE.test(text)) throw new InvalidArgumentError('It must be the name of a table, which may end in *.');
  return collect(text, previous);
}

const replicaRegion = (text: string, previous: readonly string[] | undefined): readonly string[] =>
  collect(regionName(text), previous);

export const schemaCommand: CommandDefinition = {
  name: 'schema',
  group: 'tools',
  summary: 'the tables for other tools: least-privilege IAM policies',
  declare: (command) => {
    command
      .description(
        'Prints an IAM policy that allows no more than is needed: for who runs all of these commands, for the application ' +
          'that uses the sessions, or for who only looks (status, list, show, events, stats, doctor). It asks nothing of AWS: ' +
          'the layout is the one that is named, else mcp. Without --region and --account the policy is for any.',
      )
      .addOption(
        new Option('--format <format>', 'iam; others come in a later release').argParser(formatName).default('iam'),
      )
      .addOption(new Option('--for <whom>', 'whom the policy is for').choices(AUDIENCES))
      .addOption(new Option('--account <id>', 'AWS account of the tables').argParser(accountId))
      .option('--bucket <place>', 'admin: s3://bucket/prefix of exports and imports; without it those are not allowed')
      .addOption(
        new Option('--kms-key <arn>', 'admin: the key that setup may encrypt with; without it none').argParser(
          kmsKeyArn,
        ),
      )
      .addOption(
        new Option('--replica <region>', 'admin: where setup may add replicas; may be repeated').argParser(
          replicaRegion,
        ),
      )
      .addOption(
        new Option(
          '--also-table <name>',
          'another table, such as one that restore makes; may end in *; may be repeated',
        ).argParser(tablePattern),
      );
  },
  needs: [],
  examples: [
    { command: 'mcp-sessions schema --for read-only --region eu-west-1 > policy.json', does: 'for who is on call' },
    { command: 'mcp-sessions schema --for app --layout express', does: 'for the application' },
    {
      command: "mcp-sessions schema --for admin --also-table 'mcp-session*-copy'",
      does: 'for who sets up, purges, backs up and restores',
    },
  ],
  run: async (session, _args, command) => {
    const { runSchema } = await import('./schema-run.js');
    return runSchema(session, command.opts<SchemaFlags>());
  },
};
