import type { ListIndex, ListResult } from '../operations/sessions/list.js';
import { counted } from '../output/format-count.js';
import { formatSize } from '../output/format-size.js';
import { relativeTime } from '../output/format-time.js';
import type { Page } from '../output/page.js';
import type { Column, Row } from '../output/table.js';
import type { View } from '../output/view.js';
import type { DecodedSession } from '../schema/decode.js';
import { type Field, FIELDS } from './list-fields.js';
import { iso, sessionJson, STATE_STYLES } from './session-view.js';

/** An id of 36 characters, a UUID, stays whole at 80 columns; then what it is, when it was used, when it ends. */
const COLUMNS: Readonly<Record<Field, Column>> = {
  id: { key: 'id', title: 'Id', truncate: 'middle', min: 36 },
  state: { key: 'state', title: 'State', priority: 5 },
  lastActivityAt: { key: 'lastActivityAt', title: 'Last activity', priority: 4 },
  createdAt: { key: 'createdAt', title: 'Created', priority: 2 },
  expiresAt: { key: 'expiresAt', title: 'Expires', priority: 3 },
  sizeBytes: { key: 'sizeBytes', title: 'Size', align: 'right', priority: 1 },
  problems: { key: 'problems', title: 'Problems', wrap: true, min: 16, priority: 6 },
};

/** Columns without a value in any row only take room; problems would take that of times, and get a line of their own. */
function usefulFields(sessions: readonly DecodedSession[]): readonly Field[] {
  const has = (look: (session: DecodedSession) => boolean): boolean => sessions.length === 0 || sessions.some(look);
  const useful: Readonly<Record<Field, boolean>> = {
    id: true,
    state: true,
    lastActivityAt: has(({ lastActivityAt }) => lastActivityAt !== null),
    createdAt: has(({ createdAt }) => createdAt !== null),
    expiresAt: has(({ expiresAt }) => expiresAt !== null),
    sizeBytes: true,
    problems: false,
  };
  return FIELDS.filter((field) => useful[field]);
}

function rowOf(page: Page, session: DecodedSession): Row {
  const time = (ms: number | null): string | null => {
    if (ms === null) return null;
    return page.width === undefined ? iso(ms) : relativeTime(new Date(ms), page.now);
  };
  return {
    id: session.id,
    state: { text: session.state, style: STATE_STYLES[session.state] },
    lastActivityAt: time(session.lastActivityAt),
    createdAt: time(session.createdAt),
    expiresAt: session.expiresAt === null ? 'never' : time(session.expiresAt),
    sizeBytes: formatSize(session.sizeBytes),
    problems: session.problems.join('; '),
  };
}

/** What is wrong with the sessions shown, the first few by name; for tables that do not have it as a column. */
function problemLines(page: Page, sessions: readonly DecodedSession[]): readonly string[] {
  const odd = sessions.filter(({ problems }) => problems.length > 0);
  if (odd.length === 0) return [];
  const first = odd.slice(0, 3).map(({ id, problems }) => page.warn(`${id}: ${problems.join('; ')}`));
  const more = odd.length - first.length;
  return [
    ...first,
    ...(more > 0 ? [page.warn(`${more} more with problems; --columns id,problems shows them`)] : []),
    '',
  ];
}

/** What an answer from an index may lack. */
function indexText({ name, attribute, moves }: ListIndex): string {
  const used = moves ? ', and one that was used in that moment may be missing' : '';
  return `from the index ${name}: sessions without ${attribute} are not counted${used} (--no-index reads the table)`;
}

function listText(page: Page, result: ListResult, fields: readonly Field[], advise: (text: string) => string): string {
  const { sessions, matched, scanned, capacity, table, truncated, index } = result;
  const idleText = result.idleByCreation
    ? `; the layout ${result.layout} records no activity, so idle is counted from creation`
    : '';
  if (sessions.length === 0)
    return page.note(
      scanned === 0 && index === null
        ? advise(`no sessions in '${table}'; \`mcp-sessions seed\` writes examples`)
        : `no such session among the ${counted(scanned, 'item')} of '${table}'${index === null ? '' : `; ${indexText(index)}`}${idleText}`,
    );
  const found = truncated
    ? `${sessions.length} of ${counted(matched, 'session')} (--limit or --all for more)`
    : counted(matched, 'session');
  return [
    page.table(
      fields.map((field) => COLUMNS[field]),
      sessions.map((session) => rowOf(page, session)),
    ),
    '',
    ...(fields.includes('problems') ? [] : problemLines(page, sessions)),
    page.note(
      `${found} in '${table}'; ${counted(scanned, 'item')} read, ${counted(Number(capacity.readUnits.toFixed(1)), 'read unit')}${idleText}`,
    ),
    ...(index === null ? [] : [page.note(indexText(index))]),
  ].join('\n');
}

/** Sessions as lines of `ndjson` and records of `csv`, whether they come all at once or bit by bit. */
export function sessionRows(
  sessions: readonly DecodedSession[],
  columns: readonly Field[] | undefined,
): Required<Pick<View, 'lines' | 'records' | 'columns'>> {
  const fields = columns ?? FIELDS;
  const lines = sessions.map((session) => {
    const all = sessionJson(session);
    return columns === undefined ? all : Object.fromEntries(columns.map((field) => [field, all[field]]));
  });
  return {
    lines,
    columns: fields,
    records: lines.map((line) => ({
      ...line,
      ...(fields.includes('problems') && { problems: [line['problems']].flat().join('; ') }),
    })),
  };
}

/** `advise` points the commands in a text to the same tables. */
export function listView(
  result: ListResult,
  columns: readonly Field[] | undefined,
  advise: (text: string) => string,
): View {
  const { layout, table, scanned, matched, capacity, truncated } = result;
  const rows = sessionRows(result.sessions, columns);
  const index = result.index?.name ?? null;
  return {
    json: { layout, table, sessions: rows.lines, scanned, matched, capacity, truncated, index },
    ...rows,
    human: (page) => listText(page, result, columns ?? usefulFields(result.sessions), advise),
  };
}
