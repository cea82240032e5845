import { describe, expect, it } from 'vitest';
import { DEFINITION, expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

describe('the life of a table', () => {
  it('is CREATING for a while, then ACTIVE, its indexes with it and without Backfilling', async () => {
    const { raw, advance } = await start();
    const created = await raw.call('CreateTable', { TableName: 'life', ...DEFINITION });
    expect(created.TableDescription?.TableStatus).toBe('CREATING');
    const young = (await raw.call('DescribeTable', { TableName: 'life' })).Table;
    expect(young?.TableStatus).toBe('CREATING');
    expect(young?.GlobalSecondaryIndexes?.[0]?.IndexStatus).toBe('CREATING');
    advance(30);
    const grown = (await raw.call('DescribeTable', { TableName: 'life' })).Table;
    expect(grown?.TableStatus).toBe('ACTIVE');
    expect(grown?.GlobalSecondaryIndexes?.[0]).toMatchObject({ IndexStatus: 'ACTIVE', ItemCount: 0 });
    expect(grown?.GlobalSecondaryIndexes?.[0]).not.toHaveProperty('Backfilling');
  });

  it('refuses changes and items while it is CREATING', async () => {
    const { raw } = await start();
    await raw.call('CreateTable', { TableName: 'young', ...DEFINITION });
    const inUse = 'Attempt to change a resource which is still in use: Table is being created: young';
    const spec = { TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' } };
    const name = { TableName: 'young' };
    await expectRefusal(
      raw.call('UpdateTable', { ...name, DeletionProtectionEnabled: true }),
      'ResourceInUseException',
      inUse,
    );
    await expectRefusal(raw.call('DeleteTable', name), 'ResourceInUseException', inUse);
    await expectRefusal(raw.call('CreateTable', { ...name, ...DEFINITION }), 'ResourceInUseException', inUse);
    await expectRefusal(
      raw.call('UpdateTimeToLive', { ...name, ...spec }),
      'ResourceInUseException',
      /Table young is being created$/,
    );
    await expectRefusal(
      raw.call('DescribeTimeToLive', name),
      'ValidationException',
      'Cannot describe time to live while table is in CREATING state: Current table state is CREATING',
    );
    await expectRefusal(
      raw.call('CreateBackup', { ...name, BackupName: 'bak' }),
      'TableNotFoundException',
      'Table not found: young',
    );
    const notFound = 'Requested resource not found';
    const item = { id: { S: '1' } };
    await expectRefusal(raw.call('PutItem', { ...name, Item: item }), 'ResourceNotFoundException', notFound);
    await expectRefusal(raw.call('Scan', name), 'ResourceNotFoundException', notFound);
    const batch = { RequestItems: { young: [{ PutRequest: { Item: item } }] } };
    await expectRefusal(raw.call('BatchWriteItem', batch), 'ResourceNotFoundException', notFound);
    const transaction = { TransactItems: [{ Put: { ...name, Item: item } }] };
    await expectRefusal(raw.call('TransactWriteItems', transaction), 'ResourceNotFoundException', notFound);
    const statement = { Statement: `DELETE FROM "young" WHERE "id"='1'` };
    await expectRefusal(raw.call('ExecuteStatement', statement), 'ResourceNotFoundException', notFound);
  });

  it('says that a table exists when it does', async () => {
    const { raw, table } = await start();
    await table('twice');
    await expectRefusal(
      raw.call('CreateTable', { TableName: 'twice', ...DEFINITION }),
      'ResourceInUseException',
      'Table already exists: twice',
    );
  });

  it('is DELETING for a while, listed and described, then gone, and can be made anew', async () => {
    const { raw, advance, table } = await start();
    await table('gone');
    const name = { TableName: 'gone' };
    expect((await raw.call('DeleteTable', name)).TableDescription?.TableStatus).toBe('DELETING');
    expect((await raw.call('DescribeTable', name)).Table?.TableStatus).toBe('DELETING');
    expect((await raw.call('ListTables')).TableNames).toContain('gone');
    expect((await raw.call('DeleteTable', name)).TableDescription?.TableStatus).toBe('DELETING');
    await expectRefusal(
      raw.call('UpdateTable', { ...name, TableClass: 'STANDARD' }),
      'ResourceInUseException',
      'Attempt to change a resource which is still in use: Table is being deleted: gone',
    );
    await expectRefusal(
      raw.call('CreateTable', { ...name, ...DEFINITION }),
      'ResourceInUseException',
      'Table already exists: gone',
    );
    await expectRefusal(raw.call('DescribeTimeToLive', name), 'ValidationException', /is in DELETING state/);
    advance(30);
    await expectRefusal(
      raw.call('DescribeTable', name),
      'ResourceNotFoundException',
      'Requested resource not found: Table: gone not found',
    );
    expect((await raw.call('ListTables')).TableNames).not.toContain('gone');
    expect((await raw.call('CreateTable', { ...name, ...DEFINITION })).TableDescription?.TableStatus).toBe('CREATING');
  });

  it('is not deleted under deletion protection', async () => {
    const { raw, table } = await start();
    await table('kept', { DeletionProtectionEnabled: true });
    await expectRefusal(
      raw.call('DeleteTable', { TableName: 'kept' }),
      'ValidationException',
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    );
    await raw.call('UpdateTable', { TableName: 'kept', DeletionProtectionEnabled: false });
    await raw.call('DeleteTable', { TableName: 'kept' });
  });

  it('is not deleted while it is UPDATING', async () => {
    const { raw, advance, table } = await start();
    await table('busy');
    const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } };
    await raw.call('UpdateTable', { TableName: 'busy', ...stream });
    await expectRefusal(
      raw.call('DeleteTable', { TableName: 'busy' }),
      'ResourceInUseException',
      'Attempt to change a resource which is still in use: Table: busy is in the process of being updated.',
    );
    advance(30);
    await raw.call('DeleteTable', { TableName: 'busy' });
  });
});

describe('CreateTable', () => {
  it('passes on what the engine keeps: stream, class, protection, on-demand maxima, tags', async () => {
    const { raw, table } = await start();
    await table('full', {
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
      DeletionProtectionEnabled: true,
      OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 },
      Tags: [{ Key: 'team', Value: 'a' }],
    });
    const { Table } = await raw.call('DescribeTable', { TableName: 'full' });
    expect(Table).toMatchObject({
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      DeletionProtectionEnabled: true,
      OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 },
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime: 1_800_000_000 },
      ItemCount: 0,
    });
    expect(Table?.LatestStreamArn).toMatch(/^arn:aws:dynamodb:eu-west-1:123456789012:table\/full\/stream\//);
    const tags = await raw.call('ListTagsOfResource', { ResourceArn: Table?.TableArn });
    expect(tags.Tags).toEqual([{ Key: 'team', Value: 'a' }]);
  });

  it('answers ARNs of its region and account, and takes them for names', async () => {
    const { raw, table } = await start({ region: 'us-west-2', account: '999999999999' });
    await table('arn-named');
    const TableArn = 'arn:aws:dynamodb:us-west-2:999999999999:table/arn-named';
    const { Table } = await raw.call('DescribeTable', { TableName: TableArn });
    expect(Table?.TableArn).toBe(TableArn);
    expect(Table?.GlobalSecondaryIndexes?.[0]?.IndexArn).toBe(`${TableArn}/index/byA`);
    await raw.call('PutItem', { TableName: TableArn, Item: { id: { S: '1' } } });
    expect((await raw.call('Scan', { TableName: 'arn-named' })).Count).toBe(1);
  });

  it('wants throughput for each index of a provisioned table, and none on demand', async () => {
    const { raw, table } = await start();
    const throughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 2 };
    const provisioned = { ...DEFINITION, BillingMode: 'PROVISIONED', ProvisionedThroughput: throughput };
    await expectRefusal(
      raw.call('CreateTable', { TableName: 'prov', ...provisioned }),
      'ValidationException',
      'One or more parameter values were invalid: ProvisionedThroughput is not specified for index: byA',
    );
    const GlobalSecondaryIndexes = DEFINITION.GlobalSecondaryIndexes.map((index) =>
      Object.assign({ ProvisionedThroughput: throughput }, index),
    );
    await expectRefusal(
      raw.call('CreateTable', { TableName: 'prov', ...DEFINITION, GlobalSecondaryIndexes }),
      'ValidationException',
      /should not be specified for index: byA when BillingMode is PAY_PER_REQUEST/,
    );
    await table('prov', { ...provisioned, GlobalSecondaryIndexes });
    const { Table } = await raw.call('DescribeTable', { TableName: 'prov' });
    expect(Table?.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput).toMatchObject(throughput);
    expect(Table).not.toHaveProperty('BillingModeSummary');
  });
});

describe('ListTables and DescribeLimits', () => {
  it('pages by name', async () => {
    const { raw, table } = await start();
    for (const name of ['page-a', 'page-b', 'page-c']) await table(name);
    const first = await raw.call('ListTables', { Limit: 2, ExclusiveStartTableName: 'page' });
    expect(first).toEqual({ TableNames: ['page-a', 'page-b'], LastEvaluatedTableName: 'page-b' });
    const { TableNames } = await raw.call('ListTables', { Limit: 1, ExclusiveStartTableName: 'page-b' });
    expect(TableNames).toEqual(['page-c']);
    await expectRefusal(raw.call('ListTables', { Limit: 101 }), 'ValidationException', /less than or equal to 100$/);
  });

  it('gives the quotas of a new account', async () => {
    const { raw } = await start();
    expect(await raw.call('DescribeLimits')).toMatchObject({ TableMaxReadCapacityUnits: 40_000 });
  });
});
