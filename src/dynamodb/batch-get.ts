import {
  type AttributeValue as SdkValue,
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { Item } from '../schema/attribute-value.js';
import { isThrottled, untilTaken } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { fromSdk, toSdk } from './items.js';

/** BatchGetItem takes at most so many keys a call. */
export const GET_BATCH = 100;

export interface GotItems {
  /** In no order; those that are not there are left out. */
  readonly items: readonly Item[];
  readonly readUnits: number;
}

/**
 * BatchGetItem, strongly consistent, 100 keys a call. An answer of more than 16 MB, or from a table that throttles,
 * leaves keys unprocessed: those, and no others, are asked for again, with growing pauses. No key may be given twice.
 * `attributes` are those to answer, all when left out. Throws THROTTLED when nothing more comes.
 */
export async function getItems(
  dynamo: Dynamo,
  table: string,
  keys: readonly Item[],
  attributes?: readonly string[],
): Promise<GotItems> {
  const items: Item[] = [];
  let readUnits = 0;
  for (let at = 0; at < keys.length; at += GET_BATCH) {
    const wanted = keys.slice(at, at + GET_BATCH).map(toSdk);
    const left = await untilTaken(dynamo.signal, wanted, async (waiting) => {
      const answer = await getBatch(dynamo, table, waiting, attributes);
      if (answer === null) return waiting;
      items.push(...(answer.Responses?.[table] ?? []).map(fromSdk));
      for (const { CapacityUnits = 0 } of answer.ConsumedCapacity ?? []) readUnits += CapacityUnits;
      return answer.UnprocessedKeys?.[table]?.Keys ?? [];
    });
    if (left.length > 0)
      throw new CliError('THROTTLED', `table '${table}' answers no more reads: ${left.length} keys came back`, {
        hint: 'raise its read capacity, or run again when it has less to do',
      });
  }
  return { items, readUnits };
}

/** One call; null where it was throttled as a whole, which means the same as getting all keys back. */
async function getBatch(
  dynamo: Dynamo,
  table: string,
  keys: readonly Record<string, SdkValue>[],
  attributes: readonly string[] | undefined,
): Promise<BatchGetItemCommandOutput | null> {
  const aliases = (attributes ?? []).map((name, at) => [`#a${at}`, name] as const);
  const projection = aliases.length > 0 && {
    ProjectionExpression: aliases.map(([alias]) => alias).join(', '),
    ExpressionAttributeNames: Object.fromEntries(aliases),
  };
  try {
    return await call(dynamo, 'BatchGetItem', table, (client) =>
      client.send(
        new BatchGetItemCommand({
          RequestItems: { [table]: { Keys: [...keys], ConsistentRead: true, ...projection } },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
  } catch (error) {
    if (!isThrottled(error)) throw error;
    return null;
  }
}

/** Which of the keys exist, strongly consistent; their one attribute's values as JSON text. */
export async function existingKeys(
  dynamo: Dynamo,
  table: string,
  keys: readonly Item[],
  attribute: string,
): Promise<{ readonly values: ReadonlySet<string>; readonly readUnits: number }> {
  const { items, readUnits } = await getItems(dynamo, table, keys, [attribute]);
  return { values: new Set(items.map((item) => JSON.stringify(item[attribute]))), readUnits };
}
