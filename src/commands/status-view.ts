import type { StatusResult, TableStatus } from '../operations/tables/status.js';
import { goOnWith, unfinishedText } from '../operations/tables/unfinished.js';
import { formatCount } from '../output/format-count.js';
import { formatSize } from '../output/format-size.js';
import { absoluteTime, relativeTime } from '../output/format-time.js';
import type { Page, Property } from '../output/page.js';
import type { View } from '../output/view.js';
import { describeBilling, describeIndex, describeKeys } from '../schema/describe.js';
import type { Value } from '../schema/diff.js';
import { type Drift, drift, STATUS_COLUMNS, tableJson, tableRecord } from './status-data.js';

const driftValue = (value: Value): string => (value === null ? 'none' : String(value));

const driftLine = (page: Page, { property, expected, actual }: Drift): string =>
  page.changed(`drift  ${property}: ${driftValue(actual)}, the layout says ${driftValue(expected)}`);

/** AWS counts every six hours or so; engines count on the spot, but some leave the bytes out. */
function itemText({ observed }: TableStatus, isAws: boolean): string {
  const { itemCount = 0, sizeBytes = 0 } = observed ?? {};
  const size = itemCount > 0 && sizeBytes === 0 ? '' : `, ${formatSize(sizeBytes)}`;
  return `${formatCount(itemCount)}${size}${isAws ? ' (as of the last count, up to 6 h old)' : ''}`;
}

interface Where {
  readonly isAws: boolean;
  /** Points the commands in a text to the same tables. */
  readonly advise: (text: string) => string;
}

function tableText(page: Page, table: TableStatus, { isAws, advise }: Where): string {
  const { planned, observed, unfinished } = table;
  const heading = `${planned.name} (${planned.role})`;
  const interrupted =
    unfinished === null
      ? []
      : [page.warn(advise(`${unfinishedText(observed !== null, unfinished)}; ${goOnWith(planned.role)}`))];
  if (observed === null && unfinished !== null) return [page.heading(heading), ...interrupted].join('\n');
  if (observed === null)
    return `${page.heading(heading)}\n${page.changed(advise('does not exist; `mcp-sessions setup` creates it'))}`;
  const differences = drift(table);
  const inSync = planned.action === 'none';
  const properties: Property[] = [
    ['State', { text: observed.status, style: observed.status === 'ACTIVE' ? 'good' : 'warn' }],
    ['Items', itemText(table, isAws)],
    ['Keys', describeKeys(observed.keys)],
    ...(observed.indexes.length === 0 ? [['Indexes', 'none'] as const] : []),
    ...observed.indexes.map(
      (index, at): Property => [
        at === 0 ? 'Indexes' : '',
        `${index.name}: ${describeIndex(index)}${index.status === 'ACTIVE' ? '' : ` (${index.status}${index.backfilling ? ', back-filling' : ''})`}`,
      ],
    ),
    ['TTL', observed.ttl.attribute === null ? 'off' : `${observed.ttl.attribute} (${observed.ttl.status})`],
    ['Stream', observed.stream.enabled ? (observed.stream.viewType ?? 'on') : 'off'],
    ['Billing', describeBilling(observed.billing)],
    ['Recovery', recoveryText(table)],
    ['Protection', observed.deletionProtection ? 'on' : 'off'],
    ['Encryption', observed.encryption.kmsKey ?? "DynamoDB's own key"],
    ...(observed.tableClass === 'STANDARD' ? [] : [['Class', observed.tableClass] as const]),
    ...(observed.replicas.length === 0
      ? []
      : [['Replicas', observed.replicas.map(({ region, status }) => `${region} (${status})`).join(', ')] as const]),
    ['Tags', tagText(observed.tags)],
    ['Backup', backupText(page, table)],
  ];
  return [
    page.heading(heading),
    page.properties(properties),
    ...differences.map((difference) => driftLine(page, difference)),
    ...(inSync ? [page.same('as the layout says')] : []),
    ...interrupted,
  ].join('\n');
}

const recoveryText = ({ observed }: TableStatus): string => {
  const recovery = observed?.pointInTimeRecovery ?? null;
  if (recovery === null) return 'not offered here, or not readable';
  return recovery.enabled ? 'point-in-time recovery on' : 'point-in-time recovery off';
};

function tagText(tags: Readonly<Record<string, string>> | null): string {
  if (tags === null) return 'not readable';
  const pairs = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? 'none' : pairs.join(', ');
}

function backupText(page: Page, { newestBackup }: TableStatus): string {
  if (newestBackup === undefined) return 'not offered here, or not readable';
  if (newestBackup === null) return 'none';
  const created = new Date(newestBackup.createdAt);
  return `${newestBackup.name}, ${newestBackup.status}, ${absoluteTime(created)} (${relativeTime(created, page.now)})`;
}

/** `place` says for people where the tables are. */
export function statusView(result: StatusResult, place: string, advise: Where['advise']): View {
  const { region, endpoint, layout, layoutSource, inSync } = result;
  const tables = result.tables.map(tableJson);
  return {
    json: { region, endpoint, layout, layoutSource, inSync, tables },
    lines: tables,
    columns: STATUS_COLUMNS,
    records: result.tables.map(tableRecord),
    human: (page) => {
      const found = { given: 'as named', detected: 'as detected', default: 'the default' }[layoutSource];
      const differ = 'the tables differ from the layout; `mcp-sessions setup` shows the plan and mends it';
      // Where a teardown has to go on first, setup would make the table as the layout says, and not as it was.
      const isWhole = result.tables.every(({ unfinished }) => unfinished === null);
      const closing = inSync ? [page.success('in sync with the layout')] : isWhole ? [page.warn(advise(differ))] : [];
      return [
        page.note(`layout ${layout} (${found}) ${place}`),
        ...result.tables.map((table) => tableText(page, table, { isAws: endpoint === null, advise })),
        ...closing,
      ].join('\n\n');
    },
  };
}
