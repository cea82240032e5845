import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyArchive } from '../../../src/operations/archive/verify.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import { tempFolder } from '../../support/cli.js';
import { startTestEngine, useEngine } from '../../support/engine.js';
import { archiveTo, contentOf, restoreFrom } from './harness.js';
import { awsFaults } from '../../support/aws-double.js';
import { closeAll, contextFor, freshName, setUp, startDouble, targetOf } from '../harness.js';
import { idsOf, itemsOf, stage } from '../purge/harness.js';

const engine = useEngine();
closeAll();

const OPTIONS = { signal: new AbortController().signal, onProgress: () => {} };

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(path.join(folder, name)).isFile(),
  );

const exportBelow = (folder: string, role: string): string => {
  const place = path.join(folder, role, 'AWSDynamoDB');
  return path.join(place, readdirSync(place)[0] ?? '');
};

/** Numbers as DynamoDB answers them: plain, without zeros that say nothing. */
const number = fc
  .tuple(fc.bigInt({ min: -(10n ** 35n), max: 10n ** 35n }), fc.constantFrom('', '.5', '.25'))
  .map(([whole, fraction]) => (whole === 0n ? `0${fraction}` : `${whole}${fraction}`));
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', '\u2028', '\n', '\u0000', '"\\'),
);
const binary = fc.uint8Array({ minLength: 0, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const set = <T>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.uniqueArray(element, { minLength: 1, maxLength: 4 });

/** An attribute value of any type, in DynamoDB JSON. */
const { value } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    text.map((S) => ({ S })),
    number.map((N) => ({ N })),
    binary.map((B) => ({ B })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    set(text.filter((each) => each !== '')).map((SS) => ({ SS })),
    set(number).map((NS) => ({ NS })),
    set(binary.filter((each) => each !== '')).map((BS) => ({ BS })),
    fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }).map((M) => ({ M })),
  ),
}));

const attributes = fc.dictionary(
  fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((name) => name !== 'session_id' && !['last_activity', 'created_at'].includes(name)),
  value,
  { maxKeys: 5 },
);

describe('an archive', () => {
  it('holds every type of attribute exactly, and so does what is restored from it', async () => {
    const { context, target, sessions } = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    const folder = tempFolder();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(attributes, { minLength: 1, maxLength: 12 }), async (items) => {
        round += 1;
        for (const id of await idsOf(engine.raw, sessions))
          await engine.raw.call('DeleteItem', { TableName: sessions, Key: { session_id: { S: id } } });
        for (const [at, item] of items.entries())
          await engine.raw.call('PutItem', { TableName: sessions, Item: { ...item, session_id: { S: `id-${at}` } } });
        const place = path.join(folder, `archive-${round}`);
        await archiveTo(context, target, place, { events: false, segments: 3 });
        const copy = `${sessions}-copy-${round}`;
        const { error } = await restoreFrom(context, place, { toTable: copy });
        expect(error).toBeNull();
        expect(await contentOf(engine.raw, copy)).toEqual(await contentOf(engine.raw, sessions));
      }),
      { numRuns: 25 },
    );
  });

  it('is in the format of DynamoDB exports: manifests, sums and lines', async () => {
    const { context, target, sessions } = await stage(engine.endpoint, { count: 30, events: 2, expired: 0 });
    const folder = path.join(tempFolder(), 'archive');
    const result = await archiveTo(context, target, folder, { segments: 2 });
    expect(result.tables.map(({ table, items }) => [table, items])).toEqual([
      [sessions, 30],
      [`${sessions}-events`, 60],
    ]);
    const place = exportBelow(folder, 'sessions');
    const summary = JSON.parse(readFileSync(path.join(place, 'manifest-summary.json'), 'utf8'));
    expect(summary).toMatchObject({
      version: '2020-06-30',
      itemCount: 30,
      outputFormat: 'DYNAMODB_JSON',
      exportType: 'FULL_EXPORT',
      manifestFilesS3Key: `AWSDynamoDB/${path.basename(place)}/manifest-files.json`,
    });
    const md5 = (file: string): string =>
      createHash('md5')
        .update(readFileSync(path.join(place, file)))
        .digest('base64');
    expect(readFileSync(path.join(place, 'manifest-summary.md5'), 'utf8')).toBe(md5('manifest-summary.json'));
    expect(readFileSync(path.join(place, 'manifest-files.md5'), 'utf8')).toBe(md5('manifest-files.json'));
    const lines = readFileSync(path.join(place, 'manifest-files.json'), 'utf8').trimEnd().split('\n');
    let items = 0;
    for (const line of lines) {
      const { itemCount, md5Checksum, etag, dataFileS3Key } = JSON.parse(line);
      const name = path.join('data', path.basename(dataFileS3Key));
      expect([md5Checksum, dataFileS3Key]).toEqual([md5(name), `AWSDynamoDB/${path.basename(place)}/${name}`]);
      expect(etag).toBe(`${Buffer.from(md5Checksum, 'base64').toString('hex')}-1`);
      const rows = gunzipSync(readFileSync(path.join(place, name)))
        .toString()
        .trimEnd()
        .split('\n');
      expect(rows.length).toBe(itemCount);
      for (const row of rows) expect(Object.keys(JSON.parse(row))).toEqual(['Item']);
      items += rows.length;
    }
    expect(items).toBe(30);
  });

  it('is read by the importer of another maker', async () => {
    const { context, target, sessions } = await stage(engine.endpoint, { count: 40, events: 1, expired: 0 });
    const folder = tempFolder();
    await archiveTo(context, target, path.join(folder, 'archive'), { segments: 4 });
    mkdirSync(path.join(folder, 'import', sessions), { recursive: true });
    cpSync(exportBelow(path.join(folder, 'archive'), 'sessions'), path.join(folder, 'import', sessions), {
      recursive: true,
    });
    const { Table } = await engine.raw.call('DescribeTable', { TableName: sessions });
    writeFileSync(path.join(folder, 'schema.json'), JSON.stringify([{ Table }]));
    const importer = createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
    const dbPath = path.join(folder, 'out.db');
    const argv = ['import', '--source', path.join(folder, 'import'), '--schema', path.join(folder, 'schema.json')];
    execFileSync(importer, [...argv, '--output', dbPath], { stdio: 'pipe' });
    const { endpoint, stop } = await startTestEngine({ dbPath });
    try {
      const { rawClient } = await import('../../support/engine.js');
      expect(await contentOf(rawClient(endpoint), sessions)).toEqual(await contentOf(engine.raw, sessions));
    } finally {
      await stop();
    }
  });

  it('is private: files 0600, folders 0700', async () => {
    const { context, target } = await stage(engine.endpoint, { count: 5, events: 1, expired: 0 });
    const folder = path.join(tempFolder(), 'below', 'archive');
    await archiveTo(context, target, folder);
    const modes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
      const found = statSync(path.join(folder, name));
      return `${found.isDirectory() ? 'd' : '-'}${(found.mode & 0o777).toString(8)}`;
    });
    expect(new Set([...modes, `d${(statSync(folder).mode & 0o777).toString(8)}`])).toEqual(new Set(['d700', '-600']));
  });

  it('of an empty table is whole', async () => {
    const { context, target, sessions } = await stage(engine.endpoint, { count: 0, events: 0, expired: 0 });
    const folder = path.join(tempFolder(), 'archive');
    await archiveTo(context, target, folder);
    expect(await verifyArchive(folder, null, OPTIONS)).toMatchObject({ ok: true });
    const { tables, error } = await restoreFrom(context, folder, { toTable: `${sessions}-copy` });
    expect([error, tables.map(({ items }) => items)]).toEqual([null, [0, 0]]);
  });

  it('is not written over anything', async () => {
    const { context, target } = await stage(engine.endpoint, { count: 3, events: 0, expired: 0 });
    const folder = tempFolder();
    const place = path.join(folder, 'archive');
    await archiveTo(context, target, place);
    await expect(archiveTo(context, target, place)).rejects.toMatchObject({ code: 'ARCHIVE_EXISTS' });
    await expect(archiveTo(context, target, folder)).rejects.toMatchObject({ code: 'ARCHIVE_EXISTS' });
    mkdirSync(path.join(folder, 'empty'));
    await archiveTo(context, target, path.join(folder, 'empty'));
    writeFileSync(path.join(folder, 'file'), '');
    await expect(archiveTo(context, target, path.join(folder, 'file'))).rejects.toMatchObject({
      code: 'ARCHIVE_EXISTS',
    });
  });

  it('of chosen sessions holds them and their events, also when it was stopped', async () => {
    const { context, target, sessions, events } = await stage(engine.endpoint, { count: 60, events: 2, expired: 0.5 });
    const folder = tempFolder();
    const filter = { expired: true };
    await archiveTo(context, target, path.join(folder, 'a'), { filter });
    const copy = `${sessions}-copy`;
    await restoreFrom(context, path.join(folder, 'a'), { toTable: copy });
    const chosen = await idsOf(engine.raw, copy);
    expect(chosen.size).toBe(30);
    expect(await idsOf(engine.raw, `${events}-copy`)).toEqual(chosen);
    expect((await itemsOf(engine.raw, `${events}-copy`)).length).toBe(60);

    // Stopped at the events: those of the sessions that an earlier run chose are known again.
    const stop = new AbortController();
    const stopping = contextFor(engine.endpoint, {
      signal: stop.signal,
      onProgress: ({ table }) => {
        if (table === events) stop.abort();
      },
    });
    const place = path.join(folder, 'b');
    const options = { filter, segments: 3, sizes: { partBytes: 4000, pageItems: 10 } };
    expect((await archiveTo(stopping, target, place, options)).interrupted).toBe(true);
    const { tables } = await archiveTo(context, target, place, { ...options, resume: true });
    expect(tables.map(({ items }) => items)).toEqual([30, 60]);
  });
});

describe('the folder of an archive', () => {
  it("becomes its owner's alone where it was there already, and is no file", async () => {
    const { context, target } = await stage(engine.endpoint, { count: 1, events: 0, expired: 0 });
    const place = tempFolder();
    chmodSync(place, 0o755);
    await archiveTo(context, target, place);
    expect(statSync(place).mode & 0o777).toBe(0o700);
    const file = path.join(tempFolder(), 'f');
    writeFileSync(file, '');
    await expect(archiveTo(context, target, file)).rejects.toMatchObject({
      code: 'ARCHIVE_EXISTS',
      message: `'${file}' is a file, and no folder`,
    });
  });
});

describe('an archive that was stopped', () => {
  it('goes on where it was, and is whole in the end, wherever that was', async () => {
    const { context, target, sessions } = await stage(engine.endpoint, { count: 300, events: 1, expired: 0 });
    const folder = tempFolder();
    for (const [round, after] of [1, 2, 3, 5, 8, 13].entries()) {
      const place = path.join(folder, `archive-${round}`);
      const stop = new AbortController();
      let pages = 0;
      const stopping = contextFor(engine.endpoint, {
        signal: stop.signal,
        onCall: ({ operation }) => {
          pages += operation === 'Scan' ? 1 : 0;
          if (pages === after) stop.abort();
        },
      });
      const options = { segments: 3, concurrency: 2, sizes: { partBytes: 3000, pageItems: 20 } };
      const first = await archiveTo(stopping, target, place, options);
      expect(first).toMatchObject({ interrupted: true });
      expect(existsSync(path.join(place, 'archive.json'))).toBe(false);
      expect(await verifyArchive(place, null, OPTIONS)).toMatchObject({ ok: false, tables: [] });
      await expect(archiveTo(context, target, place, options)).rejects.toMatchObject({ code: 'ARCHIVE_PARTIAL' });
      await expect(
        archiveTo(context, target, place, { ...options, resume: true, fingerprint: 'another' }),
      ).rejects.toMatchObject({ code: 'ARCHIVE_PARTIAL' });
      const second = await archiveTo(context, target, place, { ...options, resume: true });
      expect(second.tables.map(({ items }) => items)).toEqual([300, 300]);
      expect(await verifyArchive(place, null, OPTIONS)).toMatchObject({ ok: true, problems: [] });
      const copy = `${sessions}-copy-${round}`;
      await restoreFrom(context, place, { toTable: copy, events: false });
      expect(await contentOf(engine.raw, copy)).toEqual(await contentOf(engine.raw, sessions));
    }
  });

  it('forgets files that were not finished', async () => {
    const { context, target } = await stage(engine.endpoint, { count: 50, events: 0, expired: 0 });
    const place = path.join(tempFolder(), 'archive');
    const stop = new AbortController();
    const stopping = contextFor(engine.endpoint, {
      signal: stop.signal,
      onCall: ({ operation }) => operation === 'Scan' && stop.abort(),
    });
    await archiveTo(stopping, target, place, { segments: 4, events: false, concurrency: 1 });
    writeFileSync(path.join(exportBelow(place, 'sessions'), 'data', 's0003-0001.json.gz'), 'half a file');
    const { tables } = await archiveTo(context, target, place, { resume: true, events: false });
    expect(tables.map(({ items }) => items)).toEqual([50]);
    expect(await verifyArchive(place, null, OPTIONS)).toMatchObject({ ok: true });
  });

  it('names the command that began it wherever it stands in the way', async () => {
    const { context, target } = await stage(engine.endpoint, { count: 30, events: 0, expired: 0 });
    const place = path.join(tempFolder(), 'archive');
    const stop = new AbortController();
    const stopping = contextFor(engine.endpoint, { signal: stop.signal, onProgress: () => stop.abort() });
    const resumeCommand = "mcp-sessions backup --where 'a = 1' --to x --resume";
    await archiveTo(stopping, target, place, { resumeCommand });
    const named = { code: 'ARCHIVE_PARTIAL', hint: expect.stringContaining(resumeCommand) };
    expect(await verifyArchive(place, null, OPTIONS)).toMatchObject({
      ok: false,
      problems: [
        { file: path.join(place, 'archive.partial.jsonl'), line: null, reason: 'the archive was not finished' },
      ],
      unfinished: { command: resumeCommand },
    });
    await expect(restoreFrom(context, place, { toTable: 'no-such' })).rejects.toMatchObject(named);
    await expect(archiveTo(context, target, place)).rejects.toMatchObject(named);
    await expect(archiveTo(context, target, place, { resume: true, fingerprint: 'other' })).rejects.toMatchObject(
      named,
    );
  });

  it('that is whole already needs nothing more, and is of these tables', async () => {
    const { context, target } = await stage(engine.endpoint, { count: 30, events: 1, expired: 0 });
    const place = path.join(tempFolder(), 'archive');
    const { tables, wasWhole } = await archiveTo(context, target, place, { resume: true });
    expect(wasWhole).toBe(false);
    const again = await archiveTo(context, target, place, { resume: true });
    expect(again).toMatchObject({ tables, wasWhole: true, readUnits: 0, interrupted: false });
    const other = { resume: true, filter: { expired: true } };
    await expect(archiveTo(context, target, place, other)).rejects.toMatchObject({ code: 'ARCHIVE_EXISTS' });
    const others = await stage(engine.endpoint, { count: 1, events: 1, expired: 0 });
    await expect(archiveTo(others.context, others.target, place, { resume: true })).rejects.toMatchObject({
      code: 'ARCHIVE_EXISTS',
    });
  });

  it('is not gone on with while it is being written', async () => {
    const { context, target } = await stage(engine.endpoint, { count: 30, events: 1, expired: 0 });
    const place = path.join(tempFolder(), 'archive');
    const refused: unknown[] = [];
    const writing = contextFor(engine.endpoint, {
      onProgress: ({ step }) => {
        if (step !== 'archiving' || refused.length > 0) return;
        for (const resume of [true, false])
          refused.push(archiveTo(context, target, place, { resume }).catch((error: unknown) => error));
        refused.push(verifyArchive(place, null, OPTIONS).catch((error: unknown) => error));
      },
    });
    const { tables } = await archiveTo(writing, target, place);
    const busy = { code: 'ARCHIVE_BUSY' };
    expect(await Promise.all(refused)).toMatchObject([busy, busy, busy]);
    expect(tables.map(({ items }) => items)).toEqual([30, 30]);
    expect(await verifyArchive(place, null, OPTIONS)).toMatchObject({ ok: true, problems: [] });
    expect(existsSync(path.join(place, 'archive.lock'))).toBe(false);
  });

  it('by a failure says that --resume goes on', async () => {
    const { context, double } = await startDouble(engine.endpoint);
    const { target } = await stage(engine.endpoint, { count: 20, events: 0, expired: 0 });
    const place = path.join(tempFolder(), 'archive');
    const lift = double.inject({ operation: 'Scan', error: awsFaults.accessDenied('Scan', 't') });
    await expect(archiveTo(context(), target, place)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining('--resume'),
    });
    lift();
    const { tables } = await archiveTo(context(), target, place, { resume: true });
    expect(tables.map(({ items }) => items)).toEqual([20, 0]);
  });

  it('begins anew where it had not got as far as its first line', async () => {
    const { context, target } = await stage(engine.endpoint, { count: 5, events: 0, expired: 0 });
    for (const torn of ['', '{"version":1,"id"']) {
      const place = tempFolder();
      writeFileSync(path.join(place, 'archive.partial.jsonl'), torn);
      const { tables } = await archiveTo(context, target, place, { resume: true });
      expect(tables.map(({ items }) => items)).toEqual([5, 0]);
      expect(await verifyArchive(place, null, OPTIONS)).toMatchObject({ ok: true });
    }
  });

  it('does not leave keys to be read when it is encrypted', async () => {
    const { context, target, sessions } = await stage(engine.endpoint, { count: 80, events: 1, expired: 0 });
    const place = path.join(tempFolder(), 'archive');
    const secret = { kind: 'passphrase', text: 'open sesame' } as const;
    const stop = new AbortController();
    let pages = 0;
    const stopping = contextFor(engine.endpoint, {
      signal: stop.signal,
      onCall: ({ operation }) => {
        pages += operation === 'Scan' ? 1 : 0;
        if (pages === 4) stop.abort();
      },
    });
    const options = { secret, segments: 2, sizes: { partBytes: 1000, pageItems: 5 } };
    await archiveTo(stopping, target, place, options);
    const ids = [...(await idsOf(engine.raw, sessions))];
    const leaks = (): readonly string[] =>
      filesBelow(place).filter((name) => {
        const content = readFileSync(path.join(place, name), 'latin1');
        return ids.some((id) => content.includes(id));
      });
    expect(readFileSync(path.join(place, 'archive.partial.jsonl'), 'utf8')).toMatch(/"next":"[A-Za-z0-9+/=]{20,}"/);
    expect(leaks()).toEqual([]);
    await expect(archiveTo(context, target, place, { ...options, secret: null, resume: true })).rejects.toMatchObject({
      code: 'ARCHIVE_LOCKED',
    });
    await expect(
      archiveTo(context, target, place, { ...options, secret: { ...secret, text: 'x' }, resume: true }),
    ).rejects.toMatchObject({ code: 'ARCHIVE_LOCKED' });
    await archiveTo(context, target, place, { ...options, resume: true });
    expect(leaks()).toEqual([]);
    await expect(verifyArchive(place, null, OPTIONS)).rejects.toMatchObject({ code: 'ARCHIVE_LOCKED' });
    const copy = `${sessions}-copy`;
    expect((await restoreFrom(context, place, { toTable: copy, secret })).error).toBeNull();
    expect(await contentOf(engine.raw, copy)).toEqual(await contentOf(engine.raw, sessions));
  });
});

describe('the events table', () => {
  it('is left out when it is not there, or not wanted', async () => {
    const sessions = freshName('lonely');
    const context = contextFor(engine.endpoint);
    await setUp(context, { sessions, events: `${sessions}-events`, overrides: { stream: false } });
    const target = await targetOf(context, { sessions, events: `${sessions}-events` });
    await seed(context, target, { count: 4, events: 1, expired: 0, randomSeed: 1 });
    const folder = tempFolder();
    const without = await archiveTo(context, target, path.join(folder, 'a'), { events: false });
    expect(without.tables.map(({ role }) => role)).toEqual(['sessions']);
    await engine.raw.call('DeleteTable', { TableName: `${sessions}-events` });
    const lonely = await archiveTo(context, target, path.join(folder, 'b'));
    expect(lonely.tables.map(({ role }) => role)).toEqual(['sessions']);
  });
});

interface ScanAnswer {
  readonly Items?: readonly { readonly session_id?: { readonly S: string } }[];
  readonly LastEvaluatedKey?: unknown;
}

/** The engine, with something that happens after each page of a scan before its reader gets it. */
async function startProxy(
  endpoint: string,
  afterPage: (answer: ScanAnswer) => Promise<void>,
): Promise<{ readonly endpoint: string; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const operation = String(request.headers['x-amz-target']);
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': operation,
        'x-amz-date': String(request.headers['x-amz-date']),
        authorization: String(request.headers.authorization),
      };
      const answer = await fetch(endpoint, { method: 'POST', headers, body: Buffer.concat(chunks) });
      const body = await answer.text();
      if (operation.endsWith('.Scan')) await afterPage(JSON.parse(body));
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(body);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { endpoint: `http://127.0.0.1:${port}`, stop };
}

describe('an archive of a table that is in use', () => {
  it('has every row that was there all the time, although rows at which pages ended are deleted', async () => {
    const { context, target, sessions } = await stage(engine.endpoint, { count: 240, events: 0, expired: 0 });
    const deleted = new Set<string>();
    // A proxy of the engine: after each page it deletes the row that the page ended at, and sometimes those before it.
    let pages = 0;
    const server = await startProxy(engine.endpoint, async (answer) => {
      const { Items = [], LastEvaluatedKey } = answer;
      if (LastEvaluatedKey === undefined) return;
      pages += 1;
      for (const item of Items.slice(pages % 3 === 0 ? -3 : -1)) {
        const { session_id: key } = item;
        deleted.add(String(key?.S));
        await engine.raw.call('DeleteItem', { TableName: sessions, Key: { session_id: key } });
      }
    });
    try {
      const place = path.join(tempFolder(), 'archive');
      await archiveTo(contextFor(server.endpoint), target, place, {
        segments: 4,
        events: false,
        sizes: { pageItems: 12 },
      });
      expect(deleted.size).toBeGreaterThan(10);
      await restoreFrom(context, place, { toTable: `${sessions}-copy` });
      const archived = await idsOf(engine.raw, `${sessions}-copy`);
      expect([...(await idsOf(engine.raw, sessions))].filter((id) => !archived.has(id))).toEqual([]);
      expect(archived.size).toBe(240);
    } finally {
      await server.stop();
    }
  });
});
