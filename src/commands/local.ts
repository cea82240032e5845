import { existsSync } from 'node:fs';
import { Option } from 'commander';
import { CliError } from '../errors.js';
import type { LocalEngine } from '../local/index.js';
import type { OutputFormat } from '../output/view.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { portNumber } from './global-options.js';
import type { CommandSession } from './session.js';

interface StartFlags {
  readonly port?: number;
  readonly memory?: boolean;
}

interface ExecFlags {
  readonly port?: number;
  readonly setup: boolean;
}

const DEFAULT_REGION = 'us-east-1';

/** The engine's data file: --local names another than the default. */
async function dataFile(session: CommandSession): Promise<string> {
  const { localFile } = await session.settings();
  if (localFile.value !== null) return localFile.value;
  const { readSettings } = await import('../config/settings.js');
  const { runtime, flags } = session;
  const { endpointUrl: _endpoint, ...rest } = flags;
  return (await readSettings({ ...rest, local: true }, runtime.env, runtime.cwd)).localFile.value ?? '';
}

/** Whoever waits for the engine reads line by line: its JSON is one line. */
const lineFormat = (format: OutputFormat): OutputFormat => (format === 'json' ? 'ndjson' : format);

async function start(session: CommandSession, flags: StartFlags): Promise<Outcome> {
  const [{ engineVariables, startEngine }, { engineView }, { render }] = await Promise.all([
    import('../operations/local.js'),
    import('./local-view.js'),
    import('../output/render.js'),
  ]);
  const { runtime } = session;
  const engine = await startEngine({
    dataFile: flags.memory === true ? null : await dataFile(session),
    env: { ...runtime.env },
    signal: runtime.signal,
    ...(flags.port !== undefined && { port: flags.port }),
  });
  try {
    const region = (await session.settings()).region.value ?? DEFAULT_REGION;
    const variables = engineVariables(engine, region, {});
    runtime.stdout.write(
      await render(engineView(engine, variables), lineFormat(session.format), session.page('stdout')),
    );
    const reason = await endOf(engine, runtime.signal);
    if (reason !== null) throw new CliError('ENGINE_FAILED', reason, { hint: 'start it again; its data is safe' });
    return {};
  } finally {
    await engine.release();
  }
}

/** Waits until the user ends it (null), or it ends by itself (why). */
async function endOf(engine: LocalEngine, signal: AbortSignal): Promise<string | null> {
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  return Promise.race([engine.ended, stopped]);
}

async function exec(session: CommandSession, command: readonly string[], flags: ExecFlags): Promise<Outcome> {
  const [{ engineVariables, startEngine }, { runChild }, { exportLines }] = await Promise.all([
    import('../operations/local.js'),
    import('../operations/run-child.js'),
    import('./local-view.js'),
  ]);
  const { runtime, flags: globals } = session;
  const settings = await session.settings();
  const engine = await startEngine({
    // A test wants an empty engine; a file is used where one is named.
    dataFile: settings.localFile.value,
    env: { ...runtime.env },
    label: 'mcp-sessions local exec',
    signal: runtime.signal,
    ...(flags.port !== undefined && { port: flags.port }),
  });
  try {
    const region = settings.region.value ?? DEFAULT_REGION;
    const tables = flags.setup ? await setUp(session, engine, region) : {};
    session.progress.stop();
    const variables = engineVariables(engine, region, tables);
    if (globals.verbose === true)
      session.tell(session.page('stderr').note(`env for the command:\n${exportLines(variables)}`));
    const onTerminal = [runtime.stdin, runtime.stdout, runtime.stderr].some(({ isTTY }) => isTTY === true);
    const code = await runChild(command, { ...runtime.env }, variables, { signal: runtime.signal, onTerminal });
    return { childExitCode: code };
  } finally {
    await engine.release();
  }
}

/** Sets the layout's tables up in an engine; answers the variables that lead to them. */
async function setUp(session: CommandSession, engine: LocalEngine, region: string): Promise<Record<string, string>> {
  const [{ connectToEngine, setUpTables }, { tableVariables }] = await Promise.all([
    import('../operations/local.js'),
    import('../operations/target.js'),
  ]);
  const { layouts, environment } = await session.settings();
  const { runtime, progress } = session;
  const connection = await connectToEngine(engine, {
    region,
    layouts,
    signal: runtime.signal,
    now: runtime.now,
    // Off a terminal, stderr is the command's own.
    onProgress: (event) => {
      if (runtime.stderr.isTTY === true) progress.report(event);
    },
    label: 'mcp-sessions local exec',
  });
  try {
    return tableVariables(await setUpTables(connection.context, await session.targetRequest(), environment.value));
  } finally {
    await connection.close();
  }
}

async function reset(session: CommandSession): Promise<Outcome> {
  const { resetData } = await import('../operations/local.js');
  const file = await dataFile(session);
  if (existsSync(file))
    await session.requireConsent({
      question: `Delete all local data in ${file}?`,
      what: 'local reset',
      losing: [],
      confirmed: [],
    });
  const { removed } = await resetData({ dataFile: file, env: { ...session.runtime.env } });
  const { resetView } = await import('./local-view.js');
  return { view: resetView(file, removed) };
}

const port = (): Option => new Option('--port <n>', "the engine's port (default: a free one)").argParser(portNumber);

export const localCommand: CommandDefinition = {
  name: 'local',
  group: 'tools',
  summary: 'the embedded engine: keep it running, run a command beside it, empty it',
  declare: (command) => {
    command.description(
      'The embedded engine needs no AWS account and no network. Any command starts it with --local and stops it again; ' +
        'these keep it running for an application, or throw its data away.',
    );
  },
  subcommands: [
    {
      name: 'start',
      group: 'tools',
      summary: 'run the engine in the foreground for an application',
      declare: (command) => {
        command.addOption(port()).option('--memory', 'keep the data in memory: it is gone when the engine stops');
      },
      needs: [],
      examples: [
        { command: 'mcp-sessions local start --port 8000', does: 'commands with --local find and share it' },
        { command: 'mcp-sessions local start --memory', does: 'nothing is left of it' },
      ],
      run: (session, _args, command) => start(session, command.opts<StartFlags>()),
    },
    {
      name: 'exec',
      group: 'tools',
      summary: 'run a command with an engine of its own, the tables set up',
      declare: (command) => {
        command
          .argument('<command...>', 'the command and its arguments, after --')
          .addOption(port())
          .option('--no-setup', 'do not create the tables')
          .description(
            "Starts an engine in memory on a free port (on a file with --local), sets the layout's tables up, sets " +
              "AWS_ENDPOINT_URL_DYNAMODB, AWS_REGION, credentials and the tables' names, runs the command, takes all down " +
              "again and exits with the command's own exit code.",
          );
      },
      needs: [],
      examples: [
        { command: 'mcp-sessions local exec -- npm test', does: 'integration tests on real tables' },
        { command: 'mcp-sessions local exec --local -- npm start', does: 'the same, on data that stays' },
      ],
      run: (session, [command], self) =>
        exec(session, Array.isArray(command) ? command.map(String) : [], self.opts<ExecFlags>()),
    },
    {
      name: 'reset',
      group: 'tools',
      summary: "delete the engine's data",
      declare: (command) => {
        command.description(
          "Deletes the engine's data file, and with it all its tables. Refuses while somebody uses it.",
        );
      },
      needs: [],
      examples: [{ command: 'mcp-sessions local reset --yes', does: 'begin afresh' }],
      run: (session) => reset(session),
    },
  ],
  examples: [
    { command: 'mcp-sessions local start', does: 'an engine for the application under development' },
    { command: 'mcp-sessions local exec -- npm test', does: 'an engine for a test run' },
  ],
};
