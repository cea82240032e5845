import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RawClient, useEngine } from '../../support/engine.js';
import {
  changesOf,
  closeAll,
  contextFor,
  freshName,
  index,
  outcomesOf,
  planFor,
  type SetupOptions,
  sessionsDefinition,
  setUp,
  startDouble,
} from '../harness.js';

closeAll();
const engine = useEngine();

const SESSIONS = ['session_id', 'created_at', 'last_activity'];
/** An events table that all tests of the file share; it is right from the start. */
const EVENTS = 'shared-events';

beforeAll(async () => {
  await setUp(contextFor(engine.endpoint), { sessions: 'shared-sessions', events: EVENTS });
});

/** What the raw client reads of a table, in a form to compare. */
async function read(raw: RawClient, name: string) {
  const { Table: table } = await raw.call('DescribeTable', { TableName: name });
  const { TimeToLiveDescription: ttl } = await raw.call('DescribeTimeToLive', { TableName: name });
  const { Tags: tags = [] } = await raw.call('ListTagsOfResource', { ResourceArn: table?.TableArn });
  const enabled = ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING';
  return {
    indexes: Object.fromEntries(
      (table?.GlobalSecondaryIndexes ?? []).map(({ IndexName = '', KeySchema = [], Projection }) => [
        IndexName,
        `${KeySchema.map(({ AttributeName }) => AttributeName).join('+')} ${Projection?.ProjectionType}`,
      ]),
    ),
    ttl: enabled ? ttl.AttributeName : null,
    stream: table?.StreamSpecification?.StreamEnabled === true ? table.StreamSpecification.StreamViewType : null,
    billing: table?.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
    tags: Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])),
    protection: table?.DeletionProtectionEnabled ?? false,
    tableClass: table?.TableClassSummary?.TableClass ?? 'STANDARD',
  };
}

const RIGHT = {
  indexes: { LastActivityIndex: 'last_activity KEYS_ONLY', CreatedAtIndex: 'created_at KEYS_ONLY' },
  ttl: 'ttl',
  stream: 'NEW_AND_OLD_IMAGES',
  billing: 'PAY_PER_REQUEST',
  tags: { Environment: 'development', Application: 'MCP-Session-Storage', Purpose: 'SessionManagement' },
  protection: false,
  tableClass: 'STANDARD',
};

interface Case {
  readonly state: string;
  /** Changes to the definition of the right table; `undefined` takes a member away. */
  readonly definition?: Record<string, unknown>;
  /** What is done to the table after its creation; TTL on `ttl` when left out. */
  readonly spoil?: (raw: RawClient, name: string) => Promise<unknown>;
  readonly plan: readonly string[];
  readonly options?: SetupOptions;
  readonly after?: Readonly<Record<string, unknown>>;
}

const ttl = (raw: RawClient, name: string, attribute = 'ttl'): Promise<unknown> =>
  raw.call('UpdateTimeToLive', {
    TableName: name,
    TimeToLiveSpecification: { Enabled: true, AttributeName: attribute },
  });

const attributes = (...names: string[]) =>
  names.map((name) => ({ AttributeName: name, AttributeType: name === 'session_id' || name === 'extra' ? 'S' : 'N' }));

const PROVISIONED = {
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
  GlobalSecondaryIndexes: [index('LastActivityIndex', 'last_activity'), index('CreatedAtIndex', 'created_at')].map(
    (each) => ({ ...each, ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }),
  ),
};

const CASES: readonly Case[] = [
  { state: 'as it should be', plan: [] },
  {
    state: 'without any index',
    definition: { GlobalSecondaryIndexes: undefined, AttributeDefinitions: attributes('session_id') },
    plan: ['add index:LastActivityIndex', 'add index:CreatedAtIndex'],
  },
  {
    state: 'without one index',
    definition: {
      GlobalSecondaryIndexes: [index('CreatedAtIndex', 'created_at')],
      AttributeDefinitions: attributes('session_id', 'created_at'),
    },
    plan: ['add index:LastActivityIndex'],
  },
  { state: 'with TTL off', spoil: () => Promise.resolve(), plan: ['add ttl'] },
  { state: 'with TTL on another attribute', spoil: (raw, name) => ttl(raw, name, 'expires'), plan: ['change ttl'] },
  {
    state: 'with TTL on, where none is wanted',
    plan: ['remove ttl'],
    options: { overrides: { ttlAttribute: false } },
    after: { ttl: null },
  },
  { state: 'without a stream', definition: { StreamSpecification: undefined }, plan: ['add stream'] },
  {
    state: 'with another view in its stream',
    definition: { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } },
    plan: ['change stream'],
  },
  {
    state: 'with a stream, where none is wanted',
    plan: ['remove stream'],
    options: { overrides: { stream: false } },
    after: { stream: null },
  },
  {
    state: 'without a stream, where none is wanted',
    definition: { StreamSpecification: undefined },
    plan: [],
    options: { overrides: { stream: false } },
    after: { stream: null },
  },
  {
    state: 'without tags',
    definition: { Tags: undefined },
    plan: ['add tag:Environment', 'add tag:Application', 'add tag:Purpose'],
  },
  {
    state: 'with other and with more tags',
    definition: {
      Tags: [
        { Key: 'Environment', Value: 'old' },
        { Key: 'Application', Value: 'MCP-Session-Storage' },
        { Key: 'Owner', Value: 'me' },
      ],
    },
    plan: ['change tag:Environment', 'add tag:Purpose'],
    after: { tags: { ...RIGHT.tags, Owner: 'me' } },
  },
  { state: 'with provisioned billing', definition: PROVISIONED, plan: ['change billingMode'] },
  {
    state: 'with deletion protection, where none is wanted',
    definition: { DeletionProtectionEnabled: true },
    plan: ['change deletionProtection'],
    options: { overrides: { deletionProtection: false } },
  },
  {
    state: 'without deletion protection, where it is wanted',
    plan: ['change deletionProtection'],
    options: { overrides: { deletionProtection: true } },
    after: { protection: true },
  },
  {
    state: 'with another table class',
    plan: ['change tableClass'],
    options: { overrides: { tableClass: 'STANDARD_INFREQUENT_ACCESS' } },
    after: { tableClass: 'STANDARD_INFREQUENT_ACCESS' },
  },
  {
    state: 'with an index that the layout does not have',
    definition: {
      GlobalSecondaryIndexes: [
        index('LastActivityIndex', 'last_activity'),
        index('CreatedAtIndex', 'created_at'),
        index('ExtraIndex', 'extra', 'ALL'),
      ],
      AttributeDefinitions: attributes(...SESSIONS, 'extra'),
    },
    plan: [],
    after: { indexes: { ...RIGHT.indexes, ExtraIndex: 'extra ALL' } },
  },
  {
    state: 'with an index that the layout does not have, with --prune',
    definition: {
      GlobalSecondaryIndexes: [
        index('LastActivityIndex', 'last_activity'),
        index('CreatedAtIndex', 'created_at'),
        index('ExtraIndex', 'extra', 'ALL'),
      ],
      AttributeDefinitions: attributes(...SESSIONS, 'extra'),
    },
    options: { prune: true },
    plan: ['remove index:ExtraIndex'],
  },
  {
    state: 'with other keys in an index, with --prune',
    definition: {
      GlobalSecondaryIndexes: [index('LastActivityIndex', 'extra'), index('CreatedAtIndex', 'created_at')],
      AttributeDefinitions: attributes('session_id', 'created_at', 'extra'),
    },
    options: { prune: true },
    plan: ['change index:LastActivityIndex'],
  },
  {
    state: 'wrong in everything that can be mended',
    definition: {
      ...PROVISIONED,
      GlobalSecondaryIndexes: undefined,
      AttributeDefinitions: attributes('session_id'),
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'OLD_IMAGE' },
      Tags: undefined,
    },
    spoil: (raw, name) => ttl(raw, name, 'expires'),
    plan: [
      'change billingMode',
      'add index:LastActivityIndex',
      'add index:CreatedAtIndex',
      'change stream',
      'change ttl',
      'add tag:Environment',
      'add tag:Application',
      'add tag:Purpose',
    ],
  },
];

async function make(raw: RawClient, name: string, { definition, spoil }: Case): Promise<void> {
  await raw.call('CreateTable', { ...sessionsDefinition(name), ...definition });
  await sleep(30);
  await (spoil ?? ttl)(raw, name);
}

describe.each([{ where: 'the engine' }, { where: 'the AWS double' }])('a table on $where', ({ where }) => {
  it.each(CASES)('$state is planned, made right, and then found right', async (each) => {
    const name = freshName('odd');
    const onAws = where !== 'the engine';
    const running = onAws ? await startDouble(engine.endpoint) : undefined;
    const raw = running?.raw ?? engine.raw;
    const context = running?.context() ?? contextFor(engine.endpoint);
    const options: SetupOptions = {
      sessions: name,
      events: EVENTS,
      ...each.options,
      overrides: { ...each.options?.overrides },
    };
    await make(raw, name, each);
    if (onAws) await sleep(40);

    const [plan] = (await planFor(context, options)).tables;
    expect(plan?.changes.map(({ kind, property }) => `${kind} ${property}`)).toEqual(each.plan);
    const result = await setUp(context, options);
    expect(result.error).toBeNull();
    expect(result.warnings).toEqual([]);
    expect(outcomesOf(result).filter((outcome) => !outcome.startsWith('done'))).toEqual([]);
    expect(await read(raw, name)).toEqual({ ...RIGHT, ...each.after });
    expect(changesOf(await planFor(context, options))).toEqual([]);
  });
});
