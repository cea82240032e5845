import { describe, expect, it } from 'vitest';
import { followEvents } from '../../../src/operations/sessions/follow-events.js';
import type { StreamViewType } from '../../../src/schema/index.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, type RunningDouble, setUp, startDouble, targetOf } from '../harness.js';

closeAll();

/** Waits as long as it takes: the test's own limit is the only one. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const engine = useEngine();

interface Scene extends RunningDouble {
  readonly events: string;
  readonly put: (id: number, more?: { readonly session?: string; readonly text?: string }) => Promise<void>;
  readonly follow: (after?: string) => Promise<Following>;
}

interface Following {
  readonly ids: unknown[];
  readonly notes: string[];
  /** Waits until so many events have come, and ends it. */
  readonly end: (count: number) => Promise<readonly unknown[]>;
}

/** Tables of the layout mcp behind a double; `view` is false for no stream. */
async function scene(view: StreamViewType | false = 'NEW_AND_OLD_IMAGES'): Promise<Scene> {
  const running = await startDouble(engine.endpoint);
  const sessions = freshName('follow');
  const names = { sessions, events: `${sessions}-events` };
  const { error } = await setUp(running.context(), { ...names, overrides: { stream: view } });
  expect(error).toBeNull();
  const put: Scene['put'] = async (id, { session = 'abc', text = '' } = {}) => {
    await engine.raw.call('PutItem', {
      TableName: names.events,
      Item: { session_id: { S: session }, event_id: { N: String(id) }, data: { S: JSON.stringify({ id, text }) } },
    });
  };
  const follow: Scene['follow'] = async (after) => {
    const stop = new AbortController();
    const context = contextFor(running.double.endpoint, { signal: stop.signal });
    const target = await targetOf(context, names);
    const [ids, notes]: [unknown[], string[]] = [[], []];
    const request = { sessionId: 'abc', after: after ?? null, limit: null };
    const run = async (): Promise<void> => {
      for await (const { id } of followEvents(context, target, request, (note) => notes.push(note))) ids.push(id);
    };
    const going = run();
    return {
      ids,
      notes,
      end: async (count) => {
        await Promise.race([going, until(() => ids.length >= count)]);
        stop.abort();
        await expect(going).rejects.toMatchObject({ code: 'INTERRUPTED' });
        return ids;
      },
    };
  };
  return { ...running, events: names.events, put, follow };
}

const says = async ({ notes }: Following, text: string): Promise<void> =>
  until(() => notes.some((note) => note.includes(text)));

describe('events by the stream', () => {
  it('what the table has comes first, then what is written, only of this session', async () => {
    const { put, follow } = await scene();
    await put(1);
    await put(2);
    const following = await follow();
    await says(following, 'by the stream');
    await put(3, { session: 'another' });
    await put(3);
    await put(4);
    expect(await following.end(4)).toEqual([1, 2, 3, 4]);
  });

  it('begins after an event, whatever comes later with a lower id', async () => {
    const { put, follow } = await scene();
    await put(10);
    const following = await follow('10');
    await says(following, 'by the stream');
    await put(9);
    await put(11);
    expect(await following.end(1)).toEqual([11]);
  });

  it('what is written between the place in the stream and the reading of the table comes once', async () => {
    const { put, follow, double } = await scene();
    await put(1);
    double.inject({ operation: 'Query', times: 1, delayMs: 300 });
    const following = await follow();
    await until(() => double.calls.some(({ operation }) => operation === 'Query'));
    await put(2);
    await until(() => following.ids.length === 2);
    await put(3);
    expect(await following.end(3)).toEqual([1, 2, 3]);
  });

  it('reads the table consistently, so that nothing falls between it and the stream', async () => {
    const { put, follow, double } = await scene();
    await put(1);
    const following = await follow();
    await following.end(1);
    const order = double.calls.map(({ operation }) => operation);
    expect(order.indexOf('GetRecords')).toBeLessThan(order.indexOf('Query'));
    expect(double.calls.filter(({ operation }) => operation === 'Query')).toMatchObject([
      { body: { ConsistentRead: true } },
    ]);
  });

  it('an event that is written after one with a greater id is not lost', async () => {
    const { put, follow } = await scene();
    await put(6);
    const following = await follow();
    await until(() => following.ids.length === 1);
    await put(5);
    await put(7);
    expect((await following.end(3))[0]).toBe(6);
    expect(new Set(following.ids)).toEqual(new Set([5, 6, 7]));
  });

  it('changed and removed events are no new ones', async () => {
    const { put, follow, events, raw } = await scene();
    await put(1);
    const following = await follow();
    await until(() => following.ids.length === 1);
    await put(2);
    await until(() => following.ids.length === 2);
    await put(1, { text: 'changed' });
    await put(2, { text: 'changed' });
    await raw.call('DeleteItem', { TableName: events, Key: { session_id: { S: 'abc' }, event_id: { N: '2' } } });
    await put(3);
    await following.end(3);
    expect(following.ids).toEqual([1, 2, 3]);
  });

  it.each(['KEYS_ONLY', 'OLD_IMAGE', 'NEW_IMAGE'] as const)('of %s too: what it lacks is read', async (view) => {
    const { put, follow, double } = await scene(view);
    await put(1);
    const following = await follow();
    await until(() => following.ids.length === 1);
    await put(2);
    expect(await following.end(2)).toEqual([1, 2]);
    const reads = double.calls.filter(({ operation }) => operation === 'GetItem');
    expect(reads).toHaveLength(view === 'NEW_IMAGE' ? 0 : 1);
  });

  it('goes through splits', async () => {
    const { put, follow, double, events } = await scene();
    const stream = await double.shard(events);
    const following = await follow();
    await says(following, 'by the stream');
    for (let id = 1; id <= 9; id += 1) {
      await put(id);
      if (id % 3 === 0) await stream.split();
    }
    expect(await following.end(9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('what the stream has lost is read from the table', async () => {
    const { put, follow, double, events } = await scene();
    const stream = await double.shard(events);
    await put(1);
    const following = await follow();
    await until(() => following.ids.length === 1);
    // Held off while there is something to lose.
    const release = double.inject({ operation: 'GetRecords', error: awsFaults.throttling });
    await put(2);
    await stream.trim();
    release();
    await put(3);
    expect(await following.end(3)).toEqual([1, 2, 3]);
  });

  it('goes on with the next stream when one takes the place of the other', async () => {
    const { put, follow, double, events, raw } = await scene();
    const stream = await double.shard(events);
    await put(1);
    const following = await follow();
    await until(() => following.ids.length === 1);
    const turn = async (specification: object): Promise<void> => {
      await raw.call('UpdateTable', { TableName: events, StreamSpecification: specification });
      await stream.pull();
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await turn({ StreamEnabled: false });
    await turn({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' });
    await put(2);
    await until(() => following.notes.filter((note) => note.includes('by the stream of table')).length === 2);
    await put(3);
    expect(await following.end(3)).toEqual([1, 2, 3]);
    expect(following.notes.join()).not.toContain('again and again');
  });
});

describe('events without the stream', () => {
  it('a table without one is asked again and again', async () => {
    const { put, follow } = await scene(false);
    await put(1);
    const following = await follow();
    await says(following, 'has no stream');
    await put(2);
    expect(await following.end(2)).toEqual([1, 2]);
  });

  it.each([
    ['DescribeStream', 'may not be read', 'access denied'],
    ['GetRecords', 'may not be read', 'access denied'],
    ['DescribeStream', 'is not offered', 'does not offer'],
    ['DescribeStream', 'is answered with a web page', 'not as DynamoDB does'],
  ])('a stream whose %s %s is not needed', async (operation, what, note) => {
    const { put, follow, double, events } = await scene();
    const refusal = what.includes('web page')
      ? { html: true }
      : what.includes('offered')
        ? { error: { name: 'UnknownOperationException', message: '' } }
        : { error: awsFaults.accessDenied(operation, events) };
    double.inject({ operation, ...refusal });
    await put(1);
    const following = await follow();
    await says(following, note);
    await put(2);
    expect(await following.end(2)).toEqual([1, 2]);
  });

  it('a permission that is taken away on the way ends the stream, not the following', async () => {
    const { put, follow, double, events } = await scene();
    await put(1);
    const following = await follow();
    await says(following, 'by the stream');
    await until(() => following.ids.length === 1);
    double.inject({ operation: 'GetRecords', error: awsFaults.accessDenied('GetRecords', events) });
    await put(2);
    expect(await following.end(2)).toEqual([1, 2]);
    expect(following.notes.at(-1)).toContain('has ended: access denied');
  });

  it('a stream that is turned off on the way is read to its end first', async () => {
    const { put, follow, double, events, raw } = await scene();
    await double.shard(events);
    const following = await follow();
    await says(following, 'by the stream');
    await put(1);
    await raw.call('UpdateTable', { TableName: events, StreamSpecification: { StreamEnabled: false } });
    await says(following, 'was turned off');
    await put(2);
    expect(await following.end(2)).toEqual([1, 2]);
  });

  it('more shards than are worth it are left alone', async () => {
    const { put, follow, double, events } = await scene();
    const stream = await double.shard(events);
    for (let round = 0; round < 6; round += 1) await stream.split();
    await put(1);
    const following = await follow();
    await says(following, '64 shards');
    expect(await following.end(1)).toEqual([1]);
  });
});
