import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { awsFaults } from '../../support/aws-double.js';
import type { FaultRule } from '../../support/double/faults.js';
import { useEngine } from '../../support/engine.js';
import {
  changesOf,
  closeAll,
  freshName,
  index,
  outcomesOf,
  planFor,
  type RunningDouble,
  type SetupOptions,
  sessionsDefinition,
  setUp,
  startDouble,
} from '../harness.js';

closeAll();
const engine = useEngine();

const names = (): { sessions: string; events: string } => {
  const sessions = freshName('stop');
  return { sessions, events: `${sessions}-events` };
};

/** Numbers from 0 to 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A sessions table with as much to do as one can have: billing, two indexes, stream, TTL, tags. */
async function spoilt(running: RunningDouble, name: string): Promise<void> {
  await running.raw.call('CreateTable', {
    ...sessionsDefinition(name),
    GlobalSecondaryIndexes: [index('ExtraIndex', 'created_at')],
    AttributeDefinitions: [
      { AttributeName: 'session_id', AttributeType: 'S' },
      { AttributeName: 'created_at', AttributeType: 'N' },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    Tags: undefined,
  });
  await sleep(25);
  await running.raw.call('UpdateTimeToLive', {
    TableName: name,
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' },
  });
  await sleep(25);
}

/** What the writes so far asked for, one line each: nothing that succeeded may be asked for twice. */
function asked(running: RunningDouble): readonly string[] {
  return running.double.calls
    .filter(({ operation }) => /^(?:Create|Update|Tag)/.test(operation))
    .map(({ operation, body }) => {
      const { TableName: _name, ResourceArn: _arn, AttributeDefinitions: _definitions, ...what } = body;
      return `${operation} ${String(body['TableName'] ?? body['ResourceArn'])} ${JSON.stringify(what)}`;
    });
}

describe.concurrent('a setup that is interrupted', () => {
  it.each(Array.from({ length: 20 }, (_, at) => at))(
    'is finished by the next run, and nothing is done twice (point %i)',
    async (seed) => {
      const random = seeded(seed * 7919 + 1);
      const running = await startDouble(engine.endpoint);
      const tables = names();
      const options: SetupOptions = { ...tables, prune: true, environment: 'production' };
      if (seed % 3 !== 0) await spoilt(running, tables.sessions);
      running.double.forgetCalls();
      const stop = new AbortController();
      // Every other time in the middle of a call, else between two, by the count of calls or by the clock.
      const point = Math.floor(random() * 45);
      let calls = 0;
      const onCall = (): void => {
        calls += 1;
        if (seed % 2 === 0 && calls === point) stop.abort();
      };
      const plan = await planFor(running.context(), options);
      if (seed % 2 === 1) setTimeout(() => stop.abort(), random() * 400);
      const { applySetup } = await import('../../../src/operations/setup/setup.js');
      const stopped = await applySetup(running.context({ signal: stop.signal, onCall }), plan, { wait: true });
      if (stop.signal.aborted && stopped.interrupted) expect(outcomesOf(stopped).join()).toMatch(/pending|done/);
      expect(outcomesOf(stopped).filter((outcome) => /^(?:failed|blocked)/.test(outcome))).toEqual([]);

      // AWS shows new tags a moment late: a run that begins at once would set them again.
      await sleep(20);
      const finished = await setUp(running.context(), options);
      expect(finished.error).toBeNull();
      expect(outcomesOf(finished).filter((outcome) => !outcome.startsWith('done'))).toEqual([]);
      const all = asked(running).filter((call) => !call.startsWith('UpdateContinuousBackups'));
      expect(all).toEqual([...new Set(all)]);
      expect(changesOf(await planFor(running.context(), options))).toEqual([]);
    },
  );

  it('leaves what is not begun as pending, and says that it was interrupted', async () => {
    const running = await startDouble(engine.endpoint, { delays: { create: 2000 } });
    const stop = new AbortController();
    const plan = await planFor(running.context(), names());
    setTimeout(() => stop.abort(), 150);
    const { applySetup } = await import('../../../src/operations/setup/setup.js');
    const started = performance.now();
    const result = await applySetup(running.context({ signal: stop.signal }), plan, { wait: true });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(result.interrupted).toBe(true);
    expect(result.error).toBeNull();
    expect(new Set(outcomesOf(result).map((text) => text.split(' ')[0]))).toEqual(new Set(['pending']));
  });
});

describe.concurrent('a call that fails in the middle', () => {
  const FAULTS: readonly (readonly [string, FaultRule, string])[] = [
    [
      'AccessDenied on TagResource',
      { operation: 'TagResource', error: awsFaults.accessDenied('TagResource', 'x') },
      'tag:Application',
    ],
    [
      'AccessDenied on UpdateTimeToLive',
      { operation: 'UpdateTimeToLive', error: awsFaults.accessDenied('UpdateTimeToLive', 'x') },
      'ttl',
    ],
    ['HTTP 500 from UpdateTimeToLive', { operation: 'UpdateTimeToLive', error: awsFaults.internalServerError }, 'ttl'],
    ['a dropped connection at TagResource', { operation: 'TagResource', dropConnection: true }, 'tag:Application'],
    [
      'AccessDenied on the stream',
      {
        operation: 'UpdateTable',
        when: (body) => body['StreamSpecification'] !== undefined,
        error: awsFaults.accessDenied('UpdateTable', 'x'),
      },
      'stream',
    ],
  ];

  it.each(FAULTS)('(%s) leaves the others done, and the next run finishes', async (_what, fault, property) => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const options = { ...tables, prune: true };
    await spoilt(running, tables.sessions);
    const heal = running.double.inject({ ...fault, table: tables.sessions });
    const result = await setUp(running.context(), options);
    expect(result.error).not.toBeNull();
    const failed = outcomesOf(result).filter((outcome) => !outcome.startsWith('done'));
    expect(failed).toContain(`failed ${property}`);
    expect(failed.every((outcome) => outcome.includes(property.split(':')[0] ?? ''))).toBe(true);
    heal();
    expect((await setUp(running.context(), options)).error).toBeNull();
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
  });

  it('is no failure when the table has been created meanwhile', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    // AWS says to who asks again after a lost answer what it says when somebody else was quicker.
    const plan = await planFor(running.context(), tables);
    await running.raw.call('CreateTable', sessionsDefinition(tables.sessions));
    const { applySetup } = await import('../../../src/operations/setup/setup.js');
    const result = await applySetup(running.context(), plan, { wait: true });
    expect(result.error).toBeNull();
    expect(outcomesOf(result).filter((outcome) => !outcome.startsWith('done'))).toEqual([]);
    expect(changesOf(await planFor(running.context(), tables))).toEqual([]);
  });

  it('keeps its hands off a table that somebody else created meanwhile with other keys', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    const plan = await planFor(running.context(), tables);
    await running.raw.call('CreateTable', {
      TableName: tables.sessions,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'sid', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'sid', AttributeType: 'S' }],
    });
    await sleep(20);
    running.double.forgetCalls();
    const { applySetup } = await import('../../../src/operations/setup/setup.js');
    const result = await applySetup(running.context(), plan, { wait: true });
    expect(result.error?.code).toBe('TABLE_BLOCKED');
    expect(result.tables[0]?.changes.map(({ outcome }) => outcome)).not.toContain('done');
    expect(running.double.calls.filter(({ operation }) => operation === 'UpdateTimeToLive')).toHaveLength(1);
  });

  it('stops after two calls without an answer', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await spoilt(running, tables.sessions);
    const plan = await planFor(running.context(), tables);
    running.double.forgetCalls();
    running.double.inject({ operation: '*', dropConnection: true });
    const { applySetup } = await import('../../../src/operations/setup/setup.js');
    const result = await applySetup(running.context(), plan, { wait: true });
    expect(result.error?.code).toBe('ENDPOINT_UNREACHABLE');
    expect(outcomesOf(result).filter((outcome) => outcome.startsWith('failed'))).toHaveLength(2);
    expect(running.double.calls.length).toBeLessThanOrEqual(8);
  });
});

describe.concurrent('--no-wait', () => {
  it('asks for what AWS takes at once, calls the rest pending, and is finished by later runs', async () => {
    const running = await startDouble(engine.endpoint, { delays: { create: 120, update: 60, backfill: 60 } });
    const tables = names();
    const options = { ...tables, wait: false, environment: 'production' };
    const started = performance.now();
    const first = await setUp(running.context(), options);
    expect(performance.now() - started).toBeLessThan(1500);
    expect(first.error).toBeNull();
    const outcomes = outcomesOf(first);
    expect(outcomes).toContain('done table');
    expect(outcomes).toContain('pending ttl');
    expect(outcomes.filter((outcome) => !/^(?:done|pending)/.test(outcome))).toEqual([]);
    await sleep(150);
    const second = await setUp(running.context(), options);
    expect(second.error).toBeNull();
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
  });

  it('turns a stream off in one run and on in another', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await setUp(running.context(), { ...tables, overrides: { stream: 'KEYS_ONLY' } });
    const first = await setUp(running.context(), { ...tables, wait: false });
    expect(outcomesOf(first)).toEqual(['pending stream', 'pending stream']);
    expect(first.error).toBeNull();
    await sleep(30);
    const second = await setUp(running.context(), { ...tables, wait: false });
    expect(outcomesOf(second)).toEqual(['done stream', 'done stream']);
  });

  it('leaves a table that is DELETING for later', async () => {
    const running = await startDouble(engine.endpoint, { delays: { delete: 500 } });
    const tables = names();
    await setUp(running.context(), tables);
    await running.raw.call('DeleteTable', { TableName: tables.sessions });
    const result = await setUp(running.context(), { ...tables, wait: false });
    expect(result.error).toBeNull();
    expect(new Set(outcomesOf(result).map((text) => text.split(' ')[0]))).toEqual(new Set(['pending']));
  });
});

describe.concurrent('two setups at once', () => {
  const STARTS = ['nothing', 'nothing', ...Array.from({ length: 6 }, (_, at) => `a spoilt table (${at})`)];

  it.each(STARTS)('from %s both end well', async (from) => {
    const running = await startDouble(engine.endpoint, { delays: { update: 40, backfill: 60 } });
    const tables = names();
    const options = { ...tables, prune: true };
    if (from !== 'nothing') await spoilt(running, tables.sessions);
    const results = await Promise.all([setUp(running.context(), options), setUp(running.context(), options)]);
    expect(results.map(({ error }) => error)).toEqual([null, null]);
    for (const result of results)
      expect(outcomesOf(result).filter((outcome) => !outcome.startsWith('done'))).toEqual([]);
    expect(changesOf(await planFor(running.context(), options))).toEqual([]);
  });
});
