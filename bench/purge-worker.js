// One measurement of the purge, or of clearing a table, in a process of its own, so that its peak memory is its own: prints a line of JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [job = '', bundle = '', endpoint = '', table = ''] = process.argv.slice(2);

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const HEADERS = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x',
};

/** The bare client: node:http, keep-alive, JSON, nothing else. */
function post(operation, body) {
  return new Promise((resolve, reject) => {
    const headers = { ...HEADERS, 'x-amz-target': `DynamoDB_20120810.${operation}` };
    const request = http.request(endpoint, { method: 'POST', agent, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(JSON.stringify(answer)));
      });
    });
    request.on('error', reject);
    request.end(JSON.stringify(body));
  });
}

async function bareScan(segments, onItems, projection) {
  const names = projection && {
    ProjectionExpression: projection.map((_, at) => `#p${at}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(projection.map((name, at) => [`#p${at}`, name])),
  };
  const one = async (segment) => {
    let start;
    do {
      const page = await post('Scan', {
        TableName: table,
        ...(segments > 1 && { Segment: segment, TotalSegments: segments }),
        ...names,
        ...(start && { ExclusiveStartKey: start }),
      });
      onItems(page.Items);
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  };
  await Promise.all(Array.from({ length: segments }, (_, segment) => one(segment)));
}

async function inParallel(count, batches, work) {
  const rest = batches[Symbol.iterator]();
  const worker = async () => {
    for (const batch of rest) await work(batch);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

const PROJECTION = ['session_id', 'ttl', 'last_activity', 'lastActivity'];

async function load() {
  const items = [];
  await bareScan(1, (page) => items.push(...page), PROJECTION);
  return items;
}

function batchesOf(items) {
  return Array.from({ length: Math.ceil(items.length / 25) }, (_, at) => items.slice(at * 25, at * 25 + 25));
}

async function barePartiQl() {
  const batches = batchesOf(await load());
  const started = performance.now();
  let units = 0;
  await inParallel(16, batches, async (batch) => {
    const answer = await post('BatchExecuteStatement', {
      Statements: batch.map(({ session_id: id, ttl, last_activity: active }) => ({
        Statement: `DELETE FROM "${table}" WHERE "session_id" = ? AND "ttl" = ? AND "last_activity" = ? AND "lastActivity" IS MISSING`,
        Parameters: [id, ttl, active],
      })),
      ReturnConsumedCapacity: 'TOTAL',
    });
    units += answer.ConsumedCapacity.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
  });
  return { ms: performance.now() - started, writeUnits: units };
}

/** Deletes without conditions, 16 in flight: the keys are known, so nothing is read. */
async function bareDeletes() {
  const batches = batchesOf(await load());
  const started = performance.now();
  await inParallel(16, batches, async (batch) => {
    const requests = batch.map(({ session_id: id }) => ({ DeleteRequest: { Key: { session_id: id } } }));
    const answer = await post('BatchWriteItem', {
      RequestItems: { [table]: requests },
      ReturnConsumedCapacity: 'TOTAL',
    });
    if (Object.keys(answer.UnprocessedItems ?? {}).length > 0) throw new Error('some came back');
  });
  return { ms: performance.now() - started, count: batches.flat().length };
}

const CONDITION = {
  ConditionExpression: '#t = :t',
  ExpressionAttributeNames: { '#t': 'ttl' },
};

async function sdkLoop(deletes, isConditional) {
  const { DynamoDBClient, DeleteItemCommand } = await import('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({
    region: 'eu-west-1',
    endpoint,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  const items = (await load()).slice(0, deletes);
  const started = performance.now();
  for (const { session_id: id, ttl } of items)
    await client.send(
      new DeleteItemCommand({
        TableName: table,
        Key: { session_id: id },
        ...(isConditional && { ...CONDITION, ExpressionAttributeValues: { ':t': ttl } }),
      }),
    );
  return { ms: ((performance.now() - started) / items.length) * deletes, count: items.length };
}

async function opened() {
  const product = await import(pathToFileURL(bundle).href);
  const signal = new AbortController().signal;
  const dynamo = product.connect({
    region: 'eu-west-1',
    endpoint,
    profile: null,
    credentials: product.PLACEHOLDER_CREDENTIALS,
    signal,
  });
  const layouts = product.LAYOUTS;
  const context = { dynamo, now: Date.now, signal, onProgress: () => {}, layouts, heedsStatements: true };
  const tables = { flags: { sessions: { name: table, source: 'flag' }, events: undefined }, file: {} };
  const target = await product.resolveTarget(context, { layout: 'mcp', tables, env: {} });
  return { product, dynamo, context, target };
}

/** Reading the keys and the last look are part of it. */
async function clearOurs() {
  const { product, dynamo, context, target } = await opened();
  try {
    const pace = { concurrency: 16, segments: null, maxReadUnits: null, maxWriteUnits: null };
    const result = await product.clearItems(context, target.sessions, null, pace);
    if (result.left !== 0) throw new Error(JSON.stringify(result));
    return { ms: result.seconds * 1000, count: result.deleted, ...result.capacity };
  } finally {
    dynamo.destroy();
  }
}

async function ours(deletes) {
  const { product, dynamo, context, target } = await opened();
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-bench-'));
  try {
    const request = {
      filter: { expired: true },
      ids: null,
      shard: null,
      segments: null,
      concurrency: 16,
      maxReadUnits: null,
      maxWriteUnits: null,
      keepEvents: true,
    };
    const files = product.purgeFiles(folder, table);
    // The second reading is timed where readings are compared: the first compiles the code.
    if (!deletes) await product.planPurge(context, target, request, files);
    const started = performance.now();
    const summary = await product.planPurge(context, target, request, files);
    const scanMs = performance.now() - started;
    if (!deletes) return { ms: scanMs, readUnits: summary.readUnits, matched: summary.matched };
    const result = await product.purge(context, target, request, summary, files, 'statements');
    if (result.deleted !== summary.matched) throw new Error(JSON.stringify(result));
    return {
      ms: result.seconds * 1000,
      scanMs,
      count: result.deleted,
      readUnits: summary.readUnits,
      writeUnits: result.capacity.writeUnits,
    };
  } finally {
    dynamo.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scanOnly() {
  // Code that runs for the first time is no measure of a scan.
  await load();
  const started = performance.now();
  let count = 0;
  await bareScan(
    1,
    (items) => {
      count += items.length;
    },
    PROJECTION,
  );
  return { ms: performance.now() - started, count };
}

const JOBS = {
  purge: () => ours(true),
  plan: () => ours(false),
  'bare-partiql': barePartiQl,
  'sdk-loop': () => sdkLoop(2000, true),
  clear: clearOurs,
  'bare-deletes': bareDeletes,
  'sdk-deletes': () => sdkLoop(2000, false),
  'bare-scan': scanOnly,
};
const result = await JOBS[job]();
process.stdout.write(`${JSON.stringify({ ...result, rss: process.resourceUsage().maxRSS * 1024 })}\n`);
agent.destroy();
