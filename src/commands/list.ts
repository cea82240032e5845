import { InvalidArgumentError, Option } from 'commander';
import { CliError } from '../errors.js';
import type { ListResult, SortKey } from '../operations/list.js';
import { formatSize } from '../output/format-size.js';
import { relativeTime } from '../output/format-time.js';
import type { Page } from '../output/page.js';
import type { Column, Row } from '../output/table.js';
import type { View } from '../output/view.js';
import type { DecodedSession } from '../schema/decode.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { declareFilterOptions, type FilterFlags, filterOf } from './filter-options.js';
import { wholeNumber } from './global-options.js';
import type { CommandSession } from './session.js';
import { iso, sessionJson, STATE_STYLES } from './session-view.js';

const SORTS = ['activity', 'created', 'expiry', 'size', 'id'] as const satisfies readonly SortKey[];
const DEFAULT_LIMIT = 50;

const FIELDS = ['id', 'state', 'lastActivityAt', 'createdAt', 'expiresAt', 'sizeBytes', 'problems'] as const;
type Field = (typeof FIELDS)[number];

const COLUMNS: Readonly<Record<Field, Column>> = {
  id: { key: 'id', title: 'Id', truncate: 'middle', min: 20 },
  state: { key: 'state', title: 'State' },
  lastActivityAt: { key: 'lastActivityAt', title: 'Last activity', priority: 4 },
  createdAt: { key: 'createdAt', title: 'Created', priority: 2 },
  expiresAt: { key: 'expiresAt', title: 'Expires', priority: 3 },
  sizeBytes: { key: 'sizeBytes', title: 'Size', align: 'right', priority: 1 },
  problems: { key: 'problems', title: 'Problems', wrap: true, min: 16, priority: 5 },
};

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
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no column '${unknown}'; columns: ${FIELDS.join(', ')}.`);
  return names.filter(isField);
}

function limitOf({ all, limit }: ListFlags): number | null {
  if (all === true && limit !== undefined) throw new CliError('USAGE', '--all and --limit exclude each other');
  return all === true ? null : (limit ?? DEFAULT_LIMIT);
}

/** Columns without a value in any row, and problems where there are none, only take room. */
function usefulFields(sessions: readonly DecodedSession[]): readonly Field[] {
  const has = (look: (session: DecodedSession) => boolean): boolean => sessions.length === 0 || sessions.some(look);
  const useful: Readonly<Record<Field, boolean>> = {
    id: true,
    state: true,
    lastActivityAt: has(({ lastActivityAt }) => lastActivityAt !== null),
    createdAt: has(({ createdAt }) => createdAt !== null),
    expiresAt: has(({ expiresAt }) => expiresAt !== null),
    sizeBytes: true,
    problems: sessions.some(({ problems }) => problems.length > 0),
  };
  return FIELDS.filter((field) => useful[field]);
}

function rowOf(page: Page, session: DecodedSession): Row {
  const time = (ms: number | null): string | null => {
    if (ms === null) return null;
    return page.width === undefined ? iso(ms) : relativeTime(new Date(ms), page.now);
  };
  return {
    id: session.id,
    state: { text: session.state, style: STATE_STYLES[session.state] },
    lastActivityAt: time(session.lastActivityAt),
    createdAt: time(session.createdAt),
    expiresAt: session.expiresAt === null ? 'never' : time(session.expiresAt),
    sizeBytes: formatSize(session.sizeBytes),
    problems: session.problems.join('; '),
  };
}

function listText(page: Page, result: ListResult, fields: readonly Field[]): string {
  const { sessions, matched, scanned, capacity, table, truncated } = result;
  if (sessions.length === 0)
    return page.note(
      scanned === 0
        ? `no sessions in '${table}'; \`mcp-sessions seed\` writes examples`
        : `none of the ${scanned} items in '${table}' is such a session`,
    );
  const units = `${Number(capacity.readUnits.toFixed(1))} read units`;
  const count = truncated
    ? `${sessions.length} of ${matched} sessions (--limit or --all for more)`
    : `${matched} ${matched === 1 ? 'session' : 'sessions'}`;
  return [
    page.table(
      fields.map((field) => COLUMNS[field]),
      sessions.map((session) => rowOf(page, session)),
    ),
    '',
    page.note(`${count} in '${table}'; ${scanned} items read, ${units}`),
  ].join('\n');
}

function listView(result: ListResult, columns: readonly Field[] | undefined): View {
  const sessions = result.sessions.map(sessionJson);
  const chosen = (session: Record<string, unknown>): Record<string, unknown> =>
    columns === undefined ? session : Object.fromEntries(columns.map((field) => [field, session[field]]));
  const { layout, table, scanned, matched, capacity, truncated } = result;
  const fields = columns ?? FIELDS;
  return {
    json: { layout, table, sessions: sessions.map(chosen), scanned, matched, capacity, truncated },
    lines: sessions.map(chosen),
    columns: fields,
    records: sessions.map((session) => ({
      ...chosen(session),
      ...(fields.includes('problems') && { problems: [session.problems].flat().join('; ') }),
    })),
    human: (page) => listText(page, result, columns ?? usefulFields(result.sessions)),
  };
}

async function run(session: CommandSession, flags: ListFlags): Promise<Outcome> {
  const request = { filter: filterOf(flags, session.runtime.now()), sort: flags.sort, limit: limitOf(flags) };
  const [{ list }, context] = await Promise.all([import('../operations/list.js'), session.context()]);
  return { view: listView(await list(context, await session.target(), request), flags.columns) };
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
      .addOption(new Option('--columns <names>', `comma-separated: ${FIELDS.join(',')}`).argParser(columnsOf))
      .addOption(
        new Option('--limit <n>', `how many at the most (default: ${DEFAULT_LIMIT})`).argParser(wholeNumber(1)),
      )
      .option('--all', 'all of them');
  },
  examples: [
    { command: 'mcp-sessions list --local', does: 'sessions of the embedded engine' },
    { command: 'mcp-sessions list --expired --sort expiry --limit 20', does: 'the longest overdue' },
    { command: 'mcp-sessions list --all --output ndjson | wc -l', does: 'count them' },
    { command: 'mcp-sessions list --idle 24h --columns id,lastActivityAt --output csv', does: 'for a spreadsheet' },
  ],
  run: (session, _args, command) => run(session, command.opts<ListFlags>()),
};
