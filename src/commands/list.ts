import { InvalidArgumentError, Option } from 'commander';
import type { SortKey } from '../operations/sessions/list.js';
import type { CommandDefinition } from './definition.js';
import { declareFilterOptions, type FilterFlags } from './filter-options.js';
import { wholeNumber } from './global-options.js';
import { type Field, FIELDS } from './list-fields.js';
import { nearest } from './nearest.js';
import { concurrencyOption, maxRcuOption, segmentsOption } from './pace-options.js';
import { FIND, NAME_OTHERS } from './permissions.js';

const SORTS = ['activity', 'created', 'expiry', 'size', 'id'] as const satisfies readonly SortKey[];
export const DEFAULT_LIMIT = 50;
/** A page of 1 MB is some 10 MB once it is read: so few at once keep memory small, and the processor busy. */
const CONCURRENCY = 4;

export interface ListFlags extends FilterFlags {
  readonly sort: SortKey;
  readonly columns?: readonly Field[];
  readonly limit?: number;
  readonly all?: boolean;
  /** false with --no-index. */
  readonly index: boolean;
  readonly maxRcu?: number;
  readonly concurrency: number;
  readonly segments?: number;
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

export const listCommand: CommandDefinition = {
  name: 'list',
  group: 'sessions',
  summary: 'sessions, newest activity first',
  declare: (command) => {
    command.description(
      'Lists sessions, newest activity first, and keeps in memory only what it shows.\n' +
        'Reads the whole sessions table; or an index, where that is enough for order and filter and cheaper. Sessions that lack\n' +
        'its attribute are not in an index, and one that is used while it is read may be missed: the answer says so.\n' +
        '--all with --output ndjson or csv writes sessions as they are read, in the order of the table, and keeps none.\n' +
        'With --sort, or another output, --all keeps and sorts them first.',
    );
    declareFilterOptions(command, { active: true });
    command
      .addOption(new Option('--sort <key>', 'order').choices(SORTS).default('activity'))
      .addOption(new Option('--columns <names>', `comma-separated, of ${FIELDS.join(', ')}`).argParser(columnsOf))
      .addOption(
        new Option('--limit <n>', `how many at the most (default: ${DEFAULT_LIMIT})`).argParser(wholeNumber(1)),
      )
      .option('--all', 'all of them; ndjson and csv without --sort are written as they are read')
      .option('--no-index', 'read the table itself, also where an index would do')
      .addOption(maxRcuOption())
      .addOption(concurrencyOption(CONCURRENCY))
      .addOption(segmentsOption());
  },
  needs: [
    ...FIND,
    { on: 'table', role: 'sessions', actions: ['dynamodb:Scan'] },
    {
      on: 'index',
      role: 'sessions',
      actions: ['dynamodb:Scan'],
      when: 'an index is enough and cheaper',
      optional: true,
    },
    {
      on: 'table',
      role: 'sessions',
      actions: ['dynamodb:BatchGetItem'],
      when: 'an index is enough and cheaper',
      optional: true,
    },
    ...NAME_OTHERS,
  ],
  examples: [
    { command: 'mcp-sessions list --local', does: 'sessions of the embedded engine' },
    { command: 'mcp-sessions list --expired --sort expiry --limit 20', does: 'the longest overdue' },
    { command: 'mcp-sessions list --where state.userId=42', does: 'all of one user' },
    { command: 'mcp-sessions list --all --output ndjson | wc -l', does: 'count them, however many' },
    { command: 'mcp-sessions list --idle 24h --columns id,lastActivityAt --output csv', does: 'for a spreadsheet' },
  ],
  run: async (session, _args, command) => {
    const { runList } = await import('./list-run.js');
    return runList(session, command.opts<ListFlags>(), command.getOptionValueSource('sort') === 'cli');
  },
};
