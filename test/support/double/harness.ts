import { afterEach, expect } from 'vitest';
import { type AwsDouble, type AwsDoubleOptions, startAwsDouble } from '../aws-double.js';
import { type EngineInFile, type RawClient, rawClient, useEngine } from '../engine.js';

export interface ClockedDouble {
  readonly double: AwsDouble;
  readonly raw: RawClient;
  /** Lets time pass without waiting. */
  readonly advance: (milliseconds: number) => void;
  readonly now: () => number;
  /** Creates a table and lets all that follows a creation pass. */
  readonly table: (name: string, more?: object) => Promise<void>;
}

/** An on-demand table with a string key and an index on a number. */
export const DEFINITION = {
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'a', AttributeType: 'N' },
  ],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byA',
      KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
};

/** One engine for the file; the function starts a double with a clock that stands still, ended with its test. */
export function useClockedDoubles(): {
  engine: EngineInFile;
  start: (options?: Partial<AwsDoubleOptions>) => Promise<ClockedDouble>;
} {
  const engine = useEngine();
  const running: AwsDouble[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((double) => double.stop()));
  });
  return {
    engine,
    start: async (options = {}) => {
      let time = 1_800_000_000_000;
      const double = await startAwsDouble({ engineEndpoint: engine.endpoint, clock: () => time, ...options });
      running.push(double);
      const raw = rawClient(double.endpoint);
      const advance = (milliseconds: number): void => {
        time += milliseconds;
      };
      const table = async (name: string, more: object = {}): Promise<void> => {
        await raw.call('CreateTable', { TableName: name, ...DEFINITION, ...more });
        advance(60_000);
      };
      return { double, raw, advance, now: () => time, table };
    },
  };
}

/** Asserts that a call is refused with this error. */
export async function expectRefusal(call: Promise<unknown>, name: string, message: string | RegExp): Promise<void> {
  const error: unknown = await call.then(
    () => new Error('the call was accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name });
  expect(error).toHaveProperty('message', typeof message === 'string' ? message : expect.stringMatching(message));
}
