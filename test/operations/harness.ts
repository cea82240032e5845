import { afterAll } from 'vitest';
import { type CallRecord, connect, type ConnectOptions, PLACEHOLDER_CREDENTIALS } from '../../src/dynamodb/client.js';
import type { OperationContext } from '../../src/operations/context.js';
import { applySetup, planSetup, type SetupPlan, type SetupResult } from '../../src/operations/setup/setup.js';
import { resolveTarget, type Target } from '../../src/operations/target.js';
import type { Progress } from '../../src/progress.js';
import { type Layout, LAYOUTS, type SetupOverrides } from '../../src/schema/index.js';
import { type AwsDouble, type AwsDoubleOptions, startAwsDouble } from '../support/aws-double.js';
import { DEFAULT_DELAYS, type Delays } from '../support/double/state.js';
import { type RawClient, rawClient } from '../support/engine.js';

export interface ContextOptions extends Partial<Pick<ConnectOptions, 'region' | 'profile' | 'credentials'>> {
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onCall?: (call: CallRecord) => void;
  readonly layouts?: readonly Layout[];
}

const opened: { destroy(): void }[] = [];

/** A context as commands make it, for an endpoint, null for AWS itself; its connection is closed with the file. */
export function contextFor(endpoint: string | null, options: ContextOptions = {}): OperationContext {
  const { signal = new AbortController().signal, now = Date.now, onProgress = () => {}, layouts = LAYOUTS } = options;
  const dynamo = connect({
    region: options.region ?? 'eu-west-1',
    endpoint,
    profile: options.profile ?? null,
    credentials: options.credentials === undefined ? PLACEHOLDER_CREDENTIALS : options.credentials,
    signal,
    ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
  });
  opened.push(dynamo);
  return { dynamo, now, signal, onProgress, layouts, heedsStatements: true };
}

let counter = 0;
/** A table name that no other test of the file has. */
export const freshName = (prefix = 'table'): string => `${prefix}-${(counter += 1)}`;

export interface TargetOptions {
  readonly layout?: string | null;
  readonly sessions?: string;
  readonly events?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const given = (name: string | undefined) => (name === undefined ? undefined : { name, source: 'flag' });

/** What `--layout`, `--sessions-table` and `--events-table` lead to. */
export function targetOf(context: OperationContext, options: TargetOptions): Promise<Target> {
  return resolveTarget(context, {
    layout: options.layout === undefined ? 'mcp' : options.layout,
    tables: { flags: { sessions: given(options.sessions), events: given(options.events) }, file: {} },
    env: options.env ?? {},
  });
}

export interface SetupOptions extends TargetOptions {
  readonly overrides?: Omit<SetupOverrides, 'environment'>;
  readonly environment?: string;
  readonly prune?: boolean;
  readonly wait?: boolean;
}

export async function planFor(context: OperationContext, options: SetupOptions): Promise<SetupPlan> {
  const target = await targetOf(context, options);
  return planSetup(context, target, {
    overrides: { environment: options.environment ?? 'development', ...options.overrides },
    prune: options.prune ?? false,
  });
}

/** Plans and applies, as `setup --yes` does. */
export async function setUp(context: OperationContext, options: SetupOptions): Promise<SetupResult> {
  return applySetup(context, await planFor(context, options), { wait: options.wait ?? true });
}

/** `+ index:LastActivityIndex` and so on, of all tables. */
export const changesOf = (plan: SetupPlan | SetupResult): readonly string[] =>
  plan.tables.flatMap(({ changes }) => changes.map(({ kind, property }) => `${kind} ${property}`));

/** `done ttl` and so on, of all tables. */
export const outcomesOf = (result: SetupResult): readonly string[] =>
  result.tables.flatMap(({ changes }) => changes.map(({ outcome, property }) => `${outcome} ${property}`));

export interface RunningDouble {
  readonly double: AwsDouble;
  readonly raw: RawClient;
  readonly context: (options?: ContextOptions) => OperationContext;
  /** Names of the operations so far that change something. */
  readonly writes: () => readonly string[];
}

const doubles: AwsDouble[] = [];

/** Closes what the tests of the file opened; call at the top of a file. */
export function closeAll(): void {
  afterAll(async () => {
    for (const dynamo of opened.splice(0)) dynamo.destroy();
    await Promise.all(doubles.splice(0).map((double) => double.stop()));
  });
}

const READS = /^(?:Describe|List|Get|BatchGet|Query|Scan)/;

const SHORT: Delays = {
  ...DEFAULT_DELAYS,
  create: 10,
  update: 10,
  delete: 10,
  allocate: 10,
  backfill: 20,
  backups: 10,
  ttl: 10,
  ttlCooldown: 10,
  tags: 10,
};

/** A double before an engine, with short delays of its own. */
export async function startDouble(
  engineEndpoint: string,
  options: Partial<AwsDoubleOptions> = {},
): Promise<RunningDouble> {
  const double = await startAwsDouble({ engineEndpoint, ...options, delays: { ...SHORT, ...options.delays } });
  doubles.push(double);
  return {
    double,
    raw: rawClient(double.endpoint),
    context: (more) => contextFor(double.endpoint, more),
    writes: () => double.calls.map(({ operation }) => operation).filter((operation) => !READS.test(operation)),
  };
}

/** CreateTable input of the mcp sessions table, as `setup` would leave it; a test spoils what it wants to. */
export const sessionsDefinition = (name: string): Record<string, unknown> => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
  AttributeDefinitions: [
    { AttributeName: 'session_id', AttributeType: 'S' },
    { AttributeName: 'last_activity', AttributeType: 'N' },
    { AttributeName: 'created_at', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [index('LastActivityIndex', 'last_activity'), index('CreatedAtIndex', 'created_at')],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  Tags: [
    { Key: 'Environment', Value: 'development' },
    { Key: 'Application', Value: 'MCP-Session-Storage' },
    { Key: 'Purpose', Value: 'SessionManagement' },
  ],
});

export const index = (name: string, key: string, projection = 'KEYS_ONLY'): Record<string, unknown> => ({
  IndexName: name,
  KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
  Projection: { ProjectionType: projection },
});
