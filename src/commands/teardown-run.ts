import path from 'node:path';
import { CliError, EXIT } from '../errors.js';
import { type KnownArchive, newestKnown } from '../operations/archive/archived.js';
import type { TeardownResult } from '../operations/teardown/teardown.js';
import type { TeardownPlan } from '../operations/teardown/plan.js';
import { takesRows } from '../operations/teardown/steps.js';
import type { StepName, TeardownRequest } from '../operations/teardown/table.js';
import { isProduction } from '../schema/desired.js';
import { version } from '../version.js';
import { recordFolder } from './backup/backup-view.js';
import { archiveFolder, defaultFolder } from './backup/default-folder.js';
import type { ConsentRequest } from './consent.js';
import type { Outcome } from './definition.js';
import { recordFiles } from './record-files.js';
import { s3Url } from './s3-place.js';
import type { CommandSession } from './session.js';
import type { TeardownFlags } from './teardown.js';
import { undoOf } from './teardown-undo.js';
import { dryRunView, planText, resultView, type ShownPlan } from './teardown-view.js';

function stepsOf(flags: TeardownFlags): readonly StepName[] {
  const chosen = [
    ['backup', flags.backup === true || flags.all === true],
    ['clear-data', flags.clearData],
    ['disable-streams', flags.disableStreams],
    ['delete', flags.delete === true || flags.all === true],
  ] as const;
  const steps = chosen.flatMap(([step, flag]) => (flag === true ? [step] : []));
  if (steps.length === 0)
    throw new CliError('USAGE', 'nothing was chosen to be torn down', {
      hint: 'add --backup, --clear-data, --disable-streams, --delete or --all; --dry-run shows what they would do',
    });
  if (flags.recreate !== undefined && flags.clearData !== true)
    throw new CliError('USAGE', '--recreate and --no-recreate are ways to --clear-data', {
      hint: 'add --clear-data',
    });
  if (!steps.includes('backup') && (flags.to !== undefined || !flags.settle))
    throw new CliError('USAGE', `${flags.to === undefined ? '--no-settle' : '--to'} goes with --backup or --all`);
  if (flags.to !== undefined && s3Url(flags.to) !== null)
    throw new CliError('USAGE', '--to names a folder here: an export to S3 is not waited for by teardown', {
      hint: `run \`mcp-sessions backup --to ${flags.to}\` first, or leave --to out`,
    });
  return steps;
}

async function requestOf(session: CommandSession, flags: TeardownFlags): Promise<TeardownRequest> {
  const { argv } = session.runtime;
  // Of the two, commander keeps the last.
  if (argv.includes('--recreate') && argv.includes('--no-recreate'))
    throw new CliError('USAGE', '--recreate and --no-recreate exclude each other');
  const steps = stepsOf(flags);
  const { environment } = await session.settings();
  return {
    steps,
    only: flags.only ?? null,
    recreate: flags.recreate ?? null,
    forceUnprotect: flags.forceUnprotect === true,
    forceShared: flags.forceShared === true,
    production: isProduction(environment.value),
    pace: {
      concurrency: flags.concurrency,
      segments: flags.segments ?? null,
      maxReadUnits: flags.maxRcu ?? null,
      maxWriteUnits: flags.maxWcu ?? null,
    },
    archiveTo: flags.to === undefined ? null : path.resolve(session.runtime.cwd, flags.to),
    archiveFolder: (table) => defaultFolder(session.runtime.cwd, table, session.runtime.now()),
    recordFile: await recordFiles(session, flags.checkpoint),
    look: flags.dryRun === true || session.terminal.isInteractive,
  };
}

const VERBS: Readonly<Record<StepName, string>> = {
  backup: 'back up',
  'clear-data': 'clear',
  'disable-streams': 'disable the stream of',
  delete: 'delete',
};

/** `a`, `a and b`, `a, b and c`. */
const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;

/** What is asked: every step with its tables, which are mostly the same, and the protection that is taken off. */
function questionOf(plan: TeardownPlan): string {
  const open = plan.steps.filter(({ skip }) => skip === null);
  const verbs = new Map<string, string[]>();
  for (const step of new Set(open.map((each) => each.step))) {
    const tables = listed(open.filter((each) => each.step === step).map(({ table }) => table.name));
    verbs.set(tables, [...(verbs.get(tables) ?? []), VERBS[step]]);
  }
  const unprotected = [...new Set(open.filter(({ unprotects }) => unprotects).map(({ table }) => table.name))];
  const off = unprotected.length === 0 ? '' : ` (the deletion protection of ${listed(unprotected)} is taken off)`;
  const text = [...verbs].map(([tables, steps]) => `${listed(steps)} ${tables}`).join(', ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${off}?`;
}

function consentFor(plan: TeardownPlan, flags: TeardownFlags, argv: readonly string[]): ConsentRequest {
  const open = plan.steps.filter(({ skip, step }) => skip === null && step !== 'backup');
  const isDestructive = takesRows(open.map(({ step }) => step));
  return {
    question: questionOf(plan),
    what: 'teardown',
    losing: [...new Set(open.map(({ table }) => table.name))],
    alwaysNamed: plan.tables.filter(({ isOwn }) => !isOwn).map(({ name }) => name),
    taggedProduction: plan.taggedProduction,
    ...(isDestructive && { word: 'DELETE' }),
    confirmed: flags.confirm ?? [],
    argv,
  };
}

/** What was asked for, or is chosen from the menu where nothing was and somebody can choose. */
export async function runTeardown(session: CommandSession, flags: TeardownFlags): Promise<Outcome> {
  const { argv } = session.runtime;
  if (!session.terminal.isInteractive || isChosen(flags)) return runSteps(session, flags, argv);
  const { chooseSteps } = await import('./teardown-menu.js');
  const chosen = await chooseSteps(session);
  return runSteps(session, { ...flags, ...chosen.flags }, [...argv, ...chosen.words]);
}

const isChosen = ({ backup, clearData, disableStreams, delete: isDelete, all }: TeardownFlags): boolean =>
  [backup, clearData, disableStreams, isDelete, all].includes(true);

/** Shows what is to be lost, asks, and carries it out. */
async function runSteps(session: CommandSession, flags: TeardownFlags, argv: readonly string[]): Promise<Outcome> {
  const request = await requestOf(session, flags);
  const [{ planTeardown }, { teardown }, { willAsk }, context] = await Promise.all([
    import('../operations/teardown/plan.js'),
    import('../operations/teardown/teardown.js'),
    import('./consent.js'),
    session.context(),
  ]);
  const target = await session.target();
  const plan = await planTeardown(context, target, request);
  const place = await session.placeText(plan);
  const { cwd } = session.runtime;
  const shown: ShownPlan = { plan, place, archive: newestArchive(cwd, plan) };
  session.progress.stop();
  if (flags.dryRun === true) return { view: dryRunView(shown) };
  // A backup takes nothing away.
  if (plan.steps.some(({ skip, step }) => skip === null && step !== 'backup')) {
    const consent = consentFor(plan, flags, argv);
    if (await willAsk(session, consent)) session.tell(`${planText(session.page('stderr'), shown)}\n`);
    await session.requireConsent(consent);
    if (!session.terminal.isInteractive && session.flags.quiet !== true) sayChoices(session, plan);
  }
  const startedAt = session.runtime.now();
  const { pace, forceUnprotect } = request;
  const backup = {
    settle: flags.settle,
    timeoutMs: flags.timeout,
    recordFolder: recordFolder(cwd),
    segments: pace.segments,
    maxReadUnits: pace.maxReadUnits,
    tool: `mcp-sessions ${version}`,
  };
  const result = await teardown({ context, plan, pace, forceUnprotect, backup });
  const undo = undoOf({
    plan,
    result,
    target,
    flags: await session.placeFlags(),
    startedAt,
    cwd,
    archive: shown.archive,
  });
  return { view: resultView(plan, result, undo, place), warnings: result.warnings, ...endOf(result) };
}

/** Where there are no backups to be listed, the newest archive stands for them. */
function newestArchive(cwd: string, { region, tables }: TeardownPlan): KnownArchive | null {
  if (!tables.some(({ newestBackup }) => newestBackup === undefined)) return null;
  // Sessions first: without them there is no archive of both.
  const names = tables.toSorted((a, b) => b.role.localeCompare(a.role)).map(({ name }) => name);
  return newestKnown(archiveFolder(cwd), names, region);
}

/** The way to clear and why, where no plan was shown. */
function sayChoices(session: CommandSession, plan: TeardownPlan): void {
  for (const step of plan.steps)
    if (step.step === 'clear-data' && step.choice !== null)
      session.progress.note(
        `${step.table.name}: ${step.choice.way === 'items' ? 'rows are deleted' : 'dropped and made anew'} (${step.choice.why})`,
      );
}

function endOf({ steps, interrupted, error }: TeardownResult): Omit<Outcome, 'view'> {
  const isBegun = steps.some(
    ({ outcome, cleared, made }) =>
      outcome === 'done' || (cleared !== undefined && hasChanged(cleared)) || isMade(made),
  );
  if (interrupted) {
    const gone = steps.flatMap(({ cleared }) => (cleared?.way === 'items' ? [cleared.deleted] : []));
    const rows = gone.length === 0 ? '' : `; ${gone.reduce((sum, each) => sum + each, 0)} rows are gone`;
    const away = steps.flatMap(({ table, cleared }) =>
      cleared?.way === 'recreate' && cleared.interrupted ? [`; '${table}' is not whole until it is made anew`] : [],
    );
    const asked = steps.flatMap(({ outcome, made }) =>
      outcome === 'failed' && made?.backup?.status === 'CREATING' ? [made.backup.name] : [],
    );
    const goesOn = asked.length === 0 ? '' : `; AWS goes on with ${listed(asked)}`;
    const isBefore = steps.some(({ step, outcome }) => step === 'backup' && outcome === 'failed');
    const told = `${isBefore ? '; nothing was deleted' : rows}${away.join('')}${goesOn}`;
    return {
      exitCode: EXIT.interrupted,
      error: new CliError('INTERRUPTED', `interrupted${told}`, {
        hint: isBefore ? AGAIN : 'run the same command again: it goes on from there',
      }),
    };
  }
  if (error === null) return {};
  return { exitCode: isBegun ? EXIT.partly : EXIT.failed, error };
}

const AGAIN = 'run the same command again: it backs up anew what is there then';

const isMade = (made: TeardownResult['steps'][number]['made']): boolean =>
  made !== undefined && (made.backup ?? made.archive) !== null;

const hasChanged = (cleared: NonNullable<TeardownResult['steps'][number]['cleared']>): boolean =>
  cleared.way === 'recreate' || cleared.deleted > 0;
