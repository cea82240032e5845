import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** What DynamoDB calls it when a table, an index or an account has had too much. */
const THROTTLING = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TooManyRequestsException',
]);

export const isThrottling = (error: unknown): boolean => error instanceof Error && THROTTLING.has(error.name);

/**
 * Counts how often a call was throttled before it got through, which is not told by the number of its attempts: those
 * may also be of a lost connection. The count goes with the answer, for {@link refusalsOf}.
 */
export function countRefusals(client: DynamoDBClient): void {
  const counts = new WeakMap<object, number>();
  const count =
    <Args extends object, Result extends { readonly output: object }>(next: (args: Args) => Promise<Result>) =>
    async (args: Args): Promise<Result> => {
      try {
        const result = await next(args);
        const refused = counts.get(args) ?? 0;
        const metadata: unknown = Reflect.get(result.output, '$metadata');
        if (refused > 0 && typeof metadata === 'object' && metadata !== null)
          Reflect.set(metadata, 'refusals', refused);
        return result;
      } catch (error) {
        if (isThrottling(error)) counts.set(args, (counts.get(args) ?? 0) + 1);
        throw error;
      }
    };
  // Within the retries, each of which comes by with the same arguments, and before they are signed anew.
  client.middlewareStack.addRelativeTo(count, {
    name: 'countRefusals',
    relation: 'after',
    toMiddleware: 'retryMiddleware',
  });
}

/** How often an answered call had been throttled. */
export function refusalsOf({ $metadata }: { readonly $metadata: object }): number {
  const found: unknown = Reflect.get($metadata, 'refusals');
  return typeof found === 'number' ? found : 0;
}
