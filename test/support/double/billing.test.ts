import { describe, expect, it } from 'vitest';
import type { RawClient } from '../engine.js';
import { expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const INVALID = 'One or more parameter values were invalid: ';
const described = async (raw: RawClient, TableName: string) => (await raw.call('DescribeTable', { TableName })).Table;

const units = (read: number, write: number) => ({ ReadCapacityUnits: read, WriteCapacityUnits: write });

const forIndex = (read: number, write: number) => ({
  GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'byA', ProvisionedThroughput: units(read, write) } }],
});

describe('billing and throughput', () => {
  it('switches to provisioned only with throughput for the table and each index', async () => {
    const { raw, advance, table } = await start();
    await table('bill');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'bill', ...body });
    const provisioned = { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5, 6) };
    await expectRefusal(
      update({ BillingMode: 'PROVISIONED' }),
      'ValidationException',
      `${INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED`,
    );
    await expectRefusal(
      update(provisioned),
      'ValidationException',
      `${INVALID}ProvisionedThroughput must be specified for index: byA`,
    );
    await expectRefusal(update({ ...provisioned, ...forIndex(0, 1) }), 'ValidationException', /index: byA$/);
    const zero = { ...provisioned, ProvisionedThroughput: units(0, 1), ...forIndex(1, 1) };
    await expectRefusal(update(zero), 'ValidationException', /greater than or equal to 1/);
    await update({ ...provisioned, ...forIndex(2, 3) });
    advance(30);
    const switched = await described(raw, 'bill');
    expect(switched?.ProvisionedThroughput).toMatchObject(units(5, 6));
    expect(switched?.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput).toMatchObject(units(2, 3));
    expect(switched?.BillingModeSummary?.BillingMode).toBe('PROVISIONED');
    await expectRefusal(
      update({ ProvisionedThroughput: units(5, 6) }),
      'ValidationException',
      /^The provisioned throughput for the table will not change\./,
    );
    await expectRefusal(
      update(forIndex(2, 3)),
      'ValidationException',
      /^The provisioned throughput for the index byA will not change\./,
    );
    await expectRefusal(
      update({ OnDemandThroughput: { MaxReadRequestUnits: 5 } }),
      'ValidationException',
      /cannot be specified when the table BillingMode is PROVISIONED$/,
    );
    await update(forIndex(4, 4));
    advance(30);
    await update({ BillingMode: 'PAY_PER_REQUEST' });
    advance(30);
    const back = await described(raw, 'bill');
    expect(back?.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST');
    expect(back?.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput).toMatchObject(units(0, 0));
  });

  it('takes no capacities on demand', async () => {
    const { raw, table } = await start();
    await table('demand');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'demand', ...body });
    const neither = 'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified';
    await expectRefusal(
      update({ ProvisionedThroughput: units(1, 1) }),
      'ValidationException',
      `${INVALID}${neither} when BillingMode is PAY_PER_REQUEST`,
    );
    await expectRefusal(
      update(forIndex(1, 1)),
      'ValidationException',
      `${INVALID}${neither} for index: byA when BillingMode is PAY_PER_REQUEST`,
    );
    const same = await update({ BillingMode: 'PAY_PER_REQUEST' });
    expect(same.TableDescription?.TableStatus).toBe('ACTIVE');
  });

  it('sets and removes the on-demand maxima', async () => {
    const { raw, advance, table } = await start();
    await table('max');
    const update = (body: object) => raw.call('UpdateTable', { TableName: 'max', OnDemandThroughput: body });
    await update({ MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 });
    advance(30);
    expect((await described(raw, 'max'))?.OnDemandThroughput).toEqual({
      MaxReadRequestUnits: 10,
      MaxWriteRequestUnits: 20,
    });
    await expectRefusal(update({ MaxReadRequestUnits: 0 }), 'ValidationException', /outside of valid range/);
    await update({ MaxReadRequestUnits: -1, MaxWriteRequestUnits: -1 });
    expect(await described(raw, 'max')).not.toHaveProperty('OnDemandThroughput');
  });
});
