import type { View } from '../output/view.js';
import { describeBilling, describeIndex, describeKeys } from '../schema/describe.js';
import type { Detection } from '../schema/detect.js';
import { nameProblem } from '../schema/names.js';
import type { Layout } from '../schema/types.js';
import { CliError, EXIT } from '../errors.js';
import type { CommandDefinition, Outcome } from './definition.js';
import type { CommandSession } from './session.js';

function listView(layouts: readonly Layout[]): View {
  const rows = layouts.map(({ id, title, tables, purge }) => ({
    id,
    title,
    tables: tables.map(({ defaultName }) => defaultName),
    purgeSafe: purge.safe,
  }));
  return {
    json: { layouts: rows },
    lines: rows,
    columns: ['id', 'title', 'tables', 'purgeSafe'],
    records: rows.map((row) => ({ ...row, tables: row.tables.join(' ') })),
    human: (page) =>
      page.table(
        [
          { key: 'id', title: 'Id' },
          { key: 'title', title: 'Title', truncate: 'end', min: 24 },
          { key: 'tables', title: 'Default tables', wrap: true, min: 16 },
        ],
        rows.map(({ id, title, tables }) => ({ id, title, tables: tables.join(', ') })),
        '`mcp-sessions layouts show <id>`',
      ),
  };
}

/** A layout without its functions: what a configuration file can hold. */
function plainLayout(layout: Layout): object {
  return JSON.parse(JSON.stringify(layout));
}

function showView(layout: Layout): View {
  const plain = plainLayout(layout);
  return {
    json: plain,
    lines: [plain],
    columns: ['id', 'title', 'tables'],
    records: [{ id: layout.id, title: layout.title, tables: layout.tables }],
    human: (page) =>
      [
        page.heading(`${layout.id}: ${layout.title}`),
        page.note(layout.description),
        ...layout.tables.map((table) =>
          [
            '',
            page.heading(`${table.role} table`),
            page.properties([
              ['Name', [table.defaultName, ...table.environmentVariables.map((name) => `$${name}`)].join(', ')],
              ['Keys', table.keys === null ? "the table's own" : describeKeys(table.keys)],
              ...(table.indexes.length === 0
                ? [['Indexes', 'none'] as const]
                : table.indexes.map((index) => [`Index`, `${index.name}: ${describeIndex(index)}`] as const)),
              ['TTL', table.ttl?.attribute ?? 'left as it is'],
              ['Stream', table.stream ?? 'left as it is'],
              ['Billing', table.billing === null ? 'left as it is' : describeBilling(table.billing)],
              [
                'Tags',
                Object.entries(table.tags)
                  .map(([key, value]) => `${key}=${value}`)
                  .join(', ') || 'none',
              ],
              ['Attributes', table.attributes.map(({ names }) => names.join(' or ')).join(', ') || 'any'],
            ]),
          ].join('\n'),
        ),
        '',
        page.heading('Sessions'),
        page.properties([
          ['Created', timeText(layout.session.createdAt)],
          ['Last activity', timeText(layout.session.lastActivityAt)],
          ['Expires', timeText(layout.session.expiresAt)],
          [
            'Terminated',
            layout.session.terminated === null ? 'not recorded' : layout.session.terminated.path.join('.'),
          ],
          ['Purge', `${layout.purge.safe ? 'safe' : 'not safe'}: ${layout.purge.reason}`],
        ]),
      ].join('\n'),
  };
}

const UNITS = {
  s: 'epoch seconds',
  ms: 'epoch milliseconds',
  us: 'epoch microseconds',
  iso: 'ISO 8601',
  auto: 'as found',
} as const;

const timeText = (field: Layout['session']['createdAt']): string =>
  field === null ? 'not recorded' : `${field.paths.map((path) => path.join('.')).join(' or ')} (${UNITS[field.unit]})`;

function detectView(detection: Detection): View {
  const { table, layout, role, confidence, why, candidates } = detection;
  return {
    json: { table, layout, role, confidence, why, candidates },
    columns: ['table', 'layout', 'role', 'confidence', 'why'],
    lines: [detection],
    records: [{ table, layout: layout ?? '', role: role ?? '', confidence, why: why.join('; ') }],
    human: (page) => {
      const known = candidates.filter((candidate) => candidate.layout !== layout || candidate.role !== role);
      const verdict =
        layout === null
          ? page.warn(`${table}: no layout is certain`)
          : page.success(`${table}: ${layout} (${confidence})`);
      return [
        verdict,
        ...why.map((reason) => page.bullet(reason)),
        ...(known.length === 0 ? [] : ['', page.heading('Also looked at')]),
        ...known.map(({ title, layout: id, for: pro, against }) =>
          page.bullet(`${id ?? title}: ${[...pro, ...against.map((reason) => `but ${reason}`)].join(', ')}`),
        ),
      ].join('\n');
    },
  };
}

async function show(session: CommandSession, id: unknown): Promise<Outcome> {
  const { layouts } = await session.settings();
  const layout = layouts.find((candidate) => candidate.id === id);
  if (layout === undefined)
    throw new CliError('LAYOUT_UNKNOWN', `there is no layout '${String(id)}'`, {
      hint: `layouts: ${layouts.map((candidate) => candidate.id).join(', ')}`,
    });
  return { view: showView(layout) };
}

async function detect(session: CommandSession, table: unknown): Promise<Outcome> {
  const name = String(table);
  const problem = nameProblem(name);
  if (problem !== undefined) throw new CliError('USAGE', `the table name '${name}' ${problem}`);
  const [operation, context] = await Promise.all([import('../operations/detect.js'), session.context()]);
  const detection = await operation.detect(context, name);
  return { view: detectView(detection), exitCode: detection.layout === null ? EXIT.found : EXIT.done };
}

export const layoutsCommand: CommandDefinition = {
  name: 'layouts',
  group: 'tools',
  summary: 'the session layouts that are known here; which one a table has',
  declare: (command) => {
    command.description(
      'A layout says which tables a session store has and what their attributes mean. Layouts of your own come from the\n' +
        'configuration file: `mcp-sessions layouts show mcp --output yaml` prints one to start from.',
    );
  },
  subcommands: [
    {
      name: 'list',
      group: 'tools',
      summary: 'all layouts',
      declare: () => {},
      run: async (session) => ({ view: listView((await session.settings()).layouts) }),
    },
    {
      name: 'show',
      group: 'tools',
      summary: 'one layout: tables, keys, indexes, units',
      declare: (command) => {
        command.argument('<id>', 'the layout’s id');
      },
      run: (session, [id]) => show(session, id),
    },
    {
      name: 'detect',
      group: 'tools',
      summary: 'which layout a table has, how sure that is, and why; exit 3 when none is certain',
      declare: (command) => {
        command.argument('<table>', 'the table’s name');
      },
      run: (session, [table]) => detect(session, table),
    },
  ],
  examples: [
    { command: 'mcp-sessions layouts list', does: 'all of them' },
    { command: 'mcp-sessions layouts detect sessions --region eu-west-1', does: 'what is this table?' },
  ],
};
