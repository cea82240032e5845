import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { barChart } from '../../src/output/bar-chart.js';
import { Page } from '../../src/output/page.js';
import { useEngine } from '../support/engine.js';
import { fillTables, IDS, mcpItem, NOW, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();

beforeAll(async () => {
  await setUpTables(engine);
  await fillTables(engine);
  const { ttl: _, ...whole } = mcpItem('milliseconds', { created: -3000, active: -2000, expires: 60 });
  await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { ...whole, ttl: { N: String(NOW) } } });
  await engine.raw.call('PutItem', {
    TableName: 'mcp-session-events',
    Item: { session_id: { S: 'gone' }, event_id: { N: '1' }, timestamp: { N: String(NOW) } },
  });
});

const stats = (argv: readonly string[], columns?: number) =>
  runCommand(['stats', '--quiet', ...argv, ...at(engine.endpoint)], {
    now: NOW,
    ...(columns !== undefined && { columns }),
  });

const BY_STATE = { active: 2, expired: 1, terminated: 1, incomplete: 1 };

describe('stats', () => {
  it('json has the keys that scripts rely on', async () => {
    const { code, stdout, stderr } = await stats(['--json']);
    expect([code, stderr]).toEqual([0, '']);
    const result: Record<string, unknown> = JSON.parse(stdout);
    expect(result).toMatchObject({
      total: 5,
      byState: BY_STATE,
      events: 3,
      orphanEvents: 1,
      neverExpiring: 1,
      sizeBytes: {
        total: expect.any(Number),
        p50: expect.any(Number),
        p95: expect.any(Number),
        max: expect.any(Number),
      },
      ageHistogram: expect.arrayContaining([{ fromSeconds: 900, toSeconds: 3600, count: 1 }]),
      idleHistogram: expect.arrayContaining([{ fromSeconds: 300, toSeconds: 900, count: 2 }]),
      neverExpiringBy: { wrongUnit: 1, text: 0, longPast: 0, other: 0 },
      ageUnknown: 1,
      incomplete: 1,
      expiring: [
        { days: 1, count: 3 },
        { days: 7, count: 3 },
        { days: 30, count: 3 },
      ],
      eventsPerSession: { mean: 0.4, p50: 0, p95: 2, max: 2, sessionsWithout: 4 },
      storage: { prices: { asOf: expect.stringMatching(/^\d{4}-\d\d$/), region: 'us-east-1' } },
    });
    expect(result['largest']).toHaveLength(5);
  });

  it('yaml agrees with json, ndjson is its one line, csv its numbers', async () => {
    const [json, yaml, ndjson, csv] = await Promise.all(
      ['json', 'yaml', 'ndjson', 'csv'].map(async (format) => (await stats(['-o', format])).stdout),
    );
    const result: unknown = JSON.parse(json ?? '');
    expect(parse(yaml ?? '')).toEqual(result);
    expect(JSON.parse(ndjson ?? '')).toEqual(result);
    expect(ndjson?.trimEnd()).not.toContain('\n');
    const [header, numbers, ...rest] = csv?.split('\r\n') ?? [];
    expect(header).toBe(
      'total,active,expired,terminated,incomplete,events,orphanEvents,neverExpiring,withoutTtl,' +
        'sizeTotal,sizeP50,sizeP95,sizeMax,expiring1d,expiring7d,expiring30d,dollarsPerMonth,readUnits',
    );
    expect(numbers).toMatch(/^5,2,1,1,1,3,1,1,0,\d+,\d+,\d+,\d+,3,3,3,[\d.]+,[\d.]+$/);
    expect(rest).toEqual(['']);
  });

  it('takes the filters of list, and leaves events out when told to', async () => {
    const result: Record<string, unknown> = JSON.parse((await stats(['--expired', '--json', '--no-events'])).stdout);
    expect(result).toMatchObject({ total: 1, events: null, orphanEvents: null, eventsPerSession: null });
    const chosen: { largest: { id: string }[] } = JSON.parse(
      (await stats(['--where', 'state.terminated=true', '--json'])).stdout,
    );
    expect(chosen.largest.map(({ id }) => id)).toEqual([IDS.terminated]);
    const clash = await stats(['--active', '--expired']);
    expect([clash.code, clash.stdout]).toEqual([2, '']);
  });

  it('draws its histograms at 80 columns', async () => {
    // By the environment: the address would stand in the command that is advised, and its port changes.
    const env = { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint };
    const { code, stdout, stderr } = await runCommand(['stats', '--quiet'], { now: NOW, columns: 80, env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stripVTControlCharacters(stdout)).toMatchInlineSnapshot(`
      "5 sessions in 'mcp-sessions'
        active      2  40%  ██████████████████████████████████████████████████████████
        expired     1  20%  █████████████████████████████
        terminated  1  20%  █████████████████████████████
        incomplete  1  20%  █████████████████████████████

      Age
        15m to 1h  1  25%  █████████████████████████████▌
        1h to 6h   2  50%  ███████████████████████████████████████████████████████████
        6h to 1d   0   0%
        1d to 7d   1  25%  █████████████████████████████▌
        1 whose creation cannot be read

      Idle
        5m to 15m  2  40%  ███████████████████████████████████████████████████████████
        15m to 1h  1  20%  █████████████████████████████▌
        1h to 6h   1  20%  █████████████████████████████▌
        6h to 1d   0   0%
        1d to 7d   1  20%  █████████████████████████████▌

      Size:      1.1 KB in all; median 228 B, p95 282 B, largest 282 B
      Expiring:  3 within 1 day, 3 within 7 days, 3 within 30 days
      Expired:   1 still stored
      Events:    3; a session has 0.4 on average, median 0, p95 2, most 2; 4 sessions
                 without any

      Largest                            Size  State
      ────────────────────────────────  ─────  ──────────
      01a1f8d6eb41708d98f53a7d94186ed5  282 B  active
      01a1f8cbdb8975d8a8429381364629b7  245 B  terminated
      01a1f20b3ed377eda780800ebac6eda3  228 B  expired
      01a1f8ca3a7273eab83072b7e88dc461  213 B  incomplete
      milliseconds                      208 B  active

      warning: 1 row whose 'ttl' can never fire: 1 not in seconds
      warning: 1 row without an attribute that every whole row has
      warning: 1 event of 1 session that is gone; \`mcp-sessions purge --orphans\`
               deletes them
      warning: 1 event without 'ttl': TTL leaves them

      storing them costs less than 1 cent a month (sessions 3.0 KB with their indexes,
      events about 3.5 KB; $0.25 a GB, list price of us-east-1, 2026-11)
      5 items and 3 events read, 2 read units
      "
    `);
  });

  it.each([80, 200])('is never wider than %d columns', async (columns) => {
    const { stdout } = await stats([], columns);
    const widths = stripVTControlCharacters(stdout)
      .split('\n')
      .map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
    expect(stdout).toContain('█');
  });

  it('says what is not there', async () => {
    expect((await stats(['--where', 'state.userId=nobody', '--no-events'])).stdout).toBe(
      "no such session among the 5 items of 'mcp-sessions'\n",
    );
    expect((await stats(['--no-events'])).stdout).toContain('not counted (--no-events)');
  });
});

const chart = (unicode: boolean, width: number | undefined, counts: readonly number[]): readonly string[] =>
  barChart(
    new Page({ width, color: false, unicode, now: new Date(NOW) }),
    counts.map((count, index) => ({ label: `row ${index}`, count })),
  ).split('\n');

describe('barChart', () => {
  it('shows each count that is not 0, and draws in ASCII where there is no more', () => {
    expect(chart(true, 40, [1000, 500, 1, 0])).toMatchInlineSnapshot(`
      [
        "  row 0  1,000  67%  ███████████████████",
        "  row 1    500  33%  █████████▌",
        "  row 2      1  <1%  ▏",
        "  row 3      0   0%",
      ]
    `);
    expect(chart(false, 40, [1000, 500, 1, 0])).toMatchInlineSnapshot(`
      [
        "  row 0  1,000  67%  ###################",
        "  row 1    500  33%  ##########",
        "  row 2      1  <1%  #",
        "  row 3      0   0%",
      ]
    `);
  });

  it('stays within a narrow page, and does not stretch over a wide one', () => {
    for (const width of [30, 80, 200, 500]) {
      const widest = Math.max(...chart(true, width, [123_456, 7]).map((line) => line.length));
      expect(widest).toBeLessThanOrEqual(Math.min(width, 90));
    }
  });
});
