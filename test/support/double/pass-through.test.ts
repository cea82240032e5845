import {
  CreateTableCommand,
  DescribeBackupCommand,
  CreateBackupCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { awsFaults, startAwsDouble } from '../aws-double.js';
import { rawClient } from '../engine.js';
import { DEFINITION, useClockedDoubles } from './harness.js';

const { engine, start } = useClockedDoubles();

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example' };

describe('what the engine does right', () => {
  it('is passed on as it is: items, queries, conditions, transactions', async () => {
    const { raw, table } = await start();
    await table('pass');
    const name = { TableName: 'pass' };
    await raw.call('PutItem', {
      ...name,
      Item: { id: { S: '1' }, a: { N: '7' }, odd: { S: 'arn:aws:dynamodb:eu-west-1:123456789012:table/x' } },
    });
    const direct = await engine.raw.call('GetItem', { ...name, Key: { id: { S: '1' } } });
    expect(direct).toEqual(await raw.call('GetItem', { ...name, Key: { id: { S: '1' } } }));
    expect(direct.Item?.['odd']).toEqual({ S: 'arn:aws:dynamodb:eu-west-1:123456789012:table/x' });
    const query = {
      ...name,
      IndexName: 'byA',
      KeyConditionExpression: 'a = :a',
      ExpressionAttributeValues: { ':a': { N: '7' } },
    };
    expect((await raw.call('Query', query)).Count).toBe(1);
    const conditional = {
      ...name,
      Key: { id: { S: '1' } },
      ConditionExpression: 'attribute_not_exists(id)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
    await expect(raw.call('DeleteItem', conditional)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      status: 400,
    });
    const transaction = { TransactItems: [{ Delete: { ...name, Key: { id: { S: '1' } } } }] };
    await raw.call('TransactWriteItems', transaction);
    expect((await engine.raw.call('Scan', name)).Count).toBe(0);
  });

  it('keeps the checksum and the request id of the engine', async () => {
    const { double, table } = await start();
    await table('crc');
    const response = await fetch(double.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.Scan',
        'x-amz-date': 'x',
        authorization: 'AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=e',
      },
      body: JSON.stringify({ TableName: 'crc' }),
    });
    expect(response.headers.get('x-amz-crc32')).toMatch(/^\d+$/);
    expect(response.headers.get('x-amzn-requestid')).not.toBeNull();
    expect(await response.json()).toEqual({ Count: 0, Items: [], ScannedCount: 0 });
  });

  it('takes large batches and many calls at once', async () => {
    const { raw, table } = await start();
    await table('many-at-once');
    const value = { S: 'x'.repeat(10_000) };
    await Promise.all(
      Array.from({ length: 8 }, (_, batch) =>
        raw.call('BatchWriteItem', {
          RequestItems: {
            'many-at-once': Array.from({ length: 25 }, (__, item) => ({
              PutRequest: { Item: { id: { S: `${batch}-${item}` }, value } },
            })),
          },
        }),
      ),
    );
    expect((await raw.call('DescribeTable', { TableName: 'many-at-once' })).Table?.ItemCount).toBe(200);
  });

  it('says what the engine says of an operation that neither knows', async () => {
    const { raw } = await start();
    await expect(raw.call('DescribeContributorInsights')).rejects.toMatchObject({
      name: 'UnknownOperationException',
      status: 400,
    });
  });

  it('knows tables that were made on the engine itself, as ACTIVE', async () => {
    await engine.raw.call('CreateTable', { TableName: 'beside', ...DEFINITION });
    const { raw } = await start();
    expect((await raw.call('DescribeTable', { TableName: 'beside' })).Table?.TableStatus).toBe('ACTIVE');
    await raw.call('CreateBackup', { TableName: 'beside', BackupName: 'bak' });
  });
});

describe('the AWS SDK', () => {
  it('understands all that the double says, in real time', async () => {
    const double = await startAwsDouble({ engineEndpoint: engine.endpoint });
    const client = new DynamoDBClient({ endpoint: double.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
    const TableName = 'by-sdk';
    try {
      const input = {
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      } as const;
      await client.send(
        new CreateTableCommand({
          ...input,
          AttributeDefinitions: [...input.AttributeDefinitions],
          KeySchema: [...input.KeySchema],
        }),
      );
      await waitUntilTableExists({ client, maxWaitTime: 5, minDelay: 0.02, maxDelay: 0.05 }, { TableName });
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      expect(Table?.CreationDateTime).toBeInstanceOf(Date);
      expect(Table?.BillingModeSummary?.LastUpdateToPayPerRequestDateTime).toBeInstanceOf(Date);
      await expect(
        client.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } })),
      ).rejects.toMatchObject({
        name: 'ValidationException',
        message: 'Table has no stream to disable: TableName: by-sdk',
      });
      await new Promise((resolve) => setTimeout(resolve, 60));
      const { BackupDetails } = await client.send(new CreateBackupCommand({ TableName, BackupName: 'bak' }));
      const { BackupDescription } = await client.send(
        new DescribeBackupCommand({ BackupArn: BackupDetails?.BackupArn }),
      );
      expect(BackupDescription?.BackupDetails?.BackupCreationDateTime).toBeInstanceOf(Date);
      const recovery = await client.send(new DescribeContinuousBackupsCommand({ TableName }));
      expect(recovery.ContinuousBackupsDescription?.ContinuousBackupsStatus).toBe('ENABLED');
      double.inject({ operation: 'DescribeTable', error: awsFaults.accessDenied('DescribeTable', TableName) });
      await expect(client.send(new DescribeTableCommand({ TableName }))).rejects.toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('is not authorized to perform: dynamodb:DescribeTable'),
      });
    } finally {
      client.destroy();
      await double.stop();
    }
  });

  it('learns who it is from the same endpoint', async () => {
    const { double } = await start();
    const client = new STSClient({ endpoint: double.endpoint, region: 'eu-west-1', credentials });
    const identity = await client.send(new GetCallerIdentityCommand({}));
    client.destroy();
    expect(identity).toMatchObject({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/x' });
  });
});

describe('stop', () => {
  it('frees the port and leaves the engine running', async () => {
    const double = await startAwsDouble({ engineEndpoint: engine.endpoint });
    const raw = rawClient(double.endpoint);
    await raw.call('ListTables');
    await double.stop();
    await expect(raw.call('ListTables')).rejects.toThrow('fetch failed');
    await engine.raw.call('ListTables');
  });
});
