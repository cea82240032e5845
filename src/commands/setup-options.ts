import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from '../errors.js';
import type { SetupRequest } from '../operations/setup/setup.js';
import type { Billing, StreamViewType, TableRole } from '../schema/index.js';
import { collect, wholeNumber } from './global-options.js';

export const STREAM_VIEWS = [
  'NEW_AND_OLD_IMAGES',
  'NEW_IMAGE',
  'OLD_IMAGE',
  'KEYS_ONLY',
] as const satisfies readonly StreamViewType[];

const TABLE_CLASSES = { standard: 'STANDARD', 'standard-infrequent-access': 'STANDARD_INFREQUENT_ACCESS' } as const;

export interface SetupFlags {
  readonly interactive?: boolean;
  readonly check?: boolean;
  readonly only?: TableRole;
  readonly dryRun?: boolean;
  readonly tag?: readonly string[];
  /** false with --no-streams. */
  readonly streams: boolean;
  readonly streamView?: StreamViewType;
  /** false with --no-ttl. */
  readonly ttl: boolean;
  readonly ttlAttribute?: string;
  readonly billing?: Billing['mode'];
  readonly readCapacity?: number;
  readonly writeCapacity?: number;
  readonly pitr?: boolean;
  readonly deletionProtection?: boolean;
  readonly tableClass?: keyof typeof TABLE_CLASSES;
  readonly kmsKey?: string;
  readonly replica?: readonly string[];
  readonly prune?: boolean;
  readonly wait: boolean;
  readonly confirm?: readonly string[];
}

const KMS_KEY =
  /^(?:default|arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+|mrk-[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function kmsKey(text: string): string {
  if (!KMS_KEY.test(text))
    throw new InvalidArgumentError(
      "It must be a KMS key's ARN or id, or default. (DynamoDB answers with the key's ARN, so an alias could not be compared.)",
    );
  return text;
}

/** The ARN of a KMS key, for commander. */
export function kmsKeyArn(text: string): string {
  if (!KMS_KEY.test(text) || !text.startsWith('arn:')) throw new InvalidArgumentError("It must be a KMS key's ARN.");
  return text;
}

/** The name of an AWS region, for commander. */
export function regionName(text: string): string {
  if (!/^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(text))
    throw new InvalidArgumentError('It must be the name of an AWS region, such as eu-west-1.');
  return text;
}

const region = (text: string, previous: readonly string[] | undefined): readonly string[] =>
  collect(regionName(text), previous);

/** Flags that say what the tables should be; `setup` and `status` compare by them. */
export function declareSchemaOptions(command: Command): void {
  const add = (flags: string, description: string, refine?: (option: Option) => Option): void => {
    const option = new Option(flags, description).helpGroup('Schema:');
    command.addOption(refine?.(option) ?? option);
  };
  add('--tag <key=value>', 'a tag beside those of the layout; may be repeated', (option) => option.argParser(collect));
  add('--no-streams', 'the tables have no stream');
  add('--stream-view <type>', 'what the stream holds, whatever the layout says', (option) =>
    option.choices(STREAM_VIEWS),
  );
  add('--no-ttl', 'the tables have no TTL');
  add('--ttl-attribute <name>', 'the attribute that TTL reads, whatever the layout says');
  add('--billing <mode>', 'how the tables are billed', (option) => option.choices(['on-demand', 'provisioned']));
  add('--read-capacity <units>', 'read capacity units a second, with --billing provisioned', (option) =>
    option.argParser(wholeNumber(1)),
  );
  add('--write-capacity <units>', 'write capacity units a second, with --billing provisioned', (option) =>
    option.argParser(wholeNumber(1)),
  );
  add('--pitr', 'turn point-in-time recovery on');
  add('--no-pitr', 'turn point-in-time recovery off; its recovery points are lost');
  add('--deletion-protection', 'protect the tables from deletion');
  add('--no-deletion-protection', 'let the tables be deleted');
  add('--table-class <class>', 'storage class', (option) => option.choices(Object.keys(TABLE_CLASSES)));
  add('--kms-key <key>', "encrypt with this KMS key (ARN or id), or `default` for DynamoDB's own", (option) =>
    option.argParser(kmsKey),
  );
  add('--replica <region>', 'a replica in this region; may be repeated', (option) => option.argParser(region));
  add('--prune', 'also remove indexes that the layout does not have, and rebuild those that differ');
}

/** Pairs as tags; throws USAGE for one that is none. */
export function tagsOf(pairs: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (pairs ?? []).map((pair) => {
      const at = pair.indexOf('=');
      const key = pair.slice(0, Math.max(at, 0));
      if (at < 1 || key.length > 128 || pair.length - at - 1 > 256 || key.toLowerCase().startsWith('aws:'))
        throw new CliError('USAGE', `--tag '${pair}' is not a tag`, {
          hint: 'write key=value: a key of 1 to 128 characters that does not begin with aws:, a value of up to 256',
        });
      return [key, pair.slice(at + 1)];
    }),
  );
}

/** The flags as billing; throws USAGE for flags that contradict each other. */
export function billingOf({
  billing,
  readCapacity,
  writeCapacity,
}: Pick<SetupFlags, 'billing' | 'readCapacity' | 'writeCapacity'>): Billing | undefined {
  if (billing === 'provisioned') {
    if (readCapacity === undefined || writeCapacity === undefined)
      throw new CliError('USAGE', '--billing provisioned needs --read-capacity and --write-capacity', {
        hint: 'for example --billing provisioned --read-capacity 5 --write-capacity 5',
      });
    return { mode: 'provisioned', readCapacityUnits: readCapacity, writeCapacityUnits: writeCapacity };
  }
  if (readCapacity !== undefined || writeCapacity !== undefined)
    throw new CliError('USAGE', '--read-capacity and --write-capacity go with --billing provisioned');
  return billing === 'on-demand' ? { mode: 'on-demand' } : undefined;
}

/** The flags as an operation's request; throws USAGE for flags that contradict each other. */
export function toSetupRequest(flags: SetupFlags, environment: string): SetupRequest {
  const { streams, streamView, ttl, ttlAttribute, pitr, deletionProtection, tableClass, replica } = flags;
  if (!streams && streamView !== undefined)
    throw new CliError('USAGE', '--no-streams and --stream-view exclude each other');
  if (!ttl && ttlAttribute !== undefined)
    throw new CliError('USAGE', '--no-ttl and --ttl-attribute exclude each other');
  const stream = streams ? streamView : false;
  const attribute = ttl ? ttlAttribute : false;
  const billing = billingOf(flags);
  return {
    prune: flags.prune === true,
    ...(flags.only !== undefined && { only: flags.only }),
    overrides: {
      environment,
      tags: tagsOf(flags.tag),
      replicas: replica ?? [],
      ...(stream !== undefined && { stream }),
      ...(attribute !== undefined && { ttlAttribute: attribute }),
      ...(billing !== undefined && { billing }),
      ...(pitr !== undefined && { pointInTimeRecovery: pitr }),
      ...(deletionProtection !== undefined && { deletionProtection }),
      ...(tableClass !== undefined && { tableClass: TABLE_CLASSES[tableClass] }),
      ...(flags.kmsKey !== undefined && { kmsKey: flags.kmsKey }),
    },
  };
}
