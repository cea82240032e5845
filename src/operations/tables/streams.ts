import { describeTable, ifOffered, observeTable } from '../../dynamodb/describe.js';
import type { StreamDescription } from '../../dynamodb/streams.js';
import { CliError } from '../../errors.js';
import {
  type DesiredTable,
  isProduction,
  planTable,
  type StreamViewType,
  type TableName,
  type TableRole,
} from '../../schema/index.js';
import { type AppliedTable, applyTable, type PlannedTable, type Run } from '../setup/apply-table.js';
import { type OperationContext, type Place, placeOf } from '../context.js';
import type { Target } from '../target.js';

export interface StreamState {
  readonly table: string;
  readonly role: TableRole;
  readonly exists: boolean;
  readonly enabled: boolean;
  readonly viewType: StreamViewType | null;
  /** Of the stream, or on AWS of the last one; null when there never was any. */
  readonly arn: string | null;
  readonly label: string | null;
  /** ENABLING, ENABLED, DISABLING, DISABLED; a stream that is off can be read for another 24 hours. */
  readonly status: string;
  /** null where there is no stream, or it may not be looked at. */
  readonly shards: { readonly open: number; readonly closed: number } | null;
}

export interface StreamsStatus extends Place {
  readonly layout: string;
  readonly tables: readonly StreamState[];
}

/** The tables that a command is for: all of the layout's, or those of one role. Throws USAGE where it has none of that. */
export function tablesOf({ layout, names }: Target, only: TableRole | null): readonly TableName[] {
  const chosen = names.filter(({ role }) => only === null || role === only);
  if (chosen.length === 0) throw new CliError('USAGE', `the layout ${layout.id} has no ${only ?? ''} table`);
  return chosen;
}

/** The streams of a layout's tables, as they are. */
export async function streamsStatus(context: OperationContext, target: Target): Promise<StreamsStatus> {
  const tables = await Promise.all(target.names.map((name) => streamState(context, name)));
  return { ...placeOf(context), layout: target.layout.id, tables };
}

async function streamState(context: OperationContext, { name: table, role }: TableName): Promise<StreamState> {
  const described = await describeTable(context.dynamo, table);
  const enabled = described?.stream.enabled ?? false;
  const latest = described?.latestStream ?? null;
  const stream = latest === null ? null : await describeStream(context, table, latest.arn);
  return {
    table,
    role,
    exists: described !== null,
    enabled,
    viewType: enabled ? (described?.stream.viewType ?? null) : null,
    arn: latest?.arn ?? null,
    label: latest?.label ?? null,
    status: stream?.status ?? (enabled ? 'ENABLED' : 'DISABLED'),
    shards: stream === null ? null : countOf(stream),
  };
}

function countOf({ shards }: StreamDescription): { readonly open: number; readonly closed: number } {
  const closed = shards.filter((shard) => shard.closed).length;
  return { open: shards.length - closed, closed };
}

/** null where it may not be looked at, or is gone: engines forget a stream that is turned off. */
async function describeStream(
  { dynamo }: OperationContext,
  table: string,
  arn: string,
): Promise<StreamDescription | null> {
  // Loaded only here: other commands have no use for streams.
  const { Streams } = await import('../../dynamodb/streams.js');
  try {
    return await ifOffered(new Streams(dynamo).describe({ table, arn }));
  } catch (error) {
    if (error instanceof CliError && error.code === 'STREAM_NOT_FOUND') return null;
    throw error;
  }
}

export interface StreamsRequest {
  /** `layout`: as the layout says, and where it leaves that open both images; false for no stream. */
  readonly to: StreamViewType | 'layout' | false;
  readonly only: TableRole | null;
}

export type StreamAction = 'enable' | 'disable' | 'change' | 'none';

export interface PlannedStream {
  readonly table: string;
  readonly role: TableRole;
  /** `change`: off and on again with another view, which makes a new stream. */
  readonly action: StreamAction;
  /** null: no stream. */
  readonly from: StreamViewType | null;
  readonly to: StreamViewType | null;
  /** Its tags say that it is production's. */
  readonly isProductions: boolean;
  readonly planned: PlannedTable;
}

export interface StreamsPlan extends Place {
  readonly layout: string;
  readonly tables: readonly PlannedStream[];
}

/**
 * Works out what it takes to turn streams on or off; changes nothing. Throws TABLE_NOT_FOUND, TABLE_BUSY for a table
 * that is being deleted, and TABLE_BLOCKED where replicas need the stream that there is.
 */
export async function planStreams(
  context: OperationContext,
  target: Target,
  request: StreamsRequest,
): Promise<StreamsPlan> {
  const tables = await Promise.all(
    tablesOf(target, request.only).map((name) => planStream(context, target, name, request)),
  );
  return { ...placeOf(context), layout: target.layout.id, tables };
}

async function planStream(
  context: OperationContext,
  { layout }: Target,
  { name, role }: TableName,
  request: StreamsRequest,
): Promise<PlannedStream> {
  const observed = await observeTable(context.dynamo, name);
  if (observed === null)
    throw new CliError('TABLE_NOT_FOUND', `table '${name}' does not exist`, {
      hint: '`mcp-sessions setup` creates it; --only sessions or --only events leaves the other table out',
    });
  if (observed.status === 'DELETING')
    throw new CliError('TABLE_BUSY', `table '${name}' is DELETING: it takes no changes`, {
      hint: '`mcp-sessions status` shows its state',
    });
  const layoutView = layout.tables.find((spec) => spec.role === role)?.stream ?? 'NEW_AND_OLD_IMAGES';
  const to = request.to === 'layout' ? layoutView : request.to;
  const desired = streamAlone(name, role, to);
  const planned = { ...planTable(desired, observed, { prune: false }), observed, prune: false };
  const from = observed.stream.enabled ? (observed.stream.viewType ?? 'KEYS_ONLY') : null;
  const changes = planned.changes.length > 0;
  const action = !changes ? 'none' : to === false ? 'disable' : from === null ? 'enable' : 'change';
  if (observed.replicas.length > 0 && (action === 'disable' || action === 'change'))
    throw new CliError(
      'TABLE_BLOCKED',
      `table '${name}' has replicas (${observed.replicas.map(({ region }) => region).join(', ')}), which need its stream`,
      { hint: 'delete the replicas first; --only sessions or --only events leaves the other table out' },
    );
  return {
    table: name,
    role,
    action,
    from,
    to: to || null,
    isProductions: isProduction(observed.tags?.Environment ?? ''),
    planned,
  };
}

/** A table of which nothing but the stream is to be other than it is. */
const streamAlone = (name: string, role: TableRole, stream: StreamViewType | false): DesiredTable => ({
  role,
  name,
  keys: null,
  indexes: [],
  ttlAttribute: undefined,
  stream,
  tags: {},
  billing: undefined,
  pointInTimeRecovery: undefined,
  deletionProtection: undefined,
  tableClass: undefined,
  kmsKey: undefined,
  replicas: [],
});

export interface AppliedStream extends PlannedStream {
  /** null where there was nothing to do. */
  readonly outcome: AppliedTable['changes'][number]['outcome'] | null;
}

export interface StreamsResult extends Place {
  readonly layout: string;
  readonly tables: readonly AppliedStream[];
  readonly warnings: readonly string[];
  readonly interrupted: boolean;
  /** The first failure, when something failed. */
  readonly error: CliError | null;
}

/** Carries a plan out, table by table, and waits for each; a failure does not keep the others from being changed. */
export async function applyStreams(context: OperationContext, plan: StreamsPlan): Promise<StreamsResult> {
  const run: Run = { warnings: [], error: null, interrupted: false, unanswered: 0 };
  const tables: AppliedStream[] = [];
  for (const stream of plan.tables) {
    const { changes } = await applyTable(context, stream.planned, { wait: true }, run);
    // What another run has done meanwhile is done.
    const outcome = changes[0]?.outcome ?? (stream.action === 'none' ? null : 'done');
    tables.push({ ...stream, outcome });
  }
  const { warnings, error, interrupted } = run;
  return { ...plan, tables, warnings, error, interrupted };
}
