import {
  BatchExecuteStatementCommand,
  type BatchStatementRequest,
  type BatchStatementResponse,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { Item } from '../schema/attribute-value.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import type { Budget, Governor } from './governor.js';
import { toSdk, valueToSdk } from './items.js';
import { pause } from './wait.js';

/** An item to delete only if it still is as it was read: each attribute has its value, or is absent (null). */
export interface ConditionalDelete {
  readonly key: Item;
  readonly observed: Readonly<Record<string, Item[string] | null>>;
}

export type DeleteOutcome =
  /** Deleted, or gone already: PartiQL does not tell the two apart. */
  | { readonly kind: 'deleted' }
  /** It is no longer as it was read. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface DeletePace {
  readonly governor: Governor;
  readonly budget: Budget;
  /** Write units that one delete is expected to cost; what deletes do cost is taken from the answers. */
  readonly expectedUnits: number;
}

/** BatchExecuteStatement and BatchWriteItem take at most so many a call. */
export const DELETE_BATCH = 25;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function toStatement(table: string, { key, observed }: ConditionalDelete): BatchStatementRequest {
  const names = [
    ...Object.keys(key).map((name) => `${quoted(name)} = ?`),
    ...Object.entries(observed).map(([name, value]) => `${quoted(name)} ${value === null ? 'IS MISSING' : '= ?'}`),
  ];
  const values = [...Object.values(key), ...Object.values(observed)].filter((value) => value !== null);
  return {
    Statement: `DELETE FROM ${quoted(table)} WHERE ${names.join(' AND ')}`,
    Parameters: values.map(valueToSdk),
  };
}

/** Errors of one statement, or of one item, that another try may mend. */
const PASSING = new Set([
  'InternalServerError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'ThrottlingError',
  'TransactionConflict',
]);

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5000;
const MAX_TRIES = 12;

const units = (capacity: readonly { readonly CapacityUnits?: number | undefined }[] | undefined): number =>
  (capacity ?? []).reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);

/**
 * Conditional deletes as PartiQL statements, at most 25 in one BatchExecuteStatement, which answers HTTP 200 whatever
 * became of each. A statement that was throttled is tried again by itself. Outcomes are in the order of the deletes.
 * Throws ACCESS_DENIED where `dynamodb:PartiQLDelete` is not allowed: nothing was deleted then.
 */
export async function deleteByStatements(
  dynamo: Dynamo,
  table: string,
  deletes: readonly ConditionalDelete[],
  pace: DeletePace,
): Promise<readonly DeleteOutcome[]> {
  const outcomes: DeleteOutcome[] = deletes.map(() => ({ kind: 'failed', code: 'NotTried', message: 'was not tried' }));
  let open = deletes.map((_, at) => at);
  for (let tries = 0, backoff = FIRST_BACKOFF_MS; open.length > 0; tries += 1) {
    if (tries > 0) {
      await pause(backoff, dynamo.signal);
      backoff = Math.min(MAX_BACKOFF_MS, backoff * 2);
    }
    const asked = open;
    const statements = asked.flatMap((at) => {
      const wanted = deletes[at];
      return wanted === undefined ? [] : [toStatement(table, wanted)];
    });
    const responses = await sendStatements(dynamo, table, statements, pace);
    open = [];
    for (const [index, at] of asked.entries()) {
      const error = responses[index]?.Error;
      outcomes[at] = toOutcome(error);
      if (error?.Code === 'AccessDenied' && tries === 0 && asked.length === deletes.length)
        throw new CliError('ACCESS_DENIED', `access denied: dynamodb:PartiQLDelete on table '${table}'`);
      if (PASSING.has(error?.Code ?? '') && tries < MAX_TRIES) open.push(at);
    }
  }
  return outcomes;
}

async function sendStatements(
  dynamo: Dynamo,
  table: string,
  statements: BatchStatementRequest[],
  { governor, budget, expectedUnits }: DeletePace,
): Promise<readonly BatchStatementResponse[]> {
  const expected = expectedUnits * statements.length;
  await budget.reserve(expected);
  const answer = await governor.run(async () => {
    const value = await call(dynamo, 'BatchExecuteStatement', table, (client) =>
      client.send(new BatchExecuteStatementCommand({ Statements: statements, ReturnConsumedCapacity: 'TOTAL' })),
    );
    const throttled = (value.Responses ?? []).some(({ Error: error }) => PASSING.has(error?.Code ?? ''));
    return { value, throttled: throttled || (value.$metadata.attempts ?? 1) > 1 };
  });
  budget.settle(expected, units(answer.ConsumedCapacity));
  return answer.Responses ?? [];
}

function toOutcome(error: BatchStatementResponse['Error']): DeleteOutcome {
  if (error === undefined) return { kind: 'deleted' };
  if (error.Code === 'ConditionalCheckFailed') return { kind: 'alive' };
  return { kind: 'failed', code: error.Code ?? 'Unknown', message: error.Message ?? '' };
}

/**
 * One conditional DeleteItem: what takes the place of statements where those are not allowed, or where the endpoint is
 * not known to heed their conditions. A row that is gone already counts as deleted, as it does for a statement.
 */
export async function deleteItem(
  dynamo: Dynamo,
  table: string,
  { key, observed }: ConditionalDelete,
  { governor, budget, expectedUnits }: DeletePace,
): Promise<DeleteOutcome> {
  const names: Record<string, string> = {};
  const values: Record<string, Item[string]> = {};
  const conditions = Object.entries(observed).map(([name, value], at) => {
    names[`#c${at}`] = name;
    if (value === null) return `attribute_not_exists(#c${at})`;
    values[`:c${at}`] = value;
    return `#c${at} = :c${at}`;
  });
  await budget.reserve(expectedUnits);
  return governor.run(async () => {
    try {
      const answer = await call(dynamo, 'DeleteItem', table, (client) =>
        client.send(
          new DeleteItemCommand({
            TableName: table,
            Key: toSdk(key),
            ...(conditions.length > 0 && {
              ConditionExpression: conditions.join(' AND '),
              ExpressionAttributeNames: names,
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            }),
            ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: toSdk(values) }),
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
      );
      budget.settle(expectedUnits, answer.ConsumedCapacity?.CapacityUnits ?? 0);
      return { value: { kind: 'deleted' } as const, throttled: (answer.$metadata.attempts ?? 1) > 1 };
    } catch (error) {
      budget.settle(expectedUnits, 0);
      return { value: refusalOf(error), throttled: error instanceof CliError && error.code === 'THROTTLED' };
    }
  });
}

/** A condition that failed, told apart from a call that failed. */
function refusalOf(error: unknown): DeleteOutcome {
  if (!(error instanceof CliError) || error.code === 'INTERRUPTED') throw error;
  if (error.cause instanceof ConditionalCheckFailedException)
    return error.cause.Item === undefined ? { kind: 'deleted' } : { kind: 'alive' };
  return { kind: 'failed', code: error.code, message: error.message };
}

/**
 * Unconditional deletes, at most 25 in one BatchWriteItem; what comes back unprocessed is tried again.
 * Answers how many keys could not be deleted after all tries.
 */
export async function deleteKeys(
  dynamo: Dynamo,
  table: string,
  keys: readonly Item[],
  { governor, budget, expectedUnits }: DeletePace,
): Promise<{ readonly failed: number }> {
  let waiting = keys.map((key) => ({ DeleteRequest: { Key: toSdk(key) } }));
  for (let tries = 0, backoff = FIRST_BACKOFF_MS; waiting.length > 0; tries += 1) {
    if (tries > MAX_TRIES) return { failed: waiting.length };
    if (tries > 0) {
      await pause(backoff, dynamo.signal);
      backoff = Math.min(MAX_BACKOFF_MS, backoff * 2);
    }
    const requests = waiting;
    const expected = expectedUnits * requests.length;
    await budget.reserve(expected);
    const answer = await governor.run(async () => {
      const value = await call(dynamo, 'BatchWriteItem', table, (client) =>
        client.send(
          new BatchWriteItemCommand({ RequestItems: { [table]: requests }, ReturnConsumedCapacity: 'TOTAL' }),
        ),
      );
      const unprocessed = value.UnprocessedItems?.[table]?.length ?? 0;
      return { value, throttled: unprocessed > 0 || (value.$metadata.attempts ?? 1) > 1 };
    });
    budget.settle(expected, units(answer.ConsumedCapacity));
    waiting = (answer.UnprocessedItems?.[table] ?? []).flatMap(({ DeleteRequest }) =>
      DeleteRequest?.Key === undefined ? [] : [{ DeleteRequest: { Key: DeleteRequest.Key } }],
    );
  }
  return { failed: 0 };
}
