import { Option } from 'commander';
import { CliError } from '../errors.js';
import type { ShowResult } from '../operations/show.js';
import { formatSize } from '../output/format-size.js';
import { absoluteTime, relativeTime } from '../output/format-time.js';
import type { Page, Property } from '../output/page.js';
import { redact } from '../output/redact.js';
import type { View } from '../output/view.js';
import { secretJudge } from '../schema/secrets.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { wholeNumber } from './global-options.js';
import type { CommandSession } from './session.js';
import { iso, sessionJson, STATE_STYLES } from './session-view.js';

interface ShowFlags {
  readonly reveal?: boolean;
  readonly events: number;
}

const DEFAULT_EVENTS = 10;

function timeText(page: Page, ms: number | null): string | null {
  if (ms === null) return null;
  const date = new Date(ms);
  return `${absoluteTime(date)} (${relativeTime(date, page.now)})`;
}

function showView(result: ShowResult, reveal: boolean): View {
  const isSecret = secretJudge(result.layout);
  const masked = (value: unknown): unknown => (reveal ? value : redact(value, isSecret));
  const attributes = masked(result.attributes);
  const events = (result.events ?? []).map((event) => ({
    id: event.id,
    timestamp: iso(event.timestamp),
    type: event.type,
    data: masked(event.data),
  }));
  const session = sessionJson(result.session);
  return {
    json: { ...session, layout: result.layout.id, table: result.table, attributes, events },
    lines: [{ ...session, attributes, events }],
    columns: [...Object.keys(session), 'attributes'],
    records: [{ ...session, problems: result.session.problems.join('; '), attributes }],
    human: (page) => showText(page, result, { attributes, events }),
  };
}

interface Shown {
  readonly attributes: unknown;
  readonly events: readonly { id: string | number; timestamp: string | null; type: string | null; data: unknown }[];
}

function showText(page: Page, result: ShowResult, { attributes, events }: Shown): string {
  const { session, layout, table } = result;
  const properties: Property[] = [
    ['State', { text: session.state, style: STATE_STYLES[session.state] }],
    ['Created', timeText(page, session.createdAt)],
    ['Last activity', timeText(page, session.lastActivityAt)],
    ['Expires', session.expiresAt === null ? 'never' : timeText(page, session.expiresAt)],
    ['Size', formatSize(session.sizeBytes)],
    ['Table', `${table} (layout ${layout.id})`],
  ];
  const parts = [
    page.heading(session.id),
    page.properties(properties),
    ...session.problems.map((problem) => page.warn(problem)),
    '',
    page.heading('Attributes'),
    page.block(JSON.stringify(attributes, null, 2)),
  ];
  if (layout.event !== null) parts.push('', ...eventLines(page, result, events));
  return parts.join('\n');
}

function eventLines(page: Page, result: ShowResult, events: Shown['events']): readonly string[] {
  if (result.events === null) return [page.note('events were not read')];
  if (events.length === 0) return [page.heading('Events'), page.note('none')];
  const rows = events.map(({ id, timestamp, type, data }) => ({
    id: String(id),
    time: timestamp === null ? null : relativeTime(new Date(timestamp), page.now),
    type,
    data: typeof data === 'string' ? data : JSON.stringify(data),
  }));
  return [
    page.heading(result.moreEvents ? `Newest ${events.length} events` : 'Events'),
    page.table(
      [
        { key: 'id', title: 'Id', align: 'right' },
        { key: 'time', title: 'When' },
        { key: 'type', title: 'Type', priority: 1 },
        { key: 'data', title: 'Data', truncate: 'end', min: 20 },
      ],
      rows,
      'use --output json',
    ),
  ];
}

async function chooseSession(session: CommandSession): Promise<string> {
  if (!session.terminal.isInteractive)
    throw new CliError('USAGE', 'the id of the session is missing', {
      hint: 'mcp-sessions show <id>; `mcp-sessions list` shows the ids',
    });
  const [{ list }, context] = await Promise.all([import('../operations/list.js'), session.context()]);
  const { sessions } = await list(context, await session.target(), { filter: {}, sort: 'activity', limit: 30 });
  session.progress.stop();
  if (sessions.length === 0)
    throw new CliError('SESSION_NOT_FOUND', 'there is no session to show', {
      hint: '`mcp-sessions seed` writes examples',
    });
  const id = await session.prompts.select({
    message: 'Which session?',
    flag: 'an id: mcp-sessions show <id>',
    choices: sessions.map((each) => ({ value: each.id, name: `${each.id}  ${each.state}` })),
  });
  session.tell(session.page('stderr').note(`$ mcp-sessions show ${id}`));
  return id;
}

async function run(session: CommandSession, given: unknown, flags: ShowFlags): Promise<Outcome> {
  const id = typeof given === 'string' ? given : await chooseSession(session);
  const [{ show }, context] = await Promise.all([import('../operations/show.js'), session.context()]);
  const result = await show(context, await session.target(), { id, events: flags.events });
  return { view: showView(result, flags.reveal === true) };
}

export const showCommand: CommandDefinition = {
  name: 'show',
  group: 'sessions',
  summary: 'one session decoded: times, state, metadata, its newest events',
  declare: (command) => {
    command.description(
      'Shows one session decoded: times, expiry, capabilities, state, metadata, and its newest events.\n' +
        'Values whose key looks secret are masked unless --reveal is given.',
    );
    command
      .argument('[id]', 'the session’s id; on a terminal it may be chosen from a list')
      .option('--reveal', 'show secrets')
      .addOption(
        new Option('--events <n>', 'how many of the newest events').default(DEFAULT_EVENTS).argParser(wholeNumber(0)),
      );
  },
  examples: [
    { command: 'mcp-sessions show 0198c0ffee', does: 'a session with its newest events' },
    { command: "mcp-sessions show 0198c0ffee --json | jq '.attributes.state'", does: 'just its state' },
  ],
  run: (session, [id], command) => run(session, id, command.opts<ShowFlags>()),
};
