import { describe, expect, it } from 'vitest';
import type { RawClient } from '../engine.js';
import { expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const INVALID = 'One or more parameter values were invalid: ';
const described = async (raw: RawClient, TableName: string) => (await raw.call('DescribeTable', { TableName })).Table;

describe('table class and deletion protection', () => {
  it('changes the class by UPDATING, and not at all when it is the same', async () => {
    const { raw, advance, table } = await start();
    await table('cls');
    const update = (TableClass: string) => raw.call('UpdateTable', { TableName: 'cls', TableClass });
    expect((await update('STANDARD')).TableDescription).not.toHaveProperty('TableClassSummary');
    await update('STANDARD_INFREQUENT_ACCESS');
    expect((await described(raw, 'cls'))?.TableStatus).toBe('UPDATING');
    advance(30);
    expect((await described(raw, 'cls'))?.TableClassSummary?.TableClass).toBe('STANDARD_INFREQUENT_ACCESS');
    await expectRefusal(update('COLD'), 'ValidationException', /COLD/);
  });

  it('changes protection at once, also while the table is UPDATING', async () => {
    const { raw, table } = await start();
    await table('prot');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'prot', ...body });
    await update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' });
    const { TableDescription } = await update({ DeletionProtectionEnabled: true });
    expect(TableDescription).toMatchObject({ TableStatus: 'UPDATING', DeletionProtectionEnabled: true });
  });

  it('throttles a second change of protection when asked to', async () => {
    const { raw, advance, table } = await start({ delays: { protectionCooldown: 15_000 } });
    await table('cool');
    const update = (on: boolean) => raw.call('UpdateTable', { TableName: 'cool', DeletionProtectionEnabled: on });
    await update(true);
    await expectRefusal(
      update(false),
      'ThrottlingException',
      /^Deletion protection setting for table cool modified within the previous 15000 milliseconds\./,
    );
    advance(15_000);
    await update(false);
  });
});

const kms = (KMSMasterKeyId: string) => ({ SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId } });

describe('encryption', () => {
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
  it('is told from the creation on, by the ARN of the key', async () => {
    const { raw, table } = await start();
    await table('plain');
    expect(await described(raw, 'plain')).not.toHaveProperty('SSEDescription');
    await table('kms', kms(key));
    expect((await described(raw, 'kms'))?.SSEDescription).toEqual({
      Status: 'ENABLED',
      SSEType: 'KMS',
      KMSMasterKeyArn: key,
    });
    await table('alias', kms('alias/mine'));
    expect((await described(raw, 'alias'))?.SSEDescription?.KMSMasterKeyArn).toMatch(
      /^arn:aws:kms:eu-west-1:123456789012:key\/[0-9a-f-]{36}$/,
    );
  });

  it('changes while the table stays ACTIVE, and keeps it from being deleted until then', async () => {
    const { raw, advance, table } = await start();
    await table('enc');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'enc', ...body });
    const off = { SSESpecification: { Enabled: false } };
    await expectRefusal(update(off), 'ValidationException', `${INVALID}Table is already encrypted by default`);
    const { TableDescription } = await update(kms(key));
    expect(TableDescription).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } });
    const busy = /Server-Side Encryption is still being updated$/;
    await expectRefusal(update(off), 'ResourceInUseException', busy);
    await expectRefusal(raw.call('DeleteTable', { TableName: 'enc' }), 'ResourceInUseException', busy);
    advance(30);
    expect((await described(raw, 'enc'))?.SSEDescription).toMatchObject({ Status: 'ENABLED', KMSMasterKeyArn: key });
    await expectRefusal(
      update(kms(key)),
      'ValidationException',
      /^One or more parameter values were invalid: Table is already encrypted with given KMSMasterKeyId/,
    );
    await update(off);
    expect((await described(raw, 'enc'))?.SSEDescription).toMatchObject({ Status: 'UPDATING', KMSMasterKeyArn: key });
    advance(30);
    expect(await described(raw, 'enc')).not.toHaveProperty('SSEDescription');
  });

  it('refuses what does not fit together', async () => {
    const { raw, table } = await start();
    await table('sse');
    const refused = (SSESpecification: object, message: string) =>
      expectRefusal(
        raw.call('UpdateTable', { TableName: 'sse', SSESpecification }),
        'ValidationException',
        INVALID + message,
      );
    await refused({ Enabled: false, SSEType: 'KMS' }, 'SSEType can not be specified if Enabled is false');
    await refused({ Enabled: true, SSEType: 'AES256' }, 'SSEType AES256 is not supported');
    await refused({ Enabled: true, KMSMasterKeyId: key }, 'SSEType KMS is required if KMSMasterKeyId is specified');
  });
});

const add = (RegionName: string) => ({ ReplicaUpdates: [{ Create: { RegionName } }] });

const drop = (RegionName: string) => ({ ReplicaUpdates: [{ Delete: { RegionName } }] });

describe('replicas', () => {
  it('are CREATING, then ACTIVE, and bring a stream with them', async () => {
    const { raw, advance, table } = await start({ delays: { replica: 90 } });
    await table('rep');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'rep', ...body });
    await update(add('eu-west-2'));
    expect(await described(raw, 'rep')).toMatchObject({
      TableStatus: 'UPDATING',
      GlobalTableVersion: '2019.11.21',
      Replicas: [
        {
          RegionName: 'eu-west-2',
          ReplicaStatus: 'CREATING',
          ReplicaArn: 'arn:aws:dynamodb:eu-west-2:123456789012:table/rep',
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    await expectRefusal(
      update(add('eu-west-3')),
      'ResourceInUseException',
      'The resource which you are attempting to change is in use.',
    );
    advance(30);
    const ttl = { TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' } };
    const adding =
      /is not allowed while the replica is being added to table with name: ‘rep’ in region: ‘eu-west-2’\.$/;
    await expectRefusal(update(add('eu-west-3')), 'ValidationException', adding);
    await expectRefusal(raw.call('UpdateTimeToLive', { TableName: 'rep', ...ttl }), 'ValidationException', adding);
    await expectRefusal(
      raw.call('DeleteTable', { TableName: 'rep' }),
      'ResourceInUseException',
      /Table: rep is being used\.$/,
    );
    advance(60);
    expect((await described(raw, 'rep'))?.Replicas?.[0]?.ReplicaStatus).toBe('ACTIVE');
    const off = { StreamSpecification: { StreamEnabled: false } };
    await expectRefusal(
      update(off),
      'ValidationException',
      `${INVALID}Disabling Stream is not allowed for a Global Table replica.`,
    );
    await expectRefusal(update(add('eu-west-2')), 'ValidationException', /already existed as tables\.$/);
    await update(drop('eu-west-2'));
    expect((await described(raw, 'rep'))?.Replicas?.[0]?.ReplicaStatus).toBe('DELETING');
    advance(90);
    expect(await described(raw, 'rep')).not.toHaveProperty('Replicas');
  });

  it('take a stream that is there as it is', async () => {
    const { raw, table } = await start();
    await table('keys', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } });
    await raw.call('UpdateTable', { TableName: 'keys', ...add('eu-west-2') });
    expect((await described(raw, 'keys'))?.StreamSpecification?.StreamViewType).toBe('KEYS_ONLY');
  });

  it('are refused for the local region, several at once, a provisioned table, or when unknown', async () => {
    const { raw, table } = await start();
    await table('bad');
    const refused = (name: string, body: object, message: RegExp) =>
      expectRefusal(raw.call('UpdateTable', { TableName: name, ...body }), 'ValidationException', message);
    await refused('bad', add('eu-west-1'), /local region/);
    await refused('bad', drop('eu-west-2'), /without these replicas: \[eu-west-2\]\.$/);
    await refused('bad', { ReplicaUpdates: [] }, /no actions specified/);
    const two = { ReplicaUpdates: [...add('eu-west-2').ReplicaUpdates, ...add('eu-west-3').ReplicaUpdates] };
    await refused('bad', two, /more than one create or delete replica actions not allowed$/);
    const throughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
    await raw.call('CreateTable', {
      TableName: 'capacity',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ProvisionedThroughput: throughput,
    });
    const later = await start();
    await expectRefusal(
      later.raw.call('UpdateTable', { TableName: 'capacity', ...add('eu-west-2') }),
      'ValidationException',
      'Table write capacity should either be Pay-Per-Request or AutoScaled.',
    );
  });
});
