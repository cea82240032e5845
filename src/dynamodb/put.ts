import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { Item } from '../schema/attribute-value.js';
import { canonicalItem } from '../schema/canonical.js';
import { itemFromWire, itemToWire } from '../schema/wire.js';
import type { WireItem } from '../schema/wire-check.js';
import { Backoff, isThrottled } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import type { Budget, Governor, UnitCost } from './governor.js';
import { fromSdk, putBatch, type PutRequests, toSdk } from './items.js';
import { refusalsOf } from './refusals.js';

/** How hard writes may work. */
export interface PutPace {
  readonly governor: Governor;
  readonly budget: Budget;
  readonly cost: UnitCost;
}

/** BatchWriteItem takes at most so many items a call. */
export const PUT_BATCH = 25;

/**
 * Puts up to 25 items in one BatchWriteItem, whatever is under their keys; what comes back unprocessed is tried again with
 * growing pauses, for as long as something gets through.
 */
export const putAll = (dynamo: Dynamo, table: string, items: readonly WireItem[], pace: PutPace): Promise<void> =>
  putItems(
    dynamo,
    table,
    items.map((item) => itemFromWire(item)),
    pace,
  );

/** What {@link putAll} does, for items that are not in their written form. */
export async function putItems(
  dynamo: Dynamo,
  table: string,
  items: readonly Item[],
  { governor, budget, cost }: PutPace,
): Promise<void> {
  let waiting: PutRequests = items.map((item) => ({ PutRequest: { Item: toSdk(item) } }));
  for (let backoff = new Backoff(dynamo.signal); ; await backoff.wait()) {
    const asked = waiting;
    const expected = cost.of(asked.length);
    await budget.reserve(expected);
    const { unprocessed, writeUnits, refusals } = await governor.run(async () => {
      const value = await putBatch(dynamo, table, asked);
      return { value, throttled: value.unprocessed.length > 0 };
    });
    budget.settle(expected, writeUnits, cost.of(unprocessed.length) + expected * refusals);
    cost.learn(writeUnits, asked.length - unprocessed.length);
    if (unprocessed.length === 0) return;
    if (unprocessed.length < asked.length) backoff = new Backoff(dynamo.signal);
    if (!backoff.goesOn)
      throw new CliError('THROTTLED', `table '${table}' takes no more writes: ${unprocessed.length} items came back`, {
        hint: 'raise its write capacity, or run again when it has less to do',
      });
    waiting = unprocessed;
  }
}

/** `same`: an equal item is there already. */
export type PutOutcome = 'put' | 'same' | 'conflict';

/** PutItem, only where nothing is under the item's key. */
export async function putIfAbsent(
  dynamo: Dynamo,
  table: string,
  item: WireItem,
  partitionKey: string,
  { governor, budget, cost }: PutPace,
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
