import { Option } from 'commander';
import { CliError } from '../errors.js';
import type { DecodedEvent } from '../schema/decode.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { wholeNumber } from './global-options.js';
import type { CommandSession } from './session.js';
import { FIND } from './permissions.js';

interface EventsFlags {
  readonly after?: string;
  readonly limit?: number;
  readonly follow?: boolean;
  readonly reveal?: boolean;
}

async function chooseSession(session: CommandSession): Promise<string> {
  const [{ pickSession }, { requireTerminal }] = await Promise.all([
    import('./pick-session.js'),
    import('./picker.js'),
  ]);
  requireTerminal(session, 'id');
  return pickSession(session);
}

async function run(session: CommandSession, given: unknown, flags: EventsFlags): Promise<Outcome> {
  if (flags.follow === true && flags.limit !== undefined)
    throw new CliError('USAGE', '--follow and --limit exclude each other');
  if (flags.follow === true && (session.format === 'csv' || session.format === 'yaml'))
    throw new CliError('USAGE', `--follow cannot write ${session.format}`, {
      hint: 'use --output ndjson, or the table',
    });
  const id = typeof given === 'string' ? given : await chooseSession(session);
  session.ids.note(id);
  const [{ followEvents }, { isUnknown, readEvents }, { eventsView, eventWriter }, { notedId }, context] =
    await Promise.all([
      import('../operations/sessions/follow-events.js'),
      import('../operations/sessions/events.js'),
      import('./events-view.js'),
      import('./masked-ids.js'),
      session.context(),
    ]);
  const target = await session.target();
  const shownId = notedId(session.ids, target.layout, id);
  const request = { sessionId: id, after: flags.after ?? null, limit: flags.limit ?? null };
  const reveal = flags.reveal === true;
  if (flags.follow !== true) {
    const events: DecodedEvent[] = [];
    for await (const event of readEvents(context, target, request)) events.push(event);
    if (events.length === 0 && (await isUnknown(context, target, request.sessionId)))
      session.warn(`there is no session '${request.sessionId}'`);
    return { view: eventsView(session, target.layout, shownId, events, reveal) };
  }
  const write = eventWriter(session, target.layout, reveal);
  // How events are followed changes nothing in the result.
  const tell = (note: string): void => {
    if (session.flags.verbose === true) session.tell(session.page('stderr').note(note));
  };
  try {
    for await (const event of followEvents(context, target, request, tell)) await write(event);
  } catch (error) {
    // Ctrl-C is how following ends.
    if (!(error instanceof CliError) || error.code !== 'INTERRUPTED') throw error;
  }
  return {};
}

export const eventsCommand: CommandDefinition = {
  name: 'events',
  group: 'sessions',
  summary: "a session's events in their order; --follow goes on with new ones",
  declare: (command) => {
    command.description(
      "Shows a session's events in their order, to the last. With --follow it goes on with those that are written from then on, " +
        'a line each, until Ctrl-C: from the stream of the events table, or, where it has none, by asking again and again ' +
        '(--verbose says which). Values whose key looks secret are masked unless --reveal is given.',
    );
    command
      .argument('[id]', "the session's id; on a terminal it may be chosen from a list")
      .option('--after <event>', 'only events after the one with this id')
      .addOption(new Option('--limit <n>', 'how many at the most (default: all)').argParser(wholeNumber(1)))
      .option('-f, --follow', 'go on with new events until Ctrl-C')
      .option('--reveal', 'show secrets');
  },
  needs: [
    ...FIND,
    { on: 'table', role: 'events', actions: ['dynamodb:Query'] },
    {
      on: 'table',
      role: 'sessions',
      actions: ['dynamodb:Scan'],
      when: 'no id is given, on a terminal',
    },
    {
      on: 'table',
      role: 'sessions',
      actions: ['dynamodb:GetItem'],
      when: 'there are no events, to know whether there is a session',
      optional: true,
    },
    {
      on: 'table',
      role: 'events',
      actions: ['dynamodb:DescribeTable'],
      when: '--follow',
      optional: true,
    },
    {
      on: 'stream',
      role: 'events',
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      when: '--follow',
      optional: true,
    },
    {
      on: 'table',
      role: 'events',
      actions: ['dynamodb:GetItem'],
      when: '--follow, where the stream has no new images',
    },
  ],
  examples: [
    { command: 'mcp-sessions events 0198c0ffee --after 12', does: 'what came after event 12' },
    {
      command: 'mcp-sessions events 0198c0ffee --follow --output ndjson',
      does: 'one JSON object an event, as they come',
    },
  ],
  run: (session, [id], command) => run(session, id, command.opts<EventsFlags>()),
};
