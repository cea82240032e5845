import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Secret } from '../../../src/archive/cipher.js';
import { verifyArchive } from '../../../src/operations/archive/verify.js';
import { restoreArchive } from '../../../src/operations/restore/from-archive.js';
import { planRestore } from '../../../src/operations/restore/plan.js';
import { tempFolder } from '../../support/cli.js';
import { useEngine } from '../../support/engine.js';
import { archiveTo, restoreRequest } from './harness.js';
import { closeAll } from '../harness.js';
import { stage, type Stage } from '../purge/harness.js';

const engine = useEngine();
closeAll();

const OPTIONS = { signal: new AbortController().signal, onProgress: () => {} };
const SECRET: Secret = { kind: 'keyFile', bytes: Buffer.alloc(32, 7) };

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .toSorted();

async function archived(secret: Secret | null): Promise<Stage & { readonly folder: string }> {
  const staged = await stage(engine.endpoint, { count: 40, events: 2, expired: 0.2 });
  const folder = path.join(tempFolder(), 'archive');
  await archiveTo(staged.context, staged.target, folder, { secret, segments: 3 });
  return { ...staged, folder };
}

/** What verify says, and whether restore would take it. */
async function judged(
  { context }: Stage,
  folder: string,
  secret: Secret | null,
): Promise<{ readonly ok: boolean; readonly refusal: string | null }> {
  const verified = await verifyArchive(folder, secret, OPTIONS).then(
    ({ ok }) => ok,
    () => false,
  );
  const refusal = await planRestore(context, restoreRequest(folder, { secret, toTable: 'never-made' })).then(
    () => null,
    (error: unknown) => (error instanceof Error ? String(Reflect.get(error, 'code')) : 'unknown'),
  );
  return { ok: verified, refusal };
}

describe.each([
  ['plain', null],
  ['encrypted', SECRET],
] as const)('one flipped bit anywhere in an archive that is %s', (_name, secret) => {
  it('is found by verify, and refused by restore', async () => {
    const staged = await archived(secret);
    const { folder } = staged;
    expect(await judged(staged, folder, secret)).toEqual({ ok: true, refusal: null });
    const places = filesBelow(folder).flatMap((name) => {
      const { size } = statSync(path.join(folder, name));
      return size === 0 ? [] : [{ name, size }];
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.nat(), fc.nat(7), async ({ name, size }, at, bit) => {
        const file = path.join(folder, name);
        const whole = readFileSync(file);
        const broken = Buffer.from(whole);
        broken[at % size] = (broken[at % size] ?? 0) ^ (1 << bit);
        writeFileSync(file, broken);
        try {
          const { ok, refusal } = await judged(staged, folder, secret);
          expect([ok, refusal]).toEqual([false, expect.stringMatching(/^ARCHIVE_/)]);
        } finally {
          writeFileSync(file, whole);
        }
      }),
      { numRuns: 120 },
    );
    expect(await judged(staged, folder, secret)).toEqual({ ok: true, refusal: null });
  });

  it('and so are a file that is missing, cut off, longer, a link, or another of the same archive', async () => {
    const staged = await archived(secret);
    const { folder } = staged;
    const [first = '', second = ''] = filesBelow(folder).filter((name) => name.includes('/data/'));
    const copy = path.join(folder, '..', 'copy');
    const spoil: readonly ((file: string) => void)[] = [
      (file) => rmSync(file),
      (file) => truncateSync(file, statSync(file).size - 1),
      (file) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(1)])),
      (file) => cpSync(path.join(copy, second), file),
      (file) => {
        const elsewhere = `${copy}.elsewhere`;
        cpSync(file, elsewhere);
        rmSync(file);
        symlinkSync(elsewhere, file);
      },
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
      (file) => {
        const data = path.dirname(file);
        renameSync(data, `${copy}.data`);
        symlinkSync(`${copy}.data`, data);
      },
    ];
    for (const each of spoil) {
      rmSync(copy, { recursive: true, force: true });
      cpSync(folder, copy, { recursive: true });
      each(path.join(copy, first));
      expect(await judged(staged, copy, secret)).toEqual({ ok: false, refusal: 'ARCHIVE_INVALID' });
    }
  });
});

interface ListFile {
  path: string;
  items: number;
  bytes: number;
  rawBytes: number;
  sha256: string;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** Changes a data file and the lists with it, as somebody who wants to be believed would. */
function forge(folder: string, change: (file: ListFile, text: string) => string | Buffer): void {
  const list = JSON.parse(readFileSync(path.join(folder, 'archive.json'), 'utf8'));
  const [table] = list.tables;
  const file: ListFile = table.files[0];
  const content = change(file, gunzipSync(readFileSync(path.join(folder, file.path))).toString());
  const bytes = typeof content === 'string' ? gzipSync(content) : content;
  writeFileSync(path.join(folder, file.path), bytes);
  file.bytes = bytes.length;
  file.sha256 = sha256(bytes);
  table.items = table.files.reduce((total: number, { items }: ListFile) => total + items, 0);
  table.sha256 = sha256(table.files.map((each: ListFile) => `${each.sha256}  ${each.path}\n`).join(''));
  const text = JSON.stringify(list);
  writeFileSync(path.join(folder, 'archive.json'), text);
  writeFileSync(path.join(folder, 'archive.json.sha256'), `${sha256(text)}  archive.json\n`);
}

function sized(file: ListFile, text: string): string {
  file.rawBytes = Buffer.byteLength(text);
  return text;
}

function again(file: ListFile, text: string): string {
  file.items += 1;
  return sized(file, `${text}${text.slice(0, text.indexOf('\n') + 1)}`);
}

function unreadable(file: ListFile, text: string): Buffer {
  const bytes = Buffer.from(text);
  bytes.writeUInt8(0xff, bytes.indexOf('"session_id":{"S":"', bytes.indexOf('\n')) + 19);
  file.rawBytes = bytes.length;
  return gzipSync(bytes);
}

function outside(file: ListFile): string {
  file.path = 'sessions/../../outside';
  return 'x';
}

describe('an archive whose lists were made to fit', () => {
  const cases: readonly (readonly [string, (file: ListFile, text: string) => string | Buffer, RegExp])[] = [
    ['a key is there twice', (file, text) => again(file, text), /twice/],
    ['a line is no JSON', (file, text) => sized(file, text.replace('{"Item"', '{"Item')), /line 1: is no JSON/],
    ['a value has no type of DynamoDB', (file, text) => sized(file, text.replace('{"S":', '{"X":')), /line 1: .*'X'/],
    ['a number is none', (file, text) => sized(file, text.replace(/"N":"\d+"/, '"N":"1x"')), /line 1: .*type N/],
    [
      'the key is missing',
      (file, text) => sized(file, text.replace('session_id', 'session-id')),
      /'session_id' is missing/,
    ],
    [
      'a line is missing',
      (file, text) => sized(file, text.slice(text.indexOf('\n') + 1)),
      /is missing: there should be/,
    ],
    ['it unpacks to more than it says', (_file, text) => `${text}${' '.repeat(5_000_000)}\n`, /unpacks to more/],
    [
      'a line is longer than any item',
      (file, text) => sized(file, `${' '.repeat(9_000_000)}${text}`),
      /longer than any item/,
    ],
    [
      'a key is empty',
      (file, text) => sized(file, text.replace(/("session_id":\{"S":)"[^"]*"/, '$1""')),
      /'session_id' is empty/,
    ],
    [
      'a key holds half of a surrogate pair, which no request can hold',
      (file, text) => sized(file, text.replace(/("session_id":\{"S":")/, '$1\\ud800')),
      /line 1: 'session_id' is no text/,
    ],
    [
      'a key is longer than a table takes',
      (file, text) => sized(file, text.replace(/("session_id":\{"S":)"[^"]*"/, `$1"${'é'.repeat(1025)}"`)),
      /line 1: the key 'session_id' has 2050 bytes, of 2048/,
    ],
    [
      'the key of an index is of another type than the index declares',
      (file, text) => sized(file, text.replace(/("last_activity":)\{"N":("[^"]*")\}/, '$1{"S":$2}')),
      /line 1: 'last_activity', a key \(N\) of the index 'LastActivityIndex', is of type S/,
    ],
    [
      'an item is larger than a table takes',
      (file, text) => sized(file, text.replace('{"Item":{', `{"Item":{"big":{"S":"${'x'.repeat(412_000)}"},`)),
      /line 1: is larger than the 400 KB/,
    ],
    [
      'an attribute is there twice in a line',
      (file, text) => sized(file, text.replace(/\n(\{"Item":\{)/, '\n$1"user":{"S":"x"},"user":{"S":"y"},')),
      /line 2: has a name twice in one object/,
    ],
    [
      'a nested name is there twice, written in another way',
      (file, text) =>
        sized(file, text.replace(/\n(\{"Item":\{)/, '\n$1"m":{"M":{"k":{"S":"x"}, "\\u006b" : {"S":"y"}}},')),
      /line 2: has a name twice in one object/,
    ],
    [
      'an item is there twice in a line',
      (file, text) => sized(file, text.replace('{"Item":', '{"Item":{"session_id":{"S":"x"}},"Item":')),
      /line 1: has a name twice in one object/,
    ],
    ['a line is no UTF-8', (file, text) => unreadable(file, text), /line 2: is no UTF-8/],
    ['a path leads out of it', (file) => Buffer.from(outside(file)), /is not below the archive/],
  ];

  it.each(cases)('is refused: %s', async (_name, change, reason) => {
    const { folder, context } = await archived(null);
    forge(folder, change);
    const { ok, problems } = await verifyArchive(folder, null, OPTIONS);
    expect(ok).toBe(false);
    const [problem] = problems;
    const told = `${problem?.line === null ? '' : `line ${problem?.line ?? ''}: `}${problem?.reason ?? ''}`;
    expect(told).toMatch(reason);
    await expect(planRestore(context, restoreRequest(folder, { toTable: 'never-made' }))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    });
  });

  it('may be restored without its indexes where only an index refuses a line', async () => {
    const { folder, context } = await archived(null);
    forge(folder, (file, text) => sized(file, text.replace(/("last_activity":)\{"N":("[^"]*")\}/, '$1{"S":$2}')));
    const { problems, tables } = await verifyArchive(folder, null, OPTIONS);
    expect(problems).toMatchObject([{ line: 1, index: 'LastActivityIndex' }]);
    expect(tables.map(({ ok }) => ok)).toEqual([false, true]);
    const request = restoreRequest(folder, { toTable: `bare-${path.basename(path.dirname(folder))}` });
    await expect(planRestore(context, request)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining(', line 1: '),
      hint: expect.stringContaining('--no-indexes'),
    });
    const plan = await planRestore(context, { ...request, indexes: false });
    const { error, tables: restored } = await restoreArchive(context, { ...request, indexes: false }, plan);
    expect([error, restored.map(({ items }) => items)]).toEqual([null, [40, 80]]);
  });

  it('is taken with other spaces and another order of names, as other writers may have them', async () => {
    const { folder, context } = await archived(null);
    forge(folder, (file, text) => {
      const lines = text.trimEnd().split('\n');
      const others = lines.map((line) => {
        const { Item: item } = JSON.parse(line);
        return JSON.stringify({ Item: Object.fromEntries(Object.entries(item).toReversed()) }, null, ' ').replaceAll(
          '\n',
          ' ',
        );
      });
      return sized(file, `${others.join('\n')}\n`);
    });
    expect((await verifyArchive(folder, null, OPTIONS)).problems).toEqual([]);
    expect(await planRestore(context, restoreRequest(folder, { toTable: 'never-made' }))).toBeDefined();
  });

  it('is refused when two tables are of one role', async () => {
    const { folder } = await archived(null);
    const file = path.join(folder, 'archive.json');
    const list = JSON.parse(readFileSync(file, 'utf8'));
    list.tables[1].record.role = 'sessions';
    writeFileSync(file, JSON.stringify(list));
    writeFileSync(path.join(folder, 'archive.json.sha256'), `${sha256(JSON.stringify(list))}  archive.json\n`);
    expect(await verifyArchive(folder, null, OPTIONS)).toMatchObject({
      ok: false,
      problems: [{ reason: expect.stringContaining('two are of one role') }],
    });
  });

  it('is not as it was written with a file that no list has: an import would take it', async () => {
    const { folder, context } = await archived(null);
    const first = filesBelow(folder).find((name) => name.includes('/data/')) ?? '';
    const extra = path.join(folder, path.dirname(first), 'extra.json.gz');
    writeFileSync(extra, gzipSync('{"Item":{"session_id":{"S":"smuggled"}}}\n'));
    expect(await verifyArchive(folder, null, OPTIONS)).toMatchObject({
      ok: false,
      problems: [{ file: extra, line: null, reason: 'is no file of the archive: an import would take it along' }],
    });
    // What a restore writes is what the lists have.
    const plan = await planRestore(context, restoreRequest(folder, { toTable: 'never-made' }));
    expect(plan.tables.map(({ source }) => source.items)).toEqual([40, 80]);
  });

  it('is refused when it is encrypted: nobody without the key can leave a file out', async () => {
    const { folder } = await archived(SECRET);
    const file = path.join(folder, 'archive.json');
    const list = JSON.parse(readFileSync(file, 'utf8'));
    const [table] = list.tables;
    table.files = table.files.slice(1);
    table.items = table.files.reduce((total: number, { items }: ListFile) => total + items, 0);
    table.sha256 = sha256(table.files.map((each: ListFile) => `${each.sha256}  ${each.path}\n`).join(''));
    writeFileSync(file, JSON.stringify(list));
    writeFileSync(path.join(folder, 'archive.json.sha256'), `${sha256(JSON.stringify(list))}  archive.json\n`);
    expect(await verifyArchive(folder, SECRET, OPTIONS)).toMatchObject({
      ok: false,
      problems: [{ reason: expect.stringContaining('not written with this key') }],
    });
  });
});
