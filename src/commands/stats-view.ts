import type { StatsResult } from '../operations/stats/stats.js';
import type { TtlStats } from '../operations/stats/ttl.js';
import { barChart } from '../output/bar-chart.js';
import { counted, formatCount } from '../output/format-count.js';
import { formatDollars } from '../output/format-dollars.js';
import { formatSize } from '../output/format-size.js';
import { duration } from '../output/format-time.js';
import type { Page } from '../output/page.js';
import type { View } from '../output/view.js';
import { sessionJson, STATE_STYLES } from './session-view.js';

const COLUMNS = [
  'total',
  'active',
  'expired',
  'terminated',
  'incomplete',
  'events',
  'orphanEvents',
  'neverExpiring',
  'withoutTtl',
  'sizeTotal',
  'sizeP50',
  'sizeP95',
  'sizeMax',
  'expiring1d',
  'expiring7d',
  'expiring30d',
  'dollarsPerMonth',
  'readUnits',
] as const;

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** The contract's keys first, then what is told beside them. */
function statsJson(result: StatsResult): Readonly<Record<string, unknown>> {
  const { eventStats: events, storage } = result;
  return {
    layout: result.layout,
    table: result.table,
    eventsTable: result.eventsTable,
    total: result.total,
    byState: result.byState,
    events: events?.events ?? null,
    orphanEvents: events?.orphanEvents ?? null,
    neverExpiring: result.neverExpiring,
    sizeBytes: result.sizeBytes,
    ageHistogram: result.ageHistogram,
    idleHistogram: result.idleHistogram,
    ageUnknown: result.ageUnknown,
    idleUnknown: result.idleUnknown,
    incomplete: result.incomplete,
    ttl: result.ttl,
    neverExpiringBy: result.neverExpiringBy,
    withoutTtl: result.withoutTtl,
    expiring: result.expiring,
    largest: result.largest.map(sessionJson),
    eventsPerSession:
      events === null ? null : { ...events.eventsPerSession, mean: rounded(events.eventsPerSession.mean, 3) },
    orphanSessions: events?.orphanSessions ?? null,
    eventsComplete: events?.eventsComplete ?? null,
    eventsTtl: events?.ttl ?? null,
    eventsNeverExpiring: events?.neverExpiring ?? null,
    eventsNeverExpiringBy: events?.neverExpiringBy ?? null,
    eventsWithoutTtl: events?.withoutTtl ?? null,
    storage: { ...storage, dollarsPerMonth: rounded(storage.dollarsPerMonth, 6) },
    scanned: result.scanned,
    eventsScanned: events?.eventsScanned ?? null,
    capacity: result.capacity,
  };
}

/** Its numbers in one line, for csv. */
function statsRecord(result: StatsResult): Readonly<Record<string, unknown>> {
  const { byState, sizeBytes, eventStats, expiring } = result;
  const within = (days: number): number => expiring.find((ahead) => ahead.days === days)?.count ?? 0;
  return {
    total: result.total,
    ...byState,
    events: eventStats?.events ?? null,
    orphanEvents: eventStats?.orphanEvents ?? null,
    neverExpiring: result.neverExpiring,
    withoutTtl: result.withoutTtl,
    sizeTotal: sizeBytes.total,
    sizeP50: sizeBytes.p50,
    sizeP95: sizeBytes.p95,
    sizeMax: sizeBytes.max,
    expiring1d: within(1),
    expiring7d: within(7),
    expiring30d: within(30),
    dollarsPerMonth: rounded(result.storage.dollarsPerMonth, 6),
    readUnits: result.capacity.readUnits,
  };
}

/** `withEvents`: events were asked for. `advise` points the commands in a text to the same tables. */
export function statsView(result: StatsResult, withEvents: boolean, advise: (text: string) => string): View {
  const json = statsJson(result);
  return {
    json,
    lines: [json],
    columns: COLUMNS,
    records: [statsRecord(result)],
    human: (page) => statsText(page, result, withEvents, advise),
  };
}

/** With one decimal at the most. */
function number(value: number): string {
  const [whole = '', fraction] = value.toFixed(1).split('.');
  return formatCount(Number(whole)) + (fraction === '0' ? '' : `.${fraction}`);
}

const count = (value: number, noun: string): string => counted(value, noun, number);

function statsText(page: Page, result: StatsResult, withEvents: boolean, advise: (text: string) => string): string {
  const { total, scanned, table } = result;
  if (total === 0 && !hasEvents(result))
    return page.note(
      scanned === 0
        ? advise(`no sessions in '${table}'; \`mcp-sessions seed\` writes examples`)
        : `no such session among the ${count(scanned, 'item')} of '${table}'`,
    );
  const states = Object.entries(STATE_STYLES).flatMap(([label, style]) =>
    Object.entries(result.byState).flatMap(([state, n]) => (state === label ? [{ label, style, count: n }] : [])),
  );
  return [
    page.heading(`${count(total, 'session')} in '${table}'`),
    barChart(page, states),
    '',
    ...histogram(page, 'Age', result.ageHistogram, result.ageUnknown, 'creation'),
    ...histogram(page, 'Idle', result.idleHistogram, result.idleUnknown, 'activity'),
    page.properties(factsOf(result, withEvents)),
    '',
    ...largestLines(page, result),
    ...warningLines(page, result, advise),
    ...costLines(page, result),
  ].join('\n');
}

const hasEvents = ({ eventStats }: StatsResult): boolean => (eventStats?.eventsScanned ?? 0) > 0;

type Buckets = StatsResult['ageHistogram'];

function bucketLabel({ fromSeconds, toSeconds }: Buckets[number]): string {
  if (toSeconds === null) return `over ${duration(fromSeconds * 1000)}`;
  const to = duration(toSeconds * 1000);
  return fromSeconds === 0 ? `under ${to}` : `${duration(fromSeconds * 1000)} to ${to}`;
}

/** From the first bucket that holds something to the last; empty ones between them stay, as gaps. */
function histogram(
  page: Page,
  title: string,
  buckets: Buckets,
  unknown: number,
  recorded: 'creation' | 'activity',
): readonly string[] {
  const first = buckets.findIndex(({ count: n }) => n > 0);
  if (first === -1) return [];
  const last = buckets.findLastIndex(({ count: n }) => n > 0);
  const bars = buckets.slice(first, last + 1).map((bucket) => ({ label: bucketLabel(bucket), count: bucket.count }));
  return [
    page.heading(title),
    barChart(page, bars),
    ...(unknown > 0 ? [page.note(`  ${number(unknown)} whose ${recorded} cannot be read`)] : []),
    '',
  ];
}

function factsOf(result: StatsResult, withEvents: boolean): readonly (readonly [string, string])[] {
  const { sizeBytes: size, expiring, total, byState, eventStats } = result;
  const ahead = expiring.map(({ days, count: n }) => `${number(n)} within ${days === 1 ? '1 day' : `${days} days`}`);
  return [
    ...(total === 0
      ? []
      : ([
          [
            'Size',
            `${formatSize(size.total)} in all; median ${formatSize(size.p50)}, p95 ${formatSize(size.p95)}, largest ${formatSize(size.max)}`,
          ],
          ['Expiring', ahead.join(', ')],
          ...(byState.expired > 0 ? [['Expired', `${number(byState.expired)} still stored`] as const] : []),
        ] as const)),
    ['Events', eventStats === null ? noEvents(result, withEvents) : eventsText(eventStats, total)],
  ];
}

const noEvents = ({ layout }: StatsResult, withEvents: boolean): string =>
  withEvents ? `none counted: the layout ${layout} has no events table here` : 'not counted (--no-events)';

function eventsText({ events, eventsPerSession }: NonNullable<StatsResult['eventStats']>, total: number): string {
  const { mean, p50, p95, max, sessionsWithout } = eventsPerSession;
  if (total === 0 || events === 0) return number(events);
  const without = sessionsWithout > 0 ? `; ${count(sessionsWithout, 'session')} without any` : '';
  return `${number(events)}; a session has ${number(mean)} on average, median ${number(p50)}, p95 ${number(p95)}, most ${number(max)}${without}`;
}

function largestLines(page: Page, { largest }: StatsResult): readonly string[] {
  if (largest.length === 0) return [];
  const rows = largest.map(({ id, state, sizeBytes }) => ({
    id,
    size: formatSize(sizeBytes),
    state: { text: state, style: STATE_STYLES[state] },
  }));
  const columns = [
    { key: 'id', title: 'Largest', truncate: 'middle', min: 36 },
    { key: 'size', title: 'Size', align: 'right' },
    { key: 'state', title: 'State', priority: 1 },
  ] as const;
  return [page.table(columns, rows), ''];
}

/** What is wrong with TTL values: of a session's row, or of an event. */
function ttlLines({ ttl, neverExpiring, neverExpiringBy: by, withoutTtl }: TtlStats, noun: string): readonly string[] {
  const why = [
    ...(by.wrongUnit > 0 ? [`${number(by.wrongUnit)} not in seconds`] : []),
    ...(by.text > 0 ? [`${number(by.text)} text`] : []),
    ...(by.longPast > 0 ? [`${number(by.longPast)} more than five years past`] : []),
    ...(by.other > 0 ? [`${number(by.other)} of another type`] : []),
  ];
  return [
    ...(neverExpiring > 0
      ? [`${count(neverExpiring, noun)} whose '${ttl.attribute ?? ''}' can never fire: ${why.join(', ')}`]
      : []),
    ...(withoutTtl > 0 ? [`${count(withoutTtl, noun)} without '${ttl.attribute ?? ''}': TTL leaves them`] : []),
  ];
}

function warningLines(page: Page, result: StatsResult, advise: (text: string) => string): readonly string[] {
  const { incomplete, ttl, eventStats, total } = result;
  const orphans = eventStats?.orphanEvents ?? 0;
  const lines = [
    ...ttlLines(result, 'row'),
    ...(!ttl.enabled && total > 0 ? ['TTL is off: expired rows stay until they are purged'] : []),
    ...(incomplete > 0 ? [`${count(incomplete, 'row')} without an attribute that every whole row has`] : []),
    ...(orphans > 0
      ? [
          `${count(orphans, 'event')} of ${count(eventStats?.orphanSessions ?? 0, 'session')} that ${eventStats?.orphanSessions === 1 ? 'is' : 'are'} gone; ${advise('`mcp-sessions purge --orphans` deletes them')}`,
        ]
      : []),
    ...(eventStats === null ? [] : ttlLines(eventStats, 'event')),
    ...(eventStats?.eventsComplete === false
      ? ['more sessions than can be kept in mind: some of their events were not counted (without a filter all are)']
      : []),
  ];
  return lines.length === 0 ? [] : [...lines.map((line) => page.warn(line)), ''];
}

function costLines(page: Page, { storage, scanned, eventStats, capacity, isFiltered }: StatsResult): readonly string[] {
  const { dollarsPerMonth, prices, sessionBytes, eventBytes } = storage;
  const dollars = formatDollars(dollarsPerMonth);
  const what = eventBytes === null ? '' : `, events about ${formatSize(eventBytes)}`;
  const events = eventStats === null ? '' : ` and ${count(eventStats.eventsScanned, 'event')}`;
  return [
    page.note(
      `storing ${isFiltered ? 'these' : 'them'} costs ${dollars} a month (sessions ${formatSize(sessionBytes)} with their indexes${what}; ` +
        `$${prices.perGigabyteMonth.toFixed(2)} a GB, list price of ${prices.region}, ${prices.asOf})`,
    ),
    page.note(`${count(scanned, 'item')}${events} read, ${count(rounded(capacity.readUnits, 1), 'read unit')}`),
  ];
}
