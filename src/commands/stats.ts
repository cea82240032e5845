import type { StatsRequest } from '../operations/stats/stats.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { declareFilterOptions, type FilterFlags, filterOf, warnOfNames } from './filter-options.js';
import { concurrencyOption, maxRcuOption, segmentsOption } from './pace-options.js';
import type { CommandSession } from './session.js';
import { EVENTS_TABLE, FIND, when } from './permissions.js';

interface StatsFlags extends FilterFlags {
  /** false with --no-events. */
  readonly events: boolean;
  readonly maxRcu?: number;
  readonly concurrency: number;
  readonly segments?: number;
}

/** A page of 1 MB is some 10 MB once it is read: so few at once keep memory small, and the processor busy. */
const CONCURRENCY = 4;

async function run(session: CommandSession, flags: StatsFlags): Promise<Outcome> {
  const request: StatsRequest = {
    filter: await filterOf(flags, session.runtime.now()),
    events: flags.events,
    segments: flags.segments ?? null,
    concurrency: flags.concurrency,
    maxReadUnits: flags.maxRcu ?? null,
  };
  const [{ stats }, { statsView }, { maskedRows }, context] = await Promise.all([
    import('../operations/stats/stats.js'),
    import('./stats-view.js'),
    import('./masked-ids.js'),
    session.context(),
  ]);
  const target = await session.target();
  await warnOfNames(session, target.layout, request.filter);
  const result = await stats(context, target, request);
  const largest = maskedRows(session.ids, result.largest);
  return { view: statsView({ ...result, largest }, flags.events, session.advise) };
}

export const statsCommand: CommandDefinition = {
  name: 'stats',
  group: 'sessions',
  summary: 'how many sessions, how big and how old; what expires next, and what never will',
  declare: (command) => {
    command.description(
      'Counts sessions by state, size, age and idleness, and events by session. Finds rows that TTL can never remove and\n' +
        'events whose session is gone, and estimates what storing it all costs. Reads both tables whole, and only reads.',
    );
    declareFilterOptions(command, { active: true });
    command
      .option('--no-events', 'leave the events table out')
      .addOption(maxRcuOption())
      .addOption(concurrencyOption(CONCURRENCY))
      .addOption(segmentsOption());
  },
  needs: [
    ...FIND,
    { on: 'table', role: 'sessions', actions: ['dynamodb:Scan'] },
    ...when('without --no-events', EVENTS_TABLE, [
      { on: 'table', role: 'events', actions: ['dynamodb:Scan'] },
      { on: 'table', role: 'sessions', actions: ['dynamodb:BatchGetItem'] },
    ]),
  ],
  examples: [
    { command: 'mcp-sessions stats --local', does: 'of the embedded engine' },
    { command: 'mcp-sessions stats --expired --no-events', does: 'what has expired and is still stored' },
    { command: 'mcp-sessions stats --max-rcu 50', does: 'without starving the application' },
    { command: 'mcp-sessions stats --json | jq .neverExpiring', does: 'for an alarm' },
  ],
  run: (session, _args, command) => run(session, command.opts<StatsFlags>()),
};
