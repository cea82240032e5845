import { readSettings } from '../config/settings.js';
import { connectToEngine, engineVariables, setUpTables, startEngine } from '../operations/local.js';
import { seed } from '../operations/sessions/seed.js';
import { dropTable } from '../operations/tables/recreate.js';
import { nameOf, requireSessions, resolveTarget, tableVariables } from '../operations/target.js';

/** What tests want; names and layout that are left out are those that the command would take. */
export interface TestTablesOptions {
  /** `MCP_SESSIONS_LAYOUT` or the configuration file's when absent, else `mcp`. */
  readonly layout?: string;
  readonly sessionsTable?: string;
  readonly eventsTable?: string;
  /** Appended to every table's name, after a `-`. */
  readonly suffix?: string;
  /** How many example sessions the tables hold; 0 when absent. */
  readonly sessions?: number;
  /** Events of each of them; 3 when absent. */
  readonly events?: number;
  /** The share of them, 0 to 1, that has expired; 0 when absent. */
  readonly expired?: number;
  /** The same number gives the same sessions, their times from now; 1 when absent. */
  readonly randomSeed?: number;
  /** `us-east-1` when absent. */
  readonly region?: string;
  /** Where the configuration file is looked for; the working folder when absent. */
  readonly folder?: string;
}

export interface TestTables {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly region: string;
  /** The layout's id. */
  readonly layout: string;
  readonly tables: {
    readonly sessions: string;
    /** null where the layout keeps events elsewhere, or none. */
    readonly events: string | null;
  };
  /** Endpoint, region, placeholder credentials and the tables' names, for `process.env` or a child process. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes the tables anew, with the sessions that they held at the start. */
  reset(): Promise<void>;
  /** Ends the engine, and all is gone. May be called twice. */
  stop(): Promise<void>;
}

/** Would lead the AWS SDK and the command past the engine; empty, they mean nothing to either. */
const MISLEADING = ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL', 'MCP_SESSIONS_LOCAL'] as const;

const DEFAULT_REGION = 'us-east-1';

const NO_WARNING = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/** The SDK warns of versions of Node.js that this package supports, when a client is made; what the user set stays. */
async function withoutVersionWarning<T>(env: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
  const before = env[NO_WARNING];
  env[NO_WARNING] = 'true';
  try {
    return await work();
  } finally {
    if (before === undefined) delete env[NO_WARNING];
    else env[NO_WARNING] = before;
  }
}

/**
 * Starts an engine in memory on a free port and sets a layout's tables up in it. It ends with this process, however that
 * ends, and does not keep it alive.
 * @throws CliError as `mcp-sessions local exec` does
 */
export async function startTestTables(options: TestTablesOptions = {}): Promise<TestTables> {
  const { folder = process.cwd(), region = DEFAULT_REGION, sessions = 0, ...names } = options;
  const { env } = process;
  const { layout, tables, suffix, environment, layouts } = await readSettings(names, env, folder);
  const { signal } = new AbortController();
  const engine = await startEngine({ dataFile: null, env, keepsAlive: false });
  const request = { layout: layout.value, tables, suffix: suffix.value, env };
  try {
    const label = 'mcp-sessions/testing';
    const how = { region, layouts, signal, now: Date.now, onProgress: () => {}, label };
    const connection = await withoutVersionWarning(env, () => connectToEngine(engine, how));
    const { context } = connection;
    const fill = async (): Promise<void> => {
      await setUpTables(context, request, environment.value);
      const made = await resolveTarget(context, request);
      await requireSessions(context, made);
      const { events = 3, expired = 0, randomSeed = 1 } = options;
      const { error } = await seed(context, made, { count: sessions, events, expired, randomSeed });
      if (error !== null) throw error;
    };
    await fill();
    const target = await resolveTarget(context, request);
    const misleading = MISLEADING.filter((name) => (env[name] ?? '') !== '').map((name) => [name, '']);
    return {
      endpoint: engine.endpoint,
      region,
      layout: target.layout.id,
      tables: { sessions: nameOf(target.names, 'sessions') ?? '', events: nameOf(target.names, 'events') ?? null },
      env: { ...engineVariables(engine, region, tableVariables(target)), ...Object.fromEntries(misleading) },
      reset: async () => {
        for (const { name } of target.names) await dropTable(context, name, true);
        await fill();
      },
      stop: async () => {
        await connection.close();
        await engine.release();
      },
    };
  } catch (error) {
    await engine.release();
    throw error;
  }
}
