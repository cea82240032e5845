import { InvalidArgumentError, Option } from 'commander';
import { CliError } from '../errors.js';
import type { SessionFilter, SortKey } from '../operations/list.js';
import { parseDuration, parseInstant } from '../schema/duration.js';
import type { Where } from '../schema/where.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { collect, wholeNumber } from './global-options.js';
import { type Field, FIELDS } from './list-fields.js';
import { nearest } from './nearest.js';
import type { CommandSession } from './session.js';

const SORTS = ['activity', 'created', 'expiry', 'size', 'id'] as const satisfies readonly SortKey[];
const DEFAULT_LIMIT = 50;

interface ListFlags {
  readonly active?: boolean;
  readonly expired?: boolean;
  readonly terminated?: boolean;
  readonly idle?: number;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly where?: readonly string[];
  readonly sort: SortKey;
  readonly columns?: readonly Field[];
  readonly limit?: number;
  readonly all?: boolean;
}

const isField = (name: string): name is Field => FIELDS.some((field) => field === name);

function columnsOf(text: string): readonly Field[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !isField(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, FIELDS);
    const remark = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    throw new InvalidArgumentError(`There is no column '${unknown}'${remark}; columns: ${FIELDS.join(', ')}.`);
  }
  return names.filter(isField);
}

/** A duration of the command line in milliseconds, for commander. */
function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration such as 90s, 15m, 24h, 7d, 2w or 2h30m.');
  return ms;
}

function instantOf(flag: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseInstant(text, now);
  if (ms === undefined)
    throw new CliError('USAGE', `${flag} '${text}' is not an instant`, {
      hint: 'write ISO 8601 (2026-11-20, 2026-11-20T11:22:33Z) or how long ago (90s, 15m, 24h, 7d, 2w)',
    });
  return ms;
}

async function conditionsOf(texts: readonly string[]): Promise<readonly Where[]> {
  if (texts.length === 0) return [];
  const { parseWhere } = await import('../schema/where.js');
  return texts.map((text) => {
    const condition = parseWhere(text);
    if (condition !== undefined) return condition;
    throw new CliError('USAGE', `--where '${text}' is not a condition`, {
      hint: "for example --where state.userId=42, --where 'metadata.ip^=10.' (begins with), --where 'note~=urgent' (contains), --where 'ttl missing'",
    });
  });
}

async function filterOf(flags: ListFlags, now: number): Promise<SessionFilter> {
  const { active, expired, terminated, idle } = flags;
  if (active === true && (expired === true || terminated === true))
    throw new CliError('USAGE', `--active and --${expired === true ? 'expired' : 'terminated'} exclude each other`);
  const createdAfter = instantOf('--created-after', flags.createdAfter, now);
  const createdBefore = instantOf('--created-before', flags.createdBefore, now);
  const where = await conditionsOf(flags.where ?? []);
  return {
    ...(active !== undefined && { active }),
    ...(expired !== undefined && { expired }),
    ...(terminated !== undefined && { terminated }),
    ...(idle !== undefined && { idle }),
    ...(createdAfter !== undefined && { createdAfter }),
    ...(createdBefore !== undefined && { createdBefore }),
    ...(where.length > 0 && { where }),
  };
}

function limitOf({ all, limit }: ListFlags): number | null {
  if (all === true && limit !== undefined) throw new CliError('USAGE', '--all and --limit exclude each other');
  return all === true ? null : (limit ?? DEFAULT_LIMIT);
}

async function run(session: CommandSession, flags: ListFlags): Promise<Outcome> {
  const request = { filter: await filterOf(flags, session.runtime.now()), sort: flags.sort, limit: limitOf(flags) };
  const [{ list }, { listView }, context] = await Promise.all([
    import('../operations/list.js'),
    import('./list-view.js'),
    session.context(),
  ]);
  const result = await list(context, await session.target(), request);
  return { view: listView(result, flags.columns, session.advise) };
}

export const listCommand: CommandDefinition = {
  name: 'list',
  group: 'sessions',
  summary: 'sessions, newest activity first',
  declare: (command) => {
    command.description(
      'Lists sessions, newest activity first. Reads the whole sessions table; keeps in memory only what it shows.',
    );
    command
      .option('--active', 'only sessions that are alive')
      .option('--expired', 'only sessions past their expiry that are still there')
      .option('--terminated', 'only sessions that were ended but not deleted')
      .addOption(
        new Option('--idle <duration>', 'without activity for so long: 90s, 15m, 24h, 7d, 2w').argParser(durationOf),
      )
      .option('--created-after <instant>', 'created at or after: ISO 8601, or how long ago')
      .option('--created-before <instant>', 'created before: ISO 8601, or how long ago')
      .option(
        '--where <condition>',
        'attribute, operator (= != < <= > >= ^= ~= exists missing) and value; may be repeated',
        collect,
      )
      .addOption(new Option('--sort <key>', 'order').choices(SORTS).default('activity'))
      .addOption(new Option('--columns <names>', `comma-separated, of ${FIELDS.join(', ')}`).argParser(columnsOf))
      .addOption(
        new Option('--limit <n>', `how many at the most (default: ${DEFAULT_LIMIT})`).argParser(wholeNumber(1)),
      )
      .option('--all', 'all of them');
  },
  examples: [
    { command: 'mcp-sessions list --local', does: 'sessions of the embedded engine' },
    { command: 'mcp-sessions list --expired --sort expiry --limit 20', does: 'the longest overdue' },
    { command: 'mcp-sessions list --where state.userId=42', does: 'all of one user' },
    { command: 'mcp-sessions list --all --output ndjson | wc -l', does: 'count them' },
    { command: 'mcp-sessions list --idle 24h --columns id,lastActivityAt --output csv', does: 'for a spreadsheet' },
  ],
  run: (session, _args, command) => run(session, command.opts<ListFlags>()),
};
