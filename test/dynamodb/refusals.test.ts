import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { call } from '../../src/dynamodb/call.js';
import { refusalsOf } from '../../src/dynamodb/refusals.js';
import { closeAll, startDouble } from '../operations/harness.js';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { numbered, tableOf } from './delete-harness.js';

closeAll();
const engine = useEngine();

describe('refusalsOf', () => {
  it('tells how often a call was throttled, and does not count other tries', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, numbered(1));
    const { dynamo } = context();
    const look = () =>
      call(dynamo, 'DescribeTable', table, (client) => client.send(new DescribeTableCommand({ TableName: table })));
    double.inject({ operation: 'DescribeTable', times: 1, dropConnection: true });
    double.inject({ operation: 'DescribeTable', times: 2, error: awsFaults.throughputExceeded });
    const answer = await look();
    expect([answer.$metadata.attempts, refusalsOf(answer)]).toEqual([4, 2]);
    expect(refusalsOf(await look())).toBe(0);
  });
});
