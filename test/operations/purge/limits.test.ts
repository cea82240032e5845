import { describe, expect, it } from 'vitest';
import { purge } from '../../../src/operations/purge/purge.js';
import { planPurge } from '../../../src/operations/purge/plan.js';
import { awsFaults } from '../../support/aws-double.js';
import { runCli, tempFolder } from '../../support/cli.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, startDouble } from '../harness.js';
import { idsOf, itemsOf, planAndPurge, REQUEST, stage } from './harness.js';

closeAll();
const engine = useEngine();

const put = (table: string, item: object): Promise<unknown> =>
  engine.raw.call('PutItem', { TableName: table, Item: item });

describe('purge, at the limits', () => {
  it.each([
    [300, 8],
    [600, 16],
    [150, 1],
  ])('spends %i write units a second within 5 percent, with %i calls in flight', async (maxWriteUnits, concurrency) => {
    const seconds = 3;
    // A session is in two indexes.
    const count = Math.round((maxWriteUnits * seconds) / 3);
    const here = await stage(engine.endpoint, { count, events: 0, expired: 1 });
    const request = { ...REQUEST, concurrency, maxWriteUnits, keepEvents: true };
    const summary = await planPurge(here.context, here.target, request, here.files);
    const result = await purge(here.context, here.target, request, summary, here.files, 'statements');
    expect(result).toMatchObject({ deleted: count, failed: 0 });
    const rate = result.capacity.writeUnits / result.seconds;
    expect({ rate, isWithin: Math.abs(rate / maxWriteUnits - 1) < 0.05 }).toMatchObject({ isWithin: true });
  });

  it('spends no more read units a second than it may', async () => {
    const here = await stage(engine.endpoint, { count: 2500, events: 0, expired: 0.1 });
    const started = performance.now();
    const summary = await planPurge(here.context, here.target, { ...REQUEST, maxReadUnits: 60 }, here.files);
    const rate = summary.readUnits / ((performance.now() - started) / 1000);
    expect({ rate, isWithin: rate < 60 * 1.1 && rate > 60 * 0.85 }).toMatchObject({ isWithin: true });
  });

  it('deletes a session of 10,000 events with all of them', async () => {
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    await put(here.sessions, { session_id: { S: 'busy' }, ttl: { N: '1' } });
    await put(here.sessions, { session_id: { S: 'other' } });
    await put(here.events, { session_id: { S: 'other' }, event_id: { N: '1' } });
    const text = 'x'.repeat(300);
    const events = Array.from({ length: 10_000 }, (_, at) => ({
      PutRequest: { Item: { session_id: { S: 'busy' }, event_id: { N: String(at) }, data: { S: text } } },
    }));
    const batches = Array.from({ length: 400 }, (_, at) => events.slice(at * 25, at * 25 + 25));
    for (const batch of batches) await engine.raw.call('BatchWriteItem', { RequestItems: { [here.events]: batch } });
    const { result } = await planAndPurge(here);
    expect(result).toMatchObject({ matched: 1, deleted: 1, events: { deleted: 10_000, failed: 0 } });
    expect([...(await idsOf(engine.raw, here.events))]).toEqual(['other']);
  });

  it('deletes sessions whose ids have characters that end lines, or quote', async () => {
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    const ids = [
      '\u2028',
      '\u2029',
      '\r',
      '\n',
      '\r\n',
      '\u0085',
      '\0',
      '"',
      "'",
      '\\',
      '😀',
      ' ',
      '__proto__',
      'constructor',
    ];
    for (const id of ids) {
      await put(here.sessions, { session_id: { S: id }, ttl: { N: '1' }, constructor: { S: id } });
      await put(here.events, { session_id: { S: id }, event_id: { N: '1' } });
    }
    const filter = { expired: true, where: [{ path: 'constructor', operator: 'exists', value: '' }] } as const;
    const { result } = await planAndPurge(here, { filter });
    expect(result).toMatchObject({ deleted: ids.length, failed: 0, events: { deleted: ids.length } });
    expect(await itemsOf(engine.raw, here.sessions)).toEqual([]);
    expect(await itemsOf(engine.raw, here.events)).toEqual([]);
  });

  it('asks of an attribute that nobody has whether it still is absent, whatever objects inherit', async () => {
    const here = await stage(engine.endpoint, { count: 30, events: 0, expired: 1 });
    const filter = { where: [{ path: 'toString', operator: 'missing', value: '' }] } as const;
    const { result } = await planAndPurge(here, { filter });
    expect(result).toMatchObject({ deleted: 30, failed: 0, skippedLive: 0 });
  });
});

describe('purge, where a part fails', () => {
  it('tries what failed again in the next run, and only that', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 60, events: 2, expired: 1 });
    const undo = double.inject({
      operation: 'BatchExecuteStatement',
      times: 1,
      answer: ({ Statements: all }) => ({
        Responses: (Array.isArray(all) ? all : []).map(() => ({
          Error: { Code: 'ValidationError', Message: 'not today' },
        })),
      }),
    });
    const summary = await planPurge(context(), here.target, REQUEST, here.files);
    const first = await purge(context(), here.target, REQUEST, summary, here.files, 'statements');
    expect(first).toMatchObject({ deleted: 35, failed: 25, interrupted: false });
    expect(first.failures).toEqual([{ code: 'ValidationError', message: 'not today', count: 25 }]);
    undo();
    double.forgetCalls();
    const second = await purge(context(), here.target, REQUEST, summary, here.files, 'statements');
    expect(second).toMatchObject({ deleted: 60, failed: 0, failures: [] });
    expect(double.calls.filter(({ operation }) => operation === 'BatchExecuteStatement')).toHaveLength(1);
    expect(await itemsOf(engine.raw, here.sessions)).toEqual([]);
    expect(await itemsOf(engine.raw, here.events)).toEqual([]);
  });

  it('ends the command with 5, says why, and how to go on; that finishes it', async () => {
    const { double } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 40, events: 0, expired: 1 });
    const undo = double.inject({
      operation: 'DeleteItem',
      times: 10,
      error: awsFaults.accessDenied('DeleteItem', here.sessions),
    });
    const cwd = tempFolder();
    const argv = ['purge', '--expired', '--yes', '--json', '--layout', 'mcp', '--delete-with', 'items'];
    const at = ['--sessions-table', here.sessions, '--events-table', here.events, '--endpoint-url', double.endpoint];
    const failed = await runCli([...argv, ...at], { cwd });
    expect({ code: failed.code, stderr: failed.stderr }).toEqual({ code: 5, stderr: '' });
    const said = JSON.parse(failed.stdout);
    expect(said).toMatchObject({ matched: 40, deleted: 30, failed: 10 });
    expect(said.failures).toMatchObject([{ code: 'ACCESS_DENIED', count: 10 }]);
    expect(said.resume.command).toBe(`mcp-sessions ${[...argv, ...at].join(' ')} --resume`);
    undo();
    const resumed = await runCli([...argv, ...at, '--resume'], { cwd });
    expect({ code: resumed.code, ...JSON.parse(resumed.stdout) }).toMatchObject({
      code: 0,
      deleted: 40,
      failed: 0,
      resume: null,
    });
    expect(await itemsOf(engine.raw, here.sessions)).toEqual([]);
  });

  it('leaves out what it may not do to one session, and does the rest', async () => {
    const { double } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 10, events: 0, expired: 1 });
    let asked = 0;
    double.inject({
      operation: 'DeleteItem',
      when: () => (asked += 1) === 3,
      error: awsFaults.accessDenied('DeleteItem', here.sessions),
    });
    const { result } = await planAndPurge({ ...here, context: contextFor(double.endpoint) }, {}, 'items');
    expect(result).toMatchObject({ deleted: 9, failed: 1 });
  });
});
