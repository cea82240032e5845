// The rows that are measured with: sessions that expired yesterday, as the layout `mcp` has them. And what they need to be
// read and deleted at the least, by the Developer Guide's "item sizes and formats" and "read and write units".
import { inParallel } from './bare-client.js';

const INDEXED = ['last_activity', 'created_at'];

const index = (attribute) => ({
  IndexName: attribute === 'last_activity' ? 'LastActivityIndex' : 'CreatedAtIndex',
  KeySchema: [{ AttributeName: attribute, KeyType: 'HASH' }],
  Projection: { ProjectionType: 'KEYS_ONLY' },
});

/** A table as the layout `mcp` has it for sessions, without a stream. */
export const createTable = (post, table) =>
  post('CreateTable', {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
    AttributeDefinitions: [
      { AttributeName: 'session_id', AttributeType: 'S' },
      ...INDEXED.map((name) => ({ AttributeName: name, AttributeType: 'N' })),
    ],
    GlobalSecondaryIndexes: INDEXED.map(index),
  });

/** Of about `bytes`: numbers that end in zeros are a byte shorter. */
function itemMaker(bytes) {
  const seconds = Math.floor(Date.now() / 1000) - 86_400;
  const item = (at, note) => ({
    session_id: { S: at.toString(16).padStart(32, '0') },
    created_at: { N: String((seconds - 3600) * 1000 + at) },
    last_activity: { N: String(seconds * 1000 + at) },
    ttl: { N: String(seconds) },
    state: { S: JSON.stringify({ userId: 'user-42', note }) },
  });
  const note = 'x'.repeat(Math.max(0, bytes - itemBytes(item(1, ''))));
  return (at) => item(at, note);
}

function valueBytes({ S: text, N: number }) {
  if (text !== undefined) return Buffer.byteLength(text);
  const digits = number.replace(/^0+|0+$/g, '').length;
  return Math.ceil(digits / 2) + 1;
}

const itemBytes = (item) =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);

/**
 * Makes a table and fills it. Answers what it takes at the least: `readUnits` to read it whole, eventually consistent and
 * rounded up once; `writeUnits` to delete every row, from the table and from each index that holds it.
 */
export async function fill({ post }, table, { rows, bytes = 430 }) {
  await createTable(post, table);
  const itemAt = itemMaker(bytes);
  let total = 0;
  let writeUnits = 0;
  const parts = function* () {
    for (let at = 0; at < rows; at += 25) yield Array.from({ length: Math.min(25, rows - at) }, (_, i) => at + i);
  };
  await inParallel(8, parts(), async (places) => {
    const items = places.map(itemAt);
    for (const item of items) {
      const own = itemBytes(item);
      total += own;
      writeUnits += Math.ceil(own / 1024) + INDEXED.filter((name) => name in item).length;
    }
    await post('BatchWriteItem', {
      RequestItems: { [table]: items.map((item) => ({ PutRequest: { Item: item } })) },
    });
  });
  return { readUnits: Math.ceil(total / 4096) / 2, writeUnits };
}
