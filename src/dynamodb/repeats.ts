import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isThrottling } from './refusals.js';

/** Calls that do a second time what they have done: AWS makes another backup of the same name. */
const NOT_TWICE = new Set(['CreateBackupCommand']);

const final = new WeakSet<object>();

/** Whether a failure must not be answered by the same call: it may have been carried out. */
export const isFinal = (error: unknown): boolean => typeof error === 'object' && error !== null && final.has(error);

const mark =
  <Args extends object, Result>(
    next: (args: Args) => Promise<Result>,
    { commandName = '' }: { readonly commandName?: string },
  ) =>
  async (args: Args): Promise<Result> => {
    try {
      return await next(args);
    } catch (error) {
      if (error instanceof Error && NOT_TWICE.has(commandName) && !isThrottling(error)) final.add(error);
      throw error;
    }
  };

/** Marks the failures after which nobody knows whether such a call was carried out. */
export function markUnrepeatable(client: DynamoDBClient): void {
  client.middlewareStack.addRelativeTo(mark, {
    name: 'markUnrepeatable',
    relation: 'after',
    toMiddleware: 'retryMiddleware',
  });
}
