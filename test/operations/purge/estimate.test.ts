import { describe, expect, it } from 'vitest';
import { planPurge } from '../../../src/operations/purge/plan.js';
import { purge } from '../../../src/operations/purge/purge.js';
import { planOrphans, purgeOrphans } from '../../../src/operations/purge/orphans.js';
import { useEngine } from '../../support/engine.js';
import { closeAll } from '../harness.js';
import { REQUEST, type Stage, stage } from './harness.js';

closeAll();
const engine = useEngine();

const put = (table: string, item: object): Promise<unknown> =>
  engine.raw.call('PutItem', { TableName: table, Item: item });

const text = (bytes: number): object => ({ S: 'x'.repeat(bytes) });

/** Expired sessions of uneven sizes, a few of them huge, in some indexes or in none; with an event each. */
async function uneven(): Promise<Stage> {
  const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
  for (let at = 0; at < 60; at += 1) {
    const id = { S: `s${at}` };
    const size = at % 20 === 0 ? 390_000 : at % 3 === 0 ? 5000 : 200;
    const indexed = at % 2 === 0 && { last_activity: { N: String(at) }, created_at: { N: '1' } };
    await put(here.sessions, { session_id: id, ttl: { N: '1' }, state: text(size), ...indexed });
    await put(here.events, { session_id: id, event_id: { N: '1' }, data: text(at % 3 === 0 ? 1900 : 100) });
  }
  return here;
}

describe('what a purge says it will cost', () => {
  it('is what it costs, whatever the sizes', async () => {
    const here = await uneven();
    const summary = await planPurge(here.context, here.target, REQUEST, here.files);
    const result = await purge(here.context, here.target, REQUEST, summary, here.files, 'statements');
    expect(result).toMatchObject({ deleted: 60, events: { deleted: 60 } });
    const ratio = result.capacity.writeUnits / summary.writeUnits;
    expect({ ratio, isClose: ratio > 1 / 1.1 && ratio < 1.1 }).toMatchObject({ isClose: true });
  });

  it('is exact for sessions that were named', async () => {
    const here = await uneven();
    const request = { ...REQUEST, ids: ['s0', 's1', 's3'], keepEvents: true };
    const summary = await planPurge(here.context, here.target, request, here.files);
    const result = await purge(here.context, here.target, request, summary, here.files, 'items');
    expect(result.deleted).toBe(3);
    expect(summary.writeUnits).toBe(result.capacity.writeUnits);
    // 390,000 bytes and its other attributes are 381 KB begun.
    expect(summary.writeUnits).toBeGreaterThan(381);
  });

  it('is exact for the events of a few sessions, however unlike the others they are', async () => {
    const here = await uneven();
    for (let at = 2; at <= 40; at += 1)
      await put(here.events, { session_id: { S: 's1' }, event_id: { N: String(at) }, data: text(3000) });
    const request = { ...REQUEST, ids: ['s1', 's2'] };
    const summary = await planPurge(here.context, here.target, request, here.files);
    expect(summary).toMatchObject({ events: 41, eventsCounted: true });
    const result = await purge(here.context, here.target, request, summary, here.files, 'items');
    expect(result.events.deleted).toBe(41);
    expect(summary.writeUnits).toBe(result.capacity.writeUnits);
  });

  it('is exact for events without a session', async () => {
    const here = await uneven();
    const only = { ...REQUEST, keepEvents: true };
    const sessions = await planPurge(here.context, here.target, only, here.files);
    await purge(here.context, here.target, only, sessions, here.files, 'statements');
    const summary = await planOrphans(here.context, here.target, REQUEST, here.files);
    const result = await purgeOrphans(here.context, REQUEST, summary, here.files);
    expect(result.deleted).toBe(60);
    expect(summary.writeUnits).toBe(result.writeUnits);
  });
});
