import path from 'node:path';
import { CliError, EXIT, type ExitCode } from '../errors.js';
import type { OperationContext } from '../operations/context.js';
import {
  type InPlaceState,
  readState,
  removeState,
  stateFile,
  writeState,
} from '../operations/restore/in-place-state.js';
import {
  planRestore,
  requireFreeTargets,
  type RestorePlan,
  type RestoreRequest,
  type RestoreResult,
  restoreBackups,
} from '../operations/restore/from-backup.js';
import { planInPlace } from '../operations/restore/in-place-plan.js';
import { restoreInPlace } from '../operations/restore/in-place.js';
import type { Target } from '../operations/target.js';
import { parseInstant } from '../schema/duration.js';
import { recordFolder } from './backup/backup-view.js';
import type { Outcome } from './definition.js';
import { commandLine } from './equivalent.js';
import type { RestoreFlags } from './restore.js';
import { planText, restoreDryRunView, restoreView } from './restore-backup-view.js';
import type { AwsSource } from './restore-run.js';
import { recordPath, s3Url } from './s3-place.js';
import type { CommandSession } from './session.js';
import { billingOf } from './setup-options.js';

/** What only an archive can do: its items go through this machine. */
const ARCHIVE_ONLY = [
  ['onConflict', '--on-conflict'],
  ['shiftExpiry', '--shift-expiry'],
  ['maxWcu', '--max-wcu'],
  ['passphraseFile', '--passphrase-file'],
  ['keyFile', '--key-file'],
] as const satisfies readonly (readonly [keyof RestoreFlags, string])[];

function checkFlags(flags: RestoreFlags): void {
  const given = ARCHIVE_ONLY.find(([key]) => flags[key] !== undefined);
  if (given !== undefined)
    throw new CliError('USAGE', `${given[1]} goes with an archive: AWS restores its own backups as they are`);
  if (flags.verify === 'full')
    throw new CliError('USAGE', "--verify full goes with an archive: AWS's own backups have no checksums to compare");
  if (flags.inPlace === true && (flags.toTable ?? flags.toEventsTable) !== undefined)
    throw new CliError('USAGE', '--in-place restores under the old names: it goes without --to-table');
  if (flags.inPlace !== true && (flags.forceUnprotect === true || !flags.settle))
    throw new CliError('USAGE', `${flags.settle ? '--force-unprotect' : '--no-settle'} goes with --in-place`);
}

function instantOf(text: string, now: number): number | 'latest' {
  if (text === 'latest') return text;
  const ms = parseInstant(text, now);
  if (ms !== undefined) return ms;
  throw new CliError('USAGE', `--point-in-time '${text}' is not an instant`, {
    hint: 'write ISO 8601 (2026-11-20T11:22:33Z), how long ago (15m, 24h), or latest',
  });
}

function sourceOf(backup: string | null, flags: RestoreFlags, now: number): RestoreRequest['source'] {
  if (backup === null) return { instant: instantOf(flags.pointInTime ?? '', now) };
  const url = s3Url(backup);
  return url === null ? { backups: [backup] } : { exports: url };
}

async function requestOf(session: CommandSession, backup: string | null, flags: RestoreFlags): Promise<RestoreRequest> {
  const { cwd, now } = session.runtime;
  const { environment } = await session.settings();
  const billing = billingOf(flags);
  return {
    source: sourceOf(backup, flags, now()),
    inPlace: flags.inPlace === true,
    environment: environment.value,
    targets: {
      ...(flags.toTable !== undefined && { sessions: flags.toTable }),
      ...(flags.toEventsTable !== undefined && { events: flags.toEventsTable }),
    },
    withoutEvents: !flags.events,
    overrides: { ttl: flags.ttl, noIndexes: !flags.indexes, ...(billing !== undefined && { billing }) },
    count: flags.count,
    recordFile: flags.record === undefined ? null : recordPath(cwd, flags.record),
    recordFolder: recordFolder(cwd),
  };
}

/** The command that goes on with this one; an instant is written out, for `1h` and `latest` are others by then. */
function resumeCommand({ runtime }: CommandSession, plan: RestorePlan): string {
  const [task] = plan.tasks;
  const at = task?.source.kind === 'instant' ? new Date(task.source.at).toISOString() : null;
  const words = runtime.argv.filter((word) => word !== '--resume');
  const fixed = words.map((word, index) => {
    if (at === null) return word;
    if (words[index - 1] === '--point-in-time') return at;
    return word.startsWith('--point-in-time=') ? `--point-in-time=${at}` : word;
  });
  return commandLine([...fixed, '--resume']);
}

function exitCodeOf({ tables, interrupted }: RestoreResult, expected: number): ExitCode {
  if (interrupted) return EXIT.interrupted;
  const isDone = tables.length === expected && tables.every(({ outcome }) => outcome === 'done');
  if (isDone) return EXIT.done;
  return tables.every(({ outcome }) => outcome === 'failed') ? EXIT.failed : EXIT.partly;
}

interface Run {
  readonly session: CommandSession;
  readonly context: OperationContext;
  readonly target: Target;
  readonly flags: RestoreFlags;
  readonly request: RestoreRequest;
}

/** `goesOn`: whether --resume has something to go on with. */
function outcomeOf(
  { session }: Run,
  plan: RestorePlan,
  result: RestoreResult,
  { expected, goesOn }: { readonly expected: number; readonly goesOn: boolean },
): Outcome {
  const exitCode = exitCodeOf(result, expected);
  const resume = exitCode === EXIT.done || !goesOn ? null : resumeCommand(session, plan);
  const error = result.interrupted
    ? new CliError('INTERRUPTED', 'interrupted; AWS goes on with a restore that has begun', {
        hint: `go on with ${resume ?? ''}`,
      })
    : result.error;
  return {
    view: restoreView(plan, result.tables, resume),
    exitCode,
    ...(exitCode !== EXIT.done && error !== null && { error }),
  };
}

/** On a terminal a plan is shown before the question. */
const planWasShown = ({ terminal, flags }: CommandSession): boolean => terminal.isInteractive && flags.yes !== true;

/** A restore that is finished must not begin again: what was written since would be gone. */
const nothingToResume = (why: string): CliError =>
  new CliError('NOTHING_TO_RESUME', `there is no restore to go on with: ${why}; nothing was touched`, {
    hint: '`mcp-sessions status` shows the tables; without --resume a restore begins anew',
  });

async function restoreBeside(run: Run): Promise<Outcome> {
  const { session, context, target, flags, request } = run;
  const plan = await planRestore(context, target, request);
  const begun = await requireFreeTargets(context, plan);
  session.progress.stop();
  const [first] = begun;
  if (first !== undefined && flags.resume !== true)
    throw new CliError('TABLE_EXISTS', `table '${first.target}' exists: an earlier restore of the same made it`, {
      hint: 'give --resume to go on with it, or name another table with --to-table',
    });
  if (first === undefined && flags.resume === true)
    throw nothingToResume(plan.tasks.map((task) => `there is no table '${task.target}'`).join(' and '));
  if (flags.dryRun === true) return { view: restoreDryRunView(plan, false), warnings: [] };
  if (begun.size < plan.tasks.length) {
    if (planWasShown(session)) session.tell(`${planText(session.page('stderr'), plan, false)}\n`);
    await session.requireConsent({
      question: `Restore into ${plan.tasks.map((task) => task.target).join(' and ')}?`,
      what: 'restore',
      losing: [],
      confirmed: flags.confirm ?? [],
    });
  }
  const result = await restoreBackups(context, plan, begun);
  const goesOn = result.tables.some(({ outcome }) => outcome !== 'failed');
  const outcome = outcomeOf(run, plan, result, { expected: plan.tasks.length, goesOn });
  return planWasShown(session) ? outcome : { ...outcome, warnings: plan.warnings };
}

/** Which restore in place this is: where, which tables, and what was asked for. */
async function stateFileOf({ session, target, flags }: Run, backup: string): Promise<string> {
  const { region, endpoint, localFile } = await session.settings();
  const where = [region.value, endpoint.value, localFile.value, target.names.map(({ name }) => name)];
  return stateFile(path.resolve(session.runtime.cwd, '.mcp-sessions'), [where, backup, flags.events]);
}

async function restoreOver(run: Run, backup: string): Promise<Outcome> {
  const { session, context, target, flags } = run;
  const file = await stateFileOf(run, backup);
  const earlier = readState(file);
  if (earlier !== null && flags.resume !== true && flags.dryRun !== true)
    throw new CliError('RESTORE_UNFINISHED', `an earlier run of this restore was stopped half-way (${file})`, {
      hint: 'give --resume to go on with it; as long as no table was deleted, removing that file gives it up',
    });
  if (earlier === null && flags.resume === true)
    throw nothingToResume(
      'none of these tables is half-way through a restore in place, and a finished one leaves nothing',
    );
  // A later `latest` would be the safety backup of the run that was stopped.
  const sources = earlier === null ? [backup] : earlier.tables.map(({ sourceArn }) => sourceArn);
  const noted = new Map(earlier?.tables.map(({ table, record }) => [table, record]));
  const plan = await planRestore(context, target, { ...run.request, source: { backups: sources }, noted });
  const state: InPlaceState =
    earlier ?? (await planInPlace(context, plan, { forceUnprotect: flags.forceUnprotect === true }));
  session.progress.stop();
  if (flags.dryRun === true) return { view: restoreDryRunView(plan, true) };
  if (session.terminal.isInteractive) session.tell(`${planText(session.page('stderr'), plan, true)}\n`);
  const losing = state.tables.filter(({ stage }) => stage === 'planned' || stage === 'deleting');
  if (losing.length > 0)
    await session.requireConsent({
      question: 'Replace what the table holds now?',
      what: 'restore',
      losing: losing.map(({ table }) => table),
      // What is replaced is typed, in whatever environment.
      taggedProduction: true,
      confirmed: flags.confirm ?? [],
    });
  writeState(file, state);
  try {
    const result = await restoreInPlace(context, plan, state, {
      settle: flags.settle,
      timeoutMs: flags.timeout,
      forceUnprotect: flags.forceUnprotect === true,
      recordFolder: recordFolder(session.runtime.cwd),
      save: (changed) => writeState(file, changed),
    });
    const expected = state.tables.filter(({ stage }) => stage !== 'done').length;
    const goesOn = readState(file)?.tables.some(({ stage }) => stage !== 'done') === true;
    if (!goesOn) removeState(file);
    const outcome = outcomeOf(run, plan, result, { expected, goesOn });
    return session.terminal.isInteractive ? outcome : { ...outcome, warnings: plan.warnings };
  } catch (error) {
    const kept = readState(file)?.tables.some(({ stage, safety }) => stage !== 'planned' || safety !== null) === true;
    // What has done nothing need not be gone on with: it can as well be begun anew.
    if (!kept) removeState(file);
    if (!(error instanceof CliError) || !kept) throw error;
    const goesOn = `go on with ${resumeCommand(session, plan)}`;
    const hint = error.hint === undefined ? goesOn : `${error.hint}; then ${goesOn}`;
    throw new CliError(error.code, error.message, { hint, cause: error.cause });
  }
}

/** Restores AWS's own backups and recovery points. */
export async function restoreFromAws(
  session: CommandSession,
  { backup }: AwsSource,
  flags: RestoreFlags,
): Promise<Outcome> {
  checkFlags(flags);
  const isBackup = backup !== null && s3Url(backup) === null;
  if (flags.inPlace === true && !isBackup)
    throw new CliError('USAGE', '--in-place needs a backup of AWS: recovery points go with their table', {
      hint: 'restore it into a new table with --to-table, and look at it before you replace anything',
    });
  const request = await requestOf(session, backup, flags);
  const [context, target] = await Promise.all([session.context(), session.target()]);
  const run: Run = { session, context, target, flags, request };
  return flags.inPlace === true && backup !== null ? restoreOver(run, backup) : restoreBeside(run);
}
