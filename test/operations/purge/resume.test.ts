import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PurgeFiles, purgeFiles } from '../../../src/operations/purge/files.js';
import type { OperationContext } from '../../../src/operations/context.js';
import { planPurge, type PurgeRequest } from '../../../src/operations/purge/plan.js';
import { purge, type PurgeResult } from '../../../src/operations/purge/purge.js';
import { parseWhere } from '../../../src/schema/index.js';
import { awsFaults } from '../../support/aws-double.js';
import { tempFolder } from '../../support/cli.js';
import { useEngine } from '../../support/engine.js';
import { runCommand } from '../../support/run-command.js';
import { closeAll, contextFor, startDouble } from '../harness.js';
import { idsOf, REQUEST, type Stage, stage } from './harness.js';

closeAll();
const engine = useEngine();

const where = ['user_token^=tok-'].flatMap((text) => parseWhere(text) ?? []);
const OF_TOKENS: PurgeRequest = { ...REQUEST, filter: { where }, concurrency: 1 };
const TOKEN = 'tok-4f1c9a';
const COUNT = 60;

const put = (here: Stage, id: string, token: string): Promise<unknown> =>
  engine.raw.call('PutItem', {
    TableName: here.sessions,
    Item: {
      session_id: { S: id },
      created_at: { N: '1' },
      last_activity: { N: '1' },
      ttl: { N: '1' },
      user_token: { S: token },
    },
  });

const remove = (here: Stage, id: string): Promise<unknown> =>
  engine.raw.call('DeleteItem', { TableName: here.sessions, Key: { session_id: { S: id } } });

/** The same files as another process would open them. */
const asAnother = ({ plan }: PurgeFiles): PurgeFiles => purgeFiles(path.dirname(plan), 'test');

/** Sessions chosen by what they hold, of which a first run has deleted the first 25. */
async function halfway(): Promise<{
  readonly here: Stage;
  readonly left: readonly string[];
  readonly finish: (context?: OperationContext) => Promise<PurgeResult>;
}> {
  const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
  for (let at = 0; at < COUNT; at += 1) await put(here, `s${at}`, `${TOKEN}-${at}`);
  const summary = await planPurge(here.context, here.target, OF_TOKENS, here.files);
  const stop = new AbortController();
  const context = contextFor(engine.endpoint, {
    signal: stop.signal,
    onCall: ({ operation }) => operation === 'BatchExecuteStatement' && stop.abort(),
  });
  const first = await purge(context, here.target, OF_TOKENS, summary, here.files, 'statements');
  expect(first).toMatchObject({ interrupted: true, deleted: 25 });
  const left = [...(await idsOf(engine.raw, here.sessions))];
  expect(left).toHaveLength(COUNT - 25);
  return {
    here,
    left,
    finish: (again = here.context) =>
      purge(again, here.target, OF_TOKENS, summary, asAnother(here.files), 'statements'),
  };
}

describe('what a purge writes down', () => {
  it('names sessions, and holds nothing else of their rows that can be read', async () => {
    const { here, left } = await halfway();
    const folder = path.dirname(here.files.plan);
    const files = readdirSync(folder);
    const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('');
    expect(text).toContain(`"${left[0]}"`);
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain('lastActivityAt');
    expect(files.filter((file) => (statSync(path.join(folder, file)).mode & 0o777) !== 0o600)).toEqual([]);
  });

  it('cannot be read by another process, and is judged anew by it', async () => {
    const { here, left, finish } = await halfway();
    const [refreshed = '', changed = '', gone = '', ...others] = left;
    await put(here, refreshed, 'other');
    await put(here, changed, `${TOKEN}-new`);
    await remove(here, gone);
    const second = await finish();
    expect(second).toMatchObject({ deleted: COUNT - 1, skippedLive: 1, failed: 0, complete: true });
    expect(others.length).toBe(COUNT - 28);
    expect([...(await idsOf(engine.raw, here.sessions))]).toEqual([refreshed]);
  });

  it('is deleted only as it was read the second time', async () => {
    const { here, left, finish } = await halfway();
    const { double, context } = await startDouble(engine.endpoint);
    const [target = ''] = left;
    double.inject({
      operation: 'BatchExecuteStatement',
      times: 1,
      delayMs: 300,
      when: () => {
        void put(here, target, 'other');
        return true;
      },
    });
    const second = await finish(context());
    expect(second).toMatchObject({ deleted: COUNT - 1, skippedLive: 1 });
    expect([...(await idsOf(engine.raw, here.sessions))]).toEqual([target]);
    expect(double.calls.filter(({ operation }) => operation === 'BatchGetItem')).toHaveLength(2);
  });

  it('goes by the time of the first run where a condition is about how long ago', async () => {
    const { double } = await startDouble(engine.endpoint);
    const here = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    const at = ['--sessions-table', here.sessions, '--events-table', here.events, '--endpoint-url', double.endpoint];
    const now = Date.parse('2026-11-20T12:00:00Z');
    for (let count = 0; count < COUNT; count += 1)
      await engine.raw.call('PutItem', {
        TableName: here.sessions,
        Item: { session_id: { S: `s${count}` }, created_at: { N: String(now - 30 * 60_000) } },
      });
    const undo = double.inject({ operation: 'BatchExecuteStatement', after: 1, error: awsFaults.expiredToken });
    const cwd = tempFolder();
    const argv = [
      'purge',
      '--layout',
      'mcp',
      '--created-after',
      '1h',
      '--yes',
      '--json',
      '--delete-with',
      'statements',
      '--concurrency',
      '1',
    ];
    expect((await runCommand([...argv, ...at], { cwd, now })).code).toBe(5);
    undo();
    const resumed = await runCommand([...argv, ...at, '--resume'], { cwd, now: now + 2 * 3_600_000 });
    expect({ code: resumed.code, ...JSON.parse(resumed.stdout) }).toMatchObject({
      code: 0,
      deleted: COUNT,
      skippedLive: 0,
    });
    expect(resumed.stderr).toBe('');
  });
});

describe('--resume', () => {
  it('says that it begins anew where there is nothing to go on with', async () => {
    const here = await stage(engine.endpoint, { count: 10, events: 1, expired: 0.5 });
    const at = ['--sessions-table', here.sessions, '--events-table', here.events, '--endpoint-url', engine.endpoint];
    const { code, stdout, stderr } = await runCommand(['purge', '--expired', '--yes', '--resume', '--json', ...at]);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, deleted: 5 });
    expect(JSON.parse(stderr).warning.message).toContain('begins anew');
  });
});
