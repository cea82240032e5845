import { describe, expect, it } from 'vitest';
import {
  type Change,
  type DesiredTable,
  desiredTables,
  genericFor,
  type ObservedIndex,
  type ObservedTable,
  planTable,
  type SetupOverrides,
  type Step,
  type TablePlan,
} from '../../src/schema/index.js';
import { layoutNamed } from './fixtures.js';
import { applyPlan } from './plan-model.js';

const mcp = layoutNamed('mcp');
const NAMES = [
  { role: 'sessions', name: 'mcp-sessions' },
  { role: 'events', name: 'mcp-session-events' },
] as const;

function desired(overrides: Partial<SetupOverrides> = {}, role: 'sessions' | 'events' = 'sessions'): DesiredTable {
  const tables = desiredTables(mcp, NAMES, { environment: 'development', ...overrides });
  const found = tables.find((table) => table.role === role);
  if (found === undefined) throw new Error(`no ${role}`);
  return found;
}

/** The sessions table of mcp as setup leaves it. */
const whole: ObservedTable = applyPlan(null, planTable(desired(), null, { prune: false }));

const index = (name: string): ObservedIndex => {
  const found = whole.indexes.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

const include = (...names: readonly string[]): DesiredTable['indexes'][number] => ({
  ...index('CreatedAtIndex'),
  projection: { type: 'INCLUDE', nonKeyAttributes: names },
});

const plan = (observed: Partial<ObservedTable>, overrides: Partial<SetupOverrides> = {}, prune = false): TablePlan =>
  planTable(desired(overrides), { ...whole, ...observed }, { prune });

const summary = ({ action, changes }: TablePlan): object => ({
  action,
  changes: changes.map(({ property, kind, from, to }) => [property, kind, from, to]),
});

const steps = ({ changes }: TablePlan): readonly Step['do'][] =>
  [...new Set(changes.map(({ step }) => step).filter((step) => step !== null))].map((step) => step.do);

const only = (tablePlan: TablePlan): Change => {
  const [change, ...more] = tablePlan.changes;
  if (change === undefined || more.length > 0) throw new Error(JSON.stringify(tablePlan.changes));
  return change;
};

const KEYS_INDEX = (attribute: string): string => `${attribute} (N), KEYS_ONLY`;

describe('planTable, a table that is not there', () => {
  it('is created whole by CreateTable, and TTL turned on after', () => {
    const created = planTable(desired(), null, { prune: false });
    expect(summary(created)).toEqual({
      action: 'create',
      changes: [
        ['table', 'add', null, 'session_id (S)'],
        ['index:LastActivityIndex', 'add', null, KEYS_INDEX('last_activity')],
        ['index:CreatedAtIndex', 'add', null, KEYS_INDEX('created_at')],
        ['stream', 'add', null, 'NEW_AND_OLD_IMAGES'],
        ['billingMode', 'add', null, 'on-demand'],
        ['tag:Environment', 'add', null, 'development'],
        ['tag:Application', 'add', null, 'MCP-Session-Storage'],
        ['tag:Purpose', 'add', null, 'SessionManagement'],
        ['ttl', 'add', null, 'ttl'],
      ],
    });
    expect(steps(created)).toEqual(['createTable', 'setTtl']);
    // One call, so one step: the very same object.
    expect(new Set(created.changes.map(({ step }) => step)).size).toBe(2);
  });

  it('in production has recovery and protection, and says so in its tags', () => {
    const created = planTable(desired({ environment: 'production' }), null, { prune: false });
    expect(steps(created)).toEqual(['createTable', 'setTtl', 'setPointInTimeRecovery']);
    expect(created.changes.map(({ property, to }) => `${property}=${to}`)).toEqual(
      expect.arrayContaining(['deletionProtection=true', 'pointInTimeRecovery=true', 'tag:Environment=production']),
    );
  });

  it('takes every wish', () => {
    const created = planTable(
      desired({
        tags: { Team: 'a', Purpose: 'mine' },
        stream: false,
        ttlAttribute: 'expires',
        billing: { mode: 'provisioned', readCapacityUnits: 5, writeCapacityUnits: 6 },
        tableClass: 'STANDARD_INFREQUENT_ACCESS',
        kmsKey: 'mrk-1',
        deletionProtection: true,
        pointInTimeRecovery: true,
        replicas: ['eu-west-2'],
      }),
      null,
      { prune: false },
    );
    expect(steps(created)).toEqual(['createTable', 'addReplica', 'setTtl', 'setPointInTimeRecovery']);
    const properties = Object.fromEntries(created.changes.map(({ property, to }) => [property, to]));
    expect(properties).toMatchObject({
      'tag:Team': 'a',
      'tag:Purpose': 'mine',
      ttl: 'expires',
      billingMode: 'provisioned 5 read / 6 write',
      tableClass: 'STANDARD_INFREQUENT_ACCESS',
      encryption: 'mrk-1',
      'replica:eu-west-2': 'eu-west-2',
    });
    expect(properties).not.toHaveProperty('stream');
  });

  it('cannot be created where the layout takes its keys from the table', () => {
    const [table] = desiredTables(layoutNamed('generic'), [{ role: 'sessions', name: 'x-y' }], { environment: 'x' });
    if (table === undefined) throw new Error('no table');
    const blocked = planTable(table, null, { prune: true });
    expect(blocked.action).toBe('blocked');
    expect(only(blocked)).toMatchObject({
      kind: 'blocked',
      step: null,
      reason: expect.any(String),
      wayOut: expect.any(String),
    });
  });
});

describe('planTable, a table that is there', () => {
  it('as it should be needs nothing, with or without --prune', () => {
    expect(summary(plan({}))).toEqual({ action: 'none', changes: [] });
    expect(summary(plan({}, {}, true))).toEqual({ action: 'none', changes: [] });
  });

  it.each<
    [
      string,
      Partial<ObservedTable>,
      Partial<SetupOverrides>,
      string,
      Change['kind'],
      Change['from'],
      Change['to'],
      Step['do'],
    ]
  >([
    [
      'a missing index',
      { indexes: [index('LastActivityIndex')] },
      {},
      'index:CreatedAtIndex',
      'add',
      null,
      KEYS_INDEX('created_at'),
      'createIndex',
    ],
    [
      'an index on its way out',
      { indexes: [index('LastActivityIndex'), { ...index('CreatedAtIndex'), status: 'DELETING' }] },
      {},
      'index:CreatedAtIndex',
      'add',
      null,
      KEYS_INDEX('created_at'),
      'createIndex',
    ],
    ['TTL off', { ttl: { status: 'DISABLED', attribute: null } }, {}, 'ttl', 'add', null, 'ttl', 'setTtl'],
    [
      'TTL being turned off',
      { ttl: { status: 'DISABLING', attribute: 'ttl' } },
      {},
      'ttl',
      'add',
      null,
      'ttl',
      'setTtl',
    ],
    [
      'TTL on another attribute',
      { ttl: { status: 'ENABLED', attribute: 'expires' } },
      {},
      'ttl',
      'change',
      'expires',
      'ttl',
      'setTtl',
    ],
    ['TTL unwanted', {}, { ttlAttribute: false }, 'ttl', 'remove', 'ttl', null, 'setTtl'],
    [
      'no stream',
      { stream: { enabled: false, viewType: null } },
      {},
      'stream',
      'add',
      null,
      'NEW_AND_OLD_IMAGES',
      'setStream',
    ],
    [
      'a stream of another view',
      { stream: { enabled: true, viewType: 'KEYS_ONLY' } },
      {},
      'stream',
      'change',
      'KEYS_ONLY',
      'NEW_AND_OLD_IMAGES',
      'setStream',
    ],
    ['a stream unwanted', {}, { stream: false }, 'stream', 'remove', 'NEW_AND_OLD_IMAGES', null, 'setStream'],
    [
      'provisioned capacity',
      { billing: { mode: 'provisioned', readCapacityUnits: 5, writeCapacityUnits: 5 } },
      {},
      'billingMode',
      'change',
      'provisioned 5 read / 5 write',
      'on-demand',
      'setBilling',
    ],
    [
      'other capacities',
      { billing: { mode: 'provisioned', readCapacityUnits: 5, writeCapacityUnits: 5 } },
      { billing: { mode: 'provisioned', readCapacityUnits: 5, writeCapacityUnits: 9 } },
      'billingMode',
      'change',
      'provisioned 5 read / 5 write',
      'provisioned 5 read / 9 write',
      'setBilling',
    ],
    [
      'no recovery',
      { pointInTimeRecovery: { enabled: false } },
      { pointInTimeRecovery: true },
      'pointInTimeRecovery',
      'change',
      false,
      true,
      'setPointInTimeRecovery',
    ],
    [
      'no protection',
      {},
      { deletionProtection: true },
      'deletionProtection',
      'change',
      false,
      true,
      'setDeletionProtection',
    ],
    [
      'protection unwanted',
      { deletionProtection: true },
      { deletionProtection: false },
      'deletionProtection',
      'change',
      true,
      false,
      'setDeletionProtection',
    ],
    [
      'another class',
      {},
      { tableClass: 'STANDARD_INFREQUENT_ACCESS' },
      'tableClass',
      'change',
      'STANDARD',
      'STANDARD_INFREQUENT_ACCESS',
      'setTableClass',
    ],
    ['another key', {}, { kmsKey: 'abc' }, 'encryption', 'change', 'default', 'abc', 'setEncryption'],
    [
      'a missing tag',
      { tags: { Application: 'MCP-Session-Storage', Purpose: 'SessionManagement', Other: 'x' } },
      {},
      'tag:Environment',
      'add',
      null,
      'development',
      'setTags',
    ],
    [
      'a tag of another value',
      { tags: { Environment: 'old', Application: 'MCP-Session-Storage', Purpose: 'SessionManagement' } },
      {},
      'tag:Environment',
      'change',
      'old',
      'development',
      'setTags',
    ],
    [
      'a missing replica',
      { replicas: [{ region: 'eu-west-2', status: 'ACTIVE' }] },
      { replicas: ['eu-west-2', 'eu-west-3'] },
      'replica:eu-west-3',
      'add',
      null,
      'eu-west-3',
      'addReplica',
    ],
  ])('converges %s', (_, observed, overrides, property, kind, from, to, step) => {
    const converging = plan(observed, overrides);
    expect(converging.action).toBe('update');
    expect(only(converging)).toMatchObject({ property, kind, from, to, step: { do: step } });
    const after = applyPlan({ ...whole, ...observed }, converging);
    expect(summary(planTable(desired(overrides), after, { prune: false }))).toEqual({ action: 'none', changes: [] });
  });

  it('leaves alone what the layout leaves to its owner', () => {
    const [express] = desiredTables(layoutNamed('express'), [], { environment: 'development' });
    if (express === undefined) throw new Error('no table');
    const theirs: ObservedTable = {
      ...applyPlan(null, planTable(express, null, { prune: false })),
      billing: { mode: 'provisioned', readCapacityUnits: 7, writeCapacityUnits: 8 },
      stream: { enabled: true, viewType: 'NEW_IMAGE' },
      tags: { theirs: 'x' },
      tableClass: 'STANDARD_INFREQUENT_ACCESS',
      encryption: { kmsKey: 'arn:aws:kms:eu-west-1:111122223333:key/abc' },
      deletionProtection: true,
      pointInTimeRecovery: { enabled: true },
      replicas: [{ region: 'eu-west-2', status: 'ACTIVE' }],
    };
    expect(summary(planTable(express, theirs, { prune: true }))).toEqual({ action: 'none', changes: [] });
  });

  it('knows a KMS key by its id and by its ARN', () => {
    const arn = 'arn:aws:kms:eu-west-1:111122223333:key/abc';
    const encrypted = { encryption: { kmsKey: arn } };
    expect(plan(encrypted, { kmsKey: 'abc' }).action).toBe('none');
    expect(plan(encrypted, { kmsKey: arn }).action).toBe('none');
    expect(plan(encrypted, { kmsKey: 'bc' }).action).toBe('update');
    expect(plan(encrypted, { kmsKey: 'default' }).action).toBe('update');
    expect(plan({}, { kmsKey: 'default' }).action).toBe('none');
  });

  it('sets all tags in one call: AWS takes five a second', () => {
    const tagging = plan({ tags: {} });
    expect(tagging.changes.map(({ property }) => property)).toEqual([
      'tag:Environment',
      'tag:Application',
      'tag:Purpose',
    ]);
    expect(new Set(tagging.changes.map(({ step }) => step)).size).toBe(1);
  });

  it('adds each index by a call of its own: UpdateTable takes one', () => {
    expect(new Set(plan({ indexes: [] }).changes.map(({ step }) => step)).size).toBe(2);
  });

  it('of other keys is blocked, with the way out, and nothing else is changed', () => {
    const blocked = plan({ keys: { partitionKey: { name: 'sessionId', type: 'S' } }, indexes: [], tags: {} });
    expect(blocked.action).toBe('blocked');
    expect(only(blocked)).toMatchObject({
      property: 'keySchema',
      kind: 'blocked',
      from: 'sessionId (S)',
      to: 'session_id (S)',
      step: null,
      wayOut: expect.stringContaining('--layout'),
    });
  });

  it.each([
    ['a key of another type', { partitionKey: { name: 'session_id', type: 'N' } }],
    ['a sort key too many', { partitionKey: { name: 'session_id', type: 'S' }, sortKey: { name: 'id', type: 'S' } }],
  ] as const)('%s is blocked', (_, keys) => {
    expect(plan({ keys }).action).toBe('blocked');
  });

  const wrong: readonly (readonly [string, Partial<ObservedIndex>])[] = [
    ['projection', { projection: { type: 'ALL' } }],
    ['key', { partitionKey: { name: 'created', type: 'N' } }],
    ['key type', { partitionKey: { name: 'created_at', type: 'S' } }],
    ['sort key', { sortKey: { name: 'session_id', type: 'S' } }],
  ];
  it.each(wrong)('an index of another %s is blocked without --prune, and built anew with it', (_, difference) => {
    const indexes = [index('LastActivityIndex'), { ...index('CreatedAtIndex'), ...difference }];
    const blocked = plan({ indexes, tags: {} });
    expect(blocked.action).toBe('blocked');
    expect(blocked.changes[0]).toMatchObject({
      kind: 'blocked',
      step: null,
      wayOut: expect.stringContaining('--prune'),
    });
    // The rest is converged all the same.
    expect(steps(blocked)).toEqual(['setTags']);
    const pruning = plan({ indexes }, {}, true);
    expect(only(pruning)).toMatchObject({
      kind: 'change',
      step: { do: 'replaceIndex' },
      loses: 'the index CreatedAtIndex',
    });
    expect(plan(applyPlan({ ...whole, indexes }, pruning), {}, true).action).toBe('none');
  });

  it("compares an index's projected attributes as a set", () => {
    const wanted = { ...desired(), indexes: [include('a', 'b')] };
    const observed = (names: readonly string[]): ObservedTable => ({
      ...whole,
      indexes: [{ ...index('CreatedAtIndex'), ...include(...names) }],
    });
    expect(planTable(wanted, observed(['b', 'a']), { prune: false }).action).toBe('none');
    expect(planTable(wanted, observed(['a']), { prune: false }).action).toBe('blocked');
  });

  it('keeps an index that the layout does not have, unless pruned', () => {
    const indexes = [...whole.indexes, { ...index('CreatedAtIndex'), name: 'Mine' }];
    expect(plan({ indexes }).action).toBe('none');
    const pruning = plan({ indexes }, {}, true);
    expect(only(pruning)).toMatchObject({
      property: 'index:Mine',
      kind: 'remove',
      step: { do: 'deleteIndex', index: 'Mine' },
      loses: 'the index Mine',
    });
    const leaving = [...whole.indexes, { ...index('CreatedAtIndex'), name: 'Mine', status: 'DELETING' }];
    expect(plan({ indexes: leaving }, {}, true).action).toBe('none');
  });

  it('never prunes the indexes of a generic table: it knows nothing of them', () => {
    const theirs = { ...whole, indexes: [{ ...index('CreatedAtIndex'), name: 'Mine' }] };
    const [table] = desiredTables(genericFor(theirs), [{ role: 'sessions', name: theirs.name }], { environment: 'x' });
    expect(table && planTable(table, theirs, { prune: true })).toMatchObject({ action: 'none', changes: [] });
  });

  it('only warns of recovery and tags that the endpoint does not have or show', () => {
    const warned = plan(
      { pointInTimeRecovery: null, tags: null },
      { environment: 'production', deletionProtection: false },
    );
    expect(warned.action).toBe('none');
    expect(warned.changes.map(({ property, kind, step }) => [property, kind, step])).toEqual([
      ['pointInTimeRecovery', 'unsupported', null],
      ['tags', 'unsupported', null],
    ]);
    expect(plan({ pointInTimeRecovery: null }, { pointInTimeRecovery: false }).changes).toEqual([]);
  });

  it('says what turning recovery off loses', () => {
    const off = plan({ pointInTimeRecovery: { enabled: true } }, { pointInTimeRecovery: false });
    expect(only(off).loses).toContain('recovery points');
  });

  it('in production converges recovery and protection', () => {
    expect(summary(plan({}, { environment: 'production' }))).toEqual({
      action: 'update',
      changes: [
        ['deletionProtection', 'change', false, true],
        ['pointInTimeRecovery', 'change', false, true],
        ['tag:Environment', 'change', 'development', 'production'],
      ],
    });
    // A wish beats the environment; another environment takes nothing away.
    expect(plan({ deletionProtection: true, pointInTimeRecovery: { enabled: true } }).action).toBe('none');
    const wished = plan({}, { environment: 'production', deletionProtection: false, pointInTimeRecovery: false });
    expect(wished.changes.map(({ property }) => property)).toEqual(['tag:Environment']);
  });
});

describe('the order of steps', () => {
  it('is the one that AWS allows: settings, indexes out before in, stream before replica, then what is not UpdateTable', () => {
    const everything = plan(
      {
        billing: { mode: 'provisioned', readCapacityUnits: 1, writeCapacityUnits: 1 },
        indexes: [
          { ...index('LastActivityIndex'), projection: { type: 'ALL' } },
          { ...index('CreatedAtIndex'), name: 'Mine' },
        ],
        stream: { enabled: false, viewType: null },
        ttl: { status: 'DISABLED', attribute: null },
        tags: {},
      },
      {
        environment: 'production',
        tableClass: 'STANDARD_INFREQUENT_ACCESS',
        kmsKey: 'abc',
        replicas: ['eu-west-2', 'eu-west-3'],
      },
      true,
    );
    expect(steps(everything)).toEqual([
      'setDeletionProtection',
      'setBilling',
      'setTableClass',
      'setEncryption',
      'deleteIndex',
      'replaceIndex',
      'createIndex',
      'setStream',
      'addReplica',
      'addReplica',
      'setTtl',
      'setPointInTimeRecovery',
      'setTags',
    ]);
  });
});
