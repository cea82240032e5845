import { describe, expect, it } from 'vitest';
import type { RawClient } from '../engine.js';
import { DEFINITION, expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const ON = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } };
const INVALID = 'One or more parameter values were invalid: ';
const described = async (raw: RawClient, TableName: string) => (await raw.call('DescribeTable', { TableName })).Table;

const create = (name: string) => ({
  AttributeDefinitions: [...DEFINITION.AttributeDefinitions, { AttributeName: name, AttributeType: 'S' }],
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName: `by-${name}`,
        KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    },
  ],
});

const remove = (name: string) => ({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: name } }] });

describe('indexes', () => {
  const LIMIT = 'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table';

  it('are allocated, back-filled, then ACTIVE', async () => {
    const { raw, advance, table } = await start();
    await table('gsi');
    await raw.call('PutItem', { TableName: 'gsi', Item: { id: { S: '1' }, b: { S: 'x' } } });
    const index = async () => {
      const found = await described(raw, 'gsi');
      return [found?.TableStatus, found?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === 'by-b')];
    };
    await raw.call('UpdateTable', { TableName: 'gsi', ...create('b') });
    const query = () =>
      raw.call('Query', {
        TableName: 'gsi',
        IndexName: 'by-b',
        KeyConditionExpression: 'b = :b',
        ExpressionAttributeValues: { ':b': { S: 'x' } },
      });
    expect(await index()).toMatchObject(['UPDATING', { IndexStatus: 'CREATING', Backfilling: false }]);
    await expectRefusal(query(), 'ValidationException', 'The table does not have the specified index: by-b');
    advance(30);
    expect(await index()).toMatchObject(['ACTIVE', { IndexStatus: 'CREATING', Backfilling: true }]);
    await expectRefusal(query(), 'ValidationException', 'Cannot read from backfilling global secondary index: by-b');
    await expectRefusal(
      raw.call('DeleteTable', { TableName: 'gsi' }),
      'ResourceInUseException',
      /Cannot delete table while indexes are being created, updated, or deleted\.$/,
    );
    await expectRefusal(
      raw.call('UpdateTable', { TableName: 'gsi', ...ON }),
      'ResourceInUseException',
      /when an index is being created/,
    );
    advance(30);
    expect(await index()).toMatchObject(['ACTIVE', { IndexStatus: 'ACTIVE', Backfilling: false }]);
    expect((await query()).Count).toBe(1);
  });

  it('are created or deleted one at a time', async () => {
    const { raw, advance, table } = await start();
    await table('single');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'single', ...body });
    const two = [create('b'), create('c')].flatMap((body) => body.GlobalSecondaryIndexUpdates);
    await expectRefusal(update({ ...create('b'), GlobalSecondaryIndexUpdates: two }), 'LimitExceededException', LIMIT);
    const mixed = [...create('b').GlobalSecondaryIndexUpdates, ...remove('byA').GlobalSecondaryIndexUpdates];
    await expectRefusal(
      update({ ...create('b'), GlobalSecondaryIndexUpdates: mixed }),
      'LimitExceededException',
      LIMIT,
    );
    await update(create('b'));
    await expectRefusal(update(create('c')), 'LimitExceededException', LIMIT);
    await expectRefusal(update(remove('byA')), 'LimitExceededException', LIMIT);
    advance(30);
    await expectRefusal(update(create('c')), 'LimitExceededException', LIMIT);
    advance(30);
    await update(create('c'));
  });

  it('in creation can be deleted only while they back-fill', async () => {
    const { raw, advance, table } = await start();
    await table('cancel');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'cancel', ...body });
    await update(create('b'));
    await expectRefusal(
      update(remove('by-b')),
      'ResourceInUseException',
      'Attempt to change a resource which is still in use: Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. Table: cancel Index: by-b',
    );
    advance(30);
    const { TableDescription } = await update(remove('by-b'));
    expect(TableDescription).toMatchObject({ TableStatus: 'UPDATING' });
    expect(TableDescription?.GlobalSecondaryIndexes?.[1]).toMatchObject({ IndexName: 'by-b', IndexStatus: 'DELETING' });
    advance(30);
    expect((await described(raw, 'cancel'))?.GlobalSecondaryIndexes).toHaveLength(1);
  });

  it('are refused when they exist, are unknown, or lack their attribute', async () => {
    const { raw, table } = await start();
    await table('odd');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'odd', ...body });
    const again = { ...create('b'), GlobalSecondaryIndexUpdates: [{ Create: DEFINITION.GlobalSecondaryIndexes[0] }] };
    await expectRefusal(update(again), 'ValidationException', 'Attempting to create an index which already exists');
    await expectRefusal(
      update(remove('none')),
      'ResourceNotFoundException',
      'Requested resource not found: Index: none not found for table: odd',
    );
    const { GlobalSecondaryIndexUpdates } = create('b');
    await expectRefusal(
      update({ GlobalSecondaryIndexUpdates }),
      'ValidationException',
      `${INVALID}AttributeDefinitions is not specified for index: by-b`,
    );
  });
});
