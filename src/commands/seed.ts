import { InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../errors.js';
import type { SeedResult } from '../operations/sessions/seed.js';
import type { View } from '../output/view.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { wholeNumber } from './global-options.js';
import type { CommandSession } from './session.js';
import { EVENTS_TABLE, FIND } from './permissions.js';

interface SeedFlags {
  readonly count: number;
  readonly events: number;
  readonly expired: number;
  readonly randomSeed?: number;
  readonly dryRun?: boolean;
}

function share(text: string): number {
  const value = /^\d+(?:\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('It must be a share from 0 to 1, or from 0% to 100%.');
  return value;
}

const count = (n: number, noun: string): string => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;

/** `resume` is the command that writes what is missing; null when nothing is. */
function seedView(result: SeedResult, dryRun: boolean, resume: string | null): View {
  const { layout, tables, sessions, events, error } = result;
  const json = { layout, tables, sessions, events, dryRun, resume: resume === null ? null : { command: resume } };
  return {
    json,
    columns: ['layout', 'sessions', 'events'],
    lines: [json],
    records: [{ layout, sessions, events }],
    human: (page) => {
      const counts = [count(sessions, 'session'), ...(events === 0 ? [] : [count(events, 'event')])].join(' and ');
      const what = `${counts} in ${tables.join(' and ')} (layout ${layout})`;
      if (dryRun) return page.note(`would write ${what}`);
      // Batches that were under way may be there in part.
      if (error === null) return page.success(`wrote ${what}`);
      const stopped = page.warn(`stopped after ${what}; some more may be there`);
      return resume === null ? stopped : `${stopped}\n${page.note('write the others with:')}\n${page.block(resume)}`;
    },
  };
}

/** Anywhere but on this machine the examples could meet real sessions. */
async function consent(session: CommandSession, flags: SeedFlags): Promise<void> {
  const { isPlayground } = await import('./consent.js');
  if (await isPlayground(session)) return;
  await session.requireConsent({
    question: `Write ${flags.count} example ${flags.count === 1 ? 'session' : 'sessions'} among the real ones?`,
    what: 'seed',
    losing: [],
    confirmed: [],
  });
}

async function run(session: CommandSession, flags: SeedFlags): Promise<Outcome> {
  const [{ seed, planSeed }, context] = await Promise.all([
    import('../operations/sessions/seed.js'),
    session.context(),
  ]);
  const target = await session.target();
  const request = {
    count: flags.count,
    events: flags.events,
    expired: flags.expired,
    randomSeed: flags.randomSeed ?? session.runtime.now() % 2 ** 31,
  };
  if (flags.dryRun === true) return { view: seedView(await planSeed(context, target, request), true, null) };
  await planSeed(context, target, request);
  await consent(session, flags);
  const result = await seed(context, target, request);
  const { error, sessions } = result;
  if (error === null) return { view: seedView(result, false, null) };
  const { commandLine } = await import('./equivalent.js');
  const resume = commandLine(argvForRest(session.runtime.argv, flags.count - sessions));
  const isPartly = sessions > 0 && error.code !== 'INTERRUPTED';
  return { view: seedView(result, false, resume), error, ...(isPartly && { exitCode: EXIT.partly }) };
}

/** Without the random seed: it would begin with the sessions that are there. */
function argvForRest(argv: readonly string[], rest: number): readonly string[] {
  const kept = argv.filter(
    (word, at) =>
      !/^--(?:count|random-seed)(?:=|$)/.test(word) && !/^--(?:count|random-seed)$/.test(argv[at - 1] ?? ''),
  );
  return [...kept, '--count', String(rest)];
}

export const seedCommand: CommandDefinition = {
  name: 'seed',
  group: 'sessions',
  summary: 'write realistic example sessions and events',
  declare: (command) => {
    command.description(
      'Writes realistic sessions of the layout, and their events. They are as real as any to the application: ' +
        'do not seed a table that users depend on.',
    );
    command
      .addOption(new Option('--count <n>', 'how many sessions').default(10).argParser(wholeNumber(1)))
      .addOption(new Option('--events <n>', 'events of each session').default(3).argParser(wholeNumber(0)))
      .addOption(
        new Option('--expired <share>', 'share whose expiry is past: 0.2 or 20%').default(0.2).argParser(share),
      )
      .addOption(
        new Option(
          '--random-seed <n>',
          'the same number gives the same sessions, but for the time of the run',
        ).argParser(wholeNumber(0)),
      )
      .option('--dry-run', 'say what would be written, and write nothing');
  },
  needs: [...FIND, ...EVENTS_TABLE, { on: 'table', actions: ['dynamodb:BatchWriteItem'] }],
  examples: [
    { command: 'mcp-sessions seed --local', does: 'ten sessions to look at' },
    { command: 'mcp-sessions seed --local --count 1000 --expired 50% --events 0', does: 'many, half of them expired' },
  ],
  run: (session, _args, command) => run(session, command.opts<SeedFlags>()),
};
