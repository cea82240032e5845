import { Option } from 'commander';
import { CliError } from '../errors.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { wholeNumber } from './global-options.js';
import type { CommandSession } from './session.js';
import { EVENTS_TABLE, FIND } from './permissions.js';

interface ShowFlags {
  readonly reveal?: boolean;
  readonly events: number;
}

const DEFAULT_EVENTS = 10;

async function chooseSession(session: CommandSession): Promise<string> {
  if (!session.terminal.isInteractive)
    throw new CliError('USAGE', 'the id of the session is missing', {
      hint: 'mcp-sessions show <id>; `mcp-sessions list` shows the ids',
    });
  const { pickSession } = await import('./pick-session.js');
  return pickSession(session);
}

async function run(session: CommandSession, given: unknown, flags: ShowFlags): Promise<Outcome> {
  const id = typeof given === 'string' ? given : await chooseSession(session);
  session.ids.note(id);
  const [{ show }, { showView }, { notedId }, context] = await Promise.all([
    import('../operations/sessions/show.js'),
    import('./show-view.js'),
    import('./masked-ids.js'),
    session.context(),
  ]);
  const target = await session.target();
  notedId(session.ids, target.layout, id);
  const result = await show(context, target, { id, events: flags.events });
  const shownId = notedId(session.ids, result.layout, result.session.id);
  const shown = { ...result, session: { ...result.session, id: shownId } };
  return { view: showView(shown, (value) => session.ids.deep(value), flags.reveal === true) };
}

export const showCommand: CommandDefinition = {
  name: 'show',
  group: 'sessions',
  summary: 'one session decoded: times, state, metadata, its newest events',
  declare: (command) => {
    command.description(
      'Shows one session decoded: times, expiry, capabilities, state, metadata, and its newest events. ' +
        'Values whose key looks secret are masked unless --reveal is given.',
    );
    command
      .argument('[id]', "the session's id; on a terminal it may be chosen from a list")
      .option('--reveal', 'show secrets')
      .addOption(
        new Option('--events <n>', 'how many of the newest events').default(DEFAULT_EVENTS).argParser(wholeNumber(0)),
      );
  },
  needs: [
    ...FIND,
    { on: 'table', role: 'sessions', actions: ['dynamodb:GetItem'] },
    ...EVENTS_TABLE,
    { on: 'table', role: 'events', actions: ['dynamodb:Query'] },
    {
      on: 'table',
      role: 'sessions',
      actions: ['dynamodb:Scan'],
      when: 'no id is given, on a terminal',
    },
  ],
  examples: [
    { command: 'mcp-sessions show 0198c0ffee', does: 'a session with its newest events' },
    { command: "mcp-sessions show 0198c0ffee --json | jq '.attributes.state'", does: 'just its state' },
  ],
  run: (session, [id], command) => run(session, id, command.opts<ShowFlags>()),
};
