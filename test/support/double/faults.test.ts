import { describe, expect, it } from 'vitest';
import { awsFaults } from '../aws-double.js';
import { expectRefusal, useClockedDoubles } from './harness.js';

const { engine, start } = useClockedDoubles();

describe('inject', () => {
  it('refuses a permission in the words of AWS', async () => {
    const { double, raw, table } = await start();
    await table('mcp-sessions');
    double.inject({ operation: 'Scan', error: awsFaults.accessDenied('Scan', 'mcp-sessions') });
    await expectRefusal(
      raw.call('Scan', { TableName: 'mcp-sessions' }),
      'AccessDeniedException',
      'User: arn:aws:iam::123456789012:user/x is not authorized to perform: dynamodb:Scan on resource: arn:aws:dynamodb:eu-west-1:123456789012:table/mcp-sessions because no identity-based policy allows the dynamodb:Scan action',
    );
    await raw.call('DescribeTable', { TableName: 'mcp-sessions' });
  });

  it('answers each of the errors of AWS with its HTTP status', async () => {
    const { double, raw } = await start();
    const errors = Object.values(awsFaults).filter((fault) => typeof fault === 'object');
    expect(errors).toHaveLength(9);
    for (const error of errors) {
      const lift = double.inject({ operation: '*', error });
      const status = error.name === 'InternalServerError' ? 500 : error.name === 'ServiceUnavailable' ? 503 : 400;
      await expect(raw.call('ListTables')).rejects.toMatchObject({ ...error, status });
      lift();
    }
    await raw.call('ListTables');
  });

  it('is for so many calls, after so many, of one table, and for what a test asks of the body', async () => {
    const { double, raw, table } = await start();
    for (const name of ['inj-a', 'inj-b']) await table(name);
    const scan = (TableName: string, more: object = {}) =>
      raw.call('Scan', { TableName, ...more }).then(
        () => 'ok',
        () => 'failed',
      );
    double.inject({ operation: 'Scan', table: 'inj-a', after: 1, times: 2, error: awsFaults.throttling });
    expect(await scan('inj-a')).toBe('ok');
    expect(await scan('inj-b')).toBe('ok');
    expect(await scan('inj-a')).toBe('failed');
    expect(await scan('inj-a')).toBe('failed');
    expect(await scan('inj-a')).toBe('ok');
    double.inject({ operation: 'Scan', when: (body) => body['Segment'] === 1, error: awsFaults.throttling });
    expect(await scan('inj-b', { Segment: 0, TotalSegments: 2 })).toBe('ok');
    expect(await scan('inj-b', { Segment: 1, TotalSegments: 2 })).toBe('failed');
  });

  it('drops the connection', async () => {
    const { double, raw } = await start();
    double.inject({ operation: 'ListTables', times: 1, dropConnection: true });
    await expect(raw.call('ListTables')).rejects.toThrow('fetch failed');
    await raw.call('ListTables');
  });

  it('answers a page of HTML', async () => {
    const { double, raw } = await start();
    double.inject({ operation: 'ListTables', times: 1, html: true });
    await expect(raw.call('ListTables')).rejects.toMatchObject({ name: 'NotJson', status: 500 });
  });

  it('answers slowly, and then as usual', async () => {
    const { double, raw } = await start();
    double.inject({ operation: 'ListTables', times: 1, delayMs: 80 });
    const began = performance.now();
    await raw.call('ListTables');
    expect(performance.now() - began).toBeGreaterThanOrEqual(75);
  });

  it('leaves a part of a batch unprocessed', async () => {
    const { double, raw, table } = await start();
    await table('batch');
    double.inject({ operation: 'BatchWriteItem', times: 1, unprocessedAfter: 2 });
    const requests = ['1', '2', '3'].map((id) => ({ PutRequest: { Item: { id: { S: id } } } }));
    const answer = await raw.call('BatchWriteItem', { RequestItems: { batch: requests } });
    expect(answer.UnprocessedItems).toEqual({ batch: [requests[2]] });
    expect((await engine.raw.call('Scan', { TableName: 'batch' })).Count).toBe(2);
    const all = await raw.call('BatchWriteItem', { RequestItems: answer.UnprocessedItems });
    expect(all.UnprocessedItems).toEqual({});
  });

  it('answers what a test says', async () => {
    const { double, raw } = await start();
    const Responses = [{ Error: { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' } }];
    double.inject({ operation: 'BatchExecuteStatement', answer: () => ({ Responses }) });
    expect(await raw.call('BatchExecuteStatement', { Statements: [] })).toEqual({ Responses });
  });

  it('is also for the operations that the double answers itself', async () => {
    const { double, raw } = await start();
    double.inject({ operation: 'CreateBackup', error: awsFaults.limitExceeded });
    await expectRefusal(
      raw.call('CreateBackup', { TableName: 'any', BackupName: 'bak' }),
      'LimitExceededException',
      /^Subscriber limit exceeded/,
    );
  });
});

describe('calls', () => {
  it('are all recorded, in order, with their bodies', async () => {
    const { double, raw } = await start();
    double.inject({ operation: 'ListBackups', error: awsFaults.throttling });
    await raw.call('ListTables', { Limit: 3 });
    await raw.call('ListBackups').catch(() => undefined);
    expect(double.calls).toEqual([
      { operation: 'ListTables', body: { Limit: 3 } },
      { operation: 'ListBackups', body: {} },
    ]);
    double.forgetCalls();
    expect(double.calls).toEqual([]);
  });
});
