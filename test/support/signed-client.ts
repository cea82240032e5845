import * as sdk from '@aws-sdk/client-dynamodb';
import type { ConnectOptions } from '../../src/dynamodb/client.js';
import type { RawClient } from './raw-client.js';

/**
 * What {@link rawClient} is for engines, for AWS, which wants signatures: the SDK's client, and nothing of the product.
 * Times in the answers are dates.
 */
export function signedClient({
  region,
  endpoint,
  profile,
  credentials,
}: Pick<ConnectOptions, 'region' | 'endpoint' | 'profile' | 'credentials'>): {
  readonly raw: RawClient;
  readonly destroy: () => void;
} {
  const client = new sdk.DynamoDBClient({
    region,
    ...(endpoint !== null && { endpoint }),
    ...(profile !== null && { profile }),
    ...(credentials !== null && { credentials }),
  });
  const call = async (operation: string, body: object = {}): Promise<unknown> => {
    const command: unknown = Reflect.get(sdk, `${operation}Command`);
    if (typeof command !== 'function') throw new TypeError(`the SDK has no ${operation}`);
    return client.send(Reflect.construct(command, [body]));
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test states what it expects to be answered
  return { raw: { call } as RawClient, destroy: () => client.destroy() };
}
