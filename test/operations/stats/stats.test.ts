import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../../src/dynamodb/client.js';
import { TtlTally } from '../../../src/operations/stats/ttl.js';
import { Budget, Governor } from '../../../src/dynamodb/governor.js';
import { observeStructure } from '../../../src/dynamodb/describe.js';
import { DurationHistogram } from '../../../src/operations/stats/histogram.js';
import { KeySet } from '../../../src/operations/purge/key-set.js';
import { list } from '../../../src/operations/sessions/list.js';
import { Quantiles } from '../../../src/operations/stats/quantiles.js';
import { stats, type StatsRequest, type StatsResult } from '../../../src/operations/stats/stats.js';
import { countEvents } from '../../../src/operations/stats/events.js';
import { DEFAULT_LAYOUT } from '../../../src/schema/index.js';
import { type RawClient, useEngine } from '../../support/engine.js';
import {
  type ContextOptions,
  closeAll,
  contextFor,
  freshName,
  setUp,
  type TargetOptions,
  targetOf,
} from '../harness.js';

closeAll();
const engine = useEngine();

const NOW = Date.UTC(2026, 10, 20, 12);
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const ALL: StatsRequest = { filter: {}, events: true, segments: null, concurrency: 4, maxReadUnits: null };

type Wire = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type TtlShape = 'seconds' | 'milliseconds' | 'text' | 'longPast' | 'missing' | 'null' | 'boolean';

interface Row {
  readonly id: string;
  /** Milliseconds ago. */
  readonly created: number | null;
  readonly active: number;
  /** Milliseconds ahead. */
  readonly expires: number;
  readonly ttl: TtlShape;
  readonly terminated: boolean;
  readonly pad: number;
  readonly events: number;
}

/** Numbers that are the same in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 2 ** 31) * below);
  };
}

const TTLS: readonly TtlShape[] = ['milliseconds', 'text', 'longPast', 'missing', 'null', 'boolean'];

function rowsOf(count: number): readonly Row[] {
  const random = randomFrom(7);
  return Array.from({ length: count }, (_, at) => {
    // From seconds to two years.
    const created = Math.floor(1000 * 10 ** (random(780) / 100)) + 1;
    return {
      id: `session-${String(at).padStart(5, '0')}`,
      created: at % 17 === 0 ? null : created,
      active: random(created),
      expires: (random(80) - 30) * 12 * HOUR + 30 * MINUTE,
      ttl: at % 5 === 0 ? (TTLS[(at / 5) % TTLS.length] ?? 'seconds') : 'seconds',
      terminated: at % 11 === 0,
      pad: random(at % 50 === 0 ? 20_000 : 900),
      events: at % 3 === 0 ? 0 : random(9),
    };
  });
}

function ttlOf({ ttl, expires }: Row): Wire {
  switch (ttl) {
    case 'seconds':
      return { ttl: { N: String((NOW + expires) / 1000) } };
    case 'milliseconds':
      return { ttl: { N: String(NOW + expires) } };
    case 'text':
      return { ttl: { S: '2027-01-01T00:00:00Z' } };
    case 'longPast':
      return { ttl: { N: String((NOW - 6 * 366 * DAY) / 1000) } };
    case 'missing':
      return {};
    case 'null':
      return { ttl: { NULL: true } };
    case 'boolean':
      return { ttl: { BOOL: true } };
  }
}

const itemOf = (row: Row): Wire => ({
  session_id: { S: row.id },
  ...(row.created === null ? {} : { created_at: { N: String(NOW - row.created) } }),
  last_activity: { N: String(NOW - row.active) },
  ...ttlOf(row),
  state: { S: JSON.stringify({ terminated: row.terminated, pad: 'x'.repeat(row.pad) }) },
});

const eventOf = (session: string, id: number, pad = 10): Wire => ({
  session_id: { S: session },
  event_id: { N: String(id) },
  timestamp: { N: String(NOW - id * 1000) },
  event_type: { S: 'message' },
  data: { S: 'x'.repeat(pad) },
});

const digits = (text: string): number => Math.ceil(text.replace(/0+$/, '').length / 2) + 1;

/** An item's size by the rules of the developer guide, for the types that the rows have. */
function sizeOf(item: Wire): number {
  return Object.entries(item).reduce((sum, [name, { S, N }]) => {
    const value = typeof S === 'string' ? S.length : typeof N === 'string' ? digits(N) : 1;
    return sum + name.length + value;
  }, 0);
}

type State = 'active' | 'expired' | 'terminated' | 'incomplete';

const expiryOf = ({ ttl, expires }: Row): number | null =>
  ttl === 'seconds' ? NOW + expires : ttl === 'longPast' ? NOW - 6 * 366 * DAY : null;

function stateOf(row: Row): State {
  const expiry = expiryOf(row);
  if (row.terminated) return 'terminated';
  if (expiry !== null && expiry <= NOW) return 'expired';
  return row.created === null ? 'incomplete' : 'active';
}

/** Nearest rank, over the values themselves. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const countBy = <T>(values: readonly T[], is: (value: T) => boolean): number => values.filter(is).length;

const BOUNDS = [0, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
const bucketsOf = (lengths: readonly number[]) =>
  BOUNDS.map((from, at) => {
    const to = BOUNDS[at + 1];
    return {
      fromSeconds: from / 1000,
      toSeconds: to === undefined ? null : to / 1000,
      count: countBy(lengths, (ms) => ms >= from && ms < (to ?? Infinity)),
    };
  });

async function put(raw: RawClient, table: string, items: readonly Wire[]): Promise<void> {
  for (let at = 0; at < items.length; at += 25)
    await raw.call('BatchWriteItem', {
      RequestItems: { [table]: items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } })) },
    });
}

async function tables(options: TargetOptions & { readonly ttl?: false } = {}): Promise<TargetOptions> {
  const sessions = freshName('stats');
  const names = { ...options, sessions, events: `${sessions}-events` };
  const overrides =
    options.ttl === false ? ({ stream: false, ttlAttribute: false } as const) : ({ stream: false } as const);
  await setUp(contextFor(engine.endpoint), { ...names, overrides });
  return names;
}

async function counted(
  names: TargetOptions,
  request: Partial<StatsRequest> = {},
  options: ContextOptions = {},
): Promise<StatsResult> {
  const context = contextFor(engine.endpoint, { now: () => NOW, ...options });
  return stats(context, await targetOf(context, names), { ...ALL, ...request });
}

/** A table of rows with events, of which those of two sessions are orphans. */
async function filled(rows: readonly Row[]): Promise<TargetOptions> {
  const names = await tables();
  await put(engine.raw, names.sessions ?? '', rows.map(itemOf));
  const events = rows.flatMap(({ id, events: n }) => Array.from({ length: n }, (_, at) => eventOf(id, at + 1)));
  const orphans = [1, 2, 3].map((id) => eventOf('gone-1', id)).concat(eventOf('gone-2', 1));
  await put(engine.raw, names.events ?? '', [...events, ...orphans]);
  return names;
}

/** What the rows come to, and the four orphans beside them. */
function expected(rows: readonly Row[]) {
  const sizes = rows.map((row) => sizeOf(itemOf(row)));
  const ttl = (shape: TtlShape): number => countBy(rows, (row) => row.ttl === shape);
  const ahead = rows.map((row) => (expiryOf(row) ?? Number.NEGATIVE_INFINITY) - NOW);
  const state = (wanted: State): number => countBy(rows, (row) => stateOf(row) === wanted);
  const perSession = rows.map(({ events }) => events);
  return {
    total: rows.length,
    byState: {
      active: state('active'),
      expired: state('expired'),
      terminated: state('terminated'),
      incomplete: state('incomplete'),
    },
    incomplete: countBy(rows, ({ created }) => created === null),
    neverExpiring: ttl('milliseconds') + ttl('text') + ttl('longPast') + ttl('boolean'),
    neverExpiringBy: {
      wrongUnit: ttl('milliseconds'),
      text: ttl('text'),
      longPast: ttl('longPast'),
      other: ttl('boolean'),
    },
    withoutTtl: ttl('missing') + ttl('null'),
    expiring: [1, 7, 30].map((days) => ({ days, count: countBy(ahead, (ms) => ms > 0 && ms <= days * DAY) })),
    sizeBytes: {
      total: sum(sizes),
      p50: percentile(sizes, 0.5),
      p95: percentile(sizes, 0.95),
      max: Math.max(...sizes),
    },
    ageHistogram: bucketsOf(rows.flatMap(({ created }) => created ?? [])),
    ageUnknown: countBy(rows, ({ created }) => created === null),
    idleHistogram: bucketsOf(rows.map(({ active }) => active)),
    idleUnknown: 0,
    eventStats: {
      orphanEvents: 4,
      orphanSessions: 2,
      eventsPerSession: {
        mean: sum(perSession) / rows.length,
        p50: percentile(perSession, 0.5),
        p95: percentile(perSession, 0.95),
        max: Math.max(...perSession),
        sessionsWithout: countBy(perSession, (n) => n === 0),
      },
      eventsComplete: true,
    },
  };
}

describe('stats', () => {
  it('counts what is in the rows, however many segments they are read in', async () => {
    const rows = rowsOf(700);
    const names = await filled(rows);
    const whole = await counted(names);
    expect(whole).toMatchObject(expected(rows));
    expect(whole).toMatchObject({ scanned: 700, table: names.sessions, eventsTable: names.events, layout: 'mcp' });
    expect(whole.eventStats?.events).toBe(sum(rows.map(({ events }) => events)) + 4);
    const largest = rows
      .map((row) => ({ id: row.id, sizeBytes: sizeOf(itemOf(row)) }))
      .toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1));
    expect(whole.largest.map(({ id, sizeBytes }) => ({ id, sizeBytes }))).toEqual(largest.slice(0, 10));
    const { capacity: _, ...inFour } = await counted(names, { segments: 4 });
    expect(inFour).toEqual({ ...inFour, ...expected(rows), eventStats: whole.eventStats, largest: whole.largest });
  });

  it('chooses as list does, and counts the events of those chosen; orphans belong to no one', async () => {
    const rows = rowsOf(300);
    const names = await filled(rows);
    for (const filter of [{ expired: true }, { terminated: true }, { idle: DAY }, { createdAfter: NOW - HOUR }]) {
      const context = contextFor(engine.endpoint, { now: () => NOW });
      const listed = await list(context, await targetOf(context, names), { filter, sort: 'id', limit: null });
      const ids = new Set(listed.sessions.map(({ id }) => id));
      const chosen = rows.filter(({ id }) => ids.has(id));
      const result = await counted(names, { filter });
      expect({ filter, chosen: chosen.length }).toEqual({ filter, chosen: expect.toSatisfy((n) => n > 0) });
      expect(result).toMatchObject(expected(chosen));
      expect(result.eventStats?.events).toBe(sum(chosen.map(({ events }) => events)));
    }
  });

  it('counts a session whose events fill several pages as one, also when its session came late', async () => {
    const names = await tables();
    const rows = rowsOf(2).map((row) => ({ ...row, events: 0 }));
    await put(engine.raw, names.sessions ?? '', rows.map(itemOf));
    const many = Array.from({ length: 700 }, (_, at) => eventOf('session-00001', at + 1, 4000));
    await put(engine.raw, names.events ?? '', [...many, eventOf('gone', 1)]);
    const { eventStats, storage } = await counted(names);
    expect(eventStats).toMatchObject({ events: 701, orphanEvents: 1, eventsPerSession: { max: 700 } });
    expect(storage.eventBytes).toBeGreaterThan(0);
    // Nothing is known of the sessions: all are asked for.
    const context = contextFor(engine.endpoint);
    const table = await observeStructure(context.dynamo, names.events ?? '');
    const { event } = DEFAULT_LAYOUT;
    if (table === null || event === null) throw new Error('no events');
    const governor = new Governor({ concurrency: 4, signal: context.signal });
    const budget = new Budget(null, context.signal);
    const scan = { table, event, governor, budget, sessionsTable: names.sessions ?? '', owner: 'session_id' };
    const pace = { segments: 2, maxReadUnits: null, ttl: new TtlTally(DEFAULT_LAYOUT, 'events', table, NOW) };
    expect(
      await countEvents(context, { ...scan, ...pace, sessions: new KeySet(), isFiltered: false, total: 2 }),
    ).toEqual(eventStats);
  });

  it('finds the events whose TTL value can never fire', async () => {
    const names = await filled(rowsOf(2).map((row) => ({ ...row, events: 0, ttl: 'seconds' })));
    const values = [
      { N: String(NOW / 1000 + 60) },
      { N: String(NOW) },
      { N: String(NOW + 1) },
      { S: '2027-01-01' },
      { N: String((NOW - 6 * 366 * DAY) / 1000) },
      { NULL: true },
    ];
    const events = values.map((ttl, at) => ({ ...eventOf('session-00001', at + 1), ttl }));
    await put(engine.raw, names.events ?? '', events);
    const { eventStats, neverExpiring } = await counted(names);
    expect(neverExpiring).toBe(0);
    // The four orphans have no value at all.
    expect(eventStats).toMatchObject({
      ttl: { attribute: 'ttl', enabled: true },
      neverExpiring: 4,
      neverExpiringBy: { wrongUnit: 2, text: 1, longPast: 1, other: 0 },
      withoutTtl: 5,
    });
  });

  it('asks again only for sessions that it did not meet', async () => {
    const names = await filled(rowsOf(150));
    const calls: CallRecord[] = [];
    await counted(names, {}, { onCall: (call) => calls.push(call) });
    expect(countBy(calls, ({ operation }) => operation === 'BatchGetItem')).toBe(1);
    calls.length = 0;
    const { eventStats, eventsTable, storage } = await counted(
      names,
      { events: false },
      { onCall: (call) => calls.push(call) },
    );
    expect([eventStats, eventsTable, storage.eventBytes]).toEqual([null, null, null]);
    expect(countBy(calls, ({ operation }) => operation === 'Scan')).toBe(1);
  });

  it('has no events where the layout has none, or their table is not there', async () => {
    const express = await tables({ layout: 'express' });
    await put(engine.raw, express.sessions ?? '', [
      {
        id: { S: 'sess:1' },
        expires: { N: String(NOW / 1000 + 60) },
        type: { S: 'connect-session' },
        sess: { S: '{}' },
      },
      { id: { S: 'other' }, expires: { N: '1' }, type: { S: 'something else' } },
    ]);
    expect(await counted(express)).toMatchObject({
      total: 1,
      scanned: 2,
      eventStats: null,
      ageHistogram: [],
      idleHistogram: [],
      ageUnknown: 1,
    });
    const names = await tables();
    await engine.raw.call('DeleteTable', { TableName: names.events });
    expect(await counted(names)).toMatchObject({ total: 0, eventStats: null, eventsTable: null });
  });

  it('estimates the cost of items with their indexes at the price that it names', async () => {
    const names = await tables();
    const [row] = rowsOf(2).slice(1);
    if (row === undefined) throw new Error('no row');
    const item = itemOf(row);
    await put(engine.raw, names.sessions ?? '', [item]);
    const { storage } = await counted(names);
    const structure = await observeStructure(contextFor(engine.endpoint).dynamo, names.sessions ?? '');
    const inIndexes = (structure?.indexes ?? []).map(({ partitionKey, projection }) => {
      expect(projection.type).toBe('KEYS_ONLY');
      const { [partitionKey.name]: key = {}, session_id = {} } = item;
      return sizeOf({ [partitionKey.name]: key, session_id }) + 100;
    });
    expect(inIndexes).toHaveLength(2);
    const bytes = sizeOf(item) + 100 + sum(inIndexes);
    expect(storage).toMatchObject({ sessionBytes: bytes, eventBytes: 0, prices: { perGigabyteMonth: 0.25 } });
    expect(storage.dollarsPerMonth).toBeCloseTo((bytes / 2 ** 30) * 0.25, 12);
  });

  it('answers zeros for an empty table, and says whether TTL is on', async () => {
    const names = await tables();
    const sizeBytes = { total: 0, p50: 0, p95: 0, max: 0 };
    const ttl = { attribute: 'ttl', enabled: true };
    expect(await counted(names)).toMatchObject({ total: 0, sizeBytes, ttl, largest: [], eventStats: { events: 0 } });
    expect(await counted(await tables({ ttl: false }))).toMatchObject({ ttl: { attribute: 'ttl', enabled: false } });
  });

  it('refuses a filter that the layout cannot answer, and ends when it is interrupted', async () => {
    const express = await tables({ layout: 'express' });
    await expect(counted(express, { filter: { terminated: true } })).rejects.toMatchObject({ code: 'USAGE' });
    const stop = new AbortController();
    const names = await filled(rowsOf(30));
    await expect(counted(names, {}, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });

  it('keeps to a budget of read units', async () => {
    const names = await tables();
    await put(
      engine.raw,
      names.sessions ?? '',
      rowsOf(60).map((row) => itemOf({ ...row, pad: 4000 })),
    );
    const started = performance.now();
    const { capacity } = await counted(names, { maxReadUnits: 20 });
    // All but the last page's units are waited for.
    expect((performance.now() - started) / 1000).toBeGreaterThan((capacity.readUnits - 8) / 20);
  });
});

describe('Quantiles', () => {
  it('agrees with a sort, exactly for sizes of items and within 1 % above', () => {
    const value = fc.oneof(fc.nat(2000), fc.nat(409_600), fc.integer({ min: 524_000, max: 1e9 }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const quantiles = new Quantiles();
        for (const each of values) quantiles.add(each);
        const right = percentile(values, share);
        const found = quantiles.at(share);
        if (right < 2 ** 19) expect(found).toBe(right);
        else {
          expect(found).toBeGreaterThanOrEqual(right);
          expect(found).toBeLessThanOrEqual(right * 1.01 + 1);
        }
        expect([quantiles.count, quantiles.total, quantiles.max]).toEqual([
          values.length,
          sum(values),
          Math.max(0, ...values),
        ]);
      }),
    );
  });

  it('takes a value several times', () => {
    const quantiles = new Quantiles();
    quantiles.add(5, 3);
    quantiles.add(9, 0);
    quantiles.add(7);
    expect([quantiles.count, quantiles.total, quantiles.max, quantiles.at(0.75), quantiles.at(0.76)]).toEqual([
      4, 22, 7, 5, 7,
    ]);
  });
});

describe('KeySet', () => {
  it('knows what was added, chosen or not, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.boolean(), { maxKeys: 200 }),
        fc.array(fc.string()),
        (known, others) => {
          const keys = new KeySet();
          for (const [key, chosen] of Object.entries(known)) keys.add(key, chosen);
          for (const [key, chosen] of Object.entries(known)) expect(keys.get(key)).toBe(chosen);
          for (const key of others) if (!Object.hasOwn(known, key)) expect(keys.get(key)).toBeUndefined();
        },
      ),
    );
  });

  it('takes no more than there is room for, and says so', () => {
    const keys = new KeySet(8192);
    const ids = Array.from({ length: 10_000 }, (_, at) => `{"S":"01a1f8d6eb41708d98f53a7d${at}"}`);
    for (const id of ids) keys.add(id, true);
    expect(keys.isFull).toBe(true);
    const kept = countBy(ids, (id) => keys.get(id) === true);
    expect(kept).toBe(6144);
    expect(ids.slice(0, kept).every((id) => keys.get(id) === true)).toBe(true);
  });
});

describe('DurationHistogram', () => {
  it('puts a length that is a bound into the bucket that it begins, and what lies ahead into the first', () => {
    const histogram = new DurationHistogram();
    for (const ms of [-5000, 0, 59_999, MINUTE, 365 * DAY, 900 * DAY]) histogram.add(ms);
    const counts = histogram.buckets().flatMap(({ fromSeconds, count }) => (count > 0 ? [[fromSeconds, count]] : []));
    expect(counts).toEqual([
      [0, 3],
      [60, 1],
      [31_536_000, 2],
    ]);
  });
});
