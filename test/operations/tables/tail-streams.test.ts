import { describe, expect, it } from 'vitest';
import { type TableChange, type TailRequest, tailStreams } from '../../../src/operations/tables/tail-streams.js';
import type { StreamViewType } from '../../../src/schema/index.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, type RunningDouble, setUp, startDouble, targetOf } from '../harness.js';

closeAll();
const engine = useEngine();

type Wire = Readonly<Record<string, object>>;

interface Tail {
  readonly changes: TableChange[];
  readonly warnings: string[];
  /** Waits until the streams are followed. */
  readonly started: () => Promise<void>;
  /** Waits until so many changes have come, and ends it. */
  readonly end: (count: number) => Promise<readonly TableChange[]>;
  /** Waits until it ends by itself. */
  readonly ended: Promise<readonly TableChange[]>;
}

interface Scene extends RunningDouble {
  readonly sessions: string;
  readonly events: string;
  readonly session: (id: string, more?: Wire) => Promise<void>;
  readonly event: (session: string, id: number) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly tail: (request?: Partial<TailRequest>) => Tail;
}

async function scene(view: StreamViewType | false = 'NEW_AND_OLD_IMAGES'): Promise<Scene> {
  const running = await startDouble(engine.endpoint);
  const sessions = freshName('tail');
  const names = { sessions, events: `${sessions}-events` };
  const { error } = await setUp(running.context(), { ...names, overrides: { stream: view } });
  expect(error).toBeNull();
  return {
    ...running,
    ...names,
    session: async (id, more = {}) => {
      await engine.raw.call('PutItem', { TableName: sessions, Item: { session_id: { S: id }, ...more } });
    },
    event: async (session, id) => {
      const Item = { session_id: { S: session }, event_id: { N: String(id) }, data: { S: '{"n":1}' } };
      await engine.raw.call('PutItem', { TableName: names.events, Item });
    },
    remove: async (id) => {
      await engine.raw.call('DeleteItem', { TableName: sessions, Key: { session_id: { S: id } } });
    },
    tail: (request = {}) => {
      const stop = new AbortController();
      const context = contextFor(running.double.endpoint, { signal: stop.signal });
      const [changes, warnings]: [TableChange[], string[]] = [[], []];
      const full: TailRequest = { from: 'now', only: null, sessionId: null, limit: null, ...request };
      const followed: string[] = [];
      const onStart = (tables: readonly string[]): void => void followed.push(...tables);
      const run = async (): Promise<readonly TableChange[]> => {
        const listener = { onStart, onWarning: (text: string) => void warnings.push(text) };
        for await (const change of tailStreams(context, await targetOf(context, names), full, listener))
          changes.push(change);
        return changes;
      };
      const ended = run();
      const end = async (count: number): Promise<readonly TableChange[]> => {
        const enough = async (): Promise<void> => {
          while (changes.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
        };
        await Promise.race([ended, enough()]);
        stop.abort();
        await expect(ended).rejects.toMatchObject({ code: 'INTERRUPTED' });
        return changes;
      };
      const started = async (): Promise<void> => {
        while (followed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      return { changes, warnings, started, end, ended };
    },
  };
}

const said = (changes: readonly TableChange[]): readonly string[] =>
  changes.map(({ role, eventName, sessionId, keys }) =>
    [role, eventName, sessionId, ...(role === 'events' ? [keys['event_id']] : [])].join(' '),
  );

describe('streams tail', () => {
  it('tells what was added, changed and removed in both tables, decoded by the layout', async () => {
    const { session, event, remove, tail } = await scene();
    await session('before');
    const following = tail();
    await following.started();
    const more = { zone: { S: 'x' }, another: { S: 'y' }, created_at: { N: '1' }, last_activity: { N: '1' } };
    await session('a', { ...more, ttl: { N: '1' }, state: { S: '{"n":1,"same":[1]}' } });
    await session('a', { ...more, ttl: { N: '2' }, state: { S: '{"same":[1],"n":2}' } });
    await remove('a');
    await event('a', 7);
    const changes = await following.end(4);
    expect(new Set(said(changes))).toEqual(
      new Set(['sessions INSERT a', 'sessions MODIFY a', 'sessions REMOVE a', 'events INSERT a 7']),
    );
    const [added, changed, removed] = changes.filter(({ role }) => role === 'sessions');
    expect(added).toMatchObject({ old: null, new: { session_id: 'a', ttl: 1, state: { n: 1 } }, ttlDelete: false });
    // In the order of the layout, whatever that of the stream.
    expect(added?.changes.map(({ path }) => path.join('.'))).toEqual([
      'state',
      'created_at',
      'last_activity',
      'ttl',
      'another',
      'zone',
    ]);
    expect(changed?.changes).toEqual([
      { path: ['state', 'n'], from: 1, to: 2 },
      { path: ['ttl'], from: 1, to: 2 },
    ]);
    expect(removed).toMatchObject({ old: { ttl: 2 }, new: null });
    expect(changes.find(({ role }) => role === 'events')?.new).toMatchObject({ data: { n: 1 } });
  });

  it('tells attributes called __proto__, at any depth', async () => {
    const { session, tail } = await scene();
    await session('a', JSON.parse('{"__proto__":{"M":{"__proto__":{"M":{"__proto__":{"S":"kept"}}}}}}'));
    const [added] = await tail({ from: 'trim-horizon', limit: 1 }).ended;
    expect(JSON.stringify(Object.entries(added?.new ?? {}).find(([name]) => name === '__proto__'))).toBe(
      '["__proto__",{"__proto__":{"__proto__":"kept"}}]',
    );
  });

  it('from the horizon has what was there before, and ends at the limit', async () => {
    const { session, tail } = await scene();
    for (const id of ['a', 'b', 'c']) await session(id);
    const { ended } = tail({ from: 'trim-horizon', limit: 2 });
    expect(said(await ended)).toEqual(['sessions INSERT a', 'sessions INSERT b']);
  });

  it('of one session, its events too and nobody else', async () => {
    const { session, event, tail } = await scene();
    await session('a');
    await session('ab');
    await event('ab', 1);
    await event('a', 2);
    const { ended } = tail({ from: 'trim-horizon', sessionId: 'a', limit: 2 });
    expect(new Set(said(await ended))).toEqual(new Set(['sessions INSERT a', 'events INSERT a 2']));
  });

  it('of one table only', async () => {
    const { session, event, tail, double, sessions } = await scene();
    await session('a');
    await event('a', 1);
    double.forgetCalls();
    expect(said(await tail({ from: 'trim-horizon', only: 'events', limit: 1 }).ended)).toEqual(['events INSERT a 1']);
    const streams = double.calls.filter(({ operation }) => operation === 'DescribeStream');
    expect(JSON.stringify(streams)).not.toContain(`table/${sessions}/`);
  });

  it("tells TTL's removals from an application's", async () => {
    const { session, remove, tail, double, sessions } = await scene();
    const stream = await double.shard(sessions);
    stream.expiring.add(JSON.stringify({ session_id: { S: 'old' } }));
    const following = tail({ only: 'sessions' });
    await following.started();
    for (const id of ['old', 'other']) {
      await session(id);
      await remove(id);
    }
    const removed = (await following.end(4)).filter(({ eventName }) => eventName === 'REMOVE');
    expect(removed.map(({ sessionId, ttlDelete }) => [sessionId, ttlDelete])).toEqual([
      ['old', true],
      ['other', false],
    ]);
  });

  it('follows through splits', async () => {
    const { session, tail, double, sessions } = await scene();
    const stream = await double.shard(sessions);
    const following = tail({ only: 'sessions' });
    await following.started();
    const ids = Array.from({ length: 12 }, (_, at) => `s${at}`);
    for (const [at, id] of ids.entries()) {
      await session(id);
      if (at % 4 === 3) await stream.split();
    }
    const changes = await following.end(12);
    expect(new Set(changes.map(({ sessionId }) => sessionId))).toEqual(new Set(ids));
    expect(changes).toHaveLength(12);
  });

  it('says when records were lost, and goes on', async () => {
    const { session, tail, double, sessions } = await scene();
    const stream = await double.shard(sessions);
    const following = tail({ only: 'sessions' });
    await following.started();
    const throttled = { name: 'ThrottlingException', message: 'Rate exceeded' };
    const release = double.inject({ operation: 'GetRecords', error: throttled });
    await session('lost');
    await stream.trim();
    release();
    await session('kept');
    expect(said(await following.end(1))).toEqual(['sessions INSERT kept']);
    expect(following.warnings).toEqual([expect.stringContaining('gone before they were read')]);
  });

  it('ends when the streams are turned off, and says so', async () => {
    const { session, tail, double, raw, sessions } = await scene();
    await double.shard(sessions);
    const following = tail({ only: 'sessions' });
    await following.started();
    await session('last');
    await raw.call('UpdateTable', { TableName: sessions, StreamSpecification: { StreamEnabled: false } });
    expect(said(await following.ended)).toEqual(['sessions INSERT last']);
    expect(following.warnings).toEqual([expect.stringContaining('was turned off')]);
  });

  it.each([
    ['KEYS_ONLY', { old: null, new: null, changes: [] }],
    ['NEW_IMAGE', { old: null, new: { ttl: 2 }, changes: [] }],
    ['OLD_IMAGE', { old: { ttl: 1 }, new: null, changes: [] }],
  ] as const)('of %s tells what there is, and makes nothing up', async (view, expected) => {
    const { session, tail } = await scene(view);
    await session('a', { ttl: { N: '1' } });
    await session('a', { ttl: { N: '2' } });
    const [, changed] = await tail({ from: 'trim-horizon', limit: 2 }).ended;
    expect(changed).toMatchObject({ eventName: 'MODIFY', sessionId: 'a', ...expected });
  });

  it('a table without a stream is left out with a word; without any there is nothing to follow', async () => {
    const { session, tail, raw, events, sessions } = await scene();
    await raw.call('UpdateTable', { TableName: events, StreamSpecification: { StreamEnabled: false } });
    await session('a');
    const following = tail({ from: 'trim-horizon', limit: 1 });
    await following.ended;
    expect(following.warnings).toEqual([`table '${events}' has no stream: it is left out`]);
    await raw.call('UpdateTable', { TableName: sessions, StreamSpecification: { StreamEnabled: false } });
    await expect(tail().ended).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('rows of a shared table that are no sessions are left out', async () => {
    const running = await startDouble(engine.endpoint);
    const context = running.context();
    const names = { layout: 'pmcp-tasks', sessions: freshName('pmcp') };
    const { error } = await setUp(context, { ...names, overrides: { stream: 'NEW_AND_OLD_IMAGES' } });
    expect(error).toBeNull();
    const target = await targetOf(context, names);
    const put = async (PK: string, SK: string): Promise<void> => {
      await engine.raw.call('PutItem', { TableName: names.sessions, Item: { PK: { S: PK }, SK: { S: SK } } });
    };
    await put('OTHER#1', 'META');
    await put('OWNER#1', 'TASK#2');
    const request = { from: 'trim-horizon', only: null, sessionId: null, limit: 1 } as const;
    const changes: TableChange[] = [];
    const listener = { onStart: () => {}, onWarning: () => {} };
    for await (const change of tailStreams(context, target, request, listener)) changes.push(change);
    expect(changes.map(({ keys }) => keys['SK'])).toEqual(['TASK#2']);
  });
});
