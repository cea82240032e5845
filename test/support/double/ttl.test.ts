import { describe, expect, it } from 'vitest';
import { DEFINITION, expectRefusal, useClockedDoubles } from './harness.js';

const { engine, start } = useClockedDoubles();

const COOLDOWN = 'Time to live has been modified multiple times within a fixed interval';

const setting =
  (TableName: string) =>
  (Enabled: boolean, AttributeName = 'ttl') => ({
    TableName,
    TimeToLiveSpecification: { Enabled, AttributeName },
  });

describe('TTL', () => {
  it('goes through ENABLING and DISABLING, and forgets its attribute', async () => {
    const { raw, advance, table } = await start();
    await table('ttl');
    const body = setting('ttl');
    const status = async () => (await raw.call('DescribeTimeToLive', { TableName: 'ttl' })).TimeToLiveDescription;
    expect(await status()).toEqual({ TimeToLiveStatus: 'DISABLED' });
    const answer = await raw.call('UpdateTimeToLive', body(true));
    expect(answer).toEqual({ TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' } });
    expect(await status()).toEqual({ TimeToLiveStatus: 'ENABLING', AttributeName: 'ttl' });
    advance(30);
    expect(await status()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'ttl' });
    await raw.call('UpdateTimeToLive', body(false));
    expect(await status()).toEqual({ TimeToLiveStatus: 'DISABLING', AttributeName: 'ttl' });
    advance(30);
    expect(await status()).toEqual({ TimeToLiveStatus: 'DISABLED' });
  });

  it('cannot be changed twice within the window, though it is settled before', async () => {
    const { raw, advance, table } = await start({ delays: { ttl: 30, ttlCooldown: 3_600_000 } });
    await table('window');
    const body = setting('window');
    await raw.call('UpdateTimeToLive', body(true));
    await expectRefusal(raw.call('UpdateTimeToLive', body(false)), 'ValidationException', COOLDOWN);
    advance(3_599_999);
    await expectRefusal(raw.call('UpdateTimeToLive', body(false)), 'ValidationException', COOLDOWN);
    advance(1);
    await raw.call('UpdateTimeToLive', body(false));
    await expectRefusal(raw.call('UpdateTimeToLive', body(true, 'other')), 'ValidationException', COOLDOWN);
  });

  it('says what is wrong in itself before it speaks of the window', async () => {
    const { raw, table } = await start();
    await table('wrong');
    const body = setting('wrong');
    const refused = async (request: object, message: string) =>
      expectRefusal(raw.call('UpdateTimeToLive', request), 'ValidationException', message);
    await refused(body(false), 'TimeToLive is already disabled');
    await raw.call('UpdateTimeToLive', body(true));
    await refused(body(true), 'TimeToLive is already enabled');
    const different = 'TimeToLive is active on a different AttributeName: current AttributeName is ttl';
    await refused(body(true, 'other'), different);
    await refused(body(false, 'other'), different);
    await expectRefusal(
      raw.call('UpdateTimeToLive', { TableName: 'wrong', TimeToLiveSpecification: { Enabled: true } }),
      'ValidationException',
      /'timeToLiveSpecification\.attributeName' failed to satisfy constraint: Member must not be null$/,
    );
    await expectRefusal(
      raw.call('UpdateTimeToLive', { ...body(true), TableName: 'none' }),
      'ResourceNotFoundException',
      /Table: none not found$/,
    );
  });

  it('is admitted while the table is UPDATING', async () => {
    const { raw, table } = await start();
    await table('both');
    await raw.call('UpdateTable', { TableName: 'both', TableClass: 'STANDARD_INFREQUENT_ACCESS' });
    await raw.call('UpdateTimeToLive', setting('both')(true));
  });

  it('is known of a table that was made on the engine itself', async () => {
    await engine.raw.call('CreateTable', { TableName: 'direct', ...DEFINITION });
    await engine.raw.call('UpdateTimeToLive', setting('direct')(true));
    const { raw } = await start();
    const { TimeToLiveDescription } = await raw.call('DescribeTimeToLive', { TableName: 'direct' });
    expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'ttl' });
    await expectRefusal(
      raw.call('UpdateTimeToLive', setting('direct')(true)),
      'ValidationException',
      'TimeToLive is already enabled',
    );
  });
});
