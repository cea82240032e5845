import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { contentOf } from '../operations/archive/harness.js';
import { idsOf, itemsOf } from '../operations/purge/harness.js';
import { isJson } from '../support/raw-client.js';
import { type Operation, type Ran, ran, type Stage } from './runs.js';

const direct = ({ engineEndpoint, tables }: Stage): readonly string[] => [
  ...tables,
  '--endpoint-url',
  engineEndpoint,
  '--json',
  '--yes',
];

async function quietly(stage: Stage, ...argv: readonly string[]): Promise<Ran> {
  const result = await ran([...argv, ...direct(stage)], stage.cwd);
  expect({ argv, code: result.code, error: result.error }).toEqual({ argv, code: 0, error: null });
  return result;
}

async function seeded(stage: Stage): Promise<void> {
  await quietly(stage, 'setup', '--no-streams');
  const numbers = ['--count', String(stage.count), '--events', '2', '--expired', '0.5', '--random-seed', '5'];
  await quietly(stage, 'seed', ...numbers);
}

const number = (said: Ran['said'], ...names: readonly string[]): number => {
  let value: unknown = said;
  for (const name of names) value = isJson(value) ? value[name] : undefined;
  return typeof value === 'number' ? value : Number.NaN;
};

const isLive = (item: Record<string, Record<string, unknown>>): boolean =>
  Number(item['ttl']?.['N']) * 1000 > Date.now();

/** Sessions that somebody uses again after the purge has read them. */
const REFRESHED = 3;

/** Which sessions were alive before a purge, and which came back to life in it. */
class Sessions {
  readonly #living = new Map<string, Set<string>>();
  readonly #refreshed = new Map<string, Set<string>>();

  async prepare(stage: Stage): Promise<void> {
    await seeded(stage);
    const items = await itemsOf(stage.raw, stage.sessions);
    this.#living.set(stage.sessions, new Set(items.filter(isLive).map((item) => String(item['session_id']?.['S']))));
  }

  /** Before the first delete some of those that are about to go are used again. */
  async refresh(stage: Stage, operation: string): Promise<void> {
    if (!/^(?:BatchExecuteStatement|DeleteItem)$/.test(operation) || this.#refreshed.has(stage.sessions)) return;
    const refreshed = new Set<string>();
    this.#refreshed.set(stage.sessions, refreshed);
    const past = (await itemsOf(stage.raw, stage.sessions)).filter((item) => !isLive(item));
    for (const item of past.slice(0, REFRESHED)) {
      const ttl = { N: String(Math.floor(Date.now() / 1000) + 3600) };
      // Only one that is still there: other deletes are on their way.
      const request = { ConditionExpression: 'attribute_exists(session_id)', Item: { ...item, ttl } };
      const isThere = await stage.raw.call('PutItem', { TableName: stage.sessions, ...request }).then(
        () => true,
        () => false,
      );
      if (isThere) refreshed.add(String(item['session_id']?.['S']));
    }
  }

  async isHonest(stage: Stage, { said, code }: Ran): Promise<void> {
    const left = await idsOf(stage.raw, stage.sessions);
    for (const id of [...this.#of(this.#living, stage), ...this.#of(this.#refreshed, stage)])
      expect([id, left.has(id)]).toEqual([id, true]);
    if (said === null || number(said, 'matched') === 0) return;
    const [matched, deleted] = [number(said, 'matched'), number(said, 'deleted')];
    const told = deleted + number(said, 'skippedLive') + number(said, 'failed');
    // Who stops it has not failed with what was not tried.
    if (code === 130) expect(told).toBeLessThanOrEqual(matched);
    else expect(told).toBe(matched);
    expect(number(said, 'skippedLive')).toBeLessThanOrEqual(REFRESHED);
    // What had no answer is not counted as deleted, and nothing is counted twice.
    const gone = stage.count - left.size;
    expect(deleted).toBeLessThanOrEqual(gone);
    expect(gone).toBeLessThanOrEqual(matched - number(said, 'skippedLive'));
    if (code !== 130) expect(gone).toBeLessThanOrEqual(deleted + number(said, 'failed'));
    const eventsGone = stage.count * 2 - (await itemsOf(stage.raw, stage.events)).length;
    expect(number(said, 'events', 'deleted')).toBeLessThanOrEqual(eventsGone);
  }

  async isRight(stage: Stage, { said }: Ran): Promise<void> {
    const kept = [...this.#of(this.#living, stage), ...this.#of(this.#refreshed, stage)].toSorted();
    expect([...(await idsOf(stage.raw, stage.sessions))].toSorted()).toEqual(kept);
    expect([...(await idsOf(stage.raw, stage.events))].toSorted()).toEqual(kept);
    expect(number(said, 'deleted')).toBe(stage.count - kept.length);
    expect(number(said, 'failed')).toBe(0);
    expect(
      existsSync(path.join(stage.cwd, '.mcp-sessions')) ? readdirSync(path.join(stage.cwd, '.mcp-sessions')) : [],
    ).toEqual([]);
  }

  #of(sets: ReadonlyMap<string, Set<string>>, stage: Stage): ReadonlySet<string> {
    return sets.get(stage.sessions) ?? new Set();
  }
}

function purgeBy(shape: 'statements' | 'items'): Operation {
  const sessions = new Sessions();
  return {
    name: `purge by ${shape}`,
    prepare: (stage) => sessions.prepare(stage),
    argv: () => ['purge', '--expired', '--delete-with', shape, '--concurrency', '8'],
    meanwhile: (stage, operation) => sessions.refresh(stage, operation),
    isHonest: (stage, result) => sessions.isHonest(stage, result),
    isRight: (stage, result) => sessions.isRight(stage, result),
  };
}

const stepsOf = (said: Ran['said']): readonly Record<string, unknown>[] =>
  Array.isArray(said?.['steps']) ? said['steps'].filter(isJson) : [];

const clear: Operation = {
  name: 'clear',
  prepare: seeded,
  argv: () => ['teardown', '--clear-data', '--no-recreate'],
  isHonest: async (stage, { said }) => {
    for (const step of stepsOf(said)) {
      const table = String(step['table']);
      const left = (await itemsOf(stage.raw, table)).length;
      const all = table === stage.sessions ? stage.count : stage.count * 2;
      if (typeof step['deleted'] === 'number') expect(step['deleted']).toBeLessThanOrEqual(all - left);
      if (step['outcome'] === 'done') expect([table, left]).toEqual([table, 0]);
    }
  },
  isRight: async (stage) => {
    expect(await itemsOf(stage.raw, stage.sessions)).toEqual([]);
    expect(await itemsOf(stage.raw, stage.events)).toEqual([]);
  },
};

/** The items of an archive's data files, read without the product. */
function archived(folder: string, role: string): readonly string[] {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.replaceAll('\\', '/').startsWith(`${role}/`) && file.endsWith('.json.gz'),
  );
  return found.flatMap((file) =>
    gunzipSync(readFileSync(path.join(folder, file)))
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

const backup: Operation = {
  name: 'backup',
  prepare: seeded,
  argv: () => ['backup', '--to', 'archive', '--segments', '4'],
  isHonest: async ({ cwd }, { code }) => {
    // What is not whole is never taken for an archive.
    expect(existsSync(path.join(cwd, 'archive', 'archive.json'))).toBe(code === 0);
  },
  isRight: async (stage) => {
    const folder = path.join(stage.cwd, 'archive');
    expect((await ran(['backup', 'verify', 'archive', '--json'], stage.cwd)).code).toBe(0);
    for (const [role, table] of [['sessions', stage.sessions] as const, ['events', stage.events] as const]) {
      const items = archived(folder, role).map((line) => JSON.parse(line).Item);
      const keys = items.map((item) => `${item.session_id.S} ${item.event_id?.N ?? item.event_id?.S ?? ''}`);
      const wanted = await itemsOf(stage.raw, table);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.length).toBe(wanted.length);
    }
  },
};

const copies = ({ sessions }: Stage): readonly [string, string] => [`${sessions}-copy`, `${sessions}-copy-events`];

const restore: Operation = {
  name: 'restore',
  prepare: async (stage) => {
    await seeded(stage);
    await quietly(stage, 'backup', '--to', 'archive', '--segments', '4');
  },
  argv: (stage) => ['restore', 'archive', '--to-table', copies(stage)[0], '--to-events-table', copies(stage)[1]],
  isHonest: async () => {},
  isRight: async (stage) => {
    for (const [at, name] of [stage.sessions, stage.events].entries()) {
      const copy = copies(stage)[at === 0 ? 0 : 1];
      expect(await contentOf(stage.raw, copy)).toEqual(await contentOf(stage.raw, name));
      const { TimeToLiveDescription: ttl } = await stage.raw.call('DescribeTimeToLive', { TableName: copy });
      expect(ttl?.TimeToLiveStatus).toBe('ENABLED');
    }
    const left = existsSync(path.join(stage.cwd, '.mcp-sessions'))
      ? readdirSync(path.join(stage.cwd, '.mcp-sessions'))
      : [];
    expect(left.filter((name) => name.startsWith('restore-'))).toEqual([]);
  },
};

/** Sessions that are under way at once when it stops, which may be there or not. */
const SEED_CHUNK = 100;

function seedOperation(): Operation {
  const runs = new Map<string, number[]>();
  return {
    name: 'seed',
    prepare: async (stage) => {
      await quietly(stage, 'setup', '--no-streams');
      runs.set(stage.sessions, []);
    },
    argv: ({ count }) => ['seed', '--count', String(count), '--events', '2', '--random-seed', '9'],
    isHonest: async (stage, { said }) => {
      if (said === null) return;
      const told = [...(runs.get(stage.sessions) ?? []), number(said, 'sessions')];
      runs.set(stage.sessions, told);
      const certain = told.reduce((sum, each) => sum + each, 0);
      const there = (await itemsOf(stage.raw, stage.sessions)).length;
      expect(certain).toBeLessThanOrEqual(there);
      expect(there).toBeLessThanOrEqual(certain + SEED_CHUNK * told.length);
      expect((await itemsOf(stage.raw, stage.events)).length).toBeGreaterThanOrEqual(certain * 2);
    },
    isRight: async (stage) => {
      expect((runs.get(stage.sessions) ?? []).reduce((sum, each) => sum + each, 0)).toBe(stage.count);
    },
  };
}

const setup: Operation = {
  name: 'setup',
  prepare: async () => {},
  argv: () => ['setup', '--no-streams'],
  isHonest: async (stage, { said, code }) => {
    if (said === null || code === 0) return;
    // Whatever is said to be done is there.
    const tables = Array.isArray(said['tables']) ? said['tables'].filter(isJson) : [];
    for (const { name, changes } of tables) {
      const made = Array.isArray(changes) ? changes.filter(isJson) : [];
      if (!made.some(({ property, outcome }) => property === 'table' && outcome === 'done')) continue;
      const { Table } = await stage.raw.call('DescribeTable', { TableName: String(name) });
      expect(Table?.TableStatus).toBe('ACTIVE');
    }
  },
  isRight: async (stage) => void (await quietly(stage, 'setup', '--no-streams', '--check')),
};

export const OPERATIONS: readonly Operation[] = [
  setup,
  seedOperation(),
  purgeBy('statements'),
  purgeBy('items'),
  clear,
  backup,
  restore,
];
