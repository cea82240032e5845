import { beforeEach, describe, expect, it } from 'vitest';
import { freePort, useEngine } from '../support/engine.js';
import { dropTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();
const ID = 'abc';

const events = (argv: readonly string[]) => runCommand(['events', ...argv, ...at(engine.endpoint)]);

async function putEvent(id: number, data: unknown): Promise<void> {
  await engine.raw.call('PutItem', {
    TableName: 'mcp-session-events',
    Item: {
      session_id: { S: ID },
      event_id: { N: String(id) },
      timestamp: { N: String(Date.UTC(2026, 0, 1) + id * 1000) },
      event_type: { S: 'message' },
      data: { S: JSON.stringify(data) },
    },
  });
}

/** Waits as long as the test may take. */
async function shows(stream: { readonly written: string }, text: string): Promise<void> {
  while (!stream.written.includes(text)) await new Promise((resolve) => setTimeout(resolve, 5));
}

beforeEach(async () => {
  await dropTables(engine);
  await runCommand(['setup', '--yes', '-q', '--no-streams', ...at(engine.endpoint)]);
});

const idsOf = async (...argv: readonly string[]): Promise<readonly number[]> =>
  (await events([ID, '-o', 'ndjson', ...argv])).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).id);

const answered = async (...argv: readonly string[]): Promise<readonly [number, string, string]> => {
  const { code, stdout, stderr } = await events(argv);
  return [code, stdout, stderr];
};

describe('events', () => {
  it('shows them in their order, across pages, masked', async () => {
    // 400 of 4 KB are two pages of 1 MB.
    const text = 'x'.repeat(4000);
    for (let id = 1; id <= 400; id += 1) await putEvent(id, { n: id, text, accessToken: 'top-secret-value-1234' });
    const { code, stdout } = await events([ID, '--json']);
    const result: { events: { id: number; timestamp: string; type: string; data: Record<string, unknown> }[] } =
      JSON.parse(stdout);
    expect(code).toBe(0);
    expect(result.events.map(({ id }) => id)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
    expect(result.events[0]).toMatchObject({ timestamp: '2026-01-01T00:00:01.000Z', type: 'message', data: { n: 1 } });
    expect(stdout).not.toContain('top-secret');
    expect((await events([ID, '--json', '--reveal', '--limit', '1'])).stdout).toContain('top-secret-value-1234');
  });

  it('begins after an event, and ends at the limit', async () => {
    for (const id of [1, 2, 3, 4, 5]) await putEvent(id, { n: id });
    expect(await idsOf('--after', '2')).toEqual([3, 4, 5]);
    expect(await idsOf('--after', '2', '--limit', '2')).toEqual([3, 4]);
    expect(await idsOf('--after', '5')).toEqual([]);
  });

  it('follows new events until Ctrl-C, which is its end: exit 0', async () => {
    for (const id of [1, 2]) await putEvent(id, { n: id });
    const stop = new AbortController();
    const following = runCommand(['events', ID, '--follow', '--after', '1', '-o', 'ndjson', ...at(engine.endpoint)], {
      signal: stop.signal,
    });
    await putEvent(3, { n: 3 });
    setTimeout(() => void putEvent(4, { n: 4 }), 400);
    setTimeout(() => stop.abort(), 2500);
    const { code, stdout, stderr } = await following;
    expect(
      stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).id),
    ).toEqual([2, 3, 4]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('follows by the stream where there is one, and says so when asked to tell all', async () => {
    await dropTables(engine);
    await runCommand(['setup', '--yes', '-q', ...at(engine.endpoint)]);
    await putEvent(1, { n: 1 });
    const stop = new AbortController();
    const following = runCommand(['events', ID, '--follow', '-o', 'ndjson', '--verbose', ...at(engine.endpoint)], {
      signal: stop.signal,
      user: async ({ stdout, stderr }) => {
        await shows(stdout, '"id":1');
        await putEvent(2, { n: 2 });
        await shows(stdout, '"id":2');
        await shows(stderr, 'GetRecords');
        stop.abort();
      },
    });
    const { code, stdout, stderr } = await following;
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 2]);
    expect(stderr).toContain('following by the stream of table mcp-session-events');
  });

  it('reads streams at another address where a variable names one', async () => {
    await dropTables(engine);
    await runCommand(['setup', '--yes', '-q', ...at(engine.endpoint)]);
    await putEvent(1, { n: 1 });
    const stop = new AbortController();
    const { stderr } = await runCommand(['events', ID, '--follow', '-o', 'ndjson', '--verbose'], {
      signal: stop.signal,
      env: {
        AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB_STREAMS: `http://127.0.0.1:${await freePort()}`,
      },
      user: async ({ stdout }) => {
        await shows(stdout, '"id":1');
        stop.abort();
      },
    });
    expect(stderr).toContain('following by asking again and again: nothing answers DescribeStream');
  });

  it('says what is wrong with a number, a format, or a layout without events', async () => {
    expect(JSON.parse((await events([ID, '--after', 'x', '--json'])).stderr).error).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining("'x'"),
    });
    expect((await events([ID, '--follow', '-o', 'csv'])).code).toBe(2);
    expect((await events([ID, '--follow', '--limit', '3'])).code).toBe(2);
    const express = await runCommand([
      'events',
      ID,
      '--layout',
      'express',
      '--sessions-table',
      'mcp-sessions',
      '--json',
      ...at(engine.endpoint),
    ]);
    expect(JSON.parse(express.stderr).error.code).toBe('NOT_SUPPORTED');
  });

  it.each([
    ['abc', 'show abc --layout express'],
    ["o'brien", String.raw`show 'o'\''brien' --layout express`],
    ['-abc', 'show --layout express --sessions-table mcp-sessions -- -abc'],
  ])('names the command that shows %s where the layout has no events', async (id, command) => {
    const flags = ['--layout', 'express', '--sessions-table', 'mcp-sessions'];
    const { code, stderr } = await runCommand(['events', '--json', ...flags, '--', id], {
      env: { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint },
    });
    expect(code).toBe(1);
    expect(JSON.parse(stderr).error.hint).toContain(`\`mcp-sessions ${command}`);
  });

  it('says that there is no such session, unless it has left events', async () => {
    expect(await answered('nobody', '-o', 'ndjson')).toEqual([
      0,
      '',
      `${JSON.stringify({ warning: { message: "there is no session 'nobody'" } })}\n`,
    ]);
    expect(await answered('nobody')).toEqual([0, 'no events\n', "warning: there is no session 'nobody'\n"]);
    expect(await answered('nobody', '--after', '7')).toEqual([
      0,
      'no events\n',
      "warning: there is no session 'nobody'\n",
    ]);
    await putEvent(1, {});
    expect(await answered(ID, '--after', '1')).toEqual([0, 'no events\n', '']);
    await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: 'quiet' } } });
    expect(await answered('quiet')).toEqual([0, 'no events\n', '']);
  });

  it('answers none for a session without events', async () => {
    expect(JSON.parse((await events(['nobody', '--json'])).stdout)).toMatchObject({ events: [] });
    expect((await events(['nobody', '-o', 'csv'])).stdout).toBe('id,timestamp,type,data\r\n');
  });
});
