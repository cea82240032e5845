import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { verifyArchive } from '../../../src/operations/archive/verify.js';
import type { OperationContext } from '../../../src/operations/context.js';
import { readRecord } from '../../../src/operations/tables/put-back.js';
import { restoreArchive } from '../../../src/operations/restore/from-archive.js';
import { planRestore } from '../../../src/operations/restore/plan.js';
import { tempFolder } from '../../support/cli.js';
import { useEngine } from '../../support/engine.js';
import { archiveTo, contentOf, restoreFrom, restoreRequest } from '../archive/harness.js';
import { closeAll, contextFor, freshName, setUp, startDouble, targetOf } from '../harness.js';
import { idsOf, itemsOf } from '../purge/harness.js';
import { type Archived, archivedOn, stateOf } from './harness.js';

const engine = useEngine();
closeAll();

const archived = (count?: number): Promise<Archived> => archivedOn(engine.endpoint, count);

/** A record without what no two tables share. */
async function settingsOf(context: OperationContext, name: string): Promise<object> {
  const record = await readRecord(context, { name, role: 'sessions', layout: 'mcp' });
  return { ...record, name: '', recordedAt: 0 };
}

/** Which item it is and when it expires, with one attribute that must not change. */
const expiryOf = (item: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(['session_id', 'event_id', 'ttl', 'created_at'].map((name) => item[name] ?? null));

describe('a restore into new tables', () => {
  it('leaves nothing out: items and settings are those of the original, also on AWS', async () => {
    const { context, double, raw } = await startDouble(engine.endpoint);
    const aws = context();
    const names = { sessions: freshName('whole'), events: freshName('whole-events') };
    await setUp(aws, {
      ...names,
      overrides: {
        tags: { Owner: 'agents' },
        pointInTimeRecovery: true,
        deletionProtection: true,
        billing: { mode: 'provisioned', readCapacityUnits: 7, writeCapacityUnits: 9 },
        tableClass: 'STANDARD_INFREQUENT_ACCESS',
        stream: 'NEW_IMAGE',
      },
    });
    const { sessions } = names;
    for (let at = 0; at < 20; at += 1)
      await raw.call('PutItem', {
        TableName: sessions,
        Item: { session_id: { S: `id-${at}` }, ttl: { N: '1700000000' } },
      });
    const folder = path.join(tempFolder(), 'archive');
    await archiveTo(aws, await targetOf(aws, names), folder);
    const copy = `${sessions}-copy`;
    const { error, tables } = await restoreFrom(aws, folder, { toTable: copy });
    expect(error).toBeNull();
    expect(await settingsOf(aws, copy)).toEqual(await settingsOf(aws, sessions));
    expect(await contentOf(raw, copy)).toEqual(await contentOf(raw, sessions));
    expect(tables.map(({ target }) => target)).toEqual([copy, `${names.events}-copy`]);
    expect(tables[0]?.reapplied).toEqual(
      expect.arrayContaining([
        'stream',
        'billingMode',
        'deletionProtection',
        'tag:Owner',
        'ttl',
        'pointInTimeRecovery',
      ]),
    );
    // While the items were written nothing could expire, and no stream told of them.
    const operations = double.calls.flatMap(({ operation, body }) =>
      JSON.stringify(body).includes(`"${copy}"`) ? [operation] : [],
    );
    expect(operations.indexOf('UpdateTimeToLive')).toBeGreaterThan(operations.lastIndexOf('BatchWriteItem'));
    const creation = double.calls.find(
      ({ operation, body }) => operation === 'CreateTable' && body['TableName'] === copy,
    );
    expect(creation?.body).not.toHaveProperty('StreamSpecification');
    expect(operations.indexOf('UpdateTable')).toBeGreaterThan(operations.lastIndexOf('BatchWriteItem'));
  });

  it('takes the names of the archive where they are free, and refuses tables that are there', async () => {
    const { context, sessions, events, folder } = await archived();
    const before = await contentOf(engine.raw, sessions);
    await expect(restoreFrom(context, folder)).rejects.toMatchObject({ code: 'TABLE_EXISTS' });
    await expect(restoreFrom(context, folder, { toTable: 'new-one', toEventsTable: events })).rejects.toMatchObject({
      code: 'TABLE_EXISTS',
      hint: expect.stringContaining('--to-events-table'),
    });
    const { TableNames } = await engine.raw.call('ListTables', {});
    expect(TableNames).not.toContain('new-one');
    for (const TableName of [sessions, events]) await engine.raw.call('DeleteTable', { TableName });
    const { tables } = await restoreFrom(context, folder);
    expect(tables.map(({ target, items }) => [target, items])).toEqual([
      [sessions, 30],
      [events, 60],
    ]);
    expect(await contentOf(engine.raw, sessions)).toEqual(before);
  });

  it('names the events table after the sessions table', async () => {
    const { context, sessions, folder } = await archived(2);
    const targets = async (more: object): Promise<readonly string[]> =>
      (await planRestore(context, restoreRequest(folder, more))).tables.map(({ target }) => target);
    expect(await targets({ toTable: `${sessions}-2` })).toEqual([`${sessions}-2`, `${sessions}-events-2`]);
    expect(await targets({ toTable: 'others' })).toEqual(['others', 'others-events']);
    expect(await targets({ toTable: 'others', toEventsTable: 'more' })).toEqual(['others', 'more']);
    expect(await targets({ toTable: 'others', events: false })).toEqual(['others']);
    await expect(targets({ toTable: 'others', toEventsTable: 'others' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(targets({ toTable: 'a b' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('counts what TTL would remove at once, and leaves TTL off when asked to', async () => {
    const { context, folder, copy } = await archived();
    const due = async (more: object): Promise<readonly number[]> =>
      (await planRestore(context, restoreRequest(folder, { toTable: copy, ...more }))).tables.map(
        ({ ttlDue }) => ttlDue,
      );
    expect(await due({})).toEqual([15, 30]);
    expect(await due({ shiftMs: 10 * 365 * 86_400_000 })).toEqual([0, 0]);
    expect(await due({ ttl: 'off' })).toEqual([0, 0]);
    const { tables } = await restoreFrom(context, folder, { toTable: copy, ttl: 'off' });
    expect(tables[0]?.reapplied).not.toContain('ttl');
    const { TimeToLiveDescription: ttl } = await engine.raw.call('DescribeTimeToLive', { TableName: copy });
    expect(ttl?.TimeToLiveStatus).toBe('DISABLED');
  });

  it('takes other indexes and another billing when told so', async () => {
    const { context, folder, copy } = await archived(3);
    const billing = { mode: 'provisioned', readCapacityUnits: 3, writeCapacityUnits: 4 } as const;
    await restoreFrom(context, folder, { toTable: copy, indexes: false, billing });
    const { Table } = await engine.raw.call('DescribeTable', { TableName: copy });
    expect(Table?.GlobalSecondaryIndexes).toBeUndefined();
    expect(Table?.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 3, WriteCapacityUnits: 4 });
  });

  it('shifts every expiry, of sessions and events, and nothing else', async () => {
    const { context, sessions, events, folder, copy } = await archived();
    await restoreFrom(context, folder, { toTable: copy, shiftMs: 7 * 86_400_000 });
    for (const [from, to] of [
      [sessions, copy],
      [events, `${events}-copy`],
    ] as const) {
      const expected = (await itemsOf(engine.raw, from)).map((item) => ({
        ...item,
        ttl: { N: String(Number(item['ttl']?.['N']) + 604_800) },
      }));
      expect((await itemsOf(engine.raw, to)).map(expiryOf).toSorted()).toEqual(expected.map(expiryOf).toSorted());
    }
  });

  it.each([
    ['count', 'an item is gone'],
    ['full', 'an item is another'],
  ] as const)('says so when it compares by %s, and %s in the end', async (verify, _what) => {
    const { context, sessions, folder, copy } = await archived();
    const stop = new AbortController();
    const stopping = contextFor(engine.endpoint, {
      signal: stop.signal,
      onProgress: ({ step, done, total }) => {
        if (step === 'restoring' && done === total) stop.abort();
      },
    });
    const request = { toTable: copy, verify, events: false };
    expect((await restoreFrom(stopping, folder, request)).interrupted).toBe(true);
    const [id = ''] = await idsOf(engine.raw, sessions);
    const Key = { session_id: { S: id } };
    await engine.raw.call('DeleteItem', { TableName: copy, Key });
    if (verify === 'full')
      await engine.raw.call('PutItem', { TableName: copy, Item: { ...Key, state: { S: 'other' } } });
    const { error } = await restoreFrom(context, folder, { ...request, resume: true });
    expect(error).toMatchObject({ code: 'RESTORE_MISMATCH', exitCode: 3 });
  });
});

/** An archive, and a restore of it that was interrupted. */
async function stopped(more: object = {}): Promise<Archived> {
  const staged = await archived(60);
  const stop = new AbortController();
  const stopping = contextFor(engine.endpoint, {
    signal: stop.signal,
    onCall: ({ operation }) => void (operation === 'BatchWriteItem' && stop.abort()),
  });
  const first = await restoreFrom(stopping, staged.folder, { toTable: staged.copy, events: false, ...more });
  expect(first.interrupted).toBe(true);
  return staged;
}

describe('a restore that was stopped', () => {
  it('goes on where it was, and is whole in the end, wherever that was', async () => {
    const { sessions, events, folder, copy, context } = await archived(200);
    let stops = 0;
    for (const after of [1, 2, 4, 9, 14, 20, 26]) {
      const to = `${copy}-${after}`;
      const stop = new AbortController();
      let calls = 0;
      const stopping = contextFor(engine.endpoint, {
        signal: stop.signal,
        onCall: ({ operation }) => {
          calls += /^(?:CreateTable|BatchWriteItem|UpdateTimeToLive|UpdateTable)$/.test(operation) ? 1 : 0;
          if (calls === after) stop.abort();
        },
      });
      const request = { toTable: to, toEventsTable: `${to}-e`, concurrency: 2 };
      const first = await restoreFrom(stopping, folder, request);
      expect(first.interrupted).toBe(first.error !== null);
      if (first.error === null) continue;
      stops += 1;
      await expect(restoreFrom(context, folder, request)).rejects.toMatchObject({ code: 'TABLE_EXISTS' });
      const { error, tables } = await restoreFrom(context, folder, { ...request, resume: true });
      expect(error).toBeNull();
      expect(tables.map(({ items }) => items)).toEqual([200, 400]);
      expect(await contentOf(engine.raw, to)).toEqual(await contentOf(engine.raw, sessions));
      expect(await contentOf(engine.raw, `${to}-e`)).toEqual(await contentOf(engine.raw, events));
      for (const { reapplied } of tables) expect(reapplied).toContain('ttl');
    }
    expect(stops).toBeGreaterThan(4);
    expect(readdirSync(path.join(folder, '..', 'progress'))).toEqual([]);
  });

  it('writes everything again into a table that was dropped meanwhile, and only into that', async () => {
    const { sessions, events, folder, copy, context } = await archived(120);
    const stop = new AbortController();
    let puts = 0;
    const stopping = contextFor(engine.endpoint, {
      signal: stop.signal,
      onCall: ({ operation, table }) => {
        puts += operation === 'BatchWriteItem' && table === `${events}-copy` ? 1 : 0;
        if (puts === 4) stop.abort();
      },
    });
    expect((await restoreFrom(stopping, folder, { toTable: copy, concurrency: 2 })).interrupted).toBe(true);
    await engine.raw.call('DeleteTable', { TableName: copy });
    const again: string[] = [];
    const resuming = contextFor(engine.endpoint, {
      onCall: ({ operation, table }) => void (operation === 'CreateTable' && again.push(table ?? '')),
    });
    const { error } = await restoreFrom(resuming, folder, { toTable: copy, concurrency: 2, resume: true });
    expect([error, again]).toEqual([null, [copy]]);
    expect(await contentOf(engine.raw, copy)).toEqual(await contentOf(engine.raw, sessions));
    expect(await contentOf(engine.raw, `${events}-copy`)).toEqual(await contentOf(engine.raw, events));
    expect((await restoreFrom(context, folder, { toTable: `${copy}-2` })).error).toBeNull();
  });

  it('does not go on in a table that it did not make', async () => {
    const { context, sessions, folder, copy } = await stopped();
    const [id = ''] = await idsOf(engine.raw, sessions);
    await engine.raw.call('DeleteTable', { TableName: copy });
    await engine.raw.call('CreateTable', {
      TableName: copy,
      KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await engine.raw.call('PutItem', { TableName: copy, Item: { session_id: { S: id }, state: { S: "another's" } } });
    const request = { toTable: copy, events: false };
    const resuming = restoreFrom(context, folder, { ...request, resume: true });
    await expect(resuming).rejects.toMatchObject({
      code: 'RESTORE_UNFINISHED',
      message: `the table '${copy}' is not the one that this restore made: it was left alone`,
    });
    await expect(restoreFrom(context, folder, request)).rejects.toMatchObject({
      code: 'TABLE_EXISTS',
      hint: expect.stringContaining('--on-conflict'),
    });
    expect(await stateOf(engine.raw, copy, id)).toBe("another's");
  });

  it('does not write into a table that somebody else made while it was about to', async () => {
    const { context, sessions, folder, copy } = await archived(5);
    const request = restoreRequest(folder, { toTable: copy, events: false });
    const plan = await planRestore(context, request);
    const other = await restoreFrom(context, folder, { ...request, shiftMs: 1000 });
    expect(other.error).toBeNull();
    const before = await contentOf(engine.raw, copy);
    const { error } = await restoreArchive(context, request, plan);
    expect(error).toMatchObject({ code: 'RESTORE_UNFINISHED' });
    expect(await contentOf(engine.raw, copy)).toEqual(before);
    expect(before).not.toEqual(await contentOf(engine.raw, sessions));
  });

  it('killed before it knew which table it had made goes on in an empty one alone', async () => {
    for (const isEmpty of [true, false]) {
      const { context, sessions, folder, copy } = await stopped();
      const progress = path.join(folder, '..', 'progress');
      const [name = ''] = readdirSync(progress);
      const [begun = ''] = readFileSync(path.join(progress, name), 'utf8').split('\n');
      writeFileSync(path.join(progress, name), `${begun}\n`);
      if (isEmpty)
        for (const id of await idsOf(engine.raw, copy))
          await engine.raw.call('DeleteItem', { TableName: copy, Key: { session_id: { S: id } } });
      const resuming = restoreFrom(context, folder, { toTable: copy, events: false, resume: true });
      if (!isEmpty) await expect(resuming).rejects.toMatchObject({ code: 'RESTORE_UNFINISHED' });
      else expect((await resuming).error).toBeNull();
      if (isEmpty) expect(await contentOf(engine.raw, copy)).toEqual(await contentOf(engine.raw, sessions));
    }
  });

  it('with other flags says with which it was begun', async () => {
    const { context, folder, copy } = await stopped({ shiftMs: 60_000, resumeCommand: 'mcp-sessions restore x' });
    const request = { toTable: copy, events: false };
    const unfinished = {
      code: 'RESTORE_UNFINISHED',
      hint: expect.stringContaining('this goes on: mcp-sessions restore x'),
    };
    for (const more of [{}, { resume: true }, { onConflict: 'skip' }, { shiftMs: 1000, resume: true }] as const)
      await expect(restoreFrom(context, folder, { ...request, ...more })).rejects.toMatchObject(unfinished);
    await expect(restoreFrom(context, folder, { toTable: copy, resume: true })).rejects.toMatchObject(unfinished);
    const { error } = await restoreFrom(context, folder, { ...request, shiftMs: 60_000, resume: true });
    expect(error).toBeNull();
  });

  it('is not gone on with from an archive of the same id and other content', async () => {
    const { context, folder, copy } = await stopped();
    const list = path.join(folder, 'archive.json');
    const changed = readFileSync(list, 'utf8').replace('"tool": "test"', '"tool": "other"');
    writeFileSync(list, changed);
    writeFileSync(`${list}.sha256`, `${createHash('sha256').update(changed).digest('hex')}  archive.json\n`);
    await expect(restoreFrom(context, folder, { toTable: copy, events: false, resume: true })).rejects.toMatchObject({
      code: 'NOTHING_TO_RESUME',
    });
  });

  it('is gone on with once: when it is finished, nothing is left to go on with, and nothing is touched', async () => {
    const { context, folder, copy } = await stopped();
    const request = { toTable: copy, events: false, resume: true };
    expect((await restoreFrom(context, folder, request)).error).toBeNull();
    const [id = ''] = await idsOf(engine.raw, copy);
    await engine.raw.call('DeleteItem', { TableName: copy, Key: { session_id: { S: id } } });
    const left = await contentOf(engine.raw, copy);
    await expect(restoreFrom(context, folder, request)).rejects.toMatchObject({
      code: 'NOTHING_TO_RESUME',
      message: expect.stringContaining(`'${copy}'`),
    });
    expect(await contentOf(engine.raw, copy)).toEqual(left);
  });

  it('does not take for a conflict what it wrote itself', async () => {
    const { sessions, folder, context } = await archived(120);
    for (const id of [...(await idsOf(engine.raw, sessions))].slice(0, 60))
      await engine.raw.call('DeleteItem', { TableName: sessions, Key: { session_id: { S: id } } });
    const stop = new AbortController();
    let puts = 0;
    const stopping = contextFor(engine.endpoint, {
      signal: stop.signal,
      onCall: ({ operation }) => {
        puts += operation === 'PutItem' ? 1 : 0;
        if (puts === 40) stop.abort();
      },
    });
    const request = { onConflict: 'fail', events: false } as const;
    expect((await restoreFrom(stopping, folder, request)).interrupted).toBe(true);
    // The progress may be lost with the machine: the items tell as well.
    for (const keep of [true, false]) {
      const progress = path.join(folder, '..', 'progress');
      if (!keep) rmSync(progress, { recursive: true, force: true });
      const { error, tables } = await restoreFrom(context, folder, { ...request, resume: true });
      expect([error, tables[0]?.items, tables[0]?.skipped]).toEqual([null, 120, 0]);
      expect(existsSync(progress) ? readdirSync(progress) : []).toEqual([]);
    }
  });
});

async function exported(): Promise<Archived & { readonly place: string }> {
  const staged = await archived();
  const place = path.join(staged.folder, '..', 'download');
  cpSync(path.join(staged.folder, 'sessions'), place, { recursive: true });
  return { ...staged, place };
}

/** An export of AWS's as it is downloaded: a table's name and lines, and nothing on its keys. */
function download(table: string, items: readonly object[]): string {
  const folder = path.join(tempFolder(), 'AWSDynamoDB', '01700000000000-0a1b2c3d');
  mkdirSync(path.join(folder, 'data'), { recursive: true });
  const data = gzipSync(items.map((Item) => `${JSON.stringify({ Item })}\n`).join(''));
  writeFileSync(path.join(folder, 'data', 'abc.json.gz'), data);
  const md5Checksum = createHash('md5').update(data).digest('base64');
  const file = { itemCount: items.length, md5Checksum, dataFileS3Key: 'AWSDynamoDB/x/data/abc.json.gz' };
  writeFileSync(path.join(folder, 'manifest-files.json'), `${JSON.stringify(file)}\n`);
  const tableArn = `arn:aws:dynamodb:eu-west-1:000000000000:table/${table}`;
  const summary = { tableArn, itemCount: items.length, outputFormat: 'DYNAMODB_JSON', exportType: 'FULL_EXPORT' };
  writeFileSync(path.join(folder, 'manifest-summary.json'), JSON.stringify(summary));
  return folder;
}

const VERIFY = { signal: new AbortController().signal, onProgress: () => {} };

const express = (id: string): object => ({
  id: { S: `sess:${id}` },
  type: { S: 'connect-session' },
  expires: { N: '1900000000' },
  sess: { S: '{"cookie":{}}' },
});
const event = (id: string, number: string): object => ({
  session_id: { S: id },
  event_id: { N: number },
  timestamp: { N: '1760000000000' },
  event_type: { S: 'message' },
  data: { S: '{}' },
});

describe("the keys of an export of AWS's that was downloaded", () => {
  it('are those of the layout that its items look like, whatever its table is called', async () => {
    const { place } = await exported();
    expect(await verifyArchive(place, null, VERIFY)).toMatchObject({ ok: true, tables: [{ keysChecked: true }] });
    const twice = await verifyArchive(download('web', [express('a'), express('b'), express('a')]), null, VERIFY);
    expect(twice).toMatchObject({ ok: false, problems: [{ line: 3, reason: 'its key is there twice' }] });
    const events = [event('a', '1'), event('a', '2'), event('b', '1')];
    expect(await verifyArchive(download('web', events), null, VERIFY)).toMatchObject({
      ok: true,
      tables: [{ keysChecked: true, keysNote: null }],
    });
    const same = await verifyArchive(download('web', [...events, event('a', '2.0')]), null, VERIFY);
    expect(same).toMatchObject({ ok: false, problems: [{ line: 4, reason: 'its key is there twice' }] });
  });

  it('are those of the layout that was named, and restore takes the same', async () => {
    const folder = download('web', [{ id: { S: 'a' }, x: { N: '1' } }, { id: { N: '2' } }]);
    expect(await verifyArchive(folder, null, VERIFY)).toMatchObject({
      ok: true,
      tables: [{ keysChecked: false, keysNote: expect.stringContaining('--layout <id>') }],
    });
    const named = await verifyArchive(folder, null, { ...VERIFY, layout: 'express' });
    expect(named).toMatchObject({ ok: false, problems: [{ line: 2, reason: "the key 'id' is of type N" }] });
    const { context, copy } = await archived(3);
    await expect(restoreFrom(context, folder, { toTable: copy, layout: 'express' })).rejects.toMatchObject({
      message: expect.stringContaining("line 2: the key 'id' is of type N"),
      hint: expect.stringContaining(`backup verify ${folder} --layout express\``),
    });
    const whole = download('web', [express('a'), express('b'), express('c')]);
    const { error, tables } = await restoreFrom(context, whole, { toTable: copy });
    expect([error, tables[0]?.items]).toEqual([null, 3]);
    await expect(verifyArchive(folder, null, { ...VERIFY, layout: 'none' })).rejects.toMatchObject({
      code: 'LAYOUT_UNKNOWN',
    });
  });
});

describe("an export of AWS's that was downloaded", () => {
  it('is restored with the settings of the layout', async () => {
    const { context, sessions, place, copy } = await exported();
    const { error, tables } = await restoreFrom(context, place, { toTable: copy });
    expect(error).toBeNull();
    expect(tables).toMatchObject([{ source: sessions, target: copy, items: 30, verified: 'full' }]);
    expect(tables[0]?.reapplied).toEqual(
      expect.arrayContaining(['index:LastActivityIndex', 'stream', 'ttl', 'tag:Purpose']),
    );
    expect(await contentOf(engine.raw, copy)).toEqual(await contentOf(engine.raw, sessions));
  });

  it('is refused when a file is damaged, when it is none, or when its keys are not those of the layout', async () => {
    const { context, place, copy } = await exported();
    const [id = ''] = readdirSync(path.join(place, 'AWSDynamoDB'));
    const folder = path.join(place, 'AWSDynamoDB', id);
    await expect(restoreFrom(context, folder, { toTable: copy, layout: 'express' })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining("'id' is missing"),
    });
    await expect(restoreFrom(context, path.join(folder, 'data'), { toTable: copy })).rejects.toMatchObject({
      code: 'FILE_ERROR',
    });
    const [name = ''] = readdirSync(path.join(folder, 'data'));
    const file = path.join(folder, 'data', name);
    const bytes = readFileSync(file);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(restoreFrom(context, folder, { toTable: copy })).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    writeFileSync(path.join(folder, 'manifest-summary.json'), '{}');
    await expect(restoreFrom(context, folder, { toTable: copy })).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });
});

it('a plan changes nothing', async () => {
  const { context, folder, copy } = await archived(3);
  const request = restoreRequest(folder, { toTable: copy });
  const plan = await planRestore(context, request);
  const { TableNames } = await engine.raw.call('ListTables', {});
  expect(TableNames).not.toContain(copy);
  expect(existsSync(request.progressFolder)).toBe(false);
  expect((await restoreArchive(context, request, plan)).error).toBeNull();
});
