import { CliError, EXIT } from '../errors.js';
import {
  applyStreams,
  planStreams,
  type StreamsRequest,
  type StreamsResult,
  streamsStatus,
} from '../operations/tables/streams.js';
import { willAsk } from './consent.js';
import type { Outcome } from './definition.js';
import { enablingStreams } from './enabling-streams.js';
import { commandLine, targetWords } from './equivalent.js';
import type { CommandSession } from './session.js';
import type { StreamsFlags } from './streams.js';
import { streamsPlanText, streamsPlanView, streamsStatusView } from './streams-view.js';

/** The streams as they are. */
export async function runStatus(session: CommandSession): Promise<Outcome> {
  const status = await streamsStatus(await session.context(), await session.target());
  return { view: streamsStatusView(status, await session.placeText(status)) };
}

/** Turns streams on or off: plans, asks, and carries it out. */
export async function runChange(
  session: CommandSession,
  verb: 'enable' | 'disable',
  flags: StreamsFlags,
): Promise<Outcome> {
  const request: StreamsRequest = {
    to: verb === 'disable' ? false : (flags.view ?? 'layout'),
    only: flags.only ?? null,
  };
  const context = await session.context();
  const target = await session.target();
  const plan = await planStreams(context, target, request);
  const place = await session.placeText(plan);
  const changing = plan.tables.filter(({ action }) => action !== 'none');
  if (changing.length === 0 || flags.dryRun === true) {
    const closing = changing.length === 0 ? 'nothing to do' : 'nothing was changed; without --dry-run this is done';
    return { view: streamsPlanView(plan, { place, dryRun: flags.dryRun === true, closing }) };
  }
  const consent = {
    question: verb === 'enable' ? 'Turn this on?' : 'Turn this off?',
    what: `streams ${verb}`,
    // Whatever reads a stream loses it, also when a new one takes its place.
    losing: changing.filter(({ action }) => action !== 'enable').map(({ table }) => table),
    taggedProduction: changing.some(({ isProductions }) => isProductions),
    confirmed: flags.confirm ?? [],
  };
  const planWasShown = await willAsk(session, consent);
  if (planWasShown) session.tell(`${streamsPlanText(session.page('stderr'), plan, place)}\n`);
  await session.requireConsent(consent);
  const result = await applyStreams(context, plan);
  const words = verb === 'disable' ? enablingAgain(result, target.names.length) : [];
  const leading = targetWords(await session.placeFlags());
  const undo = words.map((each) => commandLine([...each, ...leading]));
  return outcomeOf(result, { place, verb, planWasShown, undo });
}

/** The command lines that turn on again what was turned off. */
const enablingAgain = ({ tables }: StreamsResult, total: number): readonly (readonly string[])[] =>
  enablingStreams(
    tables.flatMap(({ table, role, from, outcome }) =>
      outcome === 'done' && typeof from === 'string' ? [{ table, role, view: from }] : [],
    ),
    total,
  ).map(({ words }) => words);

interface Asked {
  readonly place: string;
  readonly verb: 'enable' | 'disable';
  readonly planWasShown: boolean;
  /** Command lines. */
  readonly undo: readonly string[];
}

function outcomeOf(result: StreamsResult, { place, verb, planWasShown, undo }: Asked): Outcome {
  const { tables, warnings, interrupted } = result;
  const left = tables.filter(({ outcome }) => outcome !== null && outcome !== 'done');
  const some = left.length < tables.filter(({ outcome }) => outcome !== null).length;
  const again = 'run the same command again: it finds out what is left and goes on from there';
  const done =
    verb === 'disable'
      ? 'done; `mcp-sessions setup` would turn on again what the layout wants, unless it is given --no-streams'
      : 'done';
  const closing = left.length > 0 ? again : done;
  const error = interrupted ? new CliError('INTERRUPTED', 'interrupted', { hint: again }) : result.error;
  const unfinished = some ? EXIT.partly : EXIT.failed;
  return {
    view: streamsPlanView(result, { place, dryRun: false, closing, planWasShown, undo }),
    exitCode: interrupted ? EXIT.interrupted : left.length > 0 ? unfinished : EXIT.done,
    warnings,
    ...(error !== null && { error }),
  };
}
