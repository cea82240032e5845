import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError, EXIT } from '../errors.js';
import type { OperationContext } from '../operations/context.js';
import type { PurgeFiles } from '../operations/purge/files.js';
import type { PurgeRequest, PurgeSummary } from '../operations/purge/plan.js';
import type { Target } from '../operations/target.js';
import type { Outcome } from './definition.js';
import { temporaryInPlaceOf } from './dry-run-folder.js';
import { commandLine } from './equivalent.js';
import { filterOf, warnOfNames } from './filter-options.js';
import { maskedRows } from './masked-ids.js';
import type { PurgeFlags } from './purge.js';
import {
  dryRunView,
  NOTHING_BEFORE,
  orphanDryRunView,
  orphanPlanText,
  orphanView,
  planText,
  purgeQuestion,
  resultView,
} from './purge-view.js';
import type { CommandSession } from './session.js';

async function idsOf({ id, idsFile }: PurgeFlags, cwd: string): Promise<readonly string[] | null> {
  if (idsFile === undefined) return id ?? null;
  const file = path.resolve(cwd, idsFile);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError(
      'FILE_ERROR',
      `cannot read --ids-file '${file}': ${cause instanceof Error ? cause.message : ''}`,
      { cause },
    );
  });
  // An id may begin or end with anything, blanks included.
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return [...(id ?? []), ...lines.filter((line) => line !== '')];
}

const chooses = (flags: PurgeFlags): boolean =>
  [
    flags.expired,
    flags.terminated,
    flags.idle,
    flags.createdAfter,
    flags.createdBefore,
    flags.where,
    flags.id,
    flags.idsFile,
  ].some((flag) => flag !== undefined);

/** TotalSegments of a scan. */
const MOST_SEGMENTS = 1_000_000;

function checkChoice(flags: PurgeFlags): void {
  if (flags.orphans === true && chooses(flags))
    throw new CliError(
      'USAGE',
      '--orphans goes without flags that choose sessions: it is about events whose session is gone',
    );
  if (flags.orphans !== true && !chooses(flags))
    throw new CliError('USAGE', 'nothing was chosen to purge', {
      hint: 'add --expired, --terminated, --idle 24h, --created-before 30d, --where, --id, --ids-file or --orphans; `mcp-sessions list` takes the same filters and shows what they choose',
    });
  if (flags.resume === true && flags.restart === true)
    throw new CliError('USAGE', '--resume and --restart exclude each other');
  if (flags.shard !== undefined && (flags.id ?? flags.idsFile) !== undefined)
    throw new CliError('USAGE', '--shard splits the reading of a whole table: it does not go with --id and --ids-file');
  if ((flags.segments ?? 1) * (flags.shard?.count ?? 1) > MOST_SEGMENTS)
    throw new CliError('USAGE', `--segments are those of each shard: together DynamoDB takes ${MOST_SEGMENTS} at most`);
}

/** What makes a purge the same as an earlier one: where, which tables, and what was asked; not when. */
async function fingerprint(session: CommandSession, target: Target, flags: PurgeFlags): Promise<unknown> {
  const { region, endpoint, localFile } = await session.settings();
  const {
    dryRun: _dryRun,
    resume: _resume,
    restart: _restart,
    confirm: _confirm,
    checkpoint: _checkpoint,
    ...asked
  } = flags;
  const { maxRcu: _rcu, maxWcu: _wcu, concurrency: _concurrency, segments: _segments, ...choice } = asked;
  return [region.value, endpoint.value, localFile.value, target.names, target.layout.id, choice];
}

/** The command that goes on with this one. */
const resumeCommand = ({ runtime }: CommandSession): string =>
  commandLine([...runtime.argv.filter((word) => word !== '--resume' && word !== '--restart'), '--resume']);

interface Prepared {
  readonly context: OperationContext;
  readonly target: Target;
  readonly request: PurgeRequest;
  readonly files: PurgeFiles;
  /** A folder that goes away with the run; null as a rule. */
  readonly temporary: string | null;
}

async function prepare(session: CommandSession, flags: PurgeFlags): Promise<Prepared> {
  for (const id of flags.id ?? []) session.ids.note(id);
  checkChoice(flags);
  const { runtime } = session;
  const [{ purgeFiles }, context, ids] = await Promise.all([
    import('../operations/purge/files.js'),
    session.context(),
    idsOf(flags, runtime.cwd),
  ]);
  const target = await session.target();
  const request: PurgeRequest = {
    filter: await filterOf(flags, runtime.now()),
    ids,
    shard: flags.shard ?? null,
    segments: flags.segments ?? null,
    concurrency: flags.concurrency,
    maxReadUnits: flags.maxRcu ?? null,
    maxWriteUnits: flags.maxWcu ?? null,
    keepEvents: flags.keepEvents === true,
  };
  await warnOfNames(session, target.layout, request.filter);
  const folder = path.resolve(runtime.cwd, flags.checkpoint ?? '.mcp-sessions');
  const known = await fingerprint(session, target, flags);
  const isFree = flags.dryRun === true && flags.checkpoint === undefined;
  const temporary = isFree ? temporaryInPlaceOf(folder) : null;
  return { context, target, request, files: purgeFiles(temporary ?? folder, known), temporary };
}

/** Whether this run may take the files: not while another has them, nor over an unfinished purge unless told to. */
async function take({ files, temporary }: Prepared, flags: PurgeFlags): Promise<() => void> {
  const [{ readSummary, removeFiles }, { isBegun }, { lockPurge }] = await Promise.all([
    import('../operations/purge/files.js'),
    import('../operations/purge/record.js'),
    import('../operations/purge/lock.js'),
  ]);
  // A dry run has files of its own, which nobody goes on with.
  if (flags.dryRun === true)
    return () => {
      removeFiles(dryRunFiles(files));
      if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
    };
  const unlock = lockPurge(files);
  try {
    if (flags.restart === true) removeFiles(files);
    else if (flags.resume !== true && readSummary(files) !== null && isBegun(files))
      throw new CliError('PURGE_UNFINISHED', `an earlier run of this purge was stopped half-way (${files.done})`, {
        hint: 'give --resume to finish it first, or --restart to forget it (events of sessions that it had just deleted may stay: --orphans finds them)',
      });
    return unlock;
  } catch (error) {
    unlock();
    throw error;
  }
}

/** A dry run must not disturb the plan of a purge that is to be resumed, nor another dry run. */
const dryRunFiles = (files: PurgeFiles): PurgeFiles => ({
  plan: `${files.plan}.dry-${process.pid}`,
  summary: `${files.summary}.dry-${process.pid}`,
  done: `${files.done}.dry-${process.pid}`,
  lock: files.lock,
  seal: files.seal,
});

async function consent(
  session: CommandSession,
  flags: PurgeFlags,
  question: string,
  losing: readonly string[],
): Promise<void> {
  await session.requireConsent({
    question,
    what: 'purge',
    losing,
    confirmed: flags.confirm ?? [],
  });
}

async function runSessions(session: CommandSession, flags: PurgeFlags, prepared: Prepared): Promise<Outcome> {
  const { context, target, request } = prepared;
  const [{ planPurge }, { purge }, { readSummary, removeFiles }, { beforeThis, readDone }] = await Promise.all([
    import('../operations/purge/plan.js'),
    import('../operations/purge/purge.js'),
    import('../operations/purge/files.js'),
    import('../operations/purge/record.js'),
  ]);
  const files = flags.dryRun === true ? dryRunFiles(prepared.files) : prepared.files;
  const saved = flags.resume === true ? readSummary(files) : null;
  const earlier = isSummary(saved) ? saved : null;
  if (flags.resume === true && earlier === null)
    session.warn('no run of this purge was stopped half-way: there is nothing to go on with, and it begins anew');
  // How long ago something was is counted from when the table was read.
  const filter = earlier === null ? request.filter : await filterOf(flags, earlier.now);
  const summary = earlier ?? (await planPurge(context, target, request, files));
  const shown = { ...summary, ...shownIds(session, summary) };
  session.progress.stop();
  if (flags.dryRun === true) return { view: dryRunView(shown) };
  if (summary.matched === 0) {
    removeFiles(files);
    return { view: resultView(null, shown, null) };
  }
  const before = earlier === null ? NOTHING_BEFORE : beforeThis(readDone(files));
  try {
    if (session.terminal.isInteractive && session.flags.yes !== true)
      session.tell(`${planText(session.page('stderr'), shown, before)}\n`);
    const losing = summary.eventsTable === null ? [summary.table] : [summary.table, summary.eventsTable];
    await consent(session, flags, purgeQuestion(summary, before), losing);
  } catch (error) {
    if (earlier === null) removeFiles(files);
    throw error;
  }
  const shape = flags.deleteWith ?? (context.heedsStatements ? 'statements' : 'items');
  const result = await purge(context, target, { ...request, filter }, summary, files, shape);
  const unfinished = !result.complete;
  return {
    view: resultView(result, shown, unfinished ? resumeCommand(session) : null),
    exitCode: result.interrupted ? EXIT.interrupted : unfinished ? EXIT.partly : EXIT.done,
  };
}

/** What of a summary names sessions, with the ids that may be seen. */
function shownIds({ ids }: CommandSession, { sample, unknownIds }: PurgeSummary): Partial<PurgeSummary> {
  return {
    sample: maskedRows(ids, sample),
    unknownIds: unknownIds === null ? null : { ...unknownIds, ids: unknownIds.ids.map((id) => ids.note(id)) },
  };
}

const isSummary = (value: unknown): value is PurgeSummary =>
  typeof value === 'object' && value !== null && 'sample' in value;

async function runOrphans(session: CommandSession, flags: PurgeFlags, prepared: Prepared): Promise<Outcome> {
  const { context, target, request } = prepared;
  const [{ planOrphans, purgeOrphans }, { removeFiles }] = await Promise.all([
    import('../operations/purge/orphans.js'),
    import('../operations/purge/files.js'),
  ]);
  const files = flags.dryRun === true ? dryRunFiles(prepared.files) : prepared.files;
  const summary = await planOrphans(context, target, request, files);
  session.progress.stop();
  if (flags.dryRun === true || summary.matched === 0) {
    removeFiles(files);
    return { view: orphanDryRunView(summary, flags.dryRun === true) };
  }
  try {
    if (session.terminal.isInteractive && session.flags.yes !== true)
      session.tell(`${orphanPlanText(session.page('stderr'), summary)}\n`);
    await consent(session, flags, `Delete ${summary.matched} events?`, [summary.eventsTable]);
  } catch (error) {
    removeFiles(files);
    throw error;
  }
  const result = await purgeOrphans(context, request, summary, files);
  const unfinished = !result.complete;
  return {
    view: orphanView(result, summary, unfinished ? resumeCommand(session) : null),
    exitCode: result.interrupted ? EXIT.interrupted : unfinished ? EXIT.partly : EXIT.done,
  };
}

/** On a terminal it is asked what to purge where nothing says so. */
async function completed(session: CommandSession, flags: PurgeFlags): Promise<PurgeFlags> {
  if (!session.terminal.isInteractive || flags.orphans === true || chooses(flags)) return flags;
  const { askWhatToPurge } = await import('./purge-ask.js');
  return askWhatToPurge(session, flags);
}

/** Plans a purge, asks, and carries it out. */
export async function runPurge(session: CommandSession, given: PurgeFlags): Promise<Outcome> {
  const flags = await completed(session, given);
  const prepared = await prepare(session, flags);
  const unlock = await take(prepared, flags);
  try {
    return await (flags.orphans === true
      ? runOrphans(session, flags, prepared)
      : runSessions(session, flags, prepared));
  } finally {
    unlock();
  }
}
