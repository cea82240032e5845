// The conditional purge on the engine in memory, without streams (the engine's streams slow down as they fill): against a
// plain loop of conditional DeleteItem, and against a bare HTTP client that sends the same statements. Each measurement
// has a process of its own and a table of its own. BENCH_PURGE_ROWS=1000000 adds a size for the
// peak of memory, BENCH_PURGE_ROWS=0 leaves the memory out.
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inFolder, summary } from './measure.js';

const WORKER = fileURLToPath(new URL('purge-worker.js', import.meta.url));
const ROWS = 10_000;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function withEngine(use) {
  const port = await freePort();
  const binary = createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  const child = spawn(binary, ['--port', String(port), '--host', '127.0.0.1'], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    for (let tries = 0; tries < 200; tries += 1) {
      const answers = await call(endpoint, 'ListTables', {}).catch(() => null);
      if (answers !== null) break;
      await sleep(25);
    }
    return await use(endpoint);
  } finally {
    child.kill('SIGKILL');
  }
}

async function call(endpoint, operation, body) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x',
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

const index = (name, key) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
  Projection: { ProjectionType: 'KEYS_ONLY' },
});

async function fill(endpoint, table, rows) {
  await call(endpoint, 'CreateTable', {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
    AttributeDefinitions: [
      { AttributeName: 'session_id', AttributeType: 'S' },
      { AttributeName: 'last_activity', AttributeType: 'N' },
      { AttributeName: 'created_at', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [index('LastActivityIndex', 'last_activity'), index('CreatedAtIndex', 'created_at')],
  });
  const seconds = Math.floor(Date.now() / 1000) - 86_400;
  const state = JSON.stringify({ userId: 'user-42', note: 'x'.repeat(300) });
  const put = (at) => ({
    PutRequest: {
      Item: {
        session_id: { S: at.toString(16).padStart(32, '0') },
        created_at: { N: String((seconds - 3600) * 1000 + at) },
        last_activity: { N: String(seconds * 1000 + at) },
        ttl: { N: String(seconds) },
        state: { S: state },
      },
    },
  });
  let next = 0;
  const writer = async () => {
    while (next < rows) {
      const from = next;
      next += 25;
      const items = Array.from({ length: Math.min(25, rows - from) }, (_, at) => put(from + at));
      await call(endpoint, 'BatchWriteItem', { RequestItems: { [table]: items } });
    }
  };
  await Promise.all(Array.from({ length: 8 }, writer));
}

function measure(node, job, bundle, endpoint, table) {
  const { status, stdout, stderr } = spawnSync(node, [WORKER, job, bundle, endpoint, table], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${job} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

const rateOf = ({ ms }, count) => count / (ms / 1000);
const times = (figures) => summary(figures.map(({ ms }) => ms));
/** Ratios of rates are upside down: `measured` has to be at most `limit` for a pass, as in the other suites. */
const slower = (ours, other, limit) => {
  const pairs = summary(ours.map((ms, at) => ms / other[at]));
  const median = summary(ours).median / summary(other).median;
  const best = Math.min(...ours) / Math.min(...other);
  return { ratio: { ...pairs, median, best, pairwise: pairs.median }, limit, measured: median };
};

const CODE = `
export * from './src/dynamodb/client.js';
export * from './src/operations/clear.js';
export * from './src/operations/purge.js';
export * from './src/operations/purge-plan.js';
export * from './src/operations/purge-files.js';
export { resolveTarget } from './src/operations/target.js';
export { LAYOUTS } from './src/schema/index.js';
`;

/** Figures of each job, in turns. */
async function inTurns(node, runs, bundle, jobs) {
  const found = Object.fromEntries(jobs.map((job) => [job, []]));
  for (let turn = -1; turn < runs; turn += 1)
    // A fresh engine a turn: what it has deleted slows it down.
    await withEngine(async (endpoint) => {
      const shift = Math.abs(turn) % jobs.length;
      for (const [at, job] of [...jobs.slice(shift), ...jobs.slice(0, shift)].entries()) {
        await fill(endpoint, `rows-${at}`, ROWS);
        const figures = measure(node, job, bundle, endpoint, `rows-${at}`);
        await call(endpoint, 'DeleteTable', { TableName: `rows-${at}` });
        if (turn >= 0) found[job].push(figures);
      }
    });
  return found;
}

async function speeds(node, runs, bundle) {
  const found = await inTurns(node, runs, bundle, ['purge', 'bare-partiql', 'sdk-loop', 'plan', 'bare-scan']);
  const per = (job, count) => found[job].map(({ ms }) => ms / count);
  const [first] = found.purge;
  const least = { write: ROWS * 3 };
  const [bareUnits] = found['bare-partiql'];
  return [
    {
      name: `purge of ${ROWS} vs a loop of DeleteItem`,
      time: times(found.purge),
      ...slower(per('purge', ROWS), per('sdk-loop', 2000), 1 / 5),
    },
    {
      name: 'purge vs a bare client, same statements',
      time: times(found.purge),
      ...slower(per('purge', ROWS), per('bare-partiql', ROWS), 1 / 0.85),
    },
    {
      name: 'scan of the purge vs a bare scan',
      time: times(found.plan),
      ...slower(per('plan', ROWS), per('bare-scan', ROWS), 1 / 0.85),
    },
    { name: 'loop of DeleteItem, 2000', time: times(found['sdk-loop']) },
    { name: 'bare client, same statements', time: times(found['bare-partiql']) },
    {
      name: 'write units: × those of the bare client',
      time: times(found.purge),
      limit: 1.02,
      measured: first.writeUnits / bareUnits.writeUnits,
      units: {
        used: first.writeUnits,
        bare: bareUnits.writeUnits,
        byDocumentation: least.write,
        read: first.readUnits,
      },
      rate: rateOf(first, ROWS),
    },
  ];
}

/** All rows of a table, against a bare client that knows the keys, and against one DeleteItem after the other. */
async function clears(node, runs, bundle) {
  const jobs = ['clear', 'bare-deletes', 'sdk-deletes'];
  const found = await inTurns(node, runs, bundle, jobs);
  const per = (job, count) => found[job].map(({ ms }) => ms / count);
  return [
    {
      name: `clear of ${ROWS} vs a bare client that knows the keys`,
      time: times(found.clear),
      ...slower(per('clear', ROWS), per('bare-deletes', ROWS), 1 / 0.85),
    },
    {
      name: 'clear vs a loop of DeleteItem',
      time: times(found.clear),
      ...slower(per('clear', ROWS), per('sdk-deletes', 2000), 1 / 8),
    },
  ];
}

async function memory(node, bundle) {
  const more = Number(process.env.BENCH_PURGE_ROWS ?? -1);
  if (more === 0) return [];
  const results = [];
  for (const rows of [20_000, 100_000, ...(more > 0 ? [more] : [])])
    await withEngine(async (endpoint) => {
      await fill(endpoint, 'rows', rows);
      const { rss, ms, scanMs } = measure(node, 'purge', bundle, endpoint, 'rows');
      results.push({
        name: `peak RSS at ${rows} rows, MB: ${(rss / 1e6).toFixed(0)}`,
        time: summary([ms + scanMs]),
        limit: 200,
        measured: rss / 1e6,
      });
    });
  return results;
}

const withBundle = (use) =>
  inFolder(async (folder) => {
    const bundle = path.join(folder, 'purge.mjs');
    await build({
      stdin: { contents: CODE, resolveDir: fileURLToPath(new URL('..', import.meta.url)), loader: 'ts' },
      outfile: bundle,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      banner: {
        js: "import { createRequire as benchRequire } from 'node:module'; const require = benchRequire(import.meta.url);",
      },
    });
    return use(bundle);
  });

export const purge = ({ node, runs = 5 }) =>
  withBundle(async (bundle) => [...(await speeds(node, runs, bundle)), ...(await memory(node, bundle))]);

export const clear = ({ node, runs = 5 }) => withBundle((bundle) => clears(node, runs, bundle));
