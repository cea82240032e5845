import { describeTable, ifOffered, observeStructure, type Structure } from '../dynamodb/describe.js';
import { scanPages } from '../dynamodb/items.js';
import { listTables } from '../dynamodb/tables.js';
import { CliError } from '../errors.js';
import {
  DEFAULT_LAYOUT,
  type Detectable,
  type Detection,
  describeKeys,
  detectLayout,
  filterProblem,
  type GivenNames,
  generic,
  genericFor,
  type Item,
  type Layout,
  nameProblem,
  type ObservedTable,
  type SessionFilter,
  type TableName,
  type TableRole,
  tableNames,
  whereProblem,
  withoutSuffix,
} from '../schema/index.js';
import type { OperationContext } from './context.js';

/** What the user said of the tables; see the settings of the configuration module. */
export interface TargetRequest {
  /** null: what the tables are found to be. */
  readonly layout: string | null;
  readonly tables: { readonly flags: GivenNames; readonly file: GivenNames };
  /** Appended to every table's name, after a `-`. */
  readonly suffix?: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type ObservedStructure = Structure;

export interface Target {
  readonly layout: Layout;
  /** How the layout was found: named, detected, or taken because there is nothing yet. */
  readonly layoutSource: 'given' | 'detected' | 'default';
  readonly detection: Detection | null;
  readonly names: readonly TableName[];
  /** What all names end with, after a `-`; null where nothing was appended. */
  readonly suffix: string | null;
  /** The sessions table as it was found; null when it does not exist. */
  readonly sessions: ObservedStructure | null;
}

const SAMPLE_SIZE = 20;

/** A few items of a table, one page at the most. */
export async function sampleItems(context: OperationContext, table: string): Promise<readonly Item[]> {
  for await (const page of scanPages(context.dynamo, table, { pageLimit: SAMPLE_SIZE })) return page.items;
  return [];
}

/**
 * Detects a table's layout; items are read only where keys, indexes and TTL leave a doubt, and where they can be read: a
 * table that is CREATING has none to give, and who may describe a table may not be allowed to read it.
 */
export async function detectTable(context: OperationContext, table: ObservedStructure): Promise<Detection> {
  const byStructure = detectLayout(table, null, context.layouts);
  if (byStructure.confidence === 'certain' || byStructure.candidates.length === 0) return byStructure;
  if (!READABLE.has(table.status)) return byStructure;
  const samples = await ifOffered(sampleItems(context, table.name));
  return samples === null ? byStructure : detectLayout(table, samples, context.layouts);
}

function namesFor(layout: Layout, request: TargetRequest): readonly TableName[] {
  const { suffix = null } = request;
  const names = tableNames(layout, request.tables, request.env, suffix);
  for (const { name, source } of names) {
    const problem = nameProblem(name);
    const origin = suffix === null ? source : `${source}, with the suffix '${suffix}'`;
    if (problem !== undefined) throw new CliError('USAGE', `the table name '${name}' (${origin}) ${problem}`);
  }
  const [first, second] = names;
  if (first !== undefined && second !== undefined && first.name === second.name)
    throw new CliError('USAGE', `sessions and events cannot share the table '${first.name}' (${second.source})`);
  return names;
}

/** The name of a layout's table, or undefined when the layout has none of that role. */
export const nameOf = (names: readonly TableName[], role: TableRole): string | undefined =>
  names.find((name) => name.role === role)?.name;

/**
 * Variables that lead an application, and this command itself, to the tables: the layout's own, its name, and the suffix,
 * which a name that ends with it is not given twice.
 */
export function tableVariables({ layout, names, suffix }: Target): Record<string, string> {
  const variables = names.flatMap(({ role, name }) =>
    (layout.tables.find((table) => table.role === role)?.environmentVariables ?? []).map((each) => [each, name]),
  );
  return {
    ...Object.fromEntries(variables),
    MCP_SESSIONS_LAYOUT: layout.id,
    ...(suffix !== null && { MCP_SESSIONS_SUFFIX: suffix }),
  };
}

const sessionsName = (names: readonly TableName[]): string => nameOf(names, 'sessions') ?? '';

/**
 * Finds out which tables a command works on and what they are: the layout that was named, else what the sessions table
 * is found to be, else the default. Throws LAYOUT_AMBIGUOUS rather than guess.
 */
export async function resolveTarget(context: OperationContext, request: TargetRequest): Promise<Target> {
  const given = context.layouts.find(({ id }) => id === request.layout);
  if (given !== undefined) return givenTarget(context, request, given);
  if (request.layout !== null)
    throw new CliError('LAYOUT_UNKNOWN', `there is no layout '${request.layout}'`, {
      hint: `the layouts are ${context.layouts.map(({ id }) => id).join(', ')}`,
    });

  const { suffix = null } = request;
  const names = namesFor(DEFAULT_LAYOUT, request);
  const sessions = await observeStructure(context.dynamo, sessionsName(names));
  if (sessions === null)
    return { layout: DEFAULT_LAYOUT, layoutSource: 'default', detection: null, names, suffix, sessions: null };
  const detection = await detectTable(context, sessions);
  const found = context.layouts.find(({ id }) => id === detection.layout);
  if (found === undefined || detection.role !== 'sessions') {
    const isDefaultName = names[0]?.source === 'default';
    const fitsDefault = detection.candidates.some(({ layout }) => layout === DEFAULT_LAYOUT.id);
    // A table under the default's own name that cannot be the default's is the default's, spoilt.
    if (isDefaultName && !fitsDefault)
      return { layout: DEFAULT_LAYOUT, layoutSource: 'default', detection, names, suffix, sessions };
    throw undetected(detection);
  }
  const under = namesUnder(found, request, sessions);
  return { layout: found, layoutSource: 'detected', detection, names: under, suffix, sessions };
}

async function givenTarget(context: OperationContext, request: TargetRequest, layout: Layout): Promise<Target> {
  const names = namesFor(layout, request);
  const sessions = await observeStructure(context.dynamo, sessionsName(names));
  const isGeneric = layout.id === generic.id && sessions !== null;
  const taken = isGeneric ? genericFor(sessions) : layout;
  return { layout: taken, layoutSource: 'given', detection: null, names, suffix: request.suffix ?? null, sessions };
}

/** The names of a detected layout: the sessions table is the one that was found, the others follow from it. */
function namesUnder(layout: Layout, request: TargetRequest, sessions: Detectable): readonly TableName[] {
  const found = { name: withoutSuffix(sessions.name, request.suffix ?? null), source: 'detected' };
  return namesFor(layout, {
    ...request,
    tables: { ...request.tables, flags: { ...request.tables.flags, sessions: found } },
  });
}

function undetected(detection: Detection): CliError {
  const { table, confidence, why, role, layout } = detection;
  if (role === 'events')
    return new CliError(
      'LAYOUT_MISMATCH',
      `table '${table}' is the events table of ${layout ?? 'a layout'}, not a sessions table`,
      {
        hint: 'name the sessions table with --sessions-table',
      },
    );
  return confidence === 'ambiguous'
    ? new CliError('LAYOUT_AMBIGUOUS', `table '${table}' could belong to more than one layout: ${why[0] ?? ''}`, {
        hint: `name one with --layout; \`mcp-sessions layouts detect ${table}\` shows what speaks for each`,
      })
    : new CliError('LAYOUT_AMBIGUOUS', `table '${table}' has no layout that is known here: ${why.join('; ')}`, {
        hint: `add --layout generic to read it by its own keys and TTL`,
      });
}

/** The sessions table, which must exist and have the layout's keys; for commands that read or write its items. */
export async function requireSessions(context: OperationContext, target: Target): Promise<ObservedStructure> {
  const name = sessionsName(target.names);
  if (target.sessions === null) throw await missingTable(context, name, target.layout.tables[0]?.keys !== null);
  requireKeys(
    target,
    target.sessions,
    'sessions',
    `\`mcp-sessions layouts detect ${name}\` says what the table is; name that with --layout, or use --layout generic`,
  );
  requireReadable(target.sessions);
  return target.sessions;
}

/** A table of the layout that is left out, and why. */
export interface SkippedTable {
  readonly table: string;
  readonly reason: string;
}

export interface ExistingTables {
  readonly tables: readonly TableName[];
  readonly skipped: readonly SkippedTable[];
}

/** Whether a name was given for this command: by a flag, or by one of the layout's environment variables. */
const isGivenName = ({ layout }: Target, { role, source }: TableName): boolean =>
  source.startsWith('--') ||
  layout.tables.some((table) => table.role === role && table.environmentVariables.includes(source));

/**
 * Which of the layout's tables are there; the sessions table must be, and so must an events table whose name was given
 * by a flag or the environment. `events` is false where the events table is not asked for. Throws TABLE_NOT_FOUND.
 */
export async function existingTables(
  context: OperationContext,
  target: Target,
  events: boolean,
): Promise<ExistingTables> {
  await requireSessions(context, target);
  const wanted = target.names.filter(({ role }) => events || role !== 'events');
  const found = await Promise.all(
    wanted.map(async (table) => ({ table, isThere: (await describeTable(context.dynamo, table.name)) !== null })),
  );
  const missing = found.filter(({ isThere }) => !isThere).map(({ table }) => table);
  const named = missing.find((table) => isGivenName(target, table));
  if (named !== undefined)
    throw new CliError('TABLE_NOT_FOUND', `the ${named.role} table '${named.name}' (${named.source}) does not exist`, {
      hint: 'name the one that is there with --events-table; --no-events leaves it out',
    });
  return {
    tables: found.filter(({ isThere }) => isThere).map(({ table }) => table),
    skipped: missing.map(({ name }) => ({ table: name, reason: 'it does not exist: there is nothing to back up' })),
  };
}

/** Throws where the rows of a layout cannot be judged by a filter: an answer of none would mislead. */
export function requireAnswerable(layout: Layout, filter: SessionFilter): void {
  const problem = filterProblem(layout, filter);
  if (problem !== undefined)
    throw new CliError('USAGE', problem, { hint: 'choose sessions by something that the layout records' });
  for (const where of filter.where ?? []) {
    const fault = whereProblem(where, layout.session);
    if (fault !== undefined) throw new CliError('USAGE', fault);
  }
}

/** The events table, which must exist and have the layout's keys. */
export async function requireEvents(context: OperationContext, target: Target, name: string): Promise<void> {
  const events = await observeStructure(context.dynamo, name);
  if (events === null)
    throw new CliError('TABLE_NOT_FOUND', `the events table '${name}' does not exist`, {
      hint: '`mcp-sessions setup` creates it; `--events 0` leaves events out',
    });
  requireKeys(target, events, 'events', 'name the events table with --events-table; `--events 0` leaves events out');
  requireReadable(events);
}

function requireKeys({ layout }: Target, table: ObservedStructure, role: TableRole, hint: string): void {
  const keys = layout.tables.find((spec) => spec.role === role)?.keys ?? null;
  if (keys === null || describeKeys(keys) === describeKeys(table.keys)) return;
  throw new CliError(
    'LAYOUT_MISMATCH',
    `table '${table.name}' has the keys ${describeKeys(table.keys)}; the ${role} table of the layout ${layout.id} has ${describeKeys(keys)}`,
    { hint },
  );
}

/** Reads are possible in these states; a table that is CREATING, or being deleted, has none to give. */
const READABLE = new Set(['ACTIVE', 'UPDATING']);

function requireReadable({ name, status }: Pick<ObservedTable, 'name' | 'status'>): void {
  if (READABLE.has(status)) return;
  throw new CliError('TABLE_BUSY', `table '${name}' is ${status}: it cannot be read or written now`, {
    hint: '`mcp-sessions status` shows its state; run the command again once it is ACTIVE',
  });
}

async function missingTable(context: OperationContext, name: string, canCreate: boolean): Promise<CliError> {
  const { region, endpoint } = context.dynamo;
  const where = endpoint === null ? region : `${region} at ${endpoint}`;
  const others = await listTables(context.dynamo, 100).catch(() => []);
  const alike = others.filter((other) => /session|pmcp/i.test(other)).slice(0, 5);
  const creation = canCreate
    ? '`mcp-sessions setup` creates it'
    : 'this layout takes its keys from the table, so it creates none';
  const hint =
    alike.length === 0
      ? `${creation}; check --region, --endpoint-url and the table name if it should be there`
      : `tables here that look like it: ${alike.join(', ')} (name one with --sessions-table); ${creation}`;
  return new CliError('TABLE_NOT_FOUND', `table '${name}' does not exist in ${where}`, { hint });
}
