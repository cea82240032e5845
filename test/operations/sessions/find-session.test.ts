import { describe, expect, it } from 'vitest';
import { readEvents } from '../../../src/operations/sessions/events.js';
import { planPurge } from '../../../src/operations/purge/plan.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import { show } from '../../../src/operations/sessions/show.js';
import { DEFAULT_LAYOUT, type Layout } from '../../../src/schema/index.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, setUp, targetOf } from '../harness.js';
import { itemsOf, planAndPurge, REQUEST, stage } from '../purge/harness.js';

closeAll();
const engine = useEngine();

describe('an id without the prefix that the table has', () => {
  it('finds the same express session in show and purge, and a session named in two ways is one', async () => {
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    const sessions = freshName('express');
    const options = { layout: 'express', sessions };
    await setUp(here.context, options);
    const target = await targetOf(here.context, options);
    await seed(here.context, target, { count: 5, events: 0, expired: 1, randomSeed: 3 });
    const [first, second] = (await itemsOf(engine.raw, sessions)).map(({ id }) => String(id?.['S']));
    const bare = String(first).replace(/^sess:/, '');
    expect(bare).not.toBe(first);
    expect((await show(here.context, target, { id: bare, events: 0 })).session.id).toBe(first);
    // A row that is no session does not stand for one.
    await engine.raw.call('PutItem', { TableName: sessions, Item: { id: { S: bare }, expires: { N: '1' } } });
    expect((await show(here.context, target, { id: bare, events: 0 })).session.id).toBe(first);
    const ids = [bare, String(first), String(second), 'nobody'];
    const { result } = await planAndPurge({ ...here, target }, { ids });
    expect(result).toMatchObject({ matched: 2, deleted: 2, failed: 0 });
    const rest = (await itemsOf(engine.raw, sessions)).map(({ id }) => id?.['S']);
    expect(rest).toHaveLength(4);
    expect(rest).toContain(bare);
    expect(rest).not.toContain(first);
  });

  it("finds a session's events, also those of one that is gone", async () => {
    const session = { ...DEFAULT_LAYOUT.session, idPrefixes: ['s:'] };
    const prefixed: Layout = { ...DEFAULT_LAYOUT, id: 'prefixed', session };
    const sessions = freshName('prefixed');
    const names = { sessions, events: `${sessions}-events`, layout: 'prefixed' };
    const context = contextFor(engine.endpoint, { layouts: [prefixed] });
    await setUp(context, names);
    const put = (TableName: string, Item: object) => engine.raw.call('PutItem', { TableName, Item });
    await put(sessions, { session_id: { S: 's:one' } });
    for (const [owner, id] of [
      ['s:one', '1'],
      ['two', '2'],
    ] as const)
      await put(names.events, { session_id: { S: owner }, event_id: { N: id } });
    const target = await targetOf(context, names);
    const eventsOf = async (sessionId: string): Promise<readonly unknown[]> => {
      const found: unknown[] = [];
      for await (const { id } of readEvents(context, target, { sessionId, after: null, limit: null })) found.push(id);
      return found;
    };
    expect(await eventsOf('one')).toEqual([1]);
    expect(await eventsOf('s:one')).toEqual([1]);
    expect(await eventsOf('two')).toEqual([2]);
    expect(await eventsOf('nobody')).toEqual([]);
  });

  it('must be one of the layout', async () => {
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    const options = { layout: 'pmcp-tasks', sessions: freshName('tasks') };
    await setUp(here.context, options);
    const target = await targetOf(here.context, options);
    const error = {
      code: 'USAGE',
      message: "'nocolon' is not an id of the layout pmcp-tasks",
      hint: 'its ids are <PK>:<SK>',
    };
    await expect(show(here.context, target, { id: 'nocolon', events: 0 })).rejects.toMatchObject(error);
    await expect(planAndPurge({ ...here, target }, { ids: ['nocolon'] })).rejects.toMatchObject(error);
  });
});

describe('purge by id', () => {
  it('counts what its reading takes, and keeps it within the budget', async () => {
    const here = await stage(engine.endpoint, { count: 8, events: 0, expired: 1 });
    const ids = (await itemsOf(engine.raw, here.sessions)).map(({ session_id: id }) => String(id?.['S']));
    const request = { ...REQUEST, ids, maxReadUnits: 8, keepEvents: true };
    const started = performance.now();
    const summary = await planPurge(here.context, here.target, request, here.files);
    // A strongly consistent read of up to 4 KB is a unit: eight of them are paid for after a second, and not before.
    expect(summary).toMatchObject({ matched: 8, scanned: 8, readUnits: 8 });
    expect(performance.now() - started).toBeGreaterThan(900);
  });
});
