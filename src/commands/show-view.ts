import type { ShowResult } from '../operations/sessions/show.js';
import { formatSize } from '../output/format-size.js';
import { absoluteTime, relativeTime } from '../output/format-time.js';
import type { Page, Property } from '../output/page.js';
import { redact } from '../output/redact.js';
import type { View } from '../output/view.js';
import { secretJudge } from '../schema/secrets.js';
import { iso, sessionJson, STATE_STYLES } from './session-view.js';

function timeText(page: Page, ms: number | null): string | null {
  if (ms === null) return null;
  const date = new Date(ms);
  return `${absoluteTime(date)} (${relativeTime(date, page.now)})`;
}

/** The attributes in the order of the layout, then those it does not know; DynamoDB answers them in any order. */
function inOrder({ attributes, layout }: ShowResult): Readonly<Record<string, unknown>> {
  const known = layout.tables.find(({ role }) => role === 'sessions')?.attributes.flatMap(({ names }) => names) ?? [];
  const rank = (name: string): number => (known.includes(name) ? known.indexOf(name) : known.length);
  return Object.fromEntries(
    Object.entries(attributes).toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0)),
  );
}

/** `withoutIds` takes the ids out of a value that are not to be seen. */
export function showView(result: ShowResult, withoutIds: (value: unknown) => unknown, reveal: boolean): View {
  const isSecret = secretJudge(result.layout);
  const masked = (value: unknown): unknown => withoutIds(reveal ? value : redact(value, isSecret));
  const attributes = masked(inOrder(result));
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

const newestText = (count: number): string => (count === 1 ? 'Newest event' : `Newest ${count} events`);

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
    page.heading(result.moreEvents ? newestText(events.length) : 'Events'),
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
