import type { Secret } from '../../archive/cipher.js';
import { EXPORTS, exportId } from '../../archive/format.js';
import type { StartedTable } from '../../archive/journal.js';
import { lockArchive } from '../../archive/lock.js';
import { ArchiveWriter, folderProblem } from '../../archive/write.js';
import { observeStructure } from '../../dynamodb/describe.js';
import { Budget, Governor } from '../../dynamodb/governor.js';
import { isIncomplete } from '../../dynamodb/items.js';
import type { ScannedPage } from '../../dynamodb/parallel-scan.js';
import { CliError } from '../../errors.js';
import {
  type AttributeValue,
  type Item,
  itemFromWire,
  itemToWire,
  type SessionFilter,
  type TableRole,
} from '../../schema/index.js';
import { ArchiveChoice } from './choice.js';
import { scanWhole } from './scan.js';
import { occupied, tablesOf, wholeArchive } from './whole.js';
import { averageItemBytes, readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { readRecord } from '../tables/put-back.js';
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
  /** Items that this run archived without their attribute __proto__, which the AWS SDK cannot read. */
  readonly incomplete: number;
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
  const writer = await openWriter(context, target, request, tables);
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
    incomplete: 0,
  };
  const facts = (): Pick<ArchiveResult, 'path' | 'encrypted' | 'readUnits' | 'seconds' | 'incomplete'> => ({
    path: writer.root,
    encrypted: writer.cipher !== null,
    readUnits: run.budget.spent,
    incomplete: run.incomplete,
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
  /** So far. */
  incomplete: number;
}

async function openWriter(
  context: OperationContext,
  target: Target,
  request: ArchiveRequest,
  tables: readonly { readonly role: TableRole; readonly table: ObservedStructure }[],
): Promise<ArchiveWriter> {
  const { folder, secret, fingerprint } = request;
  const partBytes = request.sizes?.partBytes;
  const problem = folderProblem(folder);
  if (problem === 'partial' && request.resume) {
    const writer = ArchiveWriter.resume(folder, secret, partBytes);
    if (writer !== null) {
      await requireSame(writer, fingerprint);
      return writer;
    }
  } else if (problem !== null) {
    // Nobody is told to remove what is being written.
    if (problem === 'partial') lockArchive(folder)();
    throw occupied(folder, problem);
  }
  const now = context.now();
  const started = await Promise.all(
    tables.map(async ({ role, table }): Promise<StartedTable> => {
      const record = await readRecord(context, { name: table.name, role, layout: target.layout.id });
      if (record === null)
        throw new CliError('TABLE_NOT_FOUND', `table '${table.name}' is gone: it was deleted meanwhile`);
      const { segments } = readingOf(context.dynamo, table, request);
      return { record, arn: table.arn, folder: `${role}/${EXPORTS}/${exportId(now)}`, segments };
    }),
  );
  const facts = {
    id: exportId(now),
    request: fingerprint,
    command: request.resumeCommand,
    startedAt: new Date(now).toISOString(),
    tables: started,
  };
  return ArchiveWriter.begin(folder, facts, secret, partBytes);
}

/** Goes on only with what the same command began, and which is as it was left. */
async function requireSame(writer: ArchiveWriter, fingerprint: string): Promise<void> {
  try {
    const { request, command } = writer.started;
    if (request !== fingerprint)
      throw new CliError('ARCHIVE_PARTIAL', `the archive in '${writer.root}' was begun by another command`, {
        hint: command === null ? 'choose another folder' : `choose another folder, or go on with: ${command}`,
      });
    await writer.checkFinished();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
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

const PAGE_BYTES = 262_144;

/** Whole pages of 1 MB, several at once, would take 350 MB of memory; a quarter of that costs no time. */
function smallPages(
  { dynamo }: OperationContext,
  table: ObservedStructure,
  segments: number,
  { maxReadUnits, sizes }: ArchiveRequest,
): { readonly pageItems: number; readonly expectedUnits: number } {
  const { expectedUnits, pageItems = Number.POSITIVE_INFINITY } = readingOf(dynamo, table, { segments, maxReadUnits });
  const most = sizes?.pageItems ?? Math.max(1, Math.floor(PAGE_BYTES / averageItemBytes(table)));
  return { pageItems: Math.min(pageItems, most), expectedUnits: Math.min(expectedUnits, PAGE_BYTES / 8192) };
}

async function takePage(run: Run, role: TableRole, page: ScannedPage): Promise<void> {
  const { writer, choice } = run;
  let lines = '';
  let count = 0;
  for (const item of page.items) {
    if (choice?.wants(role, item) === false) continue;
    if (isIncomplete(item)) run.incomplete += 1;
    lines += lineOf(item);
    count += 1;
  }
  await writer.page(role, page.segment, lines, count, page.next === null ? null : itemToWire(page.next));
}

/** An item as a line of an export. Only binary values differ from what the SDK answers: the others are not copied. */
const lineOf = (item: Item): string =>
  `${JSON.stringify({ Item: Object.values(item).some(holdsBinary) ? itemToWire(item) : item })}\n`;

function holdsBinary(value: AttributeValue): boolean {
  if ('B' in value || 'BS' in value) return true;
  if ('M' in value) return Object.values(value.M).some(holdsBinary);
  return 'L' in value && value.L.some(holdsBinary);
}
