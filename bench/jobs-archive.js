// Writing an archive and putting it back: as the product does, and as a bare client does that compresses alike.
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { batchesOf, inParallel, scanAll } from './bare-client.js';
import { job } from './jobs-product.js';
import { IN_FLIGHT, PAGE_ITEMS, withClient } from './jobs-reference.js';
import { createTable } from './rows.js';

/** Where restored rows go. */
export const RESTORED = 'restored';

const ARCHIVE = {
  filter: null,
  events: false,
  secret: null,
  resume: false,
  segments: null,
  concurrency: 4,
  maxReadUnits: null,
  fingerprint: 'bench',
  tool: 'bench',
};

async function archive({ product, context, target, folder }, name) {
  const started = performance.now();
  const { tables, readUnits } = await product.archive(context, target, { ...ARCHIVE, folder: path.join(folder, name) });
  return { ms: performance.now() - started, count: tables[0].items, readUnits };
}

/** The second is told of: the first compiles the code. */
async function archiveTwice(opened) {
  await archive(opened, 'first');
  return archive(opened, 'second');
}

const RESTORE = {
  secret: null,
  layout: null,
  environment: 'development',
  toTable: RESTORED,
  toEventsTable: null,
  events: false,
  onConflict: null,
  ttl: 'keep',
  shiftMs: null,
  indexes: true,
  billing: null,
  verify: 'count',
  resume: false,
  concurrency: 16,
  maxWriteUnits: null,
  place: 'bench',
};

/** `ms` is from making the table until its last row is written: the checks before and the count after are not in it. */
async function restore(opened) {
  const { product, context, folder } = opened;
  await archive(opened, 'archive');
  const request = { ...RESTORE, folder: path.join(folder, 'archive'), progressFolder: folder };
  const plan = await product.planRestore(context, request);
  const started = performance.now();
  let loaded = started;
  const onProgress = ({ step }) => {
    if (step === 'restoring') loaded = performance.now();
  };
  const { tables, writeUnits, error } = await product.restoreArchive({ ...context, onProgress }, request, plan);
  if (error !== null) throw error;
  return { ms: loaded - started, count: tables[0].items, writeUnits };
}

/** As archives have it. */
const GZIP = { level: 3, highWaterMark: 1_048_576 };

async function scanToFiles(post, table, folder, segments, input) {
  mkdirSync(folder);
  const parts = Array.from({ length: segments }, (_, segment) => {
    const gzip = createGzip(GZIP);
    return { gzip, written: pipeline(gzip, createWriteStream(path.join(folder, `${segment}.json.gz`))) };
  });
  let count = 0;
  await scanAll(post, { TableName: table, ...input }, segments, async (items, segment) => {
    count += items.length;
    const lines = items.map((item) => `${JSON.stringify({ Item: item })}\n`).join('');
    const { gzip } = parts[segment];
    if (!gzip.write(lines)) await once(gzip, 'drain');
  });
  for (const { gzip } of parts) gzip.end();
  await Promise.all(parts.map(({ written }) => written));
  return count;
}

const bareArchive = (segments, input) => (task) =>
  withClient(task, async (post) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-bench-'));
    try {
      await scanToFiles(post, task.table, path.join(folder, 'first'), segments, input);
      const started = performance.now();
      const count = await scanToFiles(post, task.table, path.join(folder, 'second'), segments, input);
      return { ms: performance.now() - started, count };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

/** Rows that are in memory, into a new table. */
const bareWrites = (task) =>
  withClient(task, async (post) => {
    const items = [];
    await scanAll(post, { TableName: task.table, Limit: PAGE_ITEMS }, 1, (page) => items.push(...page));
    const started = performance.now();
    await createTable(post, RESTORED);
    await inParallel(IN_FLIGHT, batchesOf(items), async (batch) => {
      const { UnprocessedItems: left = {} } = await post('BatchWriteItem', {
        RequestItems: { [RESTORED]: batch.map((item) => ({ PutRequest: { Item: item } })) },
        ReturnConsumedCapacity: 'TOTAL',
      });
      if (Object.keys(left).length > 0) throw new Error('some came back');
    });
    return { ms: performance.now() - started, count: items.length };
  });

export const archiveJobs = {
  archive: job(archiveTwice),
  restore: job(restore),
  'bare scan and gzip in 8 segments': bareArchive(8, {}),
  'bare scan and gzip, same pages': bareArchive(1, { Limit: PAGE_ITEMS }),
  'bare writes': bareWrites,
};
