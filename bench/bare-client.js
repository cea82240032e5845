// The reference for speed: node:http with keep-alive, JSON, nothing else.
import http from 'node:http';

const HEADERS = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x',
};

/** `post` sends one operation and answers its output, or throws what the engine said; `close` lets go of the sockets. */
export function bareClient(endpoint) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const post = (operation, body) =>
    new Promise((resolve, reject) => {
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
  return { post, close: () => agent.destroy() };
}

/** Reads a table to its end, in so many segments at once. */
export async function scanAll(post, input, segments, onItems) {
  const one = async (segment) => {
    let start;
    do {
      const page = await post('Scan', {
        ...input,
        ...(segments > 1 && { Segment: segment, TotalSegments: segments }),
        ...(start && { ExclusiveStartKey: start }),
      });
      await onItems(page.Items, segment);
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  };
  await Promise.all(Array.from({ length: segments }, (_, segment) => one(segment)));
}

/** Runs `work` on each batch, so many at a time. */
export async function inParallel(count, batches, work) {
  const rest = batches[Symbol.iterator]();
  const worker = async () => {
    for (const batch of rest) await work(batch);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

export const batchesOf = (items, size = 25) =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, at * size + size));

/** Attributes as an expression, by aliases. */
export const projectionOf = (names) => ({
  ProjectionExpression: names.map((_, at) => `#p${at}`).join(', '),
  ExpressionAttributeNames: Object.fromEntries(names.map((name, at) => [`#p${at}`, name])),
});
