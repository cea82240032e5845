const HEADERS = {
  Authorization:
    'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x',
  'X-Amz-Date': '20260101T000000Z',
  'Content-Type': 'application/x-amz-json-1.0',
};

/** The DynamoDB JSON API without the SDK: the engine takes any credentials. */
async function call(endpoint: string, operation: string, body: unknown): Promise<Response> {
  const headers = { ...HEADERS, 'X-Amz-Target': `DynamoDB_20120810.${operation}` };
  return fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) });
}

export async function createTable(endpoint: string): Promise<void> {
  const response = await call(endpoint, 'CreateTable', {
    TableName: 'rows',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  const text = await response.text();
  if (!response.ok && !text.includes('ResourceInUseException')) throw new Error(text);
}

export async function put(endpoint: string, id: string): Promise<void> {
  const response = await call(endpoint, 'PutItem', { TableName: 'rows', Item: { id: { S: id } } });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
}

interface ScanPage {
  readonly Items: readonly { readonly id: { readonly S: string } }[];
  readonly LastEvaluatedKey?: unknown;
}

export async function allIds(endpoint: string): Promise<Set<string>> {
  const ids = new Set<string>();
  let ExclusiveStartKey: unknown;
  do {
    const response = await call(endpoint, 'Scan', { TableName: 'rows', ExclusiveStartKey, ConsistentRead: true });
    if (!response.ok) throw new Error(await response.text());
    const page: ScanPage = JSON.parse(await response.text());
    for (const item of page.Items) ids.add(item.id.S);
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return ids;
}
