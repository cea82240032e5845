import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { Item } from '../schema/attribute-value.js';
import { canonicalItem } from '../schema/canonical.js';
import { itemFromWire, itemToWire } from '../schema/wire.js';
import type { WireItem } from '../schema/wire-check.js';
import { Backoff, isThrottled } from './backoff.js';
import { type WritePace, writeBatch } from './batch-write.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { fromSdk, toSdk } from './items.js';
import { refusalsOf } from './refusals.js';

/**
 * Puts up to 25 items, whatever is under their keys. Throws THROTTLED when nothing more gets through, with the way on as
 * its hint.
 */
export async function putAll(
  dynamo: Dynamo,
  table: string,
  items: readonly Item[],
  pace: WritePace,
  wayOn: string,
): Promise<void> {
  const requests = items.map((item) => ({ PutRequest: { Item: toSdk(item) } }));
  const left = await writeBatch(dynamo, table, requests, pace);
  if (left.length === 0) return;
  throw new CliError('THROTTLED', `table '${table}' takes no more writes: ${left.length} items came back`, {
    hint: `raise its write capacity, or ${wayOn} when it has less to do`,
  });
}

/** `same`: an equal item is there already. */
export type PutOutcome = 'put' | 'same' | 'conflict';

/** PutItem, only where nothing is under the item's key. */
export async function putIfAbsent(
  dynamo: Dynamo,
  table: string,
  item: WireItem,
  partitionKey: string,
  { governor, budget, cost }: WritePace,
): Promise<PutOutcome> {
  for (const backoff = new Backoff(dynamo.signal); ; await backoff.wait()) {
    const expected = cost.of(1);
    await budget.reserve(expected);
    try {
      return await governor.run(async () => {
        const answer = await call(dynamo, 'PutItem', table, (client) =>
          client.send(
            new PutItemCommand({
              TableName: table,
              Item: toSdk(itemFromWire(item)),
              ConditionExpression: 'attribute_not_exists(#k)',
              ExpressionAttributeNames: { '#k': partitionKey },
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
              ReturnConsumedCapacity: 'TOTAL',
            }),
          ),
        );
        const actual = answer.ConsumedCapacity?.CapacityUnits ?? 0;
        const refusals = refusalsOf(answer);
        budget.settle(expected, actual, expected * refusals);
        cost.learn(actual, 1);
        return { value: 'put', throttled: refusals > 0 };
      });
    } catch (error) {
      budget.settle(expected, 0, isThrottled(error) ? expected : 0);
      const present = presentItem(error);
      if (present !== undefined) return canonicalItem(present) === canonicalItem(item) ? 'same' : 'conflict';
      if (!isThrottled(error) || !backoff.goesOn) throw error;
    }
  }
}

/** The item that was in the way, empty where the endpoint does not tell it; undefined when the call failed otherwise. */
function presentItem(error: unknown): WireItem | undefined {
  if (!(error instanceof CliError) || !(error.cause instanceof ConditionalCheckFailedException)) return undefined;
  const { Item: item } = error.cause;
  return item === undefined ? {} : itemToWire(fromSdk(item));
}
