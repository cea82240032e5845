import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAs } from '../operations/described.js';
import type { RunningDouble, SetupOptions } from '../operations/harness.js';
import type { RunOptions, RunResult } from '../support/cli.js';
import type { IamProxy } from '../support/iam-proxy.js';
import { answer, runCommand } from '../support/run-command.js';

/** What a variant works with: tables of its own on a double of AWS, behind a proxy that asks IAM. */
export interface World {
  readonly aws: RunningDouble;
  readonly proxy: IamProxy;
  readonly tables: { readonly sessions: string; readonly events: string };
  /** The working folder. */
  readonly folder: string;
  /** The flags that lead to the tables. */
  readonly flags: readonly string[];
  /** Runs the built command on the tables. */
  readonly cli: (argv: readonly string[], options?: RunOptions) => Promise<RunResult>;
}

/** A command line, and the cases of the command's needs that it is about. */
export interface Variant {
  readonly name: string;
  readonly command: string;
  readonly cases?: readonly string[];
  readonly argv: (world: World) => readonly string[];
  /** How the tables are set up; false: they are not there. */
  readonly setUp?: Omit<SetupOptions, 'sessions' | 'events' | 'layout'> | false;
  readonly prepare?: (world: World) => Promise<unknown>;
  readonly options?: (world: World) => RunOptions;
  /** Exit code, if not 0. */
  readonly code?: number;
  /** Also run without what is optional. */
  readonly lean?: true;
  /** Runs it in another way than as a process without a terminal. */
  readonly run?: (world: World, argv: readonly string[]) => Promise<Pick<RunResult, 'code' | 'stdout' | 'stderr'>>;
}

type More = Partial<Omit<Variant, 'command' | 'argv' | 'cases'>>;

function variant(
  command: string,
  flags: string | ((world: World) => string),
  cases: readonly string[] = [],
  more: More = {},
): Variant {
  const argv = (world: World): readonly string[] => {
    const text = typeof flags === 'string' ? flags : flags(world);
    return [...command.split(' '), ...text.split(' ').filter((word) => word !== '')];
  };
  return { name: typeof flags === 'string' ? `${command} ${flags}`.trim() : command, command, argv, cases, ...more };
}

const LONG_AGO = 1_700_000_000;
export const SESSIONS = ['one', 'two'] as const;

/** Two sessions that have expired, an event of each. */
export async function fill({ aws, tables }: World): Promise<void> {
  const times = {
    ttl: { N: String(LONG_AGO) },
    created_at: { N: `${LONG_AGO}000` },
    last_activity: { N: `${LONG_AGO}000` },
  };
  for (const id of SESSIONS) {
    const session = { session_id: { S: id }, ...times };
    await aws.raw.call('PutItem', { TableName: tables.sessions, Item: session });
    await aws.raw.call('PutItem', { TableName: tables.events, Item: { session_id: { S: id }, event_id: { N: '1' } } });
  }
}

const saw = ({ demands }: IamProxy, name: string): boolean => demands.some(({ action }) => action === name);

/** Ends a command by Ctrl-C once the proxy has seen a call. */
const interruptedAfter =
  (action: string, meanwhile: (round: number) => Promise<unknown> = async () => {}) =>
  ({ proxy }: World): RunOptions => ({
    onStart: (child) => {
      let round = 0;
      const timer = setInterval(() => {
        round += 1;
        if (round % 20 === 0 && saw(proxy, 'dynamodb:GetRecords')) void meanwhile(round);
        if (!saw(proxy, action)) return;
        clearInterval(timer);
        setTimeout(() => child.kill('SIGINT'), 200);
      }, 20);
      timer.unref();
    },
  });

const putEvent = ({ aws, tables }: World, id: string, event: number): Promise<unknown> =>
  aws.raw.call('PutItem', {
    TableName: tables.events,
    Item: { session_id: { S: id }, event_id: { N: String(event) } },
  });

/** A table whose keys several layouts have. */
const ambiguousTable = ({ aws, tables }: World): Promise<unknown> =>
  aws.raw.call('CreateTable', {
    TableName: tables.sessions,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  });

/** The tables have a resource policy, which has to be given to those that are made anew. */
async function withPolicy({ aws, tables }: World): Promise<void> {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
  for (const table of [tables.sessions, tables.events])
    aws.double.inject({
      operation: 'GetResourcePolicy',
      when: ({ ResourceArn: arn }) => typeof arn === 'string' && arn.endsWith(`table/${table}`),
      answer: () => ({ Policy }),
    });
}

/** AWS lets a table be restored to five minutes ago at the latest. */
async function recoverableForLong({ aws, tables }: World): Promise<void> {
  for (const table of [tables.sessions, tables.events]) {
    const recovery = aws.double.state.tables.get(table)?.recovery;
    if (recovery !== undefined) Object.assign(recovery, { since: Date.now() - 3_600_000 });
  }
}

const onTerminal =
  (...answers: readonly [question: (world: World) => string, keys: (world: World) => string][]) =>
  (world: World, argv: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand([...argv, ...world.flags], {
      columns: 80,
      cwd: world.folder,
      env: { AWS_REGION: 'eu-west-1' },
      user: async (streams) => {
        for (const [question, keys] of answers) await answer(question(world), keys(world))(streams);
      },
    });

const enter = (): string => '\r';

const backUp =
  (...flags: readonly string[]) =>
  async ({ cli }: World): Promise<void> => {
    const { code, stderr } = await cli(['backup', '--json', ...flags]);
    if (code !== 0) throw new Error(`the backup ended with ${code}: ${stderr}`);
  };

/** The name of a backup, as its record in the working folder bears it. */
const backupIn = ({ folder }: World): string =>
  readdirSync(path.join(folder, '.mcp-sessions', 'backups'))[0]?.replace(/\.json$/, '') ?? '';

const large = ({ aws, tables }: World): Promise<unknown> => {
  const counted = { ItemCount: 20_000, IndexSizeBytes: 1_200_000 };
  return describeAs(aws, tables.sessions, {
    itemCount: 20_000,
    sizeBytes: 10_000_000,
    indexes: { LastActivityIndex: counted, CreatedAtIndex: counted },
  });
};

const S3 = 's3://bucket/some/where';
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012';
const CHANGES = 'something is to be changed';
const RESTORES = 'something is restored';
const RECOVERABLE = { overrides: { pointInTimeRecovery: true } } as const;
const OWN_ENDPOINT = 'at an endpoint of its own';
const consent = ({ tables }: World): string => `--confirm ${tables.sessions} --confirm ${tables.events}`;
const toCopy = ({ tables }: World): string => `--to-table ${tables.sessions}-copy`;

const TABLES: readonly Variant[] = [
  variant('setup', '--check', [], { lean: true }),
  variant('setup', '--yes', [CHANGES], { setUp: false }),
  variant('setup', '--yes --tag Owner=me --billing provisioned --read-capacity 5 --write-capacity 5', [CHANGES]),
  variant('setup', '--yes --ttl-attribute other', [CHANGES]),
  variant('setup', '--yes --pitr', ['--pitr, --no-pitr, in production']),
  variant('setup', '--yes --replica eu-central-1', [CHANGES, '--replica']),
  variant('setup', `--yes --kms-key ${KEY}`, [CHANGES, '--kms-key']),
  variant('status', '', [], { lean: true }),
  variant('streams status', '', [], { lean: true }),
  variant('streams enable', '--yes', [CHANGES], { setUp: { overrides: { stream: false } } }),
  variant('streams disable', '--yes', [CHANGES]),
  variant('streams tail', '--from trim-horizon --limit 2'),
  variant('teardown', '--backup', ['--backup, --all']),
  variant('teardown', '--backup --to archive --yes', ['--backup, --all', '--backup --to <folder>']),
  variant('teardown', '--clear-data --no-recreate --yes', ['--clear-data']),
  variant('teardown', '--clear-data --recreate --yes', ['--clear-data', '--clear-data --recreate'], {
    setUp: RECOVERABLE,
    prepare: withPolicy,
  }),
  variant('teardown', '--clear-data --recreate --force-unprotect --yes', ['--clear-data', '--clear-data --recreate'], {
    setUp: { overrides: { deletionProtection: true } },
  }),
  variant('teardown', '--disable-streams --yes', ['--disable-streams, --force-unprotect'], { lean: true }),
  variant('teardown', '--delete --yes', ['--delete, --all'], { lean: true }),
  variant('teardown', '--delete --force-unprotect --yes', ['--delete, --all', '--disable-streams, --force-unprotect'], {
    setUp: { overrides: { deletionProtection: true } },
  }),
  variant('teardown', '--all --no-settle --yes', ['--backup, --all', '--delete, --all']),
];

const BACKUPS: readonly Variant[] = [
  variant('backup create', '', ["AWS's own backups", OWN_ENDPOINT]),
  variant('backup create', '--to archive', ['into a folder'], { lean: true }),
  variant('backup create', `--to ${S3}`, ['--to s3://…'], { setUp: RECOVERABLE, lean: true }),
  variant('backup create', `--to ${S3} --resume`, ['--to s3://…', '--to s3://… --resume'], {
    setUp: RECOVERABLE,
    prepare: async (world) => {
      Object.assign(world.aws.double.state.delays, { export: 3000 });
      await backUp('--to', S3, '--no-wait')(world);
      Object.assign(world.aws.double.state.delays, { export: 30 });
    },
  }),
  variant('backup list', '', [], { prepare: backUp() }),
  variant('backup show', 'latest', [], { prepare: backUp() }),
  variant('backup delete', (world) => `${backupIn(world)} --yes`, ['something is deleted'], { prepare: backUp() }),
  variant('backup prune', '--keep 1 --yes', ['something is deleted'], {
    prepare: async (world) => {
      await backUp()(world);
      // The names of backups go by the second.
      await sleep(1100);
      await backUp()(world);
    },
  }),
  variant('backup verify', 'archive', [], { prepare: backUp('--to', 'archive') }),
  variant(
    'restore',
    (world) => `latest --yes ${toCopy(world)}`,
    ["AWS's own backups", RESTORES, 'not from a folder', 'recovery was on'],
    {
      name: 'restore latest --to-table',
      setUp: { overrides: { pointInTimeRecovery: true, deletionProtection: true, tags: { Owner: 'me' } } },
      prepare: backUp(),
      lean: true,
    },
  ),
  variant(
    'restore',
    (world) => `latest --in-place --no-settle ${consent(world)}`,
    ["AWS's own backups", RESTORES, '--in-place', 'not from a folder'],
    { name: 'restore latest --in-place', prepare: backUp() },
  ),
  variant(
    'restore',
    (world) => `--point-in-time latest --yes ${toCopy(world)}`,
    ['--point-in-time', RESTORES, 'not from a folder', 'recovery was on'],
    { name: 'restore --point-in-time', setUp: RECOVERABLE, prepare: recoverableForLong },
  ),
  variant(
    'restore',
    (world) => `${S3} --yes ${toCopy(world)}`,
    ['s3://…', RESTORES, 'not from a folder', 'recovery was on'],
    { name: 'restore s3://', setUp: RECOVERABLE, prepare: backUp('--to', S3) },
  ),
  variant('restore', (world) => `archive --yes --verify full ${toCopy(world)}`, ['from a folder', RESTORES], {
    name: 'restore archive --to-table',
    prepare: backUp('--to', 'archive'),
  }),
  variant(
    'restore',
    'archive --on-conflict skip --yes',
    ['from a folder', 'from a folder, --on-conflict', 'from a folder, --on-conflict skip or fail'],
    {
      prepare: backUp('--to', 'archive'),
    },
  ),
  variant('restore', 'archive --on-conflict overwrite --yes', ['from a folder', 'from a folder, --on-conflict'], {
    prepare: backUp('--to', 'archive'),
  }),
];

const INDEX = 'an index is enough and cheaper';
const DELETED = ['without --keep-events', 'sessions are deleted', 'events are deleted'];

const READING: readonly Variant[] = [
  variant('list', ''),
  variant('list', '--limit 1', [INDEX], { prepare: large, lean: true }),
  variant('list', '--limit 2', ['there is no such table'], { setUp: false, code: 1, lean: true }),
  variant('show', 'one'),
  variant('show', 'nobody', [], { code: 1 }),
  variant('events', 'one'),
  variant('events', 'nobody', ['there are no events, to know whether there is a session'], { lean: true }),
  variant('events', 'one --follow', ['--follow'], { options: interruptedAfter('dynamodb:GetRecords') }),
  variant('events', 'one --follow --after 1', ['--follow', '--follow, where the stream has no new images'], {
    setUp: { overrides: { stream: 'KEYS_ONLY' } },
    options: (world) => interruptedAfter('dynamodb:GetItem', (round) => putEvent(world, 'one', round))(world),
  }),
  ...['show', 'events'].map((command) =>
    variant(command, '', ['no id is given, on a terminal'], {
      name: `${command}, on a terminal`,
      run: onTerminal([() => 'Which session?', enter]),
    }),
  ),
  variant('layouts detect', '', ['no table is given, on a terminal'], {
    name: 'layouts detect, on a terminal',
    // Typed, it is the one that is offered.
    run: onTerminal(
      [() => 'Which table?', ({ tables }) => tables.sessions],
      [({ tables }) => `Which table? ${tables.sessions}`, enter],
    ),
  }),
  variant('stats', '', ['without --no-events'], { prepare: (world) => putEvent(world, 'nobody', 1) }),
  variant('stats', '--no-events'),
  variant('doctor', '', [], { lean: true }),
  variant('layouts list', ''),
  variant('layouts show', 'mcp'),
  variant('layouts detect', ({ tables }) => tables.sessions, ['keys, indexes and TTL leave the layout in doubt'], {
    code: 3,
    setUp: false,
    prepare: ambiguousTable,
  }),
];

/** A purge that could delete nothing. */
async function stoppedPurge({ aws, cli, tables }: World): Promise<void> {
  const error = { name: 'ValidationException', message: 'no' };
  const undo = aws.double.inject({ operation: 'DeleteItem', table: tables.sessions, error });
  const { code, stderr } = await cli(['purge', '--expired', '--yes']);
  undo();
  if (code !== 5) throw new Error(`the purge ended with ${code}: ${stderr}`);
}

const CHANGING: readonly Variant[] = [
  variant('purge', '--expired --dry-run', ['without --keep-events']),
  variant('purge', '--expired --yes', DELETED),
  variant('purge', '--expired --yes --delete-with statements', DELETED),
  variant('purge', '--expired --yes --keep-events', ['sessions are deleted']),
  variant('purge', '--id one --yes', [...DELETED, '--id, --ids-file']),
  variant('purge', '--expired --yes --resume', [...DELETED, '--resume'], { prepare: stoppedPurge }),
  variant('purge', '--orphans --yes', ['without --keep-events', 'events are deleted', '--orphans'], {
    prepare: ({ aws, tables }) =>
      aws.raw.call('DeleteItem', { TableName: tables.sessions, Key: { session_id: { S: 'one' } } }),
  }),
  variant('seed', '--count 3 --yes'),
];

/** The main ways to run every command that calls AWS. */
export const VARIANTS: readonly Variant[] = [...TABLES, ...BACKUPS, ...READING, ...CHANGING];
