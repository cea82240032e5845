import type { PurgeResult } from '../operations/purge/purge.js';
import type { OrphanResult, OrphanSummary } from '../operations/purge/orphans.js';
import type { PurgeSummary } from '../operations/purge/plan.js';
import type { Before } from '../operations/purge/record.js';
import { counted } from '../output/format-count.js';
import { formatDollars } from '../output/format-dollars.js';
import { relativeTime } from '../output/format-time.js';
import type { Page } from '../output/page.js';
import type { View } from '../output/view.js';
import { sessionJson } from './session-view.js';

const COLUMNS = [
  'dryRun',
  'matched',
  'deleted',
  'skippedLive',
  'failed',
  'eventsDeleted',
  'eventsFailed',
  'readUnits',
  'writeUnits',
  'seconds',
] as const;

interface Numbers {
  readonly dryRun: boolean;
  readonly matched: number;
  readonly deleted: number;
  readonly skippedLive: number;
  readonly failed: number;
  readonly events: { readonly deleted: number; readonly failed: number };
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  readonly seconds: number;
}

/** The contract's object, and its numbers in one line for csv. */
function numbersView(numbers: Numbers, more: Readonly<Record<string, unknown>>, human: View['human']): View {
  const json = { ...numbers, ...more };
  const { events, capacity, ...plain } = numbers;
  return {
    json,
    lines: [json],
    columns: COLUMNS,
    records: [
      {
        ...plain,
        eventsDeleted: events.deleted,
        eventsFailed: events.failed,
        readUnits: capacity.readUnits,
        writeUnits: capacity.writeUnits,
      },
    ],
    human,
  };
}

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

const unitText = (units: number, kind: 'read' | 'write'): string =>
  `${number(units)} ${kind} ${units === 1 ? 'unit' : 'units'}`;

interface Cost {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly dollars: number;
  readonly prices: PurgeSummary['prices'];
}

export const NOTHING_BEFORE: Before = { deleted: 0, alive: 0 };

/** Sessions that are still to be tried. */
const leftOf = ({ matched }: PurgeSummary, { deleted, alive }: Before): number => matched - deleted - alive;

export function purgeQuestion(summary: PurgeSummary, before: Before): string {
  const left = leftOf(summary, before);
  return left === 0 ? 'Delete the events that are left?' : `Delete ${counted(left, 'session')}?`;
}

/** What was looked at: a table's items, or ids that were given. */
const lookedAt = ({ scanned, unknownIds }: PurgeSummary): string =>
  unknownIds === null ? `${counted(scanned, 'item')} read` : `${counted(scanned, 'id')} looked up`;

const costText = ({ readUnits, writeUnits, dollars, prices }: Cost): string =>
  `${unitText(readUnits, 'read')} so far, about ${unitText(writeUnits, 'write')}: ${formatDollars(dollars)} ` +
  `(on-demand list prices, ${prices.region}, ${prices.asOf})`;

/** Ids that a line of text names. */
const NAMED_IDS = 5;

function unknownText(page: Page, { unknownIds, table }: PurgeSummary): readonly string[] {
  if (unknownIds === null || unknownIds.count === 0) return [];
  const named = unknownIds.ids.slice(0, NAMED_IDS);
  const more = unknownIds.count - named.length;
  const text = `${named.join(', ')}${more > 0 ? ` and ${number(more)} more` : ''}`;
  return [page.warn(`${counted(unknownIds.count, 'id')} of no session in '${table}': ${text}`)];
}

function noMatchText(page: Page, summary: PurgeSummary): string {
  const { table } = summary;
  return [page.note(`no session matches (${lookedAt(summary)} in '${table}')`), ...unknownText(page, summary)].join(
    '\n',
  );
}

/** What earlier runs have done, and what is left of the estimates. */
function leftover(
  page: Page,
  summary: PurgeSummary,
  before: Before,
): PurgeSummary & { readonly lines: readonly string[] } {
  const left = leftOf(summary, before);
  if (left === summary.matched) return { ...summary, lines: [] };
  const share = left / summary.matched;
  const kept = before.alive > 0 ? `, ${number(before.alive)} kept` : '';
  return {
    ...summary,
    events: Math.round(summary.events * share),
    eventsCounted: false,
    writeUnits: summary.writeUnits * share,
    dollars: summary.dollars * share,
    lines: [page.note(`earlier runs: ${number(before.deleted)} deleted${kept}; ${counted(left, 'session')} left`)],
  };
}

/** A few of the matches; a run that goes on with another one has none of them. */
function sampleLines(page: Page, { sample, now }: PurgeSummary): readonly string[] {
  if (sample.length === 0) return [];
  const columns = [
    { key: 'id', title: 'For example', truncate: 'middle', min: 20 },
    { key: 'state', title: 'State' },
    { key: 'activity', title: 'Last activity', priority: 1 },
    { key: 'expires', title: 'Expires', priority: 2 },
  ] as const;
  const rows = sample.map(({ id, state, lastActivityAt, expiresAt }) => ({
    id,
    state,
    activity: lastActivityAt === null ? null : relativeTime(new Date(lastActivityAt), new Date(now)),
    expires: expiresAt === null ? 'never' : relativeTime(new Date(expiresAt), new Date(now)),
  }));
  return [page.table(columns, rows)];
}

/** What would be deleted, for people: numbers, a sample, the cost, and whether TTL does it for nothing. */
export function planText(page: Page, summary: PurgeSummary, before = NOTHING_BEFORE): string {
  const { matched, table, eventsTable, ttlRemoves, idleByCreation, layout } = summary;
  if (matched === 0) return noMatchText(page, summary);
  const left = leftover(page, summary, before);
  const events = `${left.eventsCounted ? '' : 'about '}${counted(left.events, 'event')}`;
  const withEvents = eventsTable === null ? '' : `, with ${events} in '${eventsTable}'`;
  return [
    page.removed(`${counted(matched, 'session')} of ${lookedAt(summary)} in '${table}'${withEvents}`),
    ...left.lines,
    ...sampleLines(page, summary),
    ...(idleByCreation
      ? [page.note(`the layout ${layout} records no activity, so idle is counted from creation`)]
      : []),
    page.note(costText(left)),
    ...(ttlRemoves > 0
      ? [
          page.note(
            `TTL is on: it removes ${ttlRemoves === matched ? 'all' : number(ttlRemoves)} of them by itself within a few days, at no cost`,
          ),
        ]
      : []),
    ...unknownText(page, summary),
  ].join('\n');
}

export function dryRunView(summary: PurgeSummary): View {
  const { matched, readUnits, writeUnits, dollars, prices, sample, ttlRemoves, scanned } = summary;
  return numbersView(
    {
      dryRun: true,
      matched,
      deleted: 0,
      skippedLive: 0,
      failed: 0,
      events: { deleted: 0, failed: 0 },
      capacity: { readUnits, writeUnits: 0 },
      seconds: 0,
    },
    {
      scanned,
      estimate: { events: summary.events, eventsCounted: summary.eventsCounted, writeUnits, dollars, prices },
      ttlRemoves,
      sample: sample.map(sessionJson),
      unknownIds: summary.unknownIds,
      resume: null,
    },
    (page) => `${planText(page, summary)}\n\n${page.note('a dry run: nothing was changed')}`,
  );
}

/** `result` is null when nothing matched; `resume` is the command that goes on, null when all is done. */
export function resultView(result: PurgeResult | null, summary: PurgeSummary, resume: string | null): View {
  const { matched, deleted = 0, skippedLive = 0, failed = 0 } = result ?? { matched: summary.matched };
  const events = result?.events ?? { deleted: 0, failed: 0 };
  const readUnits = summary.readUnits + (result?.capacity.readUnits ?? 0);
  const writeUnits = result?.capacity.writeUnits ?? 0;
  const failures = result?.failures ?? [];
  return numbersView(
    {
      dryRun: false,
      matched,
      deleted,
      skippedLive,
      failed,
      events,
      capacity: { readUnits, writeUnits },
      seconds: Number((result?.seconds ?? 0).toFixed(3)),
    },
    { failures, unknownIds: summary.unknownIds, resume: resume === null ? null : { command: resume } },
    (page) => {
      if (result === null) return planText(page, summary);
      const withEvents = summary.eventsTable === null ? '' : `, and ${number(events.deleted)} events`;
      const lines = [
        page.success(`${number(deleted)} of ${counted(matched, 'session')} deleted${withEvents}`),
        ...(skippedLive > 0
          ? [page.note(`${number(skippedLive)} kept: they came back to life after they had been read`)]
          : []),
        ...failures.map(({ code, message, count }) =>
          page.blocked(`${count > 0 ? `${number(count)} failed: ` : ''}${code} ${message}`),
        ),
        ...unknownText(page, summary),
        ...(events.failed > 0 ? [page.blocked(`${number(events.failed)} events could not be deleted`)] : []),
        page.note(`${number(readUnits)} read and ${unitText(writeUnits, 'write')}, ${result.seconds.toFixed(1)} s`),
        ...(resume === null ? [] : [page.warn(`not everything was done; go on with:`), page.block(resume)]),
      ];
      return lines.join('\n');
    },
  );
}

/** Events without a session, for people. */
export function orphanPlanText(page: Page, summary: OrphanSummary): string {
  const { matched, scanned, eventsTable } = summary;
  if (matched === 0) return page.note(`every one of ${number(scanned)} events in '${eventsTable}' has its session`);
  return [
    page.removed(`${number(matched)} of ${number(scanned)} events in '${eventsTable}' have no session`),
    page.note(costText(summary)),
  ].join('\n');
}

export function orphanDryRunView(summary: OrphanSummary, dryRun: boolean): View {
  const { matched, readUnits, writeUnits, dollars, prices, scanned } = summary;
  return numbersView(
    {
      dryRun,
      matched,
      deleted: 0,
      skippedLive: 0,
      failed: 0,
      events: { deleted: 0, failed: 0 },
      capacity: { readUnits, writeUnits: 0 },
      seconds: 0,
    },
    { scanned, estimate: { events: matched, writeUnits, dollars, prices }, resume: null },
    (page) =>
      dryRun
        ? `${orphanPlanText(page, summary)}\n\n${page.note('a dry run: nothing was changed')}`
        : orphanPlanText(page, summary),
  );
}

export function orphanView(result: OrphanResult, summary: OrphanSummary, resume: string | null): View {
  const { deleted, failed, failures, writeUnits, seconds } = result;
  const { matched, readUnits } = summary;
  return numbersView(
    {
      dryRun: false,
      matched,
      deleted: 0,
      skippedLive: 0,
      failed: 0,
      events: { deleted, failed },
      capacity: { readUnits, writeUnits },
      seconds: Number(seconds.toFixed(3)),
    },
    { failures, resume: resume === null ? null : { command: resume } },
    (page) =>
      [
        page.success(`${number(deleted)} of ${number(matched)} events without a session deleted`),
        ...(failed > 0 ? [page.blocked(`${number(failed)} could not be deleted`)] : []),
        ...failures.map(({ code, message }) => page.blocked(`${code} ${message}`)),
        page.note(`${number(readUnits)} read and ${unitText(writeUnits, 'write')}, ${seconds.toFixed(1)} s`),
        ...(resume === null ? [] : [page.warn('not everything was done; go on with:'), page.block(resume)]),
      ].join('\n'),
  );
}
