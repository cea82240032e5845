import type { PurgeResult } from '../operations/purge/purge.js';
import type { OrphanResult, OrphanSummary } from '../operations/purge/orphans.js';
import type { PurgeSummary } from '../operations/purge/plan.js';
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

const costText = ({ readUnits, writeUnits, dollars, prices }: Cost): string =>
  `${unitText(readUnits, 'read')} so far, about ${unitText(writeUnits, 'write')}: ${formatDollars(dollars)} ` +
  `(on-demand list prices, ${prices.region}, ${prices.asOf})`;

/** What would be deleted, for people: numbers, a sample, the cost, and whether TTL does it for nothing. */
export function planText(page: Page, summary: PurgeSummary): string {
  const { matched, scanned, table, eventsTable, events, sample, ttlRemoves, idleByCreation, layout, now } = summary;
  if (matched === 0) return page.note(`no session matches (${number(scanned)} items read in '${table}')`);
  const withEvents = eventsTable === null ? '' : `, with about ${number(events)} events in '${eventsTable}'`;
  return [
    page.removed(`${number(matched)} of ${number(scanned)} sessions in '${table}'${withEvents}`),
    page.table(
      [
        { key: 'id', title: 'For example', truncate: 'middle', min: 20 },
        { key: 'state', title: 'State' },
        { key: 'activity', title: 'Last activity', priority: 1 },
        { key: 'expires', title: 'Expires', priority: 2 },
      ],
      sample.map(({ id, state, lastActivityAt, expiresAt }) => ({
        id,
        state,
        activity: lastActivityAt === null ? null : relativeTime(new Date(lastActivityAt), new Date(now)),
        expires: expiresAt === null ? 'never' : relativeTime(new Date(expiresAt), new Date(now)),
      })),
    ),
    ...(idleByCreation
      ? [page.note(`the layout ${layout} records no activity, so idle is counted from creation`)]
      : []),
    page.note(costText(summary)),
    ...(ttlRemoves > 0
      ? [
          page.note(
            `TTL is on: it removes ${ttlRemoves === matched ? 'all' : number(ttlRemoves)} of them by itself within a few days, at no cost`,
          ),
        ]
      : []),
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
      estimate: { events: summary.events, writeUnits, dollars, prices },
      ttlRemoves,
      sample: sample.map(sessionJson),
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
    { failures, resume: resume === null ? null : { command: resume } },
    (page) => {
      if (result === null) return planText(page, summary);
      const withEvents = summary.eventsTable === null ? '' : `, and ${number(events.deleted)} events`;
      const lines = [
        page.success(`${number(deleted)} of ${number(matched)} sessions deleted${withEvents}`),
        ...(skippedLive > 0
          ? [page.note(`${number(skippedLive)} kept: they came back to life after they had been read`)]
          : []),
        ...failures.map(({ code, message, count }) =>
          page.blocked(`${count > 0 ? `${number(count)} failed: ` : ''}${code} ${message}`),
        ),
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
