import {
  type AttributeValue as SdkValue,
  GetItemCommand,
  QueryCommand,
  type QueryCommandOutput,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, Item } from '../schema/attribute-value.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import type { Governor } from './governor.js';
import { refusalsOf } from './refusals.js';

/** The SDK's union has an arm for unknown members and mutable arrays; the values are the same. */
export const fromSdk = (item: Record<string, SdkValue>): Item => item as unknown as Item;
export const toSdk = (item: Item): Record<string, SdkValue> => item as unknown as Record<string, SdkValue>;
export const valueToSdk = (value: AttributeValue): SdkValue => value as unknown as SdkValue;

export interface Page {
  readonly items: readonly Item[];
  /** Items that DynamoDB read for this page, before any filter. */
  readonly scanned: number;
  /** Read capacity units. */
  readonly readUnits: number;
  /** There is something left to read after it, or DynamoDB does not know yet that there is not. */
  readonly more: boolean;
}

/** GetItem, strongly consistent, and the read units that it took; no item when there is none of the key. */
export async function getItem(
  dynamo: Dynamo,
  table: string,
  key: Item,
): Promise<{ readonly item: Item | undefined; readonly readUnits: number }> {
  const { Item: item, ConsumedCapacity } = await call(dynamo, 'GetItem', table, (client) =>
    client.send(
      new GetItemCommand({ TableName: table, Key: toSdk(key), ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' }),
    ),
  );
  return { item: item === undefined ? undefined : fromSdk(item), readUnits: ConsumedCapacity?.CapacityUnits ?? 0 };
}

/** The first page of one of several segments of a table: a sample from one of its places. */
export async function samplePage(
  dynamo: Dynamo,
  table: string,
  limit: number,
  place: { readonly segment: number; readonly of: number },
): Promise<readonly Item[]> {
  const { Items = [] } = await call(dynamo, 'Scan', table, (client) =>
    client.send(new ScanCommand({ TableName: table, Limit: limit, Segment: place.segment, TotalSegments: place.of })),
  );
  return Items.map(fromSdk);
}

/** Scan, page by page to the end. An empty page is not the end: only a missing LastEvaluatedKey is. */
export async function* scanPages(
  dynamo: Dynamo,
  table: string,
  options: { readonly pageLimit?: number } = {},
): AsyncGenerator<Page> {
  let start: Record<string, SdkValue> | undefined;
  do {
    const page = await call(dynamo, 'Scan', table, (client) =>
      client.send(
        new ScanCommand({
          TableName: table,
          ReturnConsumedCapacity: 'TOTAL',
          ...(start && { ExclusiveStartKey: start }),
          ...(options.pageLimit && { Limit: options.pageLimit }),
        }),
      ),
    );
    yield {
      items: (page.Items ?? []).map(fromSdk),
      scanned: page.ScannedCount ?? 0,
      readUnits: page.ConsumedCapacity?.CapacityUnits ?? 0,
      more: page.LastEvaluatedKey !== undefined,
    };
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

export interface QueryOptions {
  readonly descending?: boolean;
  readonly pageLimit?: number;
  /** Only items whose sort key is greater. */
  readonly after?: { readonly name: string; readonly value: AttributeValue };
  /** Attributes to answer, all when left out. Reads cost the same, answers are smaller. */
  readonly attributes?: readonly string[];
  /** Strongly consistent: whatever was written before is seen, at twice the cost. */
  readonly consistent?: boolean;
  /** Where several queries run at once. */
  readonly governor?: Governor;
}

/** Query of one partition, page by page to the end; newest first when `descending`. */
export async function* queryPages(
  dynamo: Dynamo,
  table: string,
  partition: { readonly name: string; readonly value: AttributeValue },
  options: QueryOptions = {},
): AsyncGenerator<Page> {
  const { after, attributes } = options;
  // Aliased, as every attribute name: about 570 words are reserved.
  const projection = (attributes ?? []).map((name, at) => [`#a${at}`, name] as const);
  const input = {
    TableName: table,
    KeyConditionExpression: after === undefined ? '#p = :p' : '#p = :p AND #s > :s',
    ExpressionAttributeNames: {
      '#p': partition.name,
      ...(after !== undefined && { '#s': after.name }),
      ...Object.fromEntries(projection),
    },
    ExpressionAttributeValues: {
      ':p': valueToSdk(partition.value),
      ...(after !== undefined && { ':s': valueToSdk(after.value) }),
    },
    ...(projection.length > 0 && { ProjectionExpression: projection.map(([alias]) => alias).join(', ') }),
  };
  let start: Record<string, SdkValue> | undefined;
  do {
    const from = start;
    const send = (): Promise<QueryCommandOutput> =>
      call(dynamo, 'Query', table, (client) =>
        client.send(
          new QueryCommand({
            ...input,
            ScanIndexForward: options.descending !== true,
            ReturnConsumedCapacity: 'TOTAL',
            ...(options.consistent === true && { ConsistentRead: true }),
            ...(from && { ExclusiveStartKey: from }),
            ...(options.pageLimit && { Limit: options.pageLimit }),
          }),
        ),
      );
    const page = await (options.governor?.run(async () => {
      const value = await send();
      return { value, throttled: refusalsOf(value) > 0 };
    }) ?? send());
    yield {
      items: (page.Items ?? []).map(fromSdk),
      scanned: page.ScannedCount ?? 0,
      readUnits: page.ConsumedCapacity?.CapacityUnits ?? 0,
      more: page.LastEvaluatedKey !== undefined,
    };
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}
