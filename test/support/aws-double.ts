import type { FaultRule } from './double/faults.js';
import { type Call, DoubleServer } from './double/server.js';
import type { ShardedStream } from './double/streams.js';
import type { Json } from './double/json.js';
import { type BackupState, DEFAULT_DELAYS, type Delays, type TableState } from './double/state.js';

export { awsFaults } from './double/faults.js';

export interface AwsDoubleOptions {
  /** The real engine that keeps the tables and answers all that it answers as AWS does. */
  readonly engineEndpoint: string;
  /** Epoch milliseconds; the real time when absent. With a clock of its own a test need not wait. */
  readonly clock?: () => number;
  /** `eu-west-1` when absent. */
  readonly region?: string;
  /** `123456789012` when absent. */
  readonly account?: string;
  /** Milliseconds for what AWS takes time for; those left out take 30. */
  readonly delays?: Partial<Delays>;
}

export interface AwsDouble {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  /** Every request, in the order of arrival, those that were made to fail too. */
  readonly calls: readonly Call[];
  /** Forgets the calls so far. */
  readonly forgetCalls: () => void;
  /** Makes requests fail, wait or answer something else; the function takes the rule away again. */
  readonly inject: (rule: FaultRule) => () => void;
  readonly state: {
    readonly tables: ReadonlyMap<string, TableState>;
    readonly backups: readonly BackupState[];
    /** CloudWatch's alarms, for a test to add to. */
    readonly alarms: Json[];
    /** May be changed while the double runs; holds for what is begun afterwards. */
    readonly delays: Delays;
  };
  /** Divides the stream that a table has now into shards, which a test splits and trims. */
  readonly shard: (table: string) => Promise<ShardedStream>;
  readonly stop: () => Promise<void>;
}

/**
 * DynamoDB as AWS runs it, for what no local engine imitates: the states that tables, indexes, TTL, backups, replicas,
 * keys and tags go through, what is refused in them, and the errors that any call can meet. Items and all else come from
 * a real engine behind it. The rules are those of the API's documentation and of observed answers of AWS.
 */
export async function startAwsDouble(options: AwsDoubleOptions): Promise<AwsDouble> {
  const { region = 'eu-west-1', account = '123456789012', clock = Date.now } = options;
  const delays: Delays = { ...DEFAULT_DELAYS, ...options.delays };
  const tables = new Map<string, TableState>();
  const backups: BackupState[] = [];
  const alarms: Json[] = [];
  const server = new DoubleServer(options.engineEndpoint, {
    region,
    account,
    delays,
    now: clock,
    tables,
    backups,
    streams: new Map(),
    alarms,
    exports: [],
    imports: [],
    s3: new Map(),
  });
  const endpoint = await server.listen();
  return {
    endpoint,
    region,
    account,
    calls: server.calls,
    forgetCalls: () => {
      server.calls.length = 0;
    },
    inject: (rule) => server.faults.add(rule),
    state: { tables, backups, alarms, delays },
    shard: (table) => server.shard(table),
    stop: () => server.close(),
  };
}
