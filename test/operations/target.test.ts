import { describe, expect, it } from 'vitest';
import { detect } from '../../src/operations/tables/detect.js';
import { seed } from '../../src/operations/sessions/seed.js';
import { requireSessions } from '../../src/operations/target.js';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { closeAll, contextFor, freshName, sessionsDefinition, setUp, startDouble, targetOf } from './harness.js';

closeAll();
const engine = useEngine();

const names = (): { sessions: string; events: string } => {
  const sessions = freshName('target');
  return { sessions, events: `${sessions}-events` };
};

const keyed = (name: string, key: string, sort?: string) => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [
    { AttributeName: key, KeyType: 'HASH' },
    ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' }]),
  ],
  AttributeDefinitions: [key, ...(sort === undefined ? [] : [sort])].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  })),
});

describe('the target of a command', () => {
  it('is the layout that was named, whatever is there', async () => {
    const target = await targetOf(contextFor(engine.endpoint), { ...names(), layout: 'turul' });
    expect(target).toMatchObject({ layoutSource: 'given', sessions: null, layout: { id: 'turul' } });
  });

  it('is the default where there is nothing yet', async () => {
    const tables = names();
    const target = await targetOf(contextFor(engine.endpoint), { ...tables, layout: null });
    expect(target).toMatchObject({ layoutSource: 'default', detection: null, layout: { id: 'mcp' } });
    expect(target.names.map(({ name }) => name)).toEqual([tables.sessions, tables.events]);
  });

  it.each(['mcp', 'turul', 'llm-duel', 'pmcp-tasks', 'express'])(
    'is detected where the tables are of %s',
    async (id) => {
      const tables = names();
      const context = contextFor(engine.endpoint);
      await setUp(context, { ...tables, layout: id });
      await seed(context, await targetOf(context, { ...tables, layout: id }), {
        count: 5,
        events: 0,
        expired: 0,
        randomSeed: 3,
      });
      const target = await targetOf(context, { sessions: tables.sessions, layout: null });
      expect(target).toMatchObject({ layoutSource: 'detected', layout: { id } });
      expect(target.names[0]).toMatchObject({ name: tables.sessions, source: 'detected' });
      if (id === 'turul') expect(target.names[1]?.name).toBe(`${tables.sessions}-events`);
      expect((await detect(context, tables.sessions)).layout).toBe(id);
    },
  );

  it('is refused where more than one layout fits', async () => {
    const name = freshName('which');
    await engine.raw.call('CreateTable', keyed(name, 'session_id'));
    const context = contextFor(engine.endpoint);
    await expect(targetOf(context, { sessions: name, layout: null })).rejects.toMatchObject({
      code: 'LAYOUT_AMBIGUOUS',
      hint: expect.stringContaining('--layout'),
    });
    const given = await targetOf(context, { sessions: name, layout: 'llm-duel' });
    expect((await requireSessions(context, given)).name).toBe(name);
  });

  it('is refused where none fits, with the way to read it all the same', async () => {
    const name = freshName('foreign');
    await engine.raw.call('CreateTable', keyed(name, 'whatever'));
    const context = contextFor(engine.endpoint);
    await expect(targetOf(context, { sessions: name, layout: null })).rejects.toMatchObject({
      code: 'LAYOUT_AMBIGUOUS',
      hint: expect.stringContaining('--layout generic'),
    });
    const target = await targetOf(context, { sessions: name, layout: 'generic' });
    expect(target.layout).toMatchObject({ id: 'generic', session: { id: [{ attribute: 'whatever', type: 'S' }] } });
  });

  it('is refused where the events table is given for the sessions table', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint);
    await setUp(context, tables);
    await expect(targetOf(context, { sessions: tables.events, layout: null })).rejects.toMatchObject({
      code: 'LAYOUT_MISMATCH',
      message: expect.stringContaining('is the events table of mcp'),
    });
  });

  it('is refused for a table with other keys than its layout, once items are wanted', async () => {
    const name = freshName('other');
    await engine.raw.call('CreateTable', keyed(name, 'id'));
    const context = contextFor(engine.endpoint);
    const target = await targetOf(context, { sessions: name, layout: 'mcp' });
    await expect(requireSessions(context, target)).rejects.toMatchObject({
      code: 'LAYOUT_MISMATCH',
      message: expect.stringMatching(/has the keys id \(S\); .* mcp has session_id \(S\)/),
    });
  });

  it('names tables that look like the missing one', async () => {
    const context = contextFor(engine.endpoint);
    await engine.raw.call('CreateTable', keyed('prod-sessions', 'id'));
    await expect(requireSessions(context, await targetOf(context, names()))).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      hint: expect.stringContaining('--sessions-table'),
    });
  });

  it('is detected by structure alone where items may not be read, or are not there yet', async () => {
    const running = await startDouble(engine.endpoint, { delays: { create: 60_000 } });
    const name = freshName('young');
    await running.raw.call('CreateTable', keyed(name, 'PK', 'SK'));
    running.double.forgetCalls();
    const ambiguous = { code: 'LAYOUT_AMBIGUOUS', message: expect.stringContaining('fit pmcp-tasks, ') };
    await expect(targetOf(running.context(), { sessions: name, layout: null })).rejects.toMatchObject(ambiguous);
    expect(running.double.calls.map(({ operation }) => operation)).not.toContain('Scan');

    const other = await startDouble(engine.endpoint);
    other.double.inject({ operation: 'Scan', error: awsFaults.accessDenied('Scan', name) });
    await expect(targetOf(other.context(), { sessions: name, layout: null })).rejects.toMatchObject(ambiguous);
  });

  it.each([
    ['mcp', { MCP_SESSION_TABLE: 'env-a' }, ['env-a', 'mcp-session-events']],
    ['mcp', { DYNAMODB_SESSIONS_TABLE: 'env-b', MCP_SESSION_TABLE: 'env-a' }, ['env-b', 'mcp-session-events']],
    ['mcp', { DYNAMODB_EVENTS_TABLE: 'env-c' }, ['mcp-sessions', 'env-c']],
    ['turul', { MCP_SESSION_TABLE: 'env-d' }, ['env-d', 'env-d-events']],
    ['llm-duel', { SESSION_TABLE_NAME: 'env-e' }, ['env-e']],
    ['express', { MCP_SESSION_TABLE: 'env-f' }, ['sessions']],
    [null, { MCP_SESSION_TABLE: 'env-g' }, ['env-g', 'mcp-session-events']],
  ])('takes the names of layout %s from its environment variables %j', async (layout, env, expected) => {
    const target = await targetOf(contextFor(engine.endpoint), { layout, env });
    expect(target.names.map(({ name }) => name)).toEqual(expected);
  });

  it('lets flags beat the environment', async () => {
    const env = { DYNAMODB_SESSIONS_TABLE: 'from-env' };
    const target = await targetOf(contextFor(engine.endpoint), { sessions: 'from-flag', env });
    expect(target.names[0]).toMatchObject({ name: 'from-flag', source: 'flag' });
  });

  it('refuses names that DynamoDB does not take, one table for both, and layouts that do not exist', async () => {
    const context = contextFor(engine.endpoint);
    await expect(targetOf(context, { sessions: 'a b' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(targetOf(context, { sessions: 'one-table', events: 'one-table' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining("cannot share the table 'one-table'"),
    });
    await expect(targetOf(context, { layout: 'nope' })).rejects.toMatchObject({
      code: 'LAYOUT_UNKNOWN',
      hint: expect.stringContaining('turul'),
    });
  });

  it('takes a table of the default name that cannot be the default’s for a spoilt one', async () => {
    const running = await startDouble(engine.endpoint);
    await running.raw.call('CreateTable', keyed('mcp-sessions', 'wrong'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const target = await targetOf(running.context(), { layout: null });
    expect(target).toMatchObject({ layoutSource: 'default', layout: { id: 'mcp' } });
    await running.raw.call('DeleteTable', { TableName: 'mcp-sessions' });
  });

  it('says where a table is missing whose layout was asked for', async () => {
    await expect(detect(contextFor(engine.endpoint), 'nothing-here')).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      message: `table 'nothing-here' does not exist in eu-west-1 at ${engine.endpoint}`,
    });
    await engine.raw.call('CreateTable', sessionsDefinition('plain-mcp'));
    expect((await detect(contextFor(engine.endpoint), 'plain-mcp')).confidence).toBe('certain');
  });
});
