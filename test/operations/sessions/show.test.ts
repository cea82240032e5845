import { describe, expect, it } from 'vitest';
import { list } from '../../../src/operations/sessions/list.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import { show } from '../../../src/operations/sessions/show.js';
import { LAYOUTS } from '../../../src/schema/index.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, sessionsDefinition, setUp, startDouble, targetOf } from '../harness.js';

closeAll();
const engine = useEngine();

const names = (): { sessions: string; events: string } => {
  const sessions = freshName('show');
  return { sessions, events: `${sessions}-events` };
};

async function withTables(layout = 'mcp') {
  const tables = { ...names(), layout };
  const context = contextFor(engine.endpoint);
  await setUp(context, tables);
  return { tables, context, target: await targetOf(context, tables) };
}

const session = (id: string) => ({
  session_id: { S: id },
  created_at: { N: '1780000000000' },
  last_activity: { N: '1780000060000' },
  ttl: { N: '1780001860' },
  state: { S: '{"theme":"dark"}' },
  is_initialized: { BOOL: true },
});

describe('show', () => {
  it.each(LAYOUTS.filter(({ id }) => id !== 'generic').map(({ id }) => id))(
    'finds by its id each session that list shows, in the layout %s',
    async (layout) => {
      const { context, target } = await withTables(layout);
      await seed(context, target, { count: 6, events: 3, expired: 0.5, randomSeed: 11 });
      const { sessions } = await list(context, target, { filter: {}, sort: 'id', limit: null });
      expect(sessions).toHaveLength(6);
      for (const listed of sessions) {
        const shown = await show(context, target, { id: listed.id, events: 10 });
        expect({ ...shown.session, state: null }).toEqual({ ...listed, state: null });
        expect(Object.keys(shown.attributes).length).toBeGreaterThan(2);
        if (target.layout.event === null) expect(shown.events).toBeNull();
        else expect(shown.events?.map(({ id }) => Number(id))).toEqual([1, 2, 3]);
      }
    },
  );

  it('decodes payloads and times', async () => {
    const { context, target, tables } = await withTables();
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: session('one') });
    const shown = await show(context, target, { id: 'one', events: 10 });
    expect(shown.attributes).toMatchObject({ state: { theme: 'dark' }, is_initialized: true });
    expect(shown.session).toMatchObject({
      state: 'expired',
      createdAt: 1_780_000_000_000,
      expiresAt: 1_780_001_860_000,
    });
    expect(shown).toMatchObject({ events: [], moreEvents: false });
  });

  it.each(['a b', 'ü/ñ?#&', '../..', ':', 'a:b:c', '%3A', '"quoted"', '\u202Eright', "o'brien", '😀'])(
    'finds the id %j',
    async (id) => {
      const { context, target, tables } = await withTables();
      await engine.raw.call('PutItem', { TableName: tables.sessions, Item: session(id) });
      expect((await show(context, target, { id, events: 0 })).session.id).toBe(id);
    },
  );

  it('finds a composite id, whatever its owner is called', async () => {
    const { context, target, tables } = await withTables('pmcp-tasks');
    const row = { PK: { S: 'OWNER#a:b' }, SK: { S: 'TASK#x:%y' }, version: { N: '1' }, data: { S: '{}' } };
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: row });
    const { sessions } = await list(context, target, { filter: {}, sort: 'id', limit: null });
    expect(sessions.map(({ id }) => id)).toEqual(['a:b:x%3A%25y']);
    expect((await show(context, target, { id: 'a:b:x%3A%25y', events: 0 })).session.id).toBe('a:b:x%3A%25y');
    await expect(show(context, target, { id: 'no-colon', events: 0 })).rejects.toMatchObject({
      code: 'USAGE',
      hint: 'its ids are <PK>:<SK>',
    });
  });

  it('finds an express session with and without its prefix', async () => {
    const { context, target, tables } = await withTables('express');
    const row = {
      id: { S: 'sess:abc' },
      expires: { N: '1780000000' },
      type: { S: 'connect-session' },
      sess: { S: '{"cookie":{}}' },
    };
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: row });
    for (const id of ['abc', 'sess:abc'])
      expect((await show(context, target, { id, events: 0 })).session.id).toBe('sess:abc');
  });

  it('says that there is no such session', async () => {
    const { context, target } = await withTables();
    await expect(show(context, target, { id: 'nobody', events: 5 })).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
      message: expect.stringContaining("'nobody'"),
      hint: expect.stringContaining('list --all'),
    });
    await expect(show(context, target, { id: '', events: 5 })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('takes an id that is no number for none, where the key is a number', async () => {
    const name = freshName('numbered');
    await engine.raw.call('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'nr', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'nr', AttributeType: 'N' }],
    });
    await engine.raw.call('PutItem', { TableName: name, Item: { nr: { N: '42' } } });
    const context = contextFor(engine.endpoint);
    const target = await targetOf(context, { layout: 'generic', sessions: name });
    expect((await show(context, target, { id: '42', events: 0 })).session.id).toBe('42');
    for (const id of ['abc', '4 2', '0x10'])
      await expect(show(context, target, { id, events: 0 })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('shows the newest events in their order, across pages', async () => {
    const tables = names();
    const running = await startDouble(engine.endpoint);
    const context = running.context();
    await setUp(context, tables);
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: session('busy') });
    // 60 events of 30 KB: two pages of 1 MB.
    for (let at = 1; at <= 60; at += 1)
      await engine.raw.call('PutItem', {
        TableName: tables.events,
        Item: {
          session_id: { S: 'busy' },
          event_id: { N: String(at) },
          timestamp: { N: String(1_780_000_000_000 + at) },
          event_type: { S: 'message' },
          data: { S: JSON.stringify({ at, pad: 'x'.repeat(30_000) }) },
        },
      });
    const target = await targetOf(context, tables);
    const few = await show(context, target, { id: 'busy', events: 5 });
    expect(few.events?.map(({ id }) => id)).toEqual([56, 57, 58, 59, 60]);
    expect(few).toMatchObject({ moreEvents: true });
    expect(few.events?.[0]).toMatchObject({ timestamp: 1_780_000_000_056, type: 'message' });
    running.double.forgetCalls();
    const all = await show(context, target, { id: 'busy', events: 60 });
    expect(all.events?.map(({ id }) => id)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    expect(all.moreEvents).toBe(false);
    expect(running.double.calls.filter(({ operation }) => operation === 'Query').length).toBeGreaterThan(1);
  });

  it('shows a session without its events where their table is missing or not ready', async () => {
    const running = await startDouble(engine.endpoint, { delays: { create: 20, delete: 60_000 } });
    const tables = names();
    const context = running.context();
    await running.raw.call('CreateTable', sessionsDefinition(tables.sessions));
    await new Promise((resolve) => setTimeout(resolve, 40));
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: session('alone') });
    const target = await targetOf(context, tables);
    expect((await show(context, target, { id: 'alone', events: 5 })).events).toBeNull();
    await setUp(context, tables);
    await running.raw.call('DeleteTable', { TableName: tables.events });
    expect((await show(context, target, { id: 'alone', events: 5 })).events).toBeNull();
  });

  it('says so when the events table is another one', async () => {
    const { context, tables } = await withTables();
    const target = await targetOf(context, { ...tables, events: `${tables.sessions}-other` });
    await engine.raw.call('CreateTable', sessionsDefinition(`${tables.sessions}-other`));
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: session('one') });
    await expect(show(context, target, { id: 'one', events: 5 })).rejects.toMatchObject({
      code: 'LAYOUT_MISMATCH',
      message: expect.stringContaining('events table of the layout mcp has session_id (S) + event_id (N)'),
    });
  });
});
