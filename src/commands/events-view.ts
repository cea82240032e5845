import { isoTime } from '../output/format-time.js';
import type { Page } from '../output/page.js';
import { redact } from '../output/redact.js';
import { jsonLine } from '../output/render.js';
import type { View } from '../output/view.js';
import type { DecodedEvent } from '../schema/decode.js';
import { secretJudge } from '../schema/secrets.js';
import type { Layout } from '../schema/types.js';
import type { CommandSession } from './session.js';

const COLUMNS = ['id', 'timestamp', 'type', 'data'] as const;

interface ShownEvent {
  readonly id: string | number;
  readonly timestamp: string | null;
  readonly type: string | null;
  readonly data: unknown;
}

function eventJson(
  { ids }: CommandSession,
  layout: Layout,
  { id, timestamp, type, data }: DecodedEvent,
  reveal: boolean,
): ShownEvent {
  return {
    id,
    timestamp: timestamp === null ? null : isoTime(new Date(timestamp)),
    type,
    data: ids.deep(reveal ? data : redact(data, secretJudge(layout))),
  };
}

const dataText = (data: unknown): string => (typeof data === 'string' ? data : JSON.stringify(data));

function tableText(page: Page, events: readonly ShownEvent[]): string {
  if (events.length === 0) return page.note('no events');
  const rows = events.map(({ id, timestamp, type, data }) => ({
    id: String(id),
    timestamp,
    type,
    data: dataText(data),
  }));
  return page.table(
    [
      { key: 'id', title: 'Id', align: 'right' },
      { key: 'timestamp', title: 'When' },
      { key: 'type', title: 'Type', priority: 1 },
      { key: 'data', title: 'Data', truncate: 'end', min: 20 },
    ],
    rows,
    'use --output json',
  );
}

/** A session's events in every format. */
export function eventsView(
  session: CommandSession,
  layout: Layout,
  sessionId: string,
  events: readonly DecodedEvent[],
  reveal: boolean,
): View {
  const shown = events.map((event) => eventJson(session, layout, event, reveal));
  return {
    json: { sessionId, layout: layout.id, events: shown },
    lines: shown,
    columns: COLUMNS,
    records: shown.map((event) => ({ ...event })),
    human: (page) => tableText(page, shown),
  };
}

/** Writes events as they come: a JSON object a line for programs, a line of text for people. */
export function eventWriter(
  session: CommandSession,
  layout: Layout,
  reveal: boolean,
): (event: DecodedEvent) => Promise<void> {
  const { format } = session;
  const page = session.page('stdout');
  return (event) => {
    const shown = eventJson(session, layout, event, reveal);
    const text =
      format === 'table'
        ? `${page.muted(shown.timestamp ?? '-')} ${page.strong(String(shown.id))} ${page.styled('info', shown.type ?? '-')} ${page.styled('plain', dataText(shown.data))}`
        : jsonLine(shown);
    return session.write(`${text}\n`);
  };
}
