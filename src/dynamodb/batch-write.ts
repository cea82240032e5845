import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { isThrottled, untilTaken } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import type { Budget, Governor, UnitCost } from './governor.js';
import { refusalsOf } from './refusals.js';

/** BatchWriteItem takes at most so many items a call. */
export const WRITE_BATCH = 25;

/** How hard writes may work. */
export interface WritePace {
  readonly governor: Governor;
  readonly budget: Budget;
  /** Write units that one write is expected to cost; the answers teach it. */
  readonly cost: UnitCost;
}

/**
 * Puts and deletes, at most 25 in one BatchWriteItem, whatever is under their keys; what comes back unprocessed is tried
 * again with growing pauses, for as long as something gets through. Answers what came back in the end.
 */
export function writeBatch(
  dynamo: Dynamo,
  table: string,
  requests: readonly WriteRequest[],
  pace: WritePace,
): Promise<readonly WriteRequest[]> {
  return untilTaken(dynamo.signal, requests, (waiting) => writeOnce(dynamo, table, waiting, pace));
}

/**
 * One call: what came back. AWS answers a batch of which it could take nothing with an error, and one of which it took
 * something with UnprocessedItems; both mean the same.
 */
async function writeOnce(
  dynamo: Dynamo,
  table: string,
  requests: readonly WriteRequest[],
  { governor, budget, cost }: WritePace,
): Promise<readonly WriteRequest[]> {
  const expected = cost.of(requests.length);
  await budget.reserve(expected);
  let [spent, refused] = [0, 0];
  try {
    const left = await governor.run(async () => {
      const answer = await call(dynamo, 'BatchWriteItem', table, (client) =>
        client.send(
          new BatchWriteItemCommand({ RequestItems: { [table]: [...requests] }, ReturnConsumedCapacity: 'TOTAL' }),
        ),
      );
      for (const { CapacityUnits = 0 } of answer.ConsumedCapacity ?? []) spent += CapacityUnits;
      const value = answer.UnprocessedItems?.[table] ?? [];
      refused = cost.of(value.length) + expected * refusalsOf(answer);
      return { value, throttled: refused > 0 };
    });
    cost.learn(spent, requests.length - left.length);
    return left;
  } catch (error) {
    if (!isThrottled(error)) throw error;
    refused = expected;
    return requests;
  } finally {
    budget.settle(expected, spent, refused);
  }
}
