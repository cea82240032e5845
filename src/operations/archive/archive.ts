import type { Secret } from '../../archive/cipher.js';
import type { StartedTable } from '../../archive/journal.js';
import type { ArchiveWriter } from '../../archive/write.js';
import { observeStructure } from '../../dynamodb/describe.js';
import { Budget, Governor } from '../../dynamodb/governor.js';
import type { ScannedPage } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import { itemFromWire, itemToWire, type SessionFilter, type TableRole } from '../../schema/index.js';
import { openWriter } from './begin.js';
import { ArchiveChoice } from './choice.js';
import { linesOf, smallPages } from './pages.js';
import { scanWhole } from './scan.js';
import { tablesOf, wholeArchive } from './whole.js';
import type { OperationContext } from '../context.js';
import { nameOf, type ObservedStructure, requireAnswerable, requireSessions, type Target } from '../target.js';

export interface ArchiveRequest {
  readonly folder: string;
  /** Only these sessions and their events; null for the whole tables. */
  readonly filter: SessionFilter | null;
  /** Whether the events table is archived too. */
  readonly events: boolean;
  /** false: the events table alone. */
  readonly sessions?: boolean;
  /** null for an archive that is not encrypted. */
  readonly secret: Secret | null;
  readonly resume: boolean;
  /** Parts that each table is read in at once; null for as many as its size is worth. */
  readonly segments: number | null;
  /** Calls in flight at the most. */
  readonly concurrency: number;
  /** Read units a second at the most; null for no limit. */
  readonly maxReadUnits: number | null;
  /** What makes a request the same as an earlier one, which may then be resumed. */
  readonly fingerprint: string;
  /** The command that goes on with this one; null where none does. */
  readonly resumeCommand: string | null;
  /** Name and version of the writer. */
  readonly tool: string;
  /** Other than the usual: bytes of text after which a file is ended, and items of a page. */
  readonly sizes?: { readonly partBytes?: number; readonly pageItems?: number };
}

export interface ArchiveResult {
  readonly path: string;
  readonly tables: readonly ArchiveTable[];
  readonly encrypted: boolean;
  readonly readUnits: number;
  readonly seconds: number;
  /** Not everything was read: what is there is kept, and the next run goes on. */
  readonly interrupted: boolean;
  /** Files of an earlier run that were not as it had left them, and why: this run has written them again. */
  readonly redone: readonly string[];
  /** It was finished before: nothing was done. */
  readonly wasWhole: boolean;
}

export interface ArchiveTable {
  readonly role: TableRole;
  readonly table: string;
  readonly items: number;
  readonly files: number;
  readonly bytes: number;
  /** Over the table's data files; null for one that is not finished. */
  readonly sha256: string | null;
  /** The names of CloudWatch's alarms on the table; null where they could not be read. */
  readonly alarms: readonly string[] | null;
}

/** The tables that an archive is made of; the events table may not be there. Throws TABLE_NOT_FOUND. */
export async function tablesToArchive(
  context: OperationContext,
  target: Target,
  { events, sessions: wantsSessions = true, filter }: Pick<ArchiveRequest, 'events' | 'sessions' | 'filter'>,
): Promise<readonly { readonly role: TableRole; readonly table: ObservedStructure }[]> {
  if (filter !== null) requireAnswerable(target.layout, filter);
  const sessions = wantsSessions ? await requireSessions(context, target) : null;
  const name = events ? nameOf(target.names, 'events') : undefined;
  const found = name === undefined ? null : await observeStructure(context.dynamo, name);
  return [
    ...(sessions === null ? [] : [{ role: 'sessions' as const, table: sessions }]),
    ...(found === null || found.status === 'DELETING' ? [] : [{ role: 'events' as const, table: found }]),
  ];
}

/**
 * Writes the tables into an archive. They are read one after the other, in parallel segments, while they are in use: the
 * archive is no point in time. An interruption leaves what was finished, for a run with `resume`.
 */
export async function archive(
  context: OperationContext,
  target: Target,
  request: ArchiveRequest,
): Promise<ArchiveResult> {
  const begun = performance.now();
  const tables = await tablesToArchive(context, target, request);
  const whole = request.resume ? wholeArchive(request, tables) : null;
  if (whole !== null) return whole;
  const { writer, redone } = await openWriter(context, target, request, tables);
  const run: Run = {
    context,
    request,
    writer,
    governor: new Governor({ concurrency: request.concurrency, signal: context.signal }),
    budget: new Budget(request.maxReadUnits, context.signal),
    // What "expired" and "idle" are judged by is the same in a run that resumes.
    choice:
      request.filter === null
        ? null
        : new ArchiveChoice(target.layout, request.filter, Date.parse(writer.started.startedAt)),
  };
  const facts = (): Omit<ArchiveResult, 'tables' | 'interrupted' | 'wasWhole'> => ({
    path: writer.root,
    encrypted: writer.cipher !== null,
    readUnits: run.budget.spent,
    redone,
    seconds: (performance.now() - begun) / 1000,
  });
  try {
    for (const { role, table } of tables) await archiveTable(run, role, table);
  } catch (error) {
    if (!(await keep(writer, error))) throw resumable(error);
    return {
      ...facts(),
      tables: writer.started.tables.map((started) => partOf(writer, started)),
      interrupted: true,
      wasWhole: false,
    };
  }
  const list = writer.finish({
    tool: request.tool,
    // What was searched for may be as secret as what was found.
    filter: request.filter === null ? null : request.secret === null ? request.filter : 'encrypted',
    endedAt: new Date(context.now()).toISOString(),
  });
  return {
    ...facts(),
    tables: tablesOf(list),
    interrupted: false,
    wasWhole: false,
  };
}

/** Keeps what was read before a failure; true when it was the user who ended it. */
async function keep(writer: ArchiveWriter, error: unknown): Promise<boolean> {
  const code = error instanceof CliError ? error.code : 'INTERNAL';
  if (code === 'FILE_ERROR' || code === 'INTERNAL') await writer.abandon();
  else await writer.pauseAll();
  return code === 'INTERRUPTED';
}

/** A failure after which --resume goes on: that is said with it. */
function resumable(error: unknown): unknown {
  if (!(error instanceof CliError) || error.code === 'FILE_ERROR') return error;
  const { code, message, hint, cause } = error;
  const kept = 'what was read is kept: --resume goes on with it';
  return new CliError(code, message, { hint: hint === undefined ? kept : `${hint}; ${kept}`, cause });
}

function partOf(writer: ArchiveWriter, { record }: StartedTable): ArchiveTable {
  const files = writer.filesOf(record.role);
  return {
    role: record.role,
    table: record.name,
    items: files.reduce((total, { items }) => total + items, 0),
    files: files.length,
    bytes: files.reduce((total, { bytes }) => total + bytes, 0),
    sha256: null,
    alarms: record.alarms,
  };
}

interface Run {
  readonly context: OperationContext;
  readonly request: ArchiveRequest;
  readonly writer: ArchiveWriter;
  readonly governor: Governor;
  readonly budget: Budget;
  /** null where the whole tables are archived. */
  readonly choice: ArchiveChoice | null;
}

async function archiveTable(run: Run, role: TableRole, table: ObservedStructure): Promise<void> {
  const { context, writer, request, governor, budget } = run;
  const started = writer.started.tables.find(({ record }) => record.role === role);
  if (started === undefined) return;
  const { segments } = started;
  const from = new Map([...writer.nextOf(role)].map(([at, key]) => [at, key === null ? null : itemFromWire(key)]));
  if (role === 'sessions') await run.choice?.recall(writer);
  let read = writer.filesOf(role).reduce((total, { items }) => total + items, 0);
  await scanWhole(
    context,
    table.keys,
    { table: table.name, segments, from, governor, budget, ...smallPages(context, table, segments, request) },
    async (page) => {
      read += page.items.length;
      await takePage(run, role, page);
      const total = table.itemCount >= read ? { total: table.itemCount } : {};
      context.onProgress({ step: 'archiving', table: table.name, done: read, ...total, unit: 'items' });
    },
  );
}

async function takePage(run: Run, role: TableRole, page: ScannedPage): Promise<void> {
  const { writer, choice } = run;
  const { lines, count } = linesOf(page, (item) => choice?.wants(role, item) !== false);
  await writer.page(role, page.segment, lines, count, page.next === null ? null : itemToWire(page.next));
}
