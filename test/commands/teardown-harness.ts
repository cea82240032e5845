import { afterAll, beforeEach } from 'vitest';
import { freshFolder, removeFolders } from '../operations/backup/harness.js';
import { closeAll, type RunningDouble, startDouble } from '../operations/harness.js';
import { type EngineInFile, type RawClient, useEngine } from '../support/engine.js';
import { dropTables, fillTables, NOW, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand, type RunCommandOptions } from '../support/run-command.js';

export const TABLES = ['mcp-session-events', 'mcp-sessions'] as const;
export const ROWS = { 'mcp-session-events': 2, 'mcp-sessions': 4 };

type Ran = ReturnType<typeof runCommand>;

interface Undo {
  readonly tables: readonly string[];
  readonly what: string;
  readonly command: string;
}

/** Tables with rows and an empty folder for each test, and the command to be run there. */
export interface TeardownStage {
  readonly engine: EngineInFile;
  /** In front of the engine, with what AWS has beside it; a test may put another in its place. */
  aws: RunningDouble;
  readonly cwd: string;
  /** On AWS. */
  readonly run: (argv: readonly string[], options?: RunCommandOptions) => Ran;
  readonly teardown: (argv: readonly string[], options?: RunCommandOptions) => Ran;
  /** On the engine itself, which has no backups. */
  readonly local: (argv: readonly string[], options?: RunCommandOptions) => Ran;
  /** Runs a printed command as it stands, beside the consent that a terminal would give. */
  readonly runPrinted: (command: string, consent?: readonly string[]) => Ran;
  /** All items of both tables, sessions first; null for a table that is not there. */
  readonly contents: (raw?: RawClient) => Promise<readonly (readonly string[] | null)[]>;
}

export function useTeardown(): TeardownStage {
  removeFolders();
  closeAll();
  const engine = useEngine();
  let aws: RunningDouble;
  let cwd: string;
  beforeEach(async () => {
    await dropTables(engine);
    await setUpTables(engine);
    await fillTables(engine);
    aws = await startDouble(engine.endpoint);
    cwd = freshFolder();
  });
  afterAll(() => dropTables(engine));
  const env = { AWS_REGION: 'eu-west-1' };
  const run: TeardownStage['run'] = (argv, options = {}) =>
    runCommand([...argv, ...at(aws.double.endpoint)], { cwd, now: NOW, env, ...options });
  return {
    engine,
    get aws() {
      return aws;
    },
    set aws(other) {
      aws = other;
    },
    get cwd() {
      return cwd;
    },
    run,
    teardown: (argv, options) => run(['teardown', '--no-settle', ...argv], options),
    local: (argv, options = {}) =>
      runCommand(['teardown', ...argv, ...at(engine.endpoint)], { cwd, now: NOW, ...options }),
    runPrinted: (command, consent = ['--yes']) =>
      runCommand([...command.split(' ').slice(1), ...consent, '--json'], { cwd, now: NOW, env }),
    contents: (raw = engine.raw) =>
      Promise.all(['mcp-sessions', 'mcp-session-events'].map((table) => itemsOf(raw, table))),
  };
}

export const errorOf = ({ stderr }: { readonly stderr: string }) => JSON.parse(stderr).error;

export const undoIn = (stdout: string): readonly Undo[] => JSON.parse(stdout).undo;

/** All items of a table, in one order; null when there is no such table. */
export async function itemsOf(raw: RawClient, TableName: string): Promise<readonly string[] | null> {
  try {
    const { Items = [] } = await raw.call('Scan', { TableName });
    return Items.map((item) =>
      JSON.stringify(Object.entries(item).toSorted(([a], [b]) => a.localeCompare(b))),
    ).toSorted();
  } catch {
    return null;
  }
}
