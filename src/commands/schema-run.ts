import { CliError } from '../errors.js';
import { applicationNeeds } from '../schema/application.js';
import { type IamNeed, type IamScope, type PolicyDocument, policyOf } from '../schema/iam.js';
import { DEFAULT_LAYOUT } from '../schema/layouts/index.js';
import { nameProblem, tableNames } from '../schema/names.js';
import type { Layout } from '../schema/types.js';
import type { View } from '../output/view.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { COMMANDS } from './index.js';
import { s3Url } from './s3-place.js';
import { type Audience, AUDIENCES, type SchemaFlags } from './schema.js';
import type { CommandSession } from './session.js';

/** Commands that an identity may run that is not to change anything. */
const READING: ReadonlySet<string> = new Set(['status', 'list', 'show', 'events', 'stats', 'doctor']);

const allNeeds = (definitions: readonly CommandDefinition[]): readonly IamNeed[] =>
  definitions.flatMap(({ needs = [], subcommands = [] }) => [...needs, ...allNeeds(subcommands)]);

const NEEDS_OF = {
  admin: () => allNeeds(COMMANDS),
  app: applicationNeeds,
  'read-only': () => allNeeds(COMMANDS.filter(({ name }) => READING.has(name))),
} as const satisfies Record<Audience, (layout: Layout) => readonly IamNeed[]>;

/** IAM takes a managed policy of so many characters, white space not counted. */
const LONGEST = 6144;

/** Prints a policy; calls nothing. */
export async function runSchema(session: CommandSession, flags: SchemaFlags): Promise<Outcome> {
  const audience = flags.for ?? (await chooseAudience(session));
  const unused = audience === 'admin' ? [] : adminFlags(flags);
  if (unused.length > 0) throw new CliError('USAGE', `${unused.join(', ')} goes with --for admin`);
  const { layout, scope } = await scopeOf(session, flags);
  const policy = policyOf(NEEDS_OF[audience](layout), scope);
  if (JSON.stringify(policy).length > LONGEST)
    session.warn(`the policy is longer than the ${LONGEST} characters that IAM takes: divide its statements among two`);
  return { view: policyView(policy) };
}

const WHO = {
  admin: 'who runs all of these commands',
  app: 'the application that uses the sessions',
  'read-only': 'who only looks: status, list, show, events, stats, doctor',
} as const satisfies Record<Audience, string>;

async function chooseAudience(session: CommandSession): Promise<Audience> {
  if (!session.terminal.isInteractive)
    throw new CliError('USAGE', '--for is missing: whom is the policy for?', {
      hint: `--for ${AUDIENCES.join(', --for ')}`,
    });
  const audience = await session.prompts.select<Audience>({
    message: 'Whom is the policy for?',
    flag: '--for',
    choices: AUDIENCES.map((value) => ({ value, name: `${value.padEnd(9)}  ${WHO[value]}` })),
  });
  session.tellCommand([...session.runtime.argv, '--for', audience]);
  return audience;
}

const adminFlags = ({ bucket, kmsKey, replica }: SchemaFlags): readonly string[] => [
  ...(bucket === undefined ? [] : ['--bucket']),
  ...(kmsKey === undefined ? [] : ['--kms-key']),
  ...(replica === undefined ? [] : ['--replica']),
];

async function scopeOf(
  session: CommandSession,
  flags: SchemaFlags,
): Promise<{ readonly layout: Layout; readonly scope: IamScope }> {
  const settings = await session.settings();
  const id = settings.layout.value ?? DEFAULT_LAYOUT.id;
  const layout = settings.layouts.find((candidate) => candidate.id === id);
  if (layout === undefined)
    throw new CliError('LAYOUT_UNKNOWN', `there is no layout '${id}'`, {
      hint: `the layouts are ${settings.layouts.map((known) => known.id).join(', ')}`,
    });
  const names = tableNames(layout, settings.tables, session.runtime.env);
  for (const { name, source } of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new CliError('USAGE', `the table name '${name}' (${source}) ${problem}`);
  }
  return {
    layout,
    scope: {
      tables: [...names, ...(flags.alsoTable ?? []).map((name) => ({ name, role: null }))],
      region: settings.region.value,
      account: flags.account ?? null,
      replicas: flags.replica ?? [],
      bucket: flags.bucket === undefined ? null : bucketOf(flags.bucket),
      key: flags.kmsKey ?? null,
    },
  };
}

/** The characters of a bucket, and those of a prefix that IAM does not take for a pattern. */
const PLACE = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^*?$]*?))?\/?$/;

function bucketOf(text: string): { readonly name: string; readonly prefix: string } {
  const [, name, prefix = ''] = PLACE.exec(s3Url(text) ?? '') ?? [];
  if (name === undefined)
    throw new CliError('USAGE', `--bucket '${text}' is not a place in S3`, { hint: 'write s3://bucket/prefix' });
  return { name, prefix };
}

function policyView(policy: PolicyDocument): View {
  const records = policy.Statement.map((statement) => ({
    sid: statement.Sid,
    actions: statement.Action.join(' '),
    resources: statement.Resource.join(' '),
  }));
  return {
    json: policy,
    lines: [policy],
    columns: ['sid', 'actions', 'resources'],
    records,
    // As it is, and not cut to a terminal's width: it is to be copied.
    human: () => JSON.stringify(policy, null, 2),
  };
}
