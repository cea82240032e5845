import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../schema/attribute-value.js';
import { Backoff, isThrottled } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import type { DeletePace } from './delete.js';
import { fromSdk, toSdk } from './items.js';
import { refusalsOf } from './refusals.js';

/**
 * Unconditional deletes, at most 25 in one BatchWriteItem; what comes back unprocessed is tried again. AWS answers a
 * batch of which it could take nothing with an error, which means the same.
 * Answers how many keys could not be deleted after all tries.
 */
export async function deleteKeys(
  dynamo: Dynamo,
  table: string,
  keys: readonly Item[],
  pace: DeletePace,
): Promise<{ readonly failed: number }> {
  let backoff = new Backoff(dynamo.signal);
  let waiting = await deleteBatch(dynamo, table, keys, pace);
  while (waiting.length > 0 && backoff.goesOn) {
    await backoff.wait();
    const left = await deleteBatch(dynamo, table, waiting, pace);
    // What got through makes a new beginning: the pauses grow while nothing does.
    if (left.length < waiting.length) backoff = new Backoff(dynamo.signal);
    waiting = left;
  }
  return { failed: waiting.length };
}

/** What came back. */
async function deleteBatch(
  dynamo: Dynamo,
  table: string,
  keys: readonly Item[],
  { governor, budget, cost }: DeletePace,
): Promise<readonly Item[]> {
  if (keys.length === 0) return [];
  const expected = cost.of(keys.length);
  await budget.reserve(expected);
  try {
    const answer = await governor.run(async () => {
      const requests = keys.map((key) => ({ DeleteRequest: { Key: toSdk(key) } }));
      const value = await call(dynamo, 'BatchWriteItem', table, (client) =>
        client.send(
          new BatchWriteItemCommand({ RequestItems: { [table]: requests }, ReturnConsumedCapacity: 'TOTAL' }),
        ),
      );
      const unprocessed = value.UnprocessedItems?.[table]?.length ?? 0;
      return { value, throttled: unprocessed > 0 || refusalsOf(value) > 0 };
    });
    const actual = (answer.ConsumedCapacity ?? []).reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
    const back = (answer.UnprocessedItems?.[table] ?? []).flatMap(({ DeleteRequest }) =>
      DeleteRequest?.Key === undefined ? [] : [fromSdk(DeleteRequest.Key)],
    );
    budget.settle(expected, actual, cost.of(back.length) + expected * refusalsOf(answer));
    cost.learn(actual, keys.length - back.length);
    return back;
  } catch (error) {
    budget.settle(expected, 0, isThrottled(error) ? expected : 0);
    if (!isThrottled(error)) throw error;
    return keys;
  }
}
