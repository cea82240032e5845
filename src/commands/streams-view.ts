import type {
  AppliedStream,
  PlannedStream,
  StreamAction,
  StreamsPlan,
  StreamsResult,
  StreamsStatus,
  StreamState,
} from '../operations/tables/streams.js';
import type { Page, Property } from '../output/page.js';
import type { View } from '../output/view.js';

const statusJson = ({ table, role, enabled, viewType, arn, label, status, shards, exists }: StreamState) => ({
  table,
  role,
  exists,
  enabled,
  viewType,
  arn,
  label,
  status,
  shards,
});

function stateText(page: Page, state: StreamState): string {
  const { table, role, exists, enabled, viewType, status, arn, shards } = state;
  const heading = page.heading(`${table} (${role})`);
  if (!exists)
    return `${heading}\n${page.properties([['Stream', { text: 'the table does not exist', style: 'bad' }]])}`;
  const isReadable = !enabled && shards !== null && shards.open + shards.closed > 0;
  const text = enabled ? `${status}, ${viewType ?? 'view type unknown'}` : isReadable ? 'off, still readable' : 'off';
  const properties: Property[] = [
    ['Stream', { text, style: enabled ? 'good' : 'muted' }],
    ...(shards === null ? [] : ([['Shards', `${shards.open} open, ${shards.closed} closed`]] satisfies Property[])),
    ...(arn === null ? [] : ([['ARN', arn]] satisfies Property[])),
  ];
  return `${heading}\n${page.properties(properties)}`;
}

/** The streams as they are. */
export function streamsStatusView({ region, endpoint, layout, tables }: StreamsStatus, place: string): View {
  const rows = tables.map(statusJson);
  return {
    json: { region, endpoint, layout, tables: rows },
    lines: rows,
    columns: ['table', 'role', 'enabled', 'viewType', 'status', 'openShards', 'closedShards', 'arn'],
    records: rows.map(({ table, role, enabled, viewType, status, shards, arn }) => ({
      table,
      role,
      enabled,
      viewType,
      status,
      openShards: shards?.open ?? null,
      closedShards: shards?.closed ?? null,
      arn,
    })),
    human: (page) =>
      [page.note(`layout ${layout} ${place}`), ...tables.map((state) => stateText(page, state))].join('\n\n'),
  };
}

type Shown = PlannedStream | AppliedStream;

const outcomeIn = (stream: Shown): AppliedStream['outcome'] => ('outcome' in stream ? stream.outcome : null);

const LINE_OF = {
  enable: 'added',
  disable: 'removed',
  change: 'changed',
  none: 'same',
} as const satisfies Record<StreamAction, keyof Page>;

function textOf({ action, from, to }: Shown, arrow: string): string {
  switch (action) {
    case 'enable':
      return `stream on, ${to}`;
    case 'disable':
      return `stream off, was ${from}`;
    case 'change':
      return `stream ${from} ${arrow} ${to}`;
    case 'none':
      return to === null ? 'has no stream' : `stream is on, ${to}`;
  }
}

const STOPS =
  'What reads the stream stops: Lambda triggers, pipes, adapters; `mcp-sessions events --follow` goes on by asking. ' +
  'What it holds can be read for 24 hours.';
const RENEWED =
  'A stream of another view is a new stream with another ARN, which begins empty: Lambda triggers and other readers stay with the old one, ' +
  'which can be read for 24 hours.';

const REMARKS: Readonly<Partial<Record<StreamAction, string>>> = { disable: STOPS, change: RENEWED };

function tableLine(page: Page, stream: Shown): string {
  const outcome = outcomeIn(stream);
  const left = outcome === null || outcome === 'done' ? '' : ` (${outcome === 'pending' ? 'not done yet' : outcome})`;
  const arrow = page.unicode ? '→' : '->';
  return page[LINE_OF[stream.action]](`${stream.table} (${stream.role}): ${textOf(stream, arrow)}${left}`);
}

/** The plan for the terminal, above the question: what becomes of each table, and what that means. */
export function streamsPlanText(page: Page, { layout, tables }: StreamsPlan | StreamsResult, place: string): string {
  const shown: readonly Shown[] = tables;
  const planned = new Set(shown.filter((stream) => outcomeIn(stream) === null).map(({ action }) => action));
  const remarks = [...planned].flatMap((action) => REMARKS[action] ?? []);
  return [
    page.note(`layout ${layout} ${place}`),
    '',
    ...shown.map((stream) => tableLine(page, stream)),
    ...remarks.map((remark) => `\n${page.note(remark)}`),
  ].join('\n');
}

export interface StreamsViewOptions {
  /** Where the tables are, for people. */
  readonly place: string;
  readonly dryRun: boolean;
  /** The last line for people. */
  readonly closing: string;
  /** The plan stands on the terminal already, above the question. */
  readonly planWasShown?: boolean;
  /** Command lines that take it back. */
  readonly undo?: readonly string[];
}

/** A plan, or what became of it. */
export function streamsPlanView(plan: StreamsPlan | StreamsResult, options: StreamsViewOptions): View {
  const { place, dryRun, closing, planWasShown = false, undo = [] } = options;
  const { region, endpoint, layout } = plan;
  const shown: readonly Shown[] = plan.tables;
  const tables = shown.map((stream) => {
    const { table, role, action, from, to } = stream;
    return { table, role, action, from, to, outcome: outcomeIn(stream) };
  });
  const warnings = 'warnings' in plan ? { warnings: plan.warnings } : {};
  return {
    json: { region, endpoint, layout, dryRun, tables, ...(undo.length > 0 && { undo }), ...warnings },
    lines: tables,
    columns: ['table', 'role', 'action', 'from', 'to', 'outcome'],
    records: tables,
    human: (page) => {
      const hasNews = tables.some(({ outcome }) => outcome !== null && outcome !== 'done');
      // A result that goes to a file is to be whole, whatever the terminal has shown.
      const isBrief = planWasShown && page.width !== undefined && !hasNews;
      const end = [
        page.note(closing),
        ...(undo.length === 0 ? [] : ['', 'To undo it', ...undo.map((line) => `  ${line}`)]),
      ];
      return isBrief ? end.join('\n') : [streamsPlanText(page, plan, place), '', ...end].join('\n');
    },
  };
}
