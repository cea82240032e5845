import { describeTableId } from '../../dynamodb/extras.js';
import { deleteTable, setDeletionProtection } from '../../dynamodb/tables.js';
import { waitFor } from '../../dynamodb/wait.js';
import { CliError } from '../../errors.js';
import { desiredOf, recordDifferences, type TableRecord } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { type PutBack, putBack, readRecord, type RecordedTable, readWhole } from './put-back.js';
import {
  forgettingRecord,
  type KeptRecord,
  readRecordFile,
  removeRecordFile,
  withRecordFile,
  writeRecordFile,
} from './record-file.js';
import { patiently, settle, untilGone } from '../waits.js';

export interface RecreateRequest {
  readonly table: RecordedTable;
  /** Where the settings are kept while the table is not there. */
  readonly file: string;
  /** Take deletion protection off, and put it back afterwards. */
  readonly forceUnprotect: boolean;
}

export interface RecreateResult {
  readonly way: 'recreate';
  readonly table: string;
  /** An earlier run had dropped the table: nothing was dropped by this one. */
  readonly resumed: boolean;
  /** Settings that were made, in the words of a plan; the table's own, such as its keys, among them. */
  readonly reapplied: readonly string[];
  /** Settings that are not as they were, and why. */
  readonly missed: PutBack['missed'];
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly error: CliError | null;
}

/** What a table would lose by being made anew, in words; empty where it would be the same again. */
export const lossesOf = ({ others, replicas }: TableRecord): readonly string[] => [
  ...others,
  ...replicas.map((region) => `the replica in ${region}: the table is part of a global table, which keeps its name`),
];

const refusal = (name: string, losses: readonly string[]): CliError =>
  new CliError('TEARDOWN_REFUSED', `table '${name}' cannot be made anew as it is: ${losses.join('; ')}`, {
    hint: 'use --no-recreate: deleting the rows leaves every setting as it is',
  });

/**
 * Drops a table and creates it anew with every setting put back; costs no write units. The settings are written to a
 * file first: whenever this is cut off, the same call goes on from there. Throws TEARDOWN_REFUSED where the table would
 * not be the same again, TABLE_BUSY where another process is at it, before anything is changed.
 */
export const recreate = (context: OperationContext, request: RecreateRequest): Promise<RecreateResult> =>
  withRecordFile(request.file, request.table.name, () => makeAnew(context, request));

async function makeAnew(context: OperationContext, request: RecreateRequest): Promise<RecreateResult> {
  const started = performance.now();
  const { name } = request.table;
  const before = readRecordFile(request.file);
  const resumed = before !== null && !(await isStillThere(context, name, before));
  const { record } = resumed ? before : await keepRecord(context, request, before);
  const result = { way: 'recreate', table: name, resumed } as const;
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    if (!resumed) await dropTable(context, name, request.forceUnprotect);
    await untilGone(context, name);
    const back = await putBack(context, desiredOf(record));
    const missed = back.interrupted ? back.missed : await stillMissing(context, request.table, record, back.missed);
    const isWhole = !back.interrupted && missed.length === 0;
    if (isWhole) removeRecordFile(request.file);
    const error = isWhole || back.interrupted ? null : (back.error ?? notTheSame(name, missed));
    const told = error === null ? null : goOn(error, request);
    return {
      ...result,
      reapplied: back.reapplied,
      missed,
      seconds: seconds(),
      interrupted: back.interrupted,
      error: told,
    };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const interrupted = error.code === 'INTERRUPTED';
    const told = interrupted ? null : goOn(error, request);
    return { ...result, reapplied: [], missed: [], seconds: seconds(), interrupted, error: told };
  }
}

/** Whether the table of the record has not been dropped yet. */
async function isStillThere({ dynamo }: OperationContext, name: string, kept: KeptRecord): Promise<boolean> {
  return (await describeTableId(dynamo, name)) === kept.tableId;
}

/** Whether an earlier run dropped the table and did not put all of it back. */
export async function isUnfinished(context: OperationContext, name: string, file: string): Promise<boolean> {
  const kept = readRecordFile(file);
  return kept !== null && !(await isStillThere(context, name, kept));
}

/** Takes back what a run did that ended before it dropped the table: its protection is put back, its file goes. */
export const forgetRecreate = (context: OperationContext, name: string, file: string): Promise<void> =>
  forgettingRecord(file, name, async () => {
    const kept = readRecordFile(file);
    if (kept?.record.deletionProtection !== true || !(await isStillThere(context, name, kept))) return;
    const { deletionProtection } = await settle(context, name);
    if (!deletionProtection) await setDeletionProtection(context.dynamo, name, true);
  });

async function keepRecord(
  context: OperationContext,
  { table, file, forceUnprotect }: RecreateRequest,
  before: KeptRecord | null,
): Promise<KeptRecord> {
  await settle(context, table.name);
  const whole = await readWhole(context, table);
  if (whole === null)
    throw new CliError('TABLE_NOT_FOUND', `table '${table.name}' is gone: it was deleted meanwhile`, {
      hint: '`mcp-sessions setup` creates it',
    });
  const { tableId } = whole;
  const losses = lossesOf(whole.record);
  if (losses.length > 0) throw refusal(table.name, losses);
  const isProtected = whole.record.deletionProtection;
  if (isProtected && !forceUnprotect) throw protectedError(table.name);
  // An earlier run may have taken the protection off, and no more.
  const wasProtected = before?.record.deletionProtection === true && before.tableId === tableId;
  const kept = { record: { ...whole.record, deletionProtection: isProtected || wasProtected }, tableId };
  writeRecordFile(file, kept);
  return kept;
}

export const protectedError = (name: string): CliError =>
  new CliError('TEARDOWN_REFUSED', `table '${name}' is protected against deletion`, {
    hint: 'give --force-unprotect to take the protection off',
  });

/** AWS lets the protection be changed once in 15 seconds. */
const unprotect = (context: OperationContext, name: string): Promise<void> =>
  patiently(context, () => setDeletionProtection(context.dynamo, name, false), {
    table: name,
    step: 'taking the deletion protection off',
    why: 'it was changed a moment ago',
    passes: ({ code }) => code === 'THROTTLED' || code === 'TABLE_BUSY',
    wait: true,
    limitMs: BUSY_LIMIT_MS,
    maxDelayMs: BUSY_MAX_DELAY_MS,
  });

const BUSY_LIMIT_MS = 60_000;
const BUSY_MAX_DELAY_MS = 5000;

/** Deletes a table and waits until it is gone; one that is gone already is no error. */
export async function dropTable(context: OperationContext, name: string, forceUnprotect: boolean): Promise<void> {
  const { dynamo } = context;
  const step = 'deleting the table';
  let isUnprotected = false;
  try {
    const { deletionProtection } = await settle(context, name, { step: 'waiting until it can be deleted' });
    if (deletionProtection && !forceUnprotect) throw protectedError(name);
    if (deletionProtection) {
      await unprotect(context, name);
      isUnprotected = true;
    }
    context.onProgress({ step, table: name });
    await patiently(context, () => deleteTable(dynamo, name), {
      table: name,
      step,
      why: 'the table is being changed',
      passes: ({ code }) => code === 'TABLE_BUSY' || code === 'LIMIT_EXCEEDED',
      wait: true,
      limitMs: BUSY_LIMIT_MS,
      maxDelayMs: BUSY_MAX_DELAY_MS,
    });
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'TABLE_NOT_FOUND')
      throw isUnprotected && error instanceof CliError ? leftUnprotected(name, error) : error;
  }
  await untilGone(context, name);
}

function leftUnprotected(name: string, error: CliError): CliError {
  if (error.code === 'INTERRUPTED') return error;
  const hint = `the deletion protection of '${name}' is off now: \`mcp-sessions setup --deletion-protection\` turns it on`;
  const { hint: why } = error;
  return new CliError(error.code, error.message, { hint: why === undefined ? hint : `${why}; ${hint}`, cause: error });
}

/** How long AWS may take to show tags and TTL as they were set. */
const SHOWN_WITHIN_MS = 30_000;
const ENGINE_SHOWN_WITHIN_MS = 2000;

/** Compares the table with its record, until they are the same or time is up. */
async function stillMissing(
  context: OperationContext,
  table: RecordedTable,
  record: TableRecord,
  missed: PutBack['missed'],
): Promise<PutBack['missed']> {
  let differing: readonly string[] = [];
  try {
    await waitFor(
      async () => {
        const now = await readRecord(context, table);
        differing = now === null ? ['table'] : recordDifferences(record, now);
        return differing.length === 0 ? true : undefined;
      },
      {
        signal: context.signal,
        what: `comparing table '${table.name}' with its record`,
        // What failed is not going to show.
        timeoutMs: missed.length > 0 ? 0 : context.dynamo.isAws ? SHOWN_WITHIN_MS : ENGINE_SHOWN_WITHIN_MS,
      },
    );
    return [];
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'WAIT_TIMEOUT') throw error;
    return missed.length > 0 ? missed : differing.map((property) => ({ property, reason: 'it is not as it was' }));
  }
}

const notTheSame = (name: string, missed: PutBack['missed']): CliError =>
  new CliError(
    'TABLE_BLOCKED',
    `table '${name}' is there again, but not as it was: ${missed.map(({ property }) => property).join(', ')}`,
  );

/** A failure half-way, with how to go on. */
function goOn(error: CliError, { file }: RecreateRequest): CliError {
  const hint = `the table's settings are kept in '${file}': run the same command again, it goes on from there; \`mcp-sessions setup\` would make the table as the layout says`;
  const { hint: why } = error;
  return new CliError(error.code, error.message, { hint: why === undefined ? hint : `${why}. ${hint}`, cause: error });
}
