import { describe, expect, it } from 'vitest';
import type { RawClient } from '../engine.js';
import { expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const ON = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } };
const OFF = { StreamSpecification: { StreamEnabled: false } };
const INVALID = 'One or more parameter values were invalid: ';

const described = async (raw: RawClient, TableName: string) => (await raw.call('DescribeTable', { TableName })).Table;

describe('UpdateTable', () => {
  it('makes the table UPDATING, in which the next is refused', async () => {
    const { raw, advance, table } = await start();
    await table('upd');
    const answer = await raw.call('UpdateTable', { TableName: 'upd', ...ON });
    expect(answer.TableDescription?.TableStatus).toBe('UPDATING');
    expect((await described(raw, 'upd'))?.TableStatus).toBe('UPDATING');
    await expectRefusal(
      raw.call('UpdateTable', { TableName: 'upd', TableClass: 'STANDARD_INFREQUENT_ACCESS' }),
      'ResourceInUseException',
      'Attempt to change a resource which is still in use: Table is being updated: upd',
    );
    await raw.call('PutItem', { TableName: 'upd', Item: { id: { S: '1' } } });
    advance(30);
    expect(await described(raw, 'upd')).toMatchObject({ TableStatus: 'ACTIVE', ItemCount: 1 });
  });

  it('changes one thing at a time', async () => {
    const { raw, table } = await start();
    await table('one');
    const refused = async (body: object, message: string | RegExp) =>
      expectRefusal(raw.call('UpdateTable', { TableName: 'one', ...body }), 'ValidationException', message);
    const protect = { DeletionProtectionEnabled: true };
    const infrequent = { TableClass: 'STANDARD_INFREQUENT_ACCESS' };
    const encrypt = { SSESpecification: { Enabled: true } };
    const replica = { ReplicaUpdates: [{ Create: { RegionName: 'eu-west-2' } }] };
    const remove = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'byA' } }] };
    const throughput = { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } };
    await refused({}, /^At least one of ProvisionedThroughput, BillingMode, .* or TableClass is required$/);
    await refused(
      { ...protect, ...encrypt },
      `${INVALID}Server-Side Encryption modification must be the only operation in the request`,
    );
    await refused(
      { ...protect, ...infrequent },
      `${INVALID}TableClass modification must be the only operation in the request`,
    );
    await refused(
      { ...protect, ...ON },
      `${INVALID}DeletionProtection modification must be the only operation in the request`,
    );
    await refused(
      { ...replica, ...ON },
      `${INVALID}Requests that modify replicas or witnesses must not also modify other fields`,
    );
    await refused(
      { ...remove, ...throughput },
      `${INVALID}You cannot create or delete index while updating table IOPS`,
    );
    await refused({ ...remove, ...ON }, `${INVALID}You cannot create or delete index while changing stream status`);
    await refused({ ...throughput, ...ON }, `${INVALID}You cannot modify stream status while updating table IOPS`);
    await refused({ OnDemandThroughput: { MaxReadRequestUnits: 5 }, ...ON }, /can only be combined with BillingMode/);
    expect(await described(raw, 'one')).toMatchObject({ TableStatus: 'ACTIVE', DeletionProtectionEnabled: false });
  });

  it('names a table that is not there', async () => {
    const { raw } = await start();
    await expectRefusal(
      raw.call('UpdateTable', { TableName: 'nowhere', ...ON }),
      'ResourceNotFoundException',
      'Requested resource not found: Table: nowhere not found',
    );
  });

  it('does not pretend to know what it does not imitate', async () => {
    const { raw, table } = await start();
    await table('warm');
    const warm = { WarmThroughput: { ReadUnitsPerSecond: 1 } };
    await expectRefusal(
      raw.call('UpdateTable', { TableName: 'warm', ...warm }),
      'NotImitatedByTheDouble',
      /WarmThroughput/,
    );
  });
});

describe('streams', () => {
  it('cannot be disabled where there is none, nor enabled or changed where there is one', async () => {
    const { raw, advance, table } = await start();
    await table('str');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'str', ...body });
    await expectRefusal(update(OFF), 'ValidationException', 'Table has no stream to disable: TableName: str');
    await expectRefusal(
      update({ StreamSpecification: { StreamEnabled: true } }),
      'ValidationException',
      `${INVALID}If stream is being enabled then UpdateViewType is required`,
    );
    await update(ON);
    advance(30);
    const { LatestStreamArn } = (await described(raw, 'str')) ?? {};
    expect(LatestStreamArn).toContain(':table/str/stream/');
    const already = 'Table already has an enabled stream: TableName: str';
    await expectRefusal(update(ON), 'ValidationException', already);
    const other = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } };
    await expectRefusal(update(other), 'ValidationException', already);
    await update(OFF);
    advance(30);
    const after = await described(raw, 'str');
    expect(after).not.toHaveProperty('StreamSpecification');
    expect(after?.LatestStreamArn).toBe(LatestStreamArn);
    await update(other);
    expect((await described(raw, 'str'))?.LatestStreamArn).not.toBe(LatestStreamArn);
  });

  it('are read with the ARN that the description gives', async () => {
    const { raw, table } = await start();
    await table('read', ON);
    await raw.call('PutItem', { TableName: 'read', Item: { id: { S: '1' } } });
    const StreamArn = (await described(raw, 'read'))?.LatestStreamArn;
    const answer = await raw.call('DescribeStream', { StreamArn });
    expect(answer).toMatchObject({ StreamDescription: { StreamArn, TableName: 'read' } });
  });
});
