import { EXIT } from '../errors.js';
import type { StatusResult, TableStatus } from '../operations/status.js';
import { formatSize } from '../output/format-size.js';
import { absoluteTime, isoTime, relativeTime } from '../output/format-time.js';
import type { Page, Property } from '../output/page.js';
import type { View } from '../output/view.js';
import { describeBilling, describeIndex, describeKeys } from '../schema/describe.js';
import type { Value } from '../schema/diff.js';
import type { KeySchema } from '../schema/types.js';
import type { CommandDefinition, Outcome } from './definition.js';
import type { CommandSession } from './session.js';
import { declareSchemaOptions, type SetupFlags, toSetupRequest } from './setup-options.js';

const BILLING_MODES = { 'on-demand': 'PAY_PER_REQUEST', provisioned: 'PROVISIONED' } as const;

interface Drift {
  readonly property: string;
  readonly expected: Value;
  readonly actual: Value;
}

/** Of a table that is not there, that alone is said. */
const drift = ({ planned, observed }: TableStatus): readonly Drift[] =>
  planned.changes
    .filter(({ kind, property }) => kind !== 'unsupported' && (observed !== null || property === 'table'))
    .map(({ property, from, to }) => ({ property, expected: to, actual: from }));

const keyNames = ({ partitionKey, sortKey }: KeySchema): object => ({
  partitionKey: partitionKey.name,
  sortKey: sortKey?.name ?? null,
});

function tableJson(table: TableStatus): object {
  const { planned, observed, newestBackup } = table;
  const { name, role } = planned;
  if (observed === null) return { name, role, exists: false, status: null, drift: drift(table) };
  const { partitionKey, sortKey } = observed.keys;
  return {
    name,
    role,
    exists: true,
    status: observed.status,
    arn: observed.arn,
    createdAt: observed.createdAt === null ? null : isoTime(new Date(observed.createdAt)),
    itemCount: observed.itemCount,
    sizeBytes: observed.sizeBytes,
    billingMode: BILLING_MODES[observed.billing.mode],
    provisioned:
      observed.billing.mode === 'provisioned'
        ? {
            readCapacityUnits: observed.billing.readCapacityUnits,
            writeCapacityUnits: observed.billing.writeCapacityUnits,
          }
        : null,
    keySchema: { ...keyNames(observed.keys), partitionKeyType: partitionKey.type, sortKeyType: sortKey?.type ?? null },
    indexes: observed.indexes.map((index) => ({
      name: index.name,
      status: index.status,
      ...keyNames(index),
      projection: index.projection.type,
      nonKeyAttributes: index.projection.nonKeyAttributes ?? [],
      itemCount: index.itemCount,
      sizeBytes: index.sizeBytes,
    })),
    ttl: observed.ttl,
    stream: observed.stream,
    pointInTimeRecovery: observed.pointInTimeRecovery ?? { enabled: false, supported: false },
    deletionProtection: observed.deletionProtection,
    tableClass: observed.tableClass,
    encryption: observed.encryption,
    tags: observed.tags ?? {},
    replicas: observed.replicas,
    newestBackup:
      newestBackup === null || newestBackup === undefined
        ? null
        : {
            name: newestBackup.name,
            arn: newestBackup.arn,
            status: newestBackup.status,
            createdAt: isoTime(new Date(newestBackup.createdAt)),
            sizeBytes: newestBackup.sizeBytes,
          },
    drift: drift(table),
  };
}

const COLUMNS = [
  'name',
  'role',
  'exists',
  'status',
  'itemCount',
  'sizeBytes',
  'billingMode',
  'ttl',
  'stream',
  'indexes',
  'drift',
] as const;

function tableRecord(table: TableStatus): Record<string, unknown> {
  const { planned, observed } = table;
  return {
    name: planned.name,
    role: planned.role,
    exists: observed !== null,
    status: observed?.status ?? '',
    itemCount: observed?.itemCount ?? '',
    sizeBytes: observed?.sizeBytes ?? '',
    billingMode: observed === null ? '' : BILLING_MODES[observed.billing.mode],
    ttl: observed?.ttl.attribute ?? '',
    stream: observed?.stream.viewType ?? '',
    indexes: observed?.indexes.map(({ name }) => name).join(' ') ?? '',
    drift: drift(table)
      .map(({ property }) => property)
      .join(' '),
  };
}

const driftValue = (value: Value): string => (value === null ? 'none' : String(value));

const driftLine = (page: Page, { property, expected, actual }: Drift): string =>
  page.changed(`drift  ${property}: ${driftValue(actual)}, the layout says ${driftValue(expected)}`);

function tableText(page: Page, table: TableStatus): string {
  const { planned, observed } = table;
  const heading = `${planned.name} (${planned.role})`;
  if (observed === null)
    return `${page.heading(heading)}\n${page.changed('does not exist; `mcp-sessions setup` creates it')}`;
  const differences = drift(table);
  const inSync = planned.action === 'none';
  const properties: Property[] = [
    ['State', { text: observed.status, style: observed.status === 'ACTIVE' ? 'good' : 'warn' }],
    [
      'Items',
      `${observed.itemCount.toLocaleString('en-US')}, ${formatSize(observed.sizeBytes)} (as of the last count, up to 6 h old)`,
    ],
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
    joinProperties(page, properties),
    ...differences.map((difference) => driftLine(page, difference)),
    ...(inSync ? [page.same('as the layout says')] : []),
  ].join('\n');
}

/** A property without a name goes on below the one before it. */
function joinProperties(page: Page, properties: readonly Property[]): string {
  return page
    .properties(properties)
    .split('\n')
    .map((line) => line.replace(/^:/, ' '))
    .join('\n');
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

function statusView(result: StatusResult): View {
  const { region, endpoint, layout, layoutSource, inSync } = result;
  const tables = result.tables.map(tableJson);
  return {
    json: { region, endpoint, layout, layoutSource, inSync, tables },
    lines: tables,
    columns: COLUMNS,
    records: result.tables.map(tableRecord),
    human: (page) => {
      const where = endpoint === null ? `in ${region}` : `in ${region} at ${endpoint}`;
      const found = { given: 'as named', detected: 'as detected', default: 'the default' }[layoutSource];
      const closing = inSync
        ? page.success('in sync with the layout')
        : page.warn('the tables differ from the layout; `mcp-sessions setup` shows the plan and mends it');
      return [
        page.note(`layout ${layout} (${found}) ${where}`),
        ...result.tables.map((table) => tableText(page, table)),
        closing,
      ].join('\n\n');
    },
  };
}

async function run(session: CommandSession, flags: SetupFlags): Promise<Outcome> {
  const { environment } = await session.settings();
  const request = toSetupRequest(flags, environment.value);
  const [{ status }, context] = await Promise.all([import('../operations/status.js'), session.context()]);
  const result = await status(context, await session.target(), request);
  return {
    view: statusView(result),
    exitCode: flags.check === true && !result.inSync ? EXIT.found : EXIT.done,
  };
}

export const statusCommand: CommandDefinition = {
  name: 'status',
  group: 'tables',
  summary: 'the tables as they are, and how they differ from the layout',
  declare: (command) => {
    command.description(
      'Shows the tables as they are: state, items, keys, indexes, TTL, stream, billing, recovery, protection, tags,\n' +
        'replicas, the newest backup, and how they differ from the layout. Changes nothing.',
    );
    command.option('--check', 'exit 3 when the tables differ from the layout');
    declareSchemaOptions(command);
  },
  examples: [
    { command: 'mcp-sessions status --local', does: 'the tables of the embedded engine' },
    { command: 'mcp-sessions status --check --quiet', does: 'for a pipeline: exit 3 on drift' },
    { command: "mcp-sessions status --json | jq '.tables[].drift'", does: 'just the differences' },
  ],
  run: (session, _args, command) => run(session, command.opts<SetupFlags>()),
};
