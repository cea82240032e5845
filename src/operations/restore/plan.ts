import type { Secret } from '../../archive/cipher.js';
import { openArchive, type OpenArchive, type OpenTable } from '../../archive/open.js';
import { observeStructure } from '../../dynamodb/describe.js';
import { CliError } from '../../errors.js';
import {
  type Billing,
  DEFAULT_LAYOUT,
  describeKeys,
  type DesiredTable,
  desiredOf,
  desiredTables,
  expiryAttributes,
  isTtlDue,
  type KeySchema,
  type Layout,
  nameProblem,
  shiftExpiry,
  type TableRole,
  type WireItem,
} from '../../schema/index.js';
import { checkArchive, localOf, requireSound } from '../archive/check.js';
import { type ExportedTable, exportedTable, ofNameOrFirst } from '../archive/export-layout.js';
import type { KeyRules } from '../archive/key-check.js';
import type { OperationContext } from '../context.js';
import { type BegunRestore, restoreFile, RestoreJournal } from './journal.js';
import type { OnConflict } from './load.js';
import { eventsTarget } from './names.js';
import { begunOtherwise, halfMade, madeBy, replaced } from './made.js';

export interface RestoreRequest {
  readonly folder: string;
  readonly secret: Secret | null;
  /** The layout that was named; null for the archive's own. */
  readonly layout: string | null;
  /** For the tags of a table whose settings come from the layout. */
  readonly environment: string;
  /** null: the archive's own name, or one that follows from the other table's. */
  readonly toTable: string | null;
  readonly toEventsTable: string | null;
  readonly events: boolean;
  /** null: tables that exist are refused. */
  readonly onConflict: OnConflict | null;
  /** Whether TTL is turned on again. */
  readonly ttl: 'keep' | 'off';
  /** Milliseconds, whole seconds of them; null for expiries as they are. */
  readonly shiftMs: number | null;
  readonly indexes: boolean;
  /** null: as it was. */
  readonly billing: Billing | null;
  readonly verify: 'count' | 'full';
  readonly resume: boolean;
  /** Calls in flight at the most. */
  readonly concurrency: number;
  /** Write units a second at the most; null for no limit. */
  readonly maxWriteUnits: number | null;
  /** Folder of the file that keeps the progress. */
  readonly progressFolder: string;
  /** What tells the endpoint from others, for the name of that file. */
  readonly place: unknown;
  /** The command that goes on with this restore, for that file. */
  readonly resumeCommand: string;
}

export interface PlannedTable {
  readonly source: OpenTable;
  readonly target: string;
  readonly keys: KeySchema;
  /** What the table takes: also the keys of the indexes that it has, or is to have. */
  readonly rules: KeyRules;
  /** What the new table is to be; null where the table exists, whose settings are left alone. */
  readonly desired: DesiredTable | null;
  /** The attribute that TTL reads in the end; null where TTL is off. */
  readonly ttlAttribute: string | null;
  /** Items that TTL removes as soon as it is on. */
  readonly ttlDue: number;
  /** An item as it is to be written. */
  readonly change: (item: WireItem) => WireItem;
}

export interface RestorePlan {
  readonly archive: OpenArchive;
  readonly tables: readonly PlannedTable[];
  /** File that keeps the progress, and what it says so far. */
  readonly file: string;
  readonly journal: RestoreJournal | null;
  /** What a new journal begins with. */
  readonly begun: BegunRestore;
}

/**
 * Finds out where an archive's tables would go, and reads it whole before anything is changed: what is damaged is not
 * restored in part. Throws ARCHIVE_INVALID, TABLE_EXISTS, NOTHING_TO_RESUME, LAYOUT_MISMATCH.
 */
export async function planRestore(context: OperationContext, request: RestoreRequest): Promise<RestorePlan> {
  const archive = openArchive(request.folder, request.secret);
  const sources = archive.tables.filter(({ role }) => request.events || role === 'sessions');
  const targets = new Map(sources.map((source) => [source.role, targetName(request, sources, source)]));
  requireNames([...targets.values()]);
  const file = restoreFile(request.progressFolder, [archive.content, request.place, [...targets.values()][0]]);
  const choice = choiceOf(request, targets);
  const known = RestoreJournal.read(file);
  if (request.resume && known !== null && known.begun.choice !== choice) throw begunOtherwise(known);
  const journal = request.resume ? known : null;
  const counts = new Map<TableRole, number>();
  const exported = sources.some(({ record }) => record === null)
    ? await exportedTable(archive, context.layouts, request.layout)
    : null;
  const open = await Promise.all(
    sources.map((source) =>
      planTarget(context, request, source, targets.get(source.role) ?? source.name, {
        journal,
        known,
        targets,
        exported,
      }),
    ),
  );
  const byRole = new Map(open.map((table) => [table.source.role, table]));
  const now = context.now();
  const check = await checkArchive(archive, {
    signal: context.signal,
    onProgress: context.onProgress,
    only: ({ role }) => byRole.has(role),
    rulesOf: ({ role }) => byRole.get(role)?.rules ?? { keys: null, indexes: [] },
    onItem: ({ role }, item) => {
      const table = byRole.get(role);
      if (table === undefined || table.ttlAttribute === null) return;
      if (isTtlDue(table.change(item), table.ttlAttribute, now)) counts.set(role, (counts.get(role) ?? 0) + 1);
    },
  });
  requireSound(request.folder, check, request.layout);
  const tables = open.map((table) => ({ ...table, ttlDue: counts.get(table.source.role) ?? 0 }));
  const created = tables.filter(({ desired }) => desired !== null).map(({ target }) => target);
  return { archive, tables, file, journal, begun: { choice, command: request.resumeCommand, created } };
}

/** What must be the same when a restore goes on; its pace and its comparison need not. */
function choiceOf(request: RestoreRequest, targets: ReadonlyMap<TableRole, string>): string {
  const { layout, environment, onConflict, ttl, shiftMs, indexes, billing } = request;
  return JSON.stringify([[...targets], layout, environment, onConflict, ttl, shiftMs, indexes, billing]);
}

/** The events table's new name follows the sessions table's: `mcp-sessions` to `mcp-sessions-copy` takes `-copy` along. */
function targetName(request: RestoreRequest, sources: readonly OpenTable[], { role, name }: OpenTable): string {
  const { toTable, toEventsTable } = request;
  if (role === 'sessions') return toTable ?? name;
  if (toEventsTable !== null) return toEventsTable;
  if (toTable === null) return name;
  const sessions = sources.find((source) => source.role === 'sessions')?.name ?? '';
  return eventsTarget({ sessions, events: name }, toTable);
}

function requireNames(names: readonly string[]): void {
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new CliError('USAGE', `the table name '${name}' ${problem}`);
  }
  const [first, second] = names;
  if (first !== undefined && first === second)
    throw new CliError('USAGE', `sessions and events cannot share the table '${first}'`, {
      hint: 'name the new events table with --to-events-table',
    });
}

interface Earlier {
  /** The journal of the run that is resumed. */
  readonly journal: RestoreJournal | null;
  /** The journal that is there, resumed or not. */
  readonly known: RestoreJournal | null;
  readonly targets: ReadonlyMap<TableRole, string>;
  /** What an export of AWS's is taken for; null where it could be anything, and for an archive, which says it. */
  readonly exported: ExportedTable | null;
}

async function planTarget(
  context: OperationContext,
  request: RestoreRequest,
  source: OpenTable,
  target: string,
  { journal, known, targets, exported }: Earlier,
): Promise<PlannedTable> {
  const wanted = withOverrides(wantedTable(request, { source, target, exported }), request);
  const { keys } = wanted;
  if (keys === null)
    throw new CliError('USAGE', 'the layout takes its keys from the table, and an export does not say them', {
      hint: 'name another with --layout, or describe your own in the configuration file',
    });
  const found = await observeStructure(context.dynamo, target);
  const isThere = found !== null && found.status !== 'DELETING';
  const isOurs = isThere && known !== null && (await madeBy(context, known, target));
  if (isThere && !isOurs && journal?.made(target) === true) throw replaced(target);
  if (isOurs && journal === null)
    throw known.begun.choice === choiceOf(request, targets) ? halfMade(target) : begunOtherwise(known);
  const exists = isThere && !isOurs;
  if (exists && request.onConflict === null && request.resume && journal === null)
    throw new CliError(
      'NOTHING_TO_RESUME',
      `there is no restore of this archive to go on with: the table '${target}' exists, and nothing is left to do that one had begun; nothing was touched`,
      {
        hint: 'a finished restore leaves nothing; --on-conflict skip writes what is missing, --to-table restores beside it',
      },
    );
  if (exists && request.onConflict === null)
    throw new CliError('TABLE_EXISTS', `the table '${target}' exists already`, {
      hint: `give --to-${source.role === 'events' ? 'events-' : ''}table another name, or --on-conflict to restore into this one`,
    });
  if (exists) requireNoOverrides(request, target);
  if (found !== null && describeKeys(found.keys) !== describeKeys(keys))
    throw new CliError(
      'LAYOUT_MISMATCH',
      `the table '${target}' has the keys ${describeKeys(found.keys)}; that of the archive has ${describeKeys(keys)}`,
      { hint: 'restore into another table' },
    );
  const ttlIsOn = found?.ttl.status === 'ENABLED' || found?.ttl.status === 'ENABLING';
  const attribute = exists ? (ttlIsOn ? found.ttl.attribute : null) : wanted.ttlAttribute || null;
  const { shiftMs } = request;
  const expiries =
    shiftMs === null ? [] : expiryAttributes(layoutOf(context, source, exported), wanted.role, ttlOf(source, wanted));
  return {
    source,
    target,
    keys,
    rules: {
      keys,
      indexes: exists
        ? found.indexes.filter(({ status }) => status !== 'DELETING')
        : [...wanted.indexes, ...localOf({ ...wanted, keys })],
    },
    desired: exists ? null : wanted,
    ttlAttribute: attribute,
    ttlDue: 0,
    change: shiftMs === null ? (item) => item : (item) => shiftExpiry(item, expiries, shiftMs),
  };
}

/** The attribute that TTL read when the table was archived, also where it is not to be turned on again. */
const ttlOf = ({ record }: OpenTable, { ttlAttribute }: DesiredTable): string | null =>
  record?.ttlAttribute ?? (ttlAttribute || null);

/** The layout of an archive's table; for an export what it is taken for, or the default. */
const layoutOf = (context: OperationContext, { record }: OpenTable, exported: ExportedTable | null): Layout | null =>
  record === null
    ? (exported?.layout ?? DEFAULT_LAYOUT)
    : (context.layouts.find(({ id }) => id === record.layout) ?? null);

function wantedTable(
  { layout: named, environment }: RestoreRequest,
  { source, target, exported }: Pick<PlannedTable, 'source' | 'target'> & Pick<Earlier, 'exported'>,
): DesiredTable {
  const { record } = source;
  if (record !== null && named !== null && record.layout !== named)
    throw new CliError('LAYOUT_MISMATCH', `the archive is of the layout '${record.layout}', not of '${named}'`, {
      hint: `leave --layout out, or give --layout ${record.layout}`,
    });
  if (record !== null) return desiredOf(record, target);
  // An export tells no settings: they are the layout's.
  const taken = exported ?? ofNameOrFirst(DEFAULT_LAYOUT, source);
  const [desired] =
    taken === null
      ? []
      : desiredTables({ ...taken.layout, tables: [taken.spec] }, [{ role: taken.spec.role, name: target }], {
          environment,
        });
  if (desired === undefined) throw new CliError('LAYOUT_UNKNOWN', 'no layout says how the table is to be made');
  return desired;
}

/** What is for new tables only is not left out without a word. */
function requireNoOverrides({ indexes, billing, ttl }: RestoreRequest, target: string): void {
  const given = [
    ...(indexes ? [] : ['--no-indexes']),
    ...(billing === null ? [] : ['--billing']),
    ...(ttl === 'off' ? ['--ttl off'] : []),
  ];
  if (given.length === 0) return;
  throw new CliError(
    'USAGE',
    `the table '${target}' exists: ${given.join(', ')} ${given.length === 1 ? 'is' : 'are'} for new tables`,
    {
      hint: 'with --on-conflict the settings of a table stay as they are',
    },
  );
}

const withOverrides = (desired: DesiredTable, { indexes, billing, ttl }: RestoreRequest): DesiredTable => ({
  ...desired,
  ...(!indexes && { indexes: [] }),
  ...(billing !== null && { billing }),
  ...(ttl === 'off' && { ttlAttribute: false }),
});
