import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from './cli.js';
import { isListening, rawClient, startTestEngine, useEngine } from './engine.js';

const engine = useEngine();

const TABLE = {
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};

describe('the test engine', () => {
  it('stores and gives back items', async () => {
    await engine.raw.call('CreateTable', { TableName: 'kept', ...TABLE });
    await engine.raw.call('PutItem', { TableName: 'kept', Item: { id: { S: 'a' }, n: { N: '1' } } });
    const { Item } = await engine.raw.call('GetItem', { TableName: 'kept', Key: { id: { S: 'a' } } });
    expect(Item).toEqual({ id: { S: 'a' }, n: { N: '1' } });
  });

  it('throws the name and the message of an error answer', async () => {
    await expect(engine.raw.call('DescribeTable', { TableName: 'absent' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Requested resource not found: Table: absent not found',
      status: 400,
    });
  });

  it('shares nothing between two engines', async () => {
    const other = await startTestEngine();
    try {
      expect(other.endpoint).not.toBe(engine.endpoint);
      await rawClient(other.endpoint).call('CreateTable', { TableName: 'alone', ...TABLE });
      const { TableNames } = await engine.raw.call('ListTables');
      expect(TableNames).not.toContain('alone');
    } finally {
      await other.stop();
    }
  });

  it('is gone after stop, also when stopped twice', async () => {
    const other = await startTestEngine();
    await other.stop();
    await other.stop();
    expect(await isListening(Number(new URL(other.endpoint).port))).toBe(false);
    expect(() => process.kill(other.pid, 0)).toThrow(/ESRCH/);
  });

  it('keeps its tables in the file it is given', async () => {
    const dbPath = path.join(tempFolder(), 'engine.db');
    const first = await startTestEngine({ dbPath });
    await rawClient(first.endpoint).call('CreateTable', { TableName: 'durable', ...TABLE });
    await first.stop();
    expect(existsSync(dbPath)).toBe(true);
    const second = await startTestEngine({ dbPath });
    const { TableNames } = await rawClient(second.endpoint).call('ListTables');
    await second.stop();
    expect(TableNames).toEqual(['durable']);
  });

  it('starts many at once without one taking the port of another', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => startTestEngine()));
    expect(new Set(many.map(({ endpoint }) => endpoint)).size).toBe(8);
    await Promise.all(many.map(({ stop }) => stop()));
  });
});
