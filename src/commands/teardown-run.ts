import path from 'node:path';
import { CliError, EXIT } from '../errors.js';
import type { TeardownResult } from '../operations/teardown.js';
import type { TeardownPlan } from '../operations/teardown-plan.js';
import type { StepName, TeardownRequest } from '../operations/teardown-table.js';
import { isProduction } from '../schema/desired.js';
import type { ConsentRequest } from './consent.js';
import type { Outcome } from './definition.js';
import type { CommandSession } from './session.js';
import type { TeardownFlags } from './teardown.js';
import { undoOf } from './teardown-undo.js';
import { dryRunView, planText, resultView } from './teardown-view.js';

function stepsOf(flags: TeardownFlags): readonly StepName[] {
  const chosen = [
    ['clear-data', flags.clearData],
    ['disable-streams', flags.disableStreams],
    ['delete', flags.delete],
  ] as const;
  const steps = chosen.flatMap(([step, flag]) => (flag === true ? [step] : []));
  if (steps.length === 0)
    throw new CliError('USAGE', 'nothing was chosen to be torn down', {
      hint: 'add --clear-data, --disable-streams or --delete; --dry-run shows what they would do',
    });
  if (flags.recreate !== undefined && flags.clearData !== true)
    throw new CliError('USAGE', '--recreate and --no-recreate are ways to --clear-data', {
      hint: 'add --clear-data',
    });
  return steps;
}

async function requestOf(session: CommandSession, flags: TeardownFlags): Promise<TeardownRequest> {
  const steps = stepsOf(flags);
  const { recordFile } = await import('../operations/record-file.js');
  const { region, endpoint, localFile, environment } = await session.settings();
  const folder = path.resolve(session.runtime.cwd, flags.checkpoint ?? '.mcp-sessions');
  const place = [region.value, endpoint.value, localFile.value];
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
    recordFile: (table) => recordFile(folder, place, table),
    look: flags.dryRun === true || session.terminal.isInteractive,
  };
}

const VERBS: Readonly<Record<StepName, string>> = {
  'clear-data': 'clear',
  'disable-streams': 'disable the stream of',
  delete: 'delete',
};

/** What is asked: every step with its tables, and the protection that is taken off. */
function questionOf(plan: TeardownPlan): string {
  const open = plan.steps.filter(({ skip }) => skip === null);
  const phrases = [...new Set(open.map(({ step }) => step))].map((step) => {
    const tables = open.filter((each) => each.step === step).map(({ table }) => table.name);
    return `${VERBS[step]} ${tables.join(' and ')}`;
  });
  const unprotected = [...new Set(open.filter(({ unprotects }) => unprotects).map(({ table }) => table.name))];
  const off = unprotected.length === 0 ? '' : ` (the deletion protection of ${unprotected.join(' and ')} is taken off)`;
  const text = phrases.join(', ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${off}?`;
}

function consentFor(plan: TeardownPlan, flags: TeardownFlags): ConsentRequest {
  const open = plan.steps.filter(({ skip }) => skip === null);
  const isDestructive = open.some(({ step }) => step !== 'disable-streams');
  return {
    question: questionOf(plan),
    what: 'teardown',
    losing: [...new Set(open.map(({ table }) => table.name))],
    alwaysNamed: plan.tables.filter(({ isOwn }) => !isOwn).map(({ name }) => name),
    taggedProduction: plan.taggedProduction,
    ...(isDestructive && { word: 'DELETE' }),
    confirmed: flags.confirm ?? [],
  };
}

/** Shows what is to be lost, asks, and carries it out. */
export async function runTeardown(session: CommandSession, flags: TeardownFlags): Promise<Outcome> {
  const request = await requestOf(session, flags);
  const [{ planTeardown }, { teardown }, { willAsk }, context] = await Promise.all([
    import('../operations/teardown-plan.js'),
    import('../operations/teardown.js'),
    import('./consent.js'),
    session.context(),
  ]);
  const target = await session.target();
  const plan = await planTeardown(context, target, request);
  const place = await session.placeText(plan);
  session.progress.stop();
  if (flags.dryRun === true) return { view: dryRunView(plan, place) };
  if (plan.steps.some(({ skip }) => skip === null)) {
    const consent = consentFor(plan, flags);
    if (await willAsk(session, consent)) session.tell(`${planText(session.page('stderr'), plan, place)}\n`);
    await session.requireConsent(consent);
    if (!session.terminal.isInteractive && session.flags.quiet !== true) sayChoices(session, plan);
  }
  const startedAt = session.runtime.now();
  const result = await teardown({ context, plan, pace: request.pace, forceUnprotect: request.forceUnprotect });
  const undo = undoOf({ plan, result, target, flags: session.flags, startedAt });
  return { view: resultView(plan, result, undo, place), ...endOf(result) };
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
    ({ outcome, cleared }) => outcome === 'done' || (cleared !== undefined && hasChanged(cleared)),
  );
  if (interrupted) {
    const gone = steps.flatMap(({ cleared }) => (cleared?.way === 'items' ? [cleared.deleted] : []));
    const rows = gone.length === 0 ? '' : `; ${gone.reduce((sum, each) => sum + each, 0)} rows are gone`;
    const away = steps.flatMap(({ table, cleared }) =>
      cleared?.way === 'recreate' && cleared.interrupted ? [`; '${table}' is not whole until it is made anew`] : [],
    );
    const told = `${rows}${away.join('')}`;
    return {
      exitCode: EXIT.interrupted,
      error: new CliError('INTERRUPTED', `interrupted; no call was cut off${told}`, {
        hint: 'run the same command again: it goes on from there',
      }),
    };
  }
  if (error === null) return {};
  return { exitCode: isBegun ? EXIT.partly : EXIT.failed, error };
}

const hasChanged = (cleared: NonNullable<TeardownResult['steps'][number]['cleared']>): boolean =>
  cleared.way === 'recreate' || cleared.deleted > 0;
