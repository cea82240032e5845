import { describe, expect, it } from 'vitest';
import { list, type ListRequest, type ListResult } from '../../../src/operations/sessions/list.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { describeAs } from '../described.js';
import { closeAll, contextFor, type RunningDouble, setUp, startDouble, targetOf } from '../harness.js';
import { item, MINUTE, names, NOW, put, type Row, ROWS } from './list-rows.js';

closeAll();
const engine = useEngine();

const TEN: ListRequest = { filter: {}, sort: 'activity', limit: 10 };
const COUNTED = { ItemCount: 20_000, IndexSizeBytes: 1_200_000 };

interface Stage {
  readonly running: RunningDouble;
  readonly sessions: string;
  readonly listed: (request?: Partial<ListRequest>) => Promise<ListResult>;
}

/** Rows in a table that passes for a large one. */
async function stage(items: readonly object[], indexes: object = COUNTED): Promise<Stage> {
  const running = await startDouble(engine.endpoint);
  const tables = names();
  await setUp(running.context(), { ...tables, overrides: { stream: false } });
  await put(engine.raw, tables.sessions, items);
  await describeAs(running, tables.sessions, {
    itemCount: 20_000,
    sizeBytes: 10_000_000,
    indexes: { LastActivityIndex: { ...indexes }, CreatedAtIndex: { ...indexes } },
  });
  const context = running.context({ now: () => NOW });
  return {
    running,
    sessions: tables.sessions,
    listed: async (request) => list(context, await targetOf(context, tables), { ...TEN, ...request }),
  };
}

const idsOf = ({ sessions }: ListResult): readonly string[] => sessions.map(({ id }) => id);

/** What the index answers, in place of what it holds: it follows its table with a delay. */
const indexAnswers = ({ running }: Stage, rows: readonly (readonly [id: string, active: number])[]): void => {
  const items = rows.map(([id, active]) => ({
    session_id: { S: id },
    last_activity: item({ id, active }).last_activity,
  }));
  running.double.inject({
    operation: 'Scan',
    when: ({ IndexName: index }) => index === 'LastActivityIndex',
    answer: () => ({
      Items: items,
      Count: items.length,
      ScannedCount: items.length,
      ConsumedCapacity: { CapacityUnits: 3 },
    }),
  });
};

describe('list, by an index', () => {
  it('answers as the table does, for fewer read units', async () => {
    const tables = names();
    const plain = contextFor(engine.endpoint, { now: () => NOW });
    await setUp(plain, { ...tables, overrides: { stream: false } });
    const rows = Array.from(
      { length: 2500 },
      (_, at): Row => ({
        id: `row-${at}`,
        active: (at * 7919) % 2503,
        created: 3000 + ((at * 31) % 2503),
        bytes: 1000,
      }),
    );
    await put(engine.raw, tables.sessions, rows.map(item));
    const target = await targetOf(plain, tables);
    const questions: readonly Partial<ListRequest>[] = [
      {},
      { limit: 3, segments: 5 },
      { filter: { idle: 1000 * MINUTE } },
      { sort: 'created' },
      { sort: 'created', filter: { createdBefore: NOW - 5000 * MINUTE, createdAfter: NOW - 5100 * MINUTE }, limit: 7 },
    ];
    for (const question of questions) {
      const request = { ...TEN, ...question };
      const [byIndex, byTable] = [
        await list(plain, target, request),
        await list(plain, target, { ...request, index: false }),
      ];
      expect(byTable.index).toBeNull();
      expect(byIndex.index?.name).toBe(request.sort === 'created' ? 'CreatedAtIndex' : 'LastActivityIndex');
      expect([byIndex.sessions, byIndex.matched, byIndex.truncated]).toEqual([
        byTable.sessions,
        byTable.matched,
        byTable.truncated,
      ]);
      expect([byIndex.sessions.length, byIndex.scanned]).toEqual([request.limit, 2500]);
      expect(byIndex.capacity.readUnits).toBeLessThan(byTable.capacity.readUnits / 4);
    }
    expect((await list(plain, target, { ...TEN, limit: null })).index).toBeNull();
  });

  it('adds the index and the rows up to the capacity', async () => {
    const here = await stage(ROWS.map(item));
    indexAnswers(here, [
      ['fresh', 1],
      ['ended', 20],
    ]);
    const result = await here.listed({ limit: 1 });
    expect(result).toMatchObject({
      capacity: { readUnits: 4, writeUnits: 0 },
      scanned: 2,
      matched: 2,
      truncated: true,
    });
    expect(idsOf(result)).toEqual(['fresh']);
  });

  it('says where a session that is used meanwhile may be missed', async () => {
    const here = await stage(ROWS.map(item));
    const attribute = 'last_activity';
    expect((await here.listed()).index).toEqual({ name: 'LastActivityIndex', attribute, moves: true });
    expect((await here.listed({ filter: { idle: 1 } })).index).toMatchObject({ moves: false });
    expect((await here.listed({ sort: 'created' })).index).toMatchObject({ attribute: 'created_at', moves: false });
  });

  it('leaves out rows that are gone or no longer wanted, and goes on with the next; the rows tell the order', async () => {
    const here = await stage(ROWS.map(item));
    // `older` and `past` were used since the index had them so; the index has `ended` in its old place still.
    indexAnswers(here, [
      ['gone-1', 130],
      ['fresh', 140],
      ['ended', 500],
      ['older', 101],
      ['gone-2', 120],
      ['ended', 20],
      ['ended', 21],
      ['past', 160],
    ]);
    expect(await here.listed({ limit: 3 })).toMatchObject({
      sessions: [{ id: 'fresh' }, { id: 'ended' }, { id: 'older' }],
      // Eight entries: two are gone, and one was met a second time.
      matched: 5,
      scanned: 8,
      truncated: true,
    });
    const idle = await here.listed({ filter: { idle: 90 * MINUTE }, limit: 2 });
    expect(idsOf(idle)).toEqual(['older', 'past']);
    // `ended` was not fetched any more: there the index is believed.
    expect(idle).toMatchObject({ matched: 3, truncated: true });
  });

  it('puts rows whose activity cannot be read where the table would', async () => {
    const odd = { ...item({ id: 'odd', created: 50 }), last_activity: { N: String(NOW / 1000) } };
    const here = await stage([...ROWS.map(item), odd]);
    const result = await here.listed({ limit: 3 });
    expect(result.index?.name).toBe('LastActivityIndex');
    expect(idsOf(result)).toEqual(['fresh', 'ended', 'odd']);
    expect(idsOf(await here.listed({ limit: 3, index: false }))).toEqual(idsOf(result));
    expect(result).toMatchObject({ matched: 7, truncated: true });
    expect((await here.listed({ filter: { idle: 1 } })).matched).toBe(6);
  });

  it('reads the table where too many rows hold no instant', async () => {
    const rows = Array.from({ length: 101 }, (_, at) => ({
      ...item({ id: `odd-${at}`, created: at }),
      last_activity: { N: String(NOW / 1000) },
    }));
    const result = await (await stage(rows)).listed({ limit: 2 });
    expect(result).toMatchObject({ index: null, matched: 101, sessions: [{ id: 'odd-0' }, { id: 'odd-1' }] });
  });

  it('reads the table where the engine counts no index and the index lacks rows', async () => {
    const tables = names();
    const context = contextFor(engine.endpoint, { now: () => NOW });
    await setUp(context, { ...tables, overrides: { stream: false } });
    const ghosts = Array.from({ length: 30 }, (_, at) => ({ session_id: { S: `ghost-${at}` } }));
    const rows = Array.from({ length: 2300 }, (_, at) => item({ id: `row-${at}`, active: at }));
    await put(engine.raw, tables.sessions, [...rows, ...ghosts]);
    const result = await list(context, await targetOf(context, tables), TEN);
    expect(result).toMatchObject({ index: null, matched: 2330, scanned: 2330 });
  });

  it.each([
    ['may not be read', awsFaults.accessDenied('Scan', 'sessions')],
    ['is gone', { name: 'ValidationException', message: 'The table does not have the specified index: X' }],
  ])('reads the table where the index %s', async (_, error) => {
    const here = await stage(ROWS.map(item));
    here.running.double.inject({ operation: 'Scan', when: ({ IndexName: index }) => index !== undefined, error });
    expect(await here.listed({ limit: 2 })).toMatchObject({ index: null, matched: 6, sessions: [{ id: 'fresh' }, {}] });
  });

  it('says that the table throttles, and does not take that for a refusal', async () => {
    const here = await stage(ROWS.map(item));
    here.running.double.inject({ operation: 'BatchGetItem', dropConnection: true });
    await expect(here.listed({ limit: 2 })).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
  });
});
