import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkEndpoint,
  checkEngine,
  checkIdentity,
  checkTables,
  type Finding,
} from '../../../src/operations/tables/doctor.js';
import type { OperationContext } from '../../../src/operations/context.js';
import { awsFaults } from '../../support/aws-double.js';
import { tempFolder } from '../../support/cli.js';
import { freePort, useEngine } from '../../support/engine.js';
import {
  closeAll,
  contextFor,
  freshName,
  sessionsDefinition,
  setUp,
  startDouble,
  type TargetOptions,
  targetOf,
} from '../harness.js';

closeAll();
const engine = useEngine();

const names = (): { sessions: string; events: string } => {
  const sessions = freshName('doctor');
  return { sessions, events: `${sessions}-events` };
};

async function findings(context: OperationContext, options: TargetOptions): Promise<readonly Finding[]> {
  const target = await targetOf(context, options);
  return checkTables(context, target, { overrides: { environment: 'development' }, prune: false });
}

const row = (id: string) => ({ session_id: { S: id }, created_at: { N: '1' }, last_activity: { N: '1' } });

const named = (all: readonly Finding[], check: string): Finding | undefined =>
  all.find((finding) => finding.check === check);

describe('doctor', () => {
  it('finds nothing wrong with tables that are right', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await setUp(running.context(), tables);
    const all = await findings(running.context(), tables);
    expect(all.filter(({ ok }) => !ok)).toEqual([]);
    expect(all.map(({ check }) => check)).toEqual([
      'layout',
      'sessions table',
      'sessions permissions',
      'sessions backups',
      'events table',
      'events permissions',
      'events backups',
      'schema',
      'sessions TTL values',
      'events TTL values',
    ]);
    expect(await checkEndpoint(running.context())).toMatchObject({ ok: true });
  });

  it('finds an endpoint that does not listen', async () => {
    const found = await checkEndpoint(contextFor(`http://127.0.0.1:${await freePort()}`));
    expect(found).toMatchObject({
      ok: false,
      detail: expect.stringContaining('nothing answers'),
      cure: expect.any(String),
    });
  });

  it('does not need to list tables', async () => {
    const running = await startDouble(engine.endpoint);
    running.double.inject({ operation: 'ListTables', error: awsFaults.accessDenied('ListTables', '*') });
    expect(await checkEndpoint(running.context())).toMatchObject({
      ok: true,
      detail: expect.stringContaining('not allowed, nor is it needed'),
    });
  });

  it('finds credentials that AWS does not take', async () => {
    const running = await startDouble(engine.endpoint);
    running.double.inject({ operation: '*', error: awsFaults.expiredToken });
    expect(await checkEndpoint(running.context())).toMatchObject({
      ok: false,
      detail: expect.stringContaining('expired'),
      cure: expect.stringContaining('sso login'),
    });
  });

  it('finds tables that are missing, or not ready', async () => {
    const running = await startDouble(engine.endpoint, { delays: { create: 60_000 } });
    const tables = names();
    await running.raw.call('CreateTable', sessionsDefinition(tables.sessions));
    const all = await findings(running.context(), tables);
    expect(named(all, 'sessions table')).toMatchObject({ ok: false, detail: expect.stringContaining('is CREATING') });
    expect(named(all, 'events table')).toMatchObject({ ok: false, cure: 'run `mcp-sessions setup`' });
    expect(named(all, 'schema')).toBeUndefined();
  });

  it('finds a permission that is missing, by action and table', async () => {
    const running = await startDouble(engine.endpoint);
    const tables = names();
    await setUp(running.context(), tables);
    running.double.inject({ operation: 'Scan', error: awsFaults.accessDenied('Scan', tables.sessions) });
    running.double.inject({ operation: 'ListBackups', error: awsFaults.accessDenied('ListBackups', tables.sessions) });
    const all = await findings(running.context(), tables);
    expect(named(all, 'sessions permissions')).toMatchObject({
      ok: false,
      detail: expect.stringContaining(`dynamodb:Scan on table '${tables.sessions}'`),
      cure: expect.stringContaining('IAM policy'),
    });
    expect(named(all, 'sessions backups')).toMatchObject({ ok: true, detail: expect.stringContaining('not allowed') });
  });

  it('finds drift', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint);
    await setUp(context, { ...tables, overrides: { stream: false } });
    expect(named(await findings(context, tables), 'schema')).toMatchObject({
      ok: false,
      detail: expect.stringContaining(`${tables.sessions}: stream`),
      cure: expect.stringContaining('setup --check'),
    });
  });

  it.each([
    ['milliseconds', { N: '1790000000000' }, /looks like milliseconds where seconds belong/],
    ['text', { S: '1790000000' }, /is the text '1790000000'/],
    ['an instant more than five years past', { N: '1000000000' }, /more than five years past/],
  ])('finds TTL values that never fire: %s', async (_what, ttl, detail) => {
    const tables = names();
    const context = contextFor(engine.endpoint);
    await setUp(context, tables);
    await engine.raw.call('PutItem', { TableName: tables.sessions, Item: { ...row('bad'), ttl } });
    await engine.raw.call('PutItem', {
      TableName: tables.sessions,
      Item: { ...row('good'), ttl: { N: '1800000000' } },
    });
    const found = named(await findings(context, tables), 'sessions TTL values');
    expect(found).toMatchObject({ ok: false, cure: expect.stringContaining('epoch seconds') });
    expect(found?.detail).toMatch(/^1 of 2 rows/);
    expect(found?.detail).toMatch(detail);
  });

  it('finds them in the events too, and among many rows that are right', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint);
    await setUp(context, { ...tables, overrides: { stream: false } });
    const put = async (table: string, item: Record<string, unknown>): Promise<void> => {
      await engine.raw.call('PutItem', { TableName: table, Item: item });
    };
    for (let at = 0; at < 100; at += 1) {
      const ttl = { N: at < 60 ? '1800000000' : '1800000000000' };
      await put(tables.sessions, { ...row(`s${String(at).padStart(3, '0')}`), ttl });
      if (at < 5)
        await put(tables.events, { session_id: { S: 'a' }, event_id: { N: String(at) }, ttl: { N: '1800000000000' } });
    }
    const found = await findings(context, tables);
    expect(named(found, 'sessions TTL values')?.detail).toMatch(/^40 of 100 rows/);
    expect(named(found, 'events TTL values')?.detail).toMatch(/^5 of 5 rows/);
  });

  it('says that TTL is off', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint);
    const target = await targetOf(context, tables);
    await setUp(context, { ...tables, overrides: { ttlAttribute: false } });
    const request = { overrides: { environment: 'development', ttlAttribute: false as const }, prune: false };
    expect(named(await checkTables(context, target, request), 'sessions TTL values')?.detail).toMatch(/TTL is off/);
  });

  it('finds identities that cannot be told', async () => {
    const running = await startDouble(engine.endpoint);
    process.env['AWS_ENDPOINT_URL_STS'] = running.double.endpoint;
    try {
      expect(await checkIdentity(running.context())).toMatchObject({
        ok: true,
        detail: expect.stringContaining('user/x'),
      });
      running.double.inject({
        operation: 'GetCallerIdentity',
        error: { name: 'InvalidClientTokenId', message: 'The security token included in the request is invalid.' },
      });
      expect((await checkIdentity(running.context())).ok).toBe(false);
    } finally {
      delete process.env['AWS_ENDPOINT_URL_STS'];
    }
  });

  it('finds the embedded engine, and nobody who uses its data', async () => {
    const found = await checkEngine(path.join(tempFolder(), 'local.db'), process.env);
    expect(found).toMatchObject([
      { check: 'engine', ok: true },
      { check: 'engine users', ok: true, detail: 'nobody uses the data now' },
    ]);
  });
});
