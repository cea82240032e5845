import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, tempFolder } from '../support/cli.js';
import { useEngine } from '../support/engine.js';

const engine = useEngine();
const at = (): readonly string[] => ['--endpoint-url', engine.endpoint, '--layout', 'mcp'];
const home = tempFolder();
const whole = path.join(home, 'whole');
const MB = 2 ** 20;
/** The command takes some 60 MB by itself, and a list of files may have 64 MB of text. */
const MOST_BYTES = 300 * MB;
const UNPACKED = 1024 * MB;
const REPORTER = new URL('../../bench/report-rss.js', import.meta.url).href;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const md5 = (data: string | Buffer): string => createHash('md5').update(data).digest('base64');

/** Many members of gzip that follow each other are one file: a small one that unpacks to as much as one likes. */
function repeated(piece: string, total: number): { readonly bytes: Buffer; readonly rawBytes: number } {
  const member = gzipSync(piece, { level: 9 });
  const times = Math.ceil(total / piece.length);
  return { bytes: Buffer.concat(Array.from({ length: times }, () => member)), rawBytes: times * piece.length };
}

const ITEM = '{"Item":{"session_id":{"S":"a"}}}\n';
const nested = (depth: number): string =>
  `{"Item":{"session_id":{"S":"a"},"deep":${'{"L":['.repeat(depth)}{"S":"x"}${']}'.repeat(depth)}}}\n`;

beforeAll(async () => {
  await runCli(['setup', '--no-streams', '--yes', '-q', ...at()], { cwd: home });
  await runCli(['seed', '--count', '30', '--random-seed', '1', '-q', ...at()], { cwd: home });
  await runCli(['backup', '--to', 'whole', '-q', ...at()], { cwd: home });
  // An export of AWS's has no list but its manifests.
  cpSync(path.join(whole, 'sessions', 'AWSDynamoDB'), path.join(home, 'exported', 'AWSDynamoDB'), { recursive: true });
});

interface ListFile {
  path: string;
  items: number;
  bytes: number;
  rawBytes: number;
  sha256: string;
}

interface ListTable {
  items: number;
  sha256: string;
  files: ListFile[];
  manifests: { path: string }[];
  record: Record<string, unknown>;
}

interface List {
  tables: [ListTable, ListTable];
  [key: string]: unknown;
}

/** Changes the list of an archive, and every sum in it and of it, as somebody who wants to be believed would. */
function relist(folder: string, change: (list: List) => void): void {
  const file = path.join(folder, 'archive.json');
  const list: List = JSON.parse(readFileSync(file, 'utf8'));
  change(list);
  for (const table of list.tables) {
    table.items = table.files.reduce((total, { items }) => total + items, 0);
    table.sha256 = sha256(table.files.map((each) => `${each.sha256}  ${each.path}\n`).join(''));
  }
  writeList(folder, JSON.stringify(list));
}

function writeList(folder: string, text: string): void {
  writeFileSync(path.join(folder, 'archive.json'), text);
  writeFileSync(path.join(folder, 'archive.json.sha256'), `${sha256(text)}  archive.json\n`);
}

const firstFile = (list: List): ListFile => {
  const [file] = list.tables[0].files;
  if (file === undefined) throw new Error('the archive has a data file');
  return file;
};

/** Puts other content into the first data file, and says so in the list. */
function refill(folder: string, { bytes, rawBytes }: { readonly bytes: Buffer; readonly rawBytes: number }): void {
  relist(folder, (list) => {
    const file = firstFile(list);
    writeFileSync(path.join(folder, file.path), bytes);
    Object.assign(file, { bytes: bytes.length, rawBytes, sha256: sha256(bytes) });
  });
}

const content = (text: string): { readonly bytes: Buffer; readonly rawBytes: number } => ({
  bytes: gzipSync(text),
  rawBytes: Buffer.byteLength(text),
});

const firstText = (folder: string): string => {
  const list: List = JSON.parse(readFileSync(path.join(folder, 'archive.json'), 'utf8'));
  return gunzipSync(readFileSync(path.join(folder, firstFile(list).path))).toString();
};

const rename = (to: string) => (folder: string) =>
  relist(folder, (list) => {
    firstFile(list).path = to;
  });

const count = (by: number) => (folder: string) =>
  relist(folder, (list) => {
    firstFile(list).items += by;
  });

/** Moves what is at a place out of the archive, and leaves a link to it. */
function linkOut(folder: string, name: string): void {
  const inside = path.join(folder, name);
  const outside = path.join(path.dirname(folder), 'outside');
  rmSync(outside, { recursive: true, force: true });
  renameSync(inside, outside);
  symlinkSync(outside, inside);
}

const pathOfFirst = (folder: string): string => {
  const list: List = JSON.parse(readFileSync(path.join(folder, 'archive.json'), 'utf8'));
  return firstFile(list).path;
};

type Case = readonly [name: string, spoil: (folder: string) => void, reason: RegExp];

const OUTSIDE = /is not below the archive/;

const ARCHIVES: readonly Case[] = [
  ...[
    '../whole/x',
    '/etc/passwd',
    'sessions/../../x',
    'C:\\x',
    '..\\x',
    'sessions\\..\\x',
    'a\0b',
    './x',
    '',
    'a//b',
  ].map((name): Case => [`a data file is ${JSON.stringify(name)}`, rename(name), OUTSIDE]),
  ['a data file is the list itself', rename('archive.json'), /is not in 'sessions/],
  [
    'a manifest is outside of it',
    (folder) =>
      relist(folder, ({ tables: [table] }) => {
        for (const manifest of table.manifests) manifest.path = `../${manifest.path}`;
      }),
    OUTSIDE,
  ],
  ['a data file is a link out of it', (folder) => linkOut(folder, pathOfFirst(folder)), /is a symbolic link/],
  ['its data folder is one', (folder) => linkOut(folder, path.dirname(pathOfFirst(folder))), /is a symbolic link/],
  ['the folder of a table is one', (folder) => linkOut(folder, 'sessions'), /is a symbolic link/],
  ['its list is one', (folder) => linkOut(folder, 'archive.json'), /is not a plain file/],
  [
    'a file is named twice',
    (folder) =>
      relist(folder, ({ tables: [table] }) => {
        table.files.push(...table.files);
      }),
    /names the file '.*' twice/,
  ],
  [
    'two tables have one file',
    (folder) =>
      relist(folder, ({ tables: [sessions, events] }) => {
        events.files = sessions.files;
        events.manifests = sessions.manifests;
      }),
    /names the file '.*' twice/,
  ],
  ['a file is missing', (folder) => rmSync(path.join(folder, pathOfFirst(folder))), /is missing/],
  ['there should be more items', count(1), /is missing: there should be/],
  ['there should be fewer items', count(-1), /is more than the \d+ items/],
  [
    'the sum of items is another',
    (folder) => {
      const list: List = JSON.parse(readFileSync(path.join(folder, 'archive.json'), 'utf8'));
      list.tables[0].items += 1;
      writeList(folder, JSON.stringify(list));
    },
    /contradicts itself/,
  ],
  [
    'a checksum is another',
    (folder) =>
      relist(folder, (list) => {
        firstFile(list).sha256 = 'a'.repeat(64);
      }),
    /SHA-256 is not what was written down/,
  ],
  [
    'a size is another',
    (folder) =>
      relist(folder, (list) => {
        firstFile(list).bytes += 1;
      }),
    /bytes in place of/,
  ],
  [
    'it unpacks to less than it says',
    (folder) =>
      relist(folder, (list) => {
        firstFile(list).rawBytes += 1;
      }),
    /unpacks to \d+ bytes in place of/,
  ],
  ['a line of a gigabyte', (folder) => refill(folder, repeated(' '.repeat(16 * MB), UNPACKED)), /longer than any item/],
  [
    'a gigabyte of small items where there should be some',
    (folder) => refill(folder, repeated(ITEM.repeat(MB / 4), UNPACKED)),
    /twice|is more than the/,
  ],
  [
    'a gigabyte of empty lines',
    (folder) => refill(folder, repeated('\n'.repeat(16 * MB), UNPACKED)),
    /is no JSON|is more than the/,
  ],
  [
    'an item of 7 MB',
    (folder) => refill(folder, content(firstText(folder).replace('{"S":"', `{"S":"${'x'.repeat(7 * MB)}`))),
    /larger than the 400 KB/,
  ],
  [
    'an item nested deeper than DynamoDB nests',
    (folder) => refill(folder, content(nested(33))),
    /nested deeper than 32 levels/,
  ],
  [
    'an item nested as deep as a line can be',
    (folder) => refill(folder, content(nested(900_000))),
    /nested deeper than 128 levels/,
  ],
  [
    'a line that only opens',
    (folder) => refill(folder, content(`{"Item":${'['.repeat(7 * MB)}\n`)),
    /nested deeper than 128 levels/,
  ],
  ['a list that only opens', (folder) => writeList(folder, '['.repeat(60 * MB)), /nested deeper than 128 levels/],
  [
    'a list of nothing but brackets',
    (folder) => writeList(folder, `[${'{},'.repeat(20 * MB)}0]`),
    /is no list of files/,
  ],
  [
    'a manifest of empty lines',
    (folder) =>
      writeFileSync(
        path.join(folder, path.dirname(pathOfFirst(folder)), '..', 'manifest-files.json'),
        '\n'.repeat(60 * MB),
      ),
    /checksum is not what archive.json says/,
  ],
  [
    'a list beyond its size',
    (folder) => writeList(folder, `${readFileSync(path.join(folder, 'archive.json'), 'utf8')}${' '.repeat(65 * MB)}`),
    /more than it can have/,
  ],
];

/** The folder of the one export in another. */
const inExport = (folder: string): string => {
  const [id = ''] = readdirSync(path.join(folder, 'AWSDynamoDB'));
  return path.join(folder, 'AWSDynamoDB', id);
};

interface Manifest {
  itemCount: number;
  md5Checksum: string;
  dataFileS3Key: string;
}

/** Changes the lines of an export's manifest, and the sums with them. */
function remanifest(folder: string, change: (lines: Manifest[]) => void): void {
  const place = inExport(folder);
  const file = path.join(place, 'manifest-files.json');
  const lines: Manifest[] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  change(lines);
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(file, text);
  writeFileSync(path.join(place, 'manifest-files.md5'), md5(text));
  const summaryFile = path.join(place, 'manifest-summary.json');
  const summary = JSON.parse(readFileSync(summaryFile, 'utf8'));
  summary.itemCount = lines.reduce((total, { itemCount }) => total + itemCount, 0);
  writeFileSync(summaryFile, JSON.stringify(summary));
  writeFileSync(path.join(place, 'manifest-summary.md5'), md5(JSON.stringify(summary)));
}

const first = (lines: readonly Manifest[]): Manifest => {
  const [line] = lines;
  if (line === undefined) throw new Error('the export has a data file');
  return line;
};

/** Writes the manifest of an export's files anew, with its sum. */
function writeManifest(folder: string, text: string): void {
  writeFileSync(path.join(inExport(folder), 'manifest-files.json'), text);
  writeFileSync(path.join(inExport(folder), 'manifest-files.md5'), md5(text));
}

const key = (to: string) => (folder: string) =>
  remanifest(folder, (lines) => {
    first(lines).dataFileS3Key = to;
  });

function refillExport(folder: string, bytes: Buffer): void {
  remanifest(folder, (lines) => {
    const line = first(lines);
    line.md5Checksum = md5(bytes);
    writeFileSync(path.join(inExport(folder), 'data', path.posix.basename(line.dataFileS3Key)), bytes);
  });
}

const EXPORTS: readonly Case[] = [
  ...['AWSDynamoDB/x/data/..', 'data/a\\..\\b', 'data/C:x', 'data/a\0b', 'data/', ''].map(
    (name): Case => [`a data file is ${JSON.stringify(name)}`, key(name), OUTSIDE],
  ),
  ['a key leads out of the bucket', key('../../../../etc/passwd'), /passwd: is missing/],
  [
    'a file is named twice',
    (folder) =>
      remanifest(folder, (lines) => {
        lines.push(first(lines));
      }),
    /names the file '.*' twice/,
  ],
  [
    'the folder of the export is a link out of it',
    (folder) => linkOut(folder, path.relative(folder, inExport(folder))),
    /is a symbolic link/,
  ],
  ['the folder of exports is one', (folder) => linkOut(folder, 'AWSDynamoDB'), /is a symbolic link/],
  [
    'its data folder is one',
    (folder) => linkOut(folder, path.join(path.relative(folder, inExport(folder)), 'data')),
    /is a symbolic link/,
  ],
  [
    'a file is missing',
    (folder) => {
      const data = path.join(inExport(folder), 'data');
      rmSync(path.join(data, readdirSync(data)[0] ?? ''));
    },
    /is missing/,
  ],
  [
    'there should be more items',
    (folder) =>
      remanifest(folder, (lines) => {
        first(lines).itemCount += 1;
      }),
    /is missing: there should be/,
  ],
  [
    'its summary says another number of items',
    (folder) => {
      const file = path.join(inExport(folder), 'manifest-summary.json');
      const text = readFileSync(file, 'utf8').replace(/"itemCount":\d+/, '"itemCount":7');
      writeFileSync(file, text);
      writeFileSync(path.join(inExport(folder), 'manifest-summary.md5'), md5(text));
    },
    /says 7/,
  ],
  ['its manifest only opens', (folder) => writeManifest(folder, '['.repeat(60 * MB)), /nested deeper than 128 levels/],
  ['its manifest has empty lines only', (folder) => writeManifest(folder, '\n'.repeat(60 * MB)), /hold 0 items/],
  [
    'a checksum is another',
    (folder) =>
      remanifest(folder, (lines) => {
        first(lines).md5Checksum = md5('another');
      }),
    /MD5 is not what was written down/,
  ],
  [
    'a line of a gigabyte',
    (folder) => refillExport(folder, repeated(' '.repeat(16 * MB), UNPACKED).bytes),
    /longer than any item/,
  ],
  [
    'a gigabyte of small items where there should be some',
    (folder) => refillExport(folder, repeated(ITEM.repeat(MB / 4), UNPACKED).bytes),
    /is more than the/,
  ],
];

/** Runs the built command and has the peak of its memory. */
async function measured(
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | null; stdout: string; stderr: string; peak: number }> {
  const file = path.join(cwd, 'rss');
  rmSync(file, { force: true });
  const env = { NODE_OPTIONS: `--import ${REPORTER}`, BENCH_RSS_FILE: file };
  const { code, stdout, stderr } = await runCli(args, { cwd, env });
  return { code, stdout, stderr, peak: existsSync(file) ? Number(readFileSync(file, 'utf8')) : Infinity };
}

describe.each([
  ['an archive', 'whole', ARCHIVES],
  ['an export of AWS’s', 'exported', EXPORTS],
] as const)('%s that lies', (_name, source, cases) => {
  it('is taken as long as it does not', async () => {
    expect(await runCli(['backup', 'verify', path.join(home, source), '--json'])).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  it.each(cases)('is refused by verify and restore, in little memory: %s', async (_case, spoil, reason) => {
    const cwd = tempFolder();
    const folder = path.join(cwd, 'archive');
    mkdirSync(folder);
    cpSync(path.join(home, source), folder, { recursive: true });
    spoil(folder);
    const verified = await measured(['backup', 'verify', 'archive', '--json'], cwd);
    expect(verified).toMatchObject({ code: 3, stderr: '' });
    const { ok, problems } = JSON.parse(verified.stdout);
    expect(ok).toBe(false);
    expect(`${problems[0].file}: ${problems[0].reason}`).toMatch(reason);
    const refused = await measured(['restore', 'archive', '--to-table', 'never-made', '--yes', '--json', ...at()], cwd);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    const { error } = JSON.parse(refused.stderr);
    expect(error).toMatchObject({ code: 'ARCHIVE_INVALID', message: expect.stringMatching(reason) });
    expect(Math.max(verified.peak, refused.peak)).toBeLessThan(MOST_BYTES);
    const { TableNames } = await engine.raw.call('ListTables', {});
    expect(TableNames).not.toContain('never-made');
  });
});
