// The operations of the product, called as its commands call them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const PACE = { segments: null, concurrency: 16, maxReadUnits: null, maxWriteUnits: null };

async function withTarget({ product: file, endpoint, table }, use) {
  const product = await import(pathToFileURL(file).href);
  const { signal } = new AbortController();
  const credentials = product.PLACEHOLDER_CREDENTIALS;
  const dynamo = product.connect({ region: 'eu-west-1', endpoint, profile: null, credentials, signal });
  const { LAYOUTS: layouts } = product;
  const context = { dynamo, now: Date.now, signal, onProgress: () => {}, layouts, heedsStatements: true };
  const tables = { flags: { sessions: { name: table, source: 'flag' }, events: undefined }, file: {} };
  const target = await product.resolveTarget(context, { layout: 'mcp', tables, env: {} });
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-bench-'));
  try {
    return await use({ product, context, target, folder });
  } finally {
    dynamo.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

const REQUEST = { ...PACE, filter: { expired: true }, ids: null, shard: null, keepEvents: true };

const plan = async ({ product, context, target, folder }) => {
  const files = product.purgeFiles(folder, 'plan');
  const started = performance.now();
  const summary = await product.planPurge(context, target, REQUEST, files);
  return { ms: performance.now() - started, count: summary.scanned, readUnits: summary.readUnits, summary, files };
};

async function deletesOf(opened) {
  const { product, context, target } = opened;
  const { summary, files, readUnits } = await plan(opened);
  const result = await product.purge(context, target, REQUEST, summary, files, 'statements');
  if (result.deleted !== summary.matched) throw new Error(JSON.stringify(result));
  const { writeUnits } = result.capacity;
  return { ms: result.seconds * 1000, count: result.deleted, readUnits, writeUnits };
}

/** Reading the keys and the last look are part of it. */
async function clear({ product, context, target }) {
  const result = await product.clearItems(context, target.sessions, null, PACE);
  if (result.left !== 0) throw new Error(JSON.stringify(result));
  return { ms: result.seconds * 1000, count: result.deleted, ...result.capacity };
}

const STATS = { filter: {}, events: false, segments: null, concurrency: 4, maxReadUnits: null };

async function stats({ product, context, target }) {
  const started = performance.now();
  const result = await product.stats(context, target, STATS);
  return { ms: performance.now() - started, count: result.scanned, readUnits: result.capacity.readUnits };
}

/** The second reading is told of: the first compiles the code. */
const second = (read) => async (opened) => {
  await read(opened);
  const { ms, count, readUnits } = await read(opened);
  return { ms, count, readUnits };
};

/** A job that is called with the product's module, its context and target, and a folder that is removed afterwards. */
export const job = (work) => (task) => withTarget(task, work);

export const productJobs = {
  'purge, deletes': job(deletesOf),
  'purge, reading': job(second(plan)),
  clear: job(clear),
  stats: job(second(stats)),
};
