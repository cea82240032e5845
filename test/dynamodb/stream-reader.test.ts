import { describe, expect, it } from 'vitest';
import { type CallRecord, connect, PLACEHOLDER_CREDENTIALS } from '../../src/dynamodb/client.js';
import { followStreams, type ReaderOptions, StreamReader } from '../../src/dynamodb/stream-reader.js';
import type { StreamRecord } from '../../src/dynamodb/streams.js';
import { awsFaults } from '../support/aws-double.js';
import { type ClockedDouble, useClockedDoubles } from '../support/double/harness.js';

const doubles = useClockedDoubles();
let counter = 0;

interface Streamed extends ClockedDouble {
  readonly name: string;
  readonly put: (id: string) => Promise<void>;
  readonly open: (from: ReaderOptions['from'], signal?: AbortSignal) => Promise<StreamReader>;
  readonly calls: CallRecord[];
}

/** A table with a stream; its double has a clock of its own. */
async function streamed(): Promise<Streamed> {
  const clocked = await doubles.start();
  const name = `followed-${(counter += 1)}`;
  await clocked.table(name, { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } });
  const { Table } = await clocked.raw.call('DescribeTable', { TableName: name });
  const calls: CallRecord[] = [];
  return {
    ...clocked,
    name,
    calls,
    put: async (id) => {
      await clocked.raw.call('PutItem', { TableName: name, Item: { id: { S: id } } });
    },
    open: (from, signal = new AbortController().signal) => {
      const dynamo = connect({
        region: 'eu-west-1',
        endpoint: clocked.double.endpoint,
        profile: null,
        credentials: PLACEHOLDER_CREDENTIALS,
        signal,
        onCall: (call) => calls.push(call),
      });
      const place = { table: name, arn: Table?.LatestStreamArn ?? '' };
      return StreamReader.open(dynamo, place, { from, now: Date.now });
    },
  };
}

const idOf = ({ keys: { id } }: StreamRecord): string => (id !== undefined && 'S' in id ? id.S : '');

/** The ids of so many rounds. */
async function read(reader: StreamReader, rounds = 1): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let round = 0; round < rounds; round += 1) ids.push(...(await reader.read()).records.map(idOf));
  return ids;
}

describe("the engine's stream", () => {
  it('from now on, has what is written after the beginning, with both images', async () => {
    const { put, open, raw, name } = await streamed();
    await put('before');
    const reader = await open('now');
    await put('a');
    await raw.call('PutItem', { TableName: name, Item: { id: { S: 'a' }, x: { N: '1' } } });
    await raw.call('DeleteItem', { TableName: name, Key: { id: { S: 'a' } } });
    const { records, ended, lost } = await reader.read();
    expect(records).toMatchObject([
      { eventName: 'INSERT', oldImage: null, newImage: { id: { S: 'a' } }, byTtl: false },
      { eventName: 'MODIFY', oldImage: { id: { S: 'a' } }, newImage: { x: { N: '1' } } },
      { eventName: 'REMOVE', oldImage: { x: { N: '1' } }, newImage: null, byTtl: false },
    ]);
    expect([ended, lost]).toEqual([false, false]);
    expect(await read(reader)).toEqual([]);
  });

  it('from the horizon, has all that there is', async () => {
    const { put, open } = await streamed();
    await put('a');
    await put('b');
    expect(await read(await open('trim-horizon'))).toEqual(['a', 'b']);
  });

  it('tells each call, with the table that it is about', async () => {
    const { open, calls, name } = await streamed();
    await open('now');
    expect(calls.map(({ operation, table, status }) => [operation, table, status])).toEqual([
      ['DescribeStream', name, 200],
      ['GetShardIterator', name, 200],
      ['GetRecords', name, 200],
    ]);
  });
});

describe('shards', () => {
  it('a shard that is split is read to its end before its children, and nothing is missed or doubled', async () => {
    const { put, open, double, name } = await streamed();
    const stream = await double.shard(name);
    await put('before');
    const reader = await open('now');
    const written: string[] = [];
    for (const batch of ['a', 'b', 'c']) {
      for (let id = 0; id < 10; id += 1) {
        written.push(`${batch}${id}`);
        await put(`${batch}${id}`);
      }
      if (batch !== 'c') await stream.split();
    }
    const ids = await read(reader, 4);
    expect(ids.toSorted()).toEqual(written);
    // The first split was in between: whatever its children hold came after what was in the parent.
    expect(ids.findLastIndex((id) => id.startsWith('a'))).toBeLessThan(ids.findIndex((id) => id.startsWith('b')));
    expect(ids.findLastIndex((id) => id.startsWith('b'))).toBeLessThan(ids.findIndex((id) => id.startsWith('c')));
  });

  it('from the horizon, closed shards are read first; their descriptions come in pages', async () => {
    const { put, open, double, name, calls } = await streamed();
    const stream = await double.shard(name);
    stream.pageSize = 2;
    await put('a');
    await stream.split();
    await put('b');
    await stream.split();
    await put('c');
    const reader = await open('trim-horizon');
    expect(calls.filter(({ operation }) => operation === 'DescribeStream')).toHaveLength(4);
    expect([await read(reader), await read(reader), await read(reader)]).toEqual([['a'], ['b'], ['c']]);
  });

  it('from now on, no closed shard is read', async () => {
    const { put, open, double, name, calls } = await streamed();
    const stream = await double.shard(name);
    await put('a');
    await stream.split();
    const reader = await open('now');
    expect(calls.filter(({ operation }) => operation === 'GetShardIterator')).toHaveLength(2);
    await put('b');
    expect(await read(reader, 2)).toEqual(['b']);
  });

  it('a stream that is turned off ends once all of it was read', async () => {
    const { put, open, double, name, raw, advance } = await streamed();
    await double.shard(name);
    const reader = await open('now');
    await put('a');
    await raw.call('UpdateTable', { TableName: name, StreamSpecification: { StreamEnabled: false } });
    advance(60_000);
    const first = await reader.read();
    expect([first.records.map(idOf), first.ended]).toEqual([['a'], false]);
    expect((await reader.read()).ended).toBe(true);
  });

  it('a stream that is gone cannot be begun', async () => {
    const { open, double, name } = await streamed();
    const missing = { name: 'ResourceNotFoundException', message: `Requested resource not found: Stream of ${name}` };
    double.inject({ operation: 'DescribeStream', error: missing });
    await expect(open('now')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });
});

describe('what goes wrong on the way', () => {
  it('an iterator that has expired is replaced at the record after the last one', async () => {
    const { put, open, double, name, advance } = await streamed();
    await double.shard(name);
    const reader = await open('now');
    await put('a');
    expect(await read(reader)).toEqual(['a']);
    await put('b');
    advance(16 * 60_000);
    expect(await read(reader, 3)).toEqual(['b']);
  });

  it('an iterator that expires before anything was read loses nothing either', async () => {
    const { put, open, double, name, advance } = await streamed();
    await double.shard(name);
    const reader = await open('now');
    await put('a');
    advance(16 * 60_000);
    expect(await read(reader, 3)).toEqual(['a']);
  });

  it('says that records were lost when they were trimmed, and goes on with those that are there', async () => {
    const { put, open, double, name } = await streamed();
    const stream = await double.shard(name);
    const reader = await open('now');
    await put('a');
    await stream.trim();
    await put('b');
    const batch = await reader.read();
    expect([batch.lost, batch.records]).toEqual([true, []]);
    expect(await read(reader)).toEqual(['b']);
  });

  it('a closed shard that is trimmed away whole counts as lost, and its children are read', async () => {
    const { put, open, double, name } = await streamed();
    const stream = await double.shard(name);
    const reader = await open('now');
    await put('a');
    await stream.split();
    stream.forgetClosed();
    await put('b');
    const batch = await reader.read();
    expect([batch.lost, batch.ended]).toEqual([true, false]);
    expect(await read(reader, 2)).toEqual(['b']);
  });

  it.each([
    ['LimitExceededException', 'Rate exceeded for shard', 4],
    ['ProvisionedThroughputExceededException', 'too many', 12],
    ['InternalServerError', 'Internal server error', 4],
  ])('%s holds a shard for a round or two', async (error, message, attempts) => {
    const { put, open, double } = await streamed();
    const reader = await open('now');
    await put('a');
    double.inject({ operation: 'GetRecords', times: attempts, error: { name: error, message } });
    const batch = await reader.read();
    expect([batch.held, batch.records]).toEqual([true, []]);
    expect(await read(reader)).toEqual(['a']);
  });

  it('a refused permission is told at once, with the action', async () => {
    const { open, double, name } = await streamed();
    double.inject({ operation: 'GetRecords', error: awsFaults.accessDenied('GetRecords', name) });
    await expect(open('now')).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('dynamodb:GetRecords'),
    });
  });

  it('Ctrl-C ends the waiting between two rounds', async () => {
    const stop = new AbortController();
    const { open } = await streamed();
    const reader = await open('now', stop.signal);
    const following = (async () => {
      for await (const batches of followStreams([reader], stop.signal)) if (batches.length > 0) stop.abort();
    })();
    await expect(following).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
