import { array, assert, constantFrom, property, subarray, tuple, type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applicationNeeds } from '../../src/schema/application.js';
import { type IamNeed, type IamScope, policyOf } from '../../src/schema/iam.js';
import { LAYOUTS } from '../../src/schema/index.js';

const scope: IamScope = {
  tables: [
    { name: 'sess', role: 'sessions' },
    { name: 'evts', role: 'events' },
  ],
  region: 'eu-west-1',
  account: '123456789012',
  replicas: [],
  bucket: null,
  key: null,
};

const policy = (needs: readonly IamNeed[], more: Partial<IamScope> = {}) => policyOf(needs, { ...scope, ...more });
const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table';

const resourcesOf = (region: string | null) =>
  policy([{ on: 'table', role: 'events', actions: ['dynamodb:Scan'] }], { region, account: null }).Statement[0]
    ?.Resource;

describe('a policy', () => {
  it('has a statement for each set of resources, and names each action once', () => {
    const { Version, Statement } = policy([
      { on: 'table', actions: ['dynamodb:DescribeTable', 'dynamodb:Scan'] },
      { on: 'table', role: 'sessions', actions: ['dynamodb:GetItem', 'dynamodb:DescribeTable'] },
      { on: 'index', role: 'sessions', actions: ['dynamodb:Scan'] },
      { on: 'any', actions: ['dynamodb:ListTables'] },
    ]);
    expect(Version).toBe('2012-10-17');
    expect(Statement).toEqual([
      {
        Sid: 'Tables',
        Effect: 'Allow',
        Action: ['dynamodb:DescribeTable'],
        Resource: [`${ARN}/evts`, `${ARN}/sess`],
      },
      {
        Sid: 'TablesSessionsIndexes',
        Effect: 'Allow',
        Action: ['dynamodb:Scan'],
        Resource: [`${ARN}/evts`, `${ARN}/sess`, `${ARN}/sess/index/*`],
      },
      { Sid: 'SessionsTables', Effect: 'Allow', Action: ['dynamodb:GetItem'], Resource: [`${ARN}/sess`] },
      { Sid: 'Account', Effect: 'Allow', Action: ['dynamodb:ListTables'], Resource: ['*'] },
    ]);
  });

  it.each([
    ['stream', `${ARN}/sess/stream/*`],
    ['backup', `${ARN}/sess/backup/*`],
    ['export', `${ARN}/sess/export/*`],
    ['import', `${ARN}/sess/import/*`],
    ['index', `${ARN}/sess/index/*`],
    ['replica', 'arn:aws:dynamodb:us-east-1:123456789012:table/sess'],
    ['bucket', 'arn:aws:s3:::b'],
    ['objects', 'arn:aws:s3:::b/some/where/*'],
    ['log', 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws-dynamodb/imports:*'],
    ['key', 'arn:aws:kms:eu-west-1:123456789012:key/k'],
  ] as const)('names the ARN of a %s', (on, arn) => {
    const { Statement } = policy([{ on, role: 'sessions', actions: ['dynamodb:Scan'] }], {
      replicas: ['us-east-1'],
      bucket: { name: 'b', prefix: 'some/where' },
      key: 'arn:aws:kms:eu-west-1:123456789012:key/k',
    });
    expect(Statement.map(({ Resource }) => Resource)).toEqual([[arn]]);
  });

  it('leaves out what the scope does not name, rather than allow it everywhere', () => {
    const needs = (['replica', 'bucket', 'objects', 'log', 'key'] as const).map(
      (on): IamNeed => ({ on, actions: ['dynamodb:Scan'] }),
    );
    expect(policy(needs).Statement).toEqual([]);
  });

  it('is for any region and account where none is named, in the partition of the region', () => {
    expect(resourcesOf(null)).toEqual(['arn:aws:dynamodb:*:*:table/evts']);
    expect(resourcesOf('cn-north-1')).toEqual(['arn:aws-cn:dynamodb:cn-north-1:*:table/evts']);
    expect(resourcesOf('us-gov-west-1')).toEqual(['arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/evts']);
  });

  it('grants what is needed and no more, whatever that is', () => {
    const need: Arbitrary<IamNeed> = tuple(
      constantFrom('table', 'index', 'stream', 'backup', 'any'),
      constantFrom('sessions', 'events', undefined),
      subarray(['dynamodb:Scan', 'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:ListTables'] as const, {
        minLength: 1,
      }),
    ).map(([on, role, actions]) => ({ on, actions, ...(role !== undefined && { role }) }));
    assert(
      property(array(need, { maxLength: 12 }), (needs) => {
        const { Statement } = policy(needs);
        const granted = Statement.flatMap(({ Action, Resource }) =>
          Action.flatMap((action) => Resource.map((resource) => `${action} ${resource}`)),
        );
        const wanted = needs.flatMap((one) =>
          policy([one]).Statement.flatMap(({ Action, Resource }) =>
            Action.flatMap((action) => Resource.map((resource) => `${action} ${resource}`)),
          ),
        );
        expect(granted.toSorted()).toEqual([...new Set(wanted)].toSorted());
        const sids = Statement.map(({ Sid }) => Sid);
        expect(new Set(sids).size).toBe(sids.length);
        for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/);
        const sets = Statement.map(({ Resource }) => Resource.join(' '));
        expect(new Set(sets).size).toBe(sets.length);
      }),
    );
  });
});

describe('an application', () => {
  it.each(LAYOUTS.map((layout) => [layout.id, layout] as const))(
    'of %s may not touch tables, only items',
    (_, layout) => {
      const needs = applicationNeeds(layout);
      const actions = new Set(needs.flatMap((need) => need.actions));
      expect(actions).toContain('dynamodb:GetItem');
      expect([...actions].filter((action) => action.endsWith('Table'))).toEqual(['dynamodb:DescribeTable']);
      expect(needs.map(({ on }) => on).filter((on) => on !== 'table' && on !== 'index')).toEqual([]);
      const indexed = layout.tables.filter(({ indexes }) => indexes.length > 0).map(({ role }) => role);
      expect(needs.flatMap(({ on, role }) => (on === 'index' ? [role] : []))).toEqual(indexed);
    },
  );

  it('may do what its layout says, and where that says nothing what takes a key', () => {
    const [mcp] = LAYOUTS;
    if (mcp === undefined) throw new Error('there is no layout');
    const [sessions] = mcp.tables;
    if (sessions === undefined) throw new Error('there is no table');
    const actionsOf = (table: typeof sessions) =>
      applicationNeeds({ ...mcp, tables: [table] })[0]?.actions.map((action) => action.replace('dynamodb:', ''));
    expect(actionsOf({ ...sessions, calls: ['GetItem'] })).toEqual(['DescribeTable', 'GetItem']);
    const { calls: _, ...silent } = sessions;
    expect(actionsOf(silent)).not.toContain('Scan');
    expect(actionsOf(silent)).not.toContain('Query');
    expect(
      actionsOf({ ...silent, keys: { partitionKey: { name: 'a', type: 'S' }, sortKey: { name: 'b', type: 'S' } } }),
    ).toContain('Query');
  });
});
