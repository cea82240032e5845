// What the product is measured against: a bare client, which sends the same calls, and the loop that people write.
import { bareClient, batchesOf, inParallel, projectionOf, scanAll } from './bare-client.js';

export const IN_FLIGHT = 16;
const LOOP_ROWS = 2000;
export const PAGE_ITEMS = 1000;

/** What the condition of a purge is about, and the key. */
const DECISIVE = ['session_id', 'ttl', 'last_activity', 'lastActivity'];

/** Runs `use` with what sends calls of a bare client. */
export async function withClient({ endpoint }, use) {
  const { post, close } = bareClient(endpoint);
  try {
    return await use(post);
  } finally {
    close();
  }
}

async function load(post, table) {
  const items = [];
  const input = { TableName: table, Limit: PAGE_ITEMS, ...projectionOf(DECISIVE) };
  await scanAll(post, input, 1, (page) => items.push(...page));
  return items;
}

/** Batches of 25, 16 in flight; what is to be deleted is known before the time is taken. */
const deleting = (send) => (task) =>
  withClient(task, async (post) => {
    const items = await load(post, task.table);
    const started = performance.now();
    await inParallel(IN_FLIGHT, batchesOf(items), (batch) => send(post, task.table, batch));
    return { ms: performance.now() - started, count: items.length };
  });

/** The same with the reading in the time: keys by the page, then their deletes. */
const readingAndDeleting = (task) =>
  withClient(task, async (post) => {
    const started = performance.now();
    const items = await load(post, task.table);
    await inParallel(IN_FLIGHT, batchesOf(items), (batch) => sendDeletes(post, task.table, batch));
    return { ms: performance.now() - started, count: items.length };
  });

async function sendStatements(post, table, batch) {
  const answer = await post('BatchExecuteStatement', {
    Statements: batch.map(({ session_id: id, ttl, last_activity: active }) => ({
      Statement: `DELETE FROM "${table}" WHERE "session_id" = ? AND "ttl" = ? AND "last_activity" = ? AND "lastActivity" IS MISSING`,
      Parameters: [id, ttl, active],
    })),
    ReturnConsumedCapacity: 'TOTAL',
  });
  const refused = answer.Responses.find(({ Error: error }) => error !== undefined);
  if (refused !== undefined) throw new Error(JSON.stringify(refused));
}

async function sendDeletes(post, table, batch) {
  const answer = await post('BatchWriteItem', {
    RequestItems: { [table]: batch.map(({ session_id: id }) => ({ DeleteRequest: { Key: { session_id: id } } })) },
    ReturnConsumedCapacity: 'TOTAL',
  });
  if (Object.keys(answer.UnprocessedItems ?? {}).length > 0) throw new Error('some came back');
}

/** One DeleteItem after the other by the AWS SDK as it comes, of the first rows of the table. */
const sdkLoop = (conditionOf) => (task) =>
  withClient(task, async (post) => {
    const { DynamoDBClient, DeleteItemCommand } = await import('@aws-sdk/client-dynamodb');
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
    const client = new DynamoDBClient({ region: 'eu-west-1', endpoint: task.endpoint, credentials });
    const items = (await load(post, task.table)).slice(0, LOOP_ROWS);
    const started = performance.now();
    for (const item of items) {
      const key = { session_id: item.session_id };
      await client.send(new DeleteItemCommand({ TableName: task.table, Key: key, ...conditionOf(item) }));
    }
    const ms = performance.now() - started;
    client.destroy();
    return { ms, count: items.length };
  });

const onTtl = ({ ttl }) => ({
  ConditionExpression: '#t = :t',
  ExpressionAttributeNames: { '#t': 'ttl' },
  ExpressionAttributeValues: { ':t': ttl },
});

/** The second reading is timed: the first compiles the code. */
const reading = (segments, input) => (task) =>
  withClient(task, async (post) => {
    let figures;
    for (let look = 0; look < 2; look += 1) {
      let count = 0;
      const started = performance.now();
      await scanAll(post, { TableName: task.table, ...input }, segments, (items) => {
        count += items.length;
      });
      figures = { ms: performance.now() - started, count };
    }
    return figures;
  });

/** What a purge of expired sessions asks for: the same filter, attributes and pages. */
function expired() {
  const { ProjectionExpression, ExpressionAttributeNames } = projectionOf(DECISIVE);
  return {
    Limit: PAGE_ITEMS,
    ProjectionExpression,
    FilterExpression: '#t <= :now',
    ExpressionAttributeNames: { ...ExpressionAttributeNames, '#t': 'ttl' },
    ExpressionAttributeValues: { ':now': { N: String(Math.floor(Date.now() / 1000)) } },
  };
}

export const referenceJobs = {
  'bare statements': deleting(sendStatements),
  'bare deletes': deleting(sendDeletes),
  'bare scan of keys and deletes': readingAndDeleting,
  'loop of conditional DeleteItem': sdkLoop(onTtl),
  'loop of DeleteItem': sdkLoop(() => ({})),
  'bare scan in 8 segments': reading(8, {}),
  'bare scan, same pages': reading(1, { Limit: PAGE_ITEMS }),
  'bare scan of what has expired': reading(1, expired()),
};
