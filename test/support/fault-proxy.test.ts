import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { numbered, tableOf } from '../dynamodb/delete-harness.js';
import { useEngine } from './engine.js';
import { FAULTS, type FaultProxy, type FaultProxyOptions, startFaultProxy } from './fault-proxy.js';
import { rawClient } from './raw-client.js';

const engine = useEngine();

async function proxied(options: Partial<FaultProxyOptions>): Promise<FaultProxy> {
  const all = { engineEndpoint: engine.endpoint, seed: 1, rate: 1, kinds: FAULTS, ...options };
  const proxy = await startFaultProxy(all);
  onTestFinished(() => proxy.stop());
  return proxy;
}

/** What a client meets that does not sign its calls. */
const UNSIGNED = FAULTS.filter((kind) => kind !== 'expired' && kind !== 'skew');

const put = (id: string): object => ({ PutRequest: { Item: { id: { S: id } } } });

describe('the fault proxy', () => {
  it('does the same to the n-th call of an operation by the same seed, and something else by another', async () => {
    const table = await tableOf(engine.raw, numbered(3));
    const history = async (seed: number): Promise<unknown> => {
      const proxy = await proxied({ seed, rate: 0.5, kinds: UNSIGNED, stallMs: 1 });
      for (let call = 0; call < 40; call += 1)
        await rawClient(proxy.endpoint)
          .call(call % 2 === 0 ? 'Scan' : 'DescribeTable', { TableName: table })
          .catch(() => {});
      return proxy.injected;
    };
    const first = await history(7);
    expect(first).not.toEqual([]);
    expect(await history(7)).toEqual(first);
    expect(await history(8)).not.toEqual(first);
  });

  it('answers as DynamoDB does, with the sum of the body', async () => {
    const proxy = await proxied({ kinds: ['throughput'], seed: 2 });
    const answer = await fetch(proxy.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.Scan' },
      body: '{}',
    });
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
    });
    expect(answer.headers.get('x-amz-crc32')).toBe(String(crc32(Buffer.from(text))));
  });

  it('carries out what it does not give back, and nothing else', async () => {
    const table = await tableOf(engine.raw, []);
    const proxy = await proxied({ kinds: ['unprocessed'] });
    const requests = Array.from({ length: 10 }, (_, at) => put(`s${at}`));
    const { UnprocessedItems: left } = await rawClient(proxy.endpoint).call('BatchWriteItem', {
      RequestItems: { [table]: requests },
    });
    const back = left?.[table] ?? [];
    expect(back.length).toBeGreaterThan(0);
    expect(back.length).toBeLessThan(10);
    expect((await engine.raw.call('Scan', { TableName: table })).Count).toBe(10 - back.length);
  });

  it.each([
    ['reset-before', 0],
    ['reset-after', 1],
    ['half-body', 1],
  ] as const)('loses an answer: %s', async (kind, count) => {
    const table = await tableOf(engine.raw, []);
    const proxy = await proxied({ kinds: [kind] });
    const lost = rawClient(proxy.endpoint).call('PutItem', { TableName: table, Item: { id: { S: 'x' } } });
    await expect(lost).rejects.toThrow();
    expect((await engine.raw.call('Scan', { TableName: table })).Count).toBe(count);
  });

  it('lets a partition take what it bears, and refuses the rest', async () => {
    const table = await tableOf(engine.raw, []);
    const bucket = { writeUnits: 10, readUnits: 10, partitions: 1 };
    const proxy = await proxied({ rate: 0, kinds: [], bucket });
    const write = (from: number) =>
      rawClient(proxy.endpoint).call('BatchWriteItem', {
        RequestItems: { [table]: Array.from({ length: 25 }, (_, at) => put(`s${from + at}`)) },
        ReturnConsumedCapacity: 'TOTAL',
      });
    expect((await write(0)).UnprocessedItems ?? {}).toEqual({});
    await expect(write(25)).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
    expect((await engine.raw.call('Scan', { TableName: table })).Count).toBe(25);
  });
});
