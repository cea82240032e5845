import { describe, expect, it } from 'vitest';
import {
  applyStreams,
  planStreams,
  type StreamsRequest,
  streamsStatus,
} from '../../../src/operations/tables/streams.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, freshName, type RunningDouble, setUp, startDouble, targetOf } from '../harness.js';

closeAll();
const engine = useEngine();

interface Scene extends RunningDouble {
  readonly sessions: string;
  readonly events: string;
  readonly change: (to: StreamsRequest['to'], only?: StreamsRequest['only']) => Promise<readonly string[]>;
  readonly plan: (to: StreamsRequest['to'], only?: StreamsRequest['only']) => ReturnType<typeof planStreams>;
  readonly status: () => ReturnType<typeof streamsStatus>;
  /** The operations that change something, since the tables were set up. */
  readonly updates: () => readonly unknown[];
}

async function scene(stream: StreamsRequest['to'] = 'NEW_AND_OLD_IMAGES'): Promise<Scene> {
  const running = await startDouble(engine.endpoint);
  const sessions = freshName('streams');
  const names = { sessions, events: `${sessions}-events` };
  const context = running.context();
  const { error } = await setUp(context, { ...names, ...(stream !== 'layout' && { overrides: { stream } }) });
  expect(error).toBeNull();
  running.double.forgetCalls();
  const plan: Scene['plan'] = async (to, only = null) =>
    planStreams(context, await targetOf(context, names), { to, only });
  return {
    ...running,
    ...names,
    plan,
    change: async (to, only) => {
      const result = await applyStreams(context, await plan(to, only));
      expect(result.error).toBeNull();
      return result.tables.map(
        ({ role, action, from, to: now, outcome }) => `${role} ${action} ${from} ${now} ${outcome}`,
      );
    },
    status: async () => streamsStatus(context, await targetOf(context, names)),
    updates: () =>
      running.double.calls
        .filter(({ operation }) => operation === 'UpdateTable')
        .map(({ body }) => body['StreamSpecification']),
  };
}

describe('streams status', () => {
  it('says of each table whether its stream is on, and how many shards it has', async () => {
    const { status, double, events, sessions, raw } = await scene();
    // The engine tells the newest sequence number as if the shard had ended.
    await raw.call('PutItem', { TableName: sessions, Item: { session_id: { S: 'a' } } });
    const stream = await double.shard(events);
    await stream.split();
    await stream.split();
    expect((await status()).tables).toMatchObject([
      {
        role: 'sessions',
        enabled: true,
        viewType: 'NEW_AND_OLD_IMAGES',
        status: 'ENABLED',
        shards: { open: 1, closed: 0 },
      },
      { table: events, role: 'events', arn: stream.arn, label: expect.any(String), shards: { open: 4, closed: 3 } },
    ]);
  });

  it('names the stream that was on before, as AWS does, whose shards are all closed', async () => {
    const { status, double, events, change } = await scene();
    const { arn } = await double.shard(events);
    await change(false, 'events');
    expect((await status()).tables[1]).toMatchObject({
      enabled: false,
      viewType: null,
      arn,
      status: 'DISABLED',
      shards: { open: 0, closed: 1 },
    });
  });

  it('does without the shards where they may not be looked at, and without the table where there is none', async () => {
    const { status, double, raw, events, sessions } = await scene();
    double.inject({ operation: 'DescribeStream', error: awsFaults.accessDenied('DescribeStream', sessions) });
    await raw.call('DeleteTable', { TableName: events });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await status()).tables).toMatchObject([
      { exists: true, enabled: true, status: 'ENABLED', shards: null },
      { exists: false, enabled: false, arn: null, status: 'DISABLED', shards: null },
    ]);
  });
});

describe('streams enable and disable', () => {
  it('turns both on as the layout says, and touches nothing else', async () => {
    const { change, raw, sessions, writes } = await scene(false);
    const before = await raw.call('DescribeTable', { TableName: sessions });
    expect(await change('layout')).toEqual([
      'sessions enable null NEW_AND_OLD_IMAGES done',
      'events enable null NEW_AND_OLD_IMAGES done',
    ]);
    expect(writes()).toEqual(['UpdateTable', 'UpdateTable']);
    const { Table } = await raw.call('DescribeTable', { TableName: sessions });
    expect(Table).toMatchObject({
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      GlobalSecondaryIndexes: before.Table?.GlobalSecondaryIndexes,
    });
  });

  it('turns one off, and does not ask AWS to turn off one that is off', async () => {
    const { change, updates } = await scene();
    expect(await change(false, 'events')).toEqual(['events disable NEW_AND_OLD_IMAGES null done']);
    expect(await change(false)).toEqual([
      'sessions disable NEW_AND_OLD_IMAGES null done',
      'events none null null null',
    ]);
    expect(updates()).toEqual([{ StreamEnabled: false }, { StreamEnabled: false }]);
  });

  it('another view is off, wait, on: a stream cannot change its own', async () => {
    const { change, updates } = await scene();
    expect(await change('KEYS_ONLY', 'sessions')).toEqual(['sessions change NEW_AND_OLD_IMAGES KEYS_ONLY done']);
    expect(updates()).toEqual([{ StreamEnabled: false }, { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' }]);
    expect(await change('KEYS_ONLY', 'sessions')).toEqual(['sessions none KEYS_ONLY KEYS_ONLY null']);
  });

  it('refuses where replicas need the stream', async () => {
    const { plan, raw, sessions } = await scene();
    await raw.call('UpdateTable', { TableName: sessions, ReplicaUpdates: [{ Create: { RegionName: 'us-east-1' } }] });
    await expect(plan(false)).rejects.toMatchObject({
      code: 'TABLE_BLOCKED',
      message: expect.stringContaining('us-east-1'),
    });
    await expect(plan('KEYS_ONLY')).rejects.toMatchObject({ code: 'TABLE_BLOCKED' });
    await expect(plan('layout')).resolves.toMatchObject({ tables: [{ action: 'none' }, { action: 'none' }] });
    await expect(plan(false, 'events')).resolves.toMatchObject({ tables: [{ action: 'disable' }] });
  });

  it('waits while the table is being changed, and argues with a refusal that passes', async () => {
    const { change, double, sessions } = await scene();
    double.inject({ operation: 'UpdateTable', times: 2, error: awsFaults.resourceInUse(sessions) });
    expect(await change(false, 'sessions')).toEqual(['sessions disable NEW_AND_OLD_IMAGES null done']);
  });

  it('a table that is not there, and a role that the layout does not have, are told', async () => {
    const { plan, raw, events, context } = await scene();
    await raw.call('DeleteTable', { TableName: events });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(plan(false)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
    await expect(plan(false, 'sessions')).resolves.toMatchObject({ tables: [{ action: 'disable' }] });
    const express = await targetOf(context(), { layout: 'express', sessions: freshName('express') });
    await expect(planStreams(context(), express, { to: false, only: 'events' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
