import { InvalidArgumentError, Option } from 'commander';
import { CliError } from '../errors.js';
import type { SortKey } from '../operations/list.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { declareFilterOptions, type FilterFlags, filterOf } from './filter-options.js';
import { wholeNumber } from './global-options.js';
import { type Field, FIELDS } from './list-fields.js';
import { nearest } from './nearest.js';
import type { CommandSession } from './session.js';

const SORTS = ['activity', 'created', 'expiry', 'size', 'id'] as const satisfies readonly SortKey[];
const DEFAULT_LIMIT = 50;

interface ListFlags extends FilterFlags {
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
    declareFilterOptions(command, { active: true });
    command
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
