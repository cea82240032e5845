import { CliError, EXIT } from '../errors.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { nearest } from './nearest.js';
import type { CommandSession } from './session.js';
import { FIND } from './permissions.js';

async function list(session: CommandSession): Promise<Outcome> {
  const [{ layoutListView }, { layouts }] = await Promise.all([import('./layouts-view.js'), session.settings()]);
  return { view: layoutListView(layouts) };
}

async function show(session: CommandSession, given: unknown): Promise<Outcome> {
  const id = typeof given === 'string' ? given : await chooseLayout(session);
  const [{ layoutView }, { layouts }] = await Promise.all([import('./layouts-view.js'), session.settings()]);
  const layout = layouts.find((candidate) => candidate.id === id);
  if (layout !== undefined) return { view: layoutView(layout) };
  const ids = layouts.map((candidate) => candidate.id);
  const meant = nearest(id, ids);
  throw new CliError('LAYOUT_UNKNOWN', `there is no layout '${id}'`, {
    hint: `${meant === undefined ? '' : `Did you mean ${meant}? `}Layouts: ${ids.join(', ')}`,
  });
}

async function chooseTable(session: CommandSession): Promise<string> {
  const [{ pickTable }, { requireTerminal }] = await Promise.all([import('./pick-table.js'), import('./picker.js')]);
  requireTerminal(session, 'table');
  return pickTable(session);
}

/** Asks for one of the layouts. */
async function chooseLayout(session: CommandSession): Promise<string> {
  const [{ pick, requireTerminal, withArgument }, { layouts }] = await Promise.all([
    import('./picker.js'),
    session.settings(),
  ]);
  requireTerminal(session, 'id');
  const id = await pick(session, {
    message: 'Which layout?',
    flag: 'an id: mcp-sessions layouts show <id>',
    rows: layouts.map((layout) => ({ value: layout.id, cells: [layout.id, layout.title] })),
    typed: 'the layout',
  });
  session.complete(withArgument(session, id));
  return id;
}

async function detect(session: CommandSession, table: unknown): Promise<Outcome> {
  const name = typeof table === 'string' ? table : await chooseTable(session);
  const { nameProblem } = await import('../schema/names.js');
  const problem = nameProblem(name);
  if (problem !== undefined) throw new CliError('USAGE', `the table name '${name}' ${problem}`);
  const [operation, { detectionView }, context] = await Promise.all([
    import('../operations/tables/detect.js'),
    import('./layouts-view.js'),
    session.context(),
  ]);
  const detection = await operation.detect(context, name);
  return { view: detectionView(detection), exitCode: detection.layout === null ? EXIT.found : EXIT.done };
}

export const layoutsCommand: CommandDefinition = {
  name: 'layouts',
  group: 'tools',
  summary: 'the session layouts that are known here; which one a table has',
  declare: (command) => {
    command.description(
      'A layout says which tables a session store has and what their attributes mean. Layouts of ' +
        'your own come from the configuration file: `mcp-sessions layouts show mcp --output yaml` prints one to start from.',
    );
  },
  subcommands: [
    {
      name: 'list',
      group: 'tools',
      summary: 'all layouts',
      declare: () => {},
      needs: [],
      examples: [{ command: 'mcp-sessions layouts list', does: 'all of them, also those of the configuration file' }],
      run: (session) => list(session),
    },
    {
      name: 'show',
      group: 'tools',
      summary: 'one layout: tables, keys, indexes, units',
      declare: (command) => {
        command.argument('[id]', "the layout's id; on a terminal it may be chosen from a list");
      },
      needs: [],
      examples: [
        { command: 'mcp-sessions layouts show mcp', does: 'what `setup` makes, and what `list` and `show` read' },
        { command: 'mcp-sessions layouts show mcp --output yaml', does: 'to start a layout of your own from' },
      ],
      run: (session, [id]) => show(session, id),
    },
    {
      name: 'detect',
      group: 'tools',
      summary: 'which layout a table has, how sure that is, and why; exit 3 when none is certain',
      declare: (command) => {
        command.argument('[table]', "the table's name; on a terminal it may be chosen from a list");
      },
      needs: [
        ...FIND,
        {
          on: 'any',
          actions: ['dynamodb:DescribeTable', 'dynamodb:ListTables'],
          when: 'no table is given, on a terminal',
        },
      ],
      examples: [{ command: 'mcp-sessions layouts detect sessions --region eu-west-1', does: 'what is this table?' }],
      run: (session, [table]) => detect(session, table),
    },
  ],
  examples: [
    { command: 'mcp-sessions layouts list', does: 'all of them' },
    { command: 'mcp-sessions layouts detect sessions --region eu-west-1', does: 'what is this table?' },
  ],
};
