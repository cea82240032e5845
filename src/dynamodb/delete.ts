import {
  BatchExecuteStatementCommand,
  type BatchStatementRequest,
  type BatchStatementResponse,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { Item } from '../schema/attribute-value.js';
import { Backoff, isThrottled } from './backoff.js';
import type { WritePace } from './batch-write.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { intoRequests } from './delete-size.js';
import { toSdk, valueToSdk } from './items.js';
import { refusalsOf } from './refusals.js';

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

/** BatchExecuteStatement and BatchWriteItem take at most so many a call. */
export const DELETE_BATCH = 25;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function toStatement(table: string, { key, observed }: ConditionalDelete): BatchStatementRequest {
  const conditions: string[] = [];
  const parameters: ReturnType<typeof valueToSdk>[] = [];
  for (const [name, value] of [...Object.entries(key), ...Object.entries(observed)])
    if (value === null) conditions.push(`${quoted(name)} IS MISSING`);
    else {
      conditions.push(`${quoted(name)} = ?`);
      parameters.push(valueToSdk(value));
    }
  return { Statement: `DELETE FROM ${quoted(table)} WHERE ${conditions.join(' AND ')}`, Parameters: parameters };
}

/** Errors of one statement, or of one item, that another try may mend. */
const PASSING = new Set([
  'InternalServerError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'ThrottlingError',
  'TransactionConflict',
]);

/** Those of them that say that the table has had too much. */
const THROTTLED = new Set(['ProvisionedThroughputExceeded', 'RequestLimitExceeded', 'ThrottlingError']);

/** A statement's text may have so many characters. Values are parameters; only names count. */
const STATEMENT_LENGTH = 8192;

/**
 * Whether names in a statement may be taken for paths: the embedded engine takes `"a.b"` for one. That no such attribute
 * is there is asked of nearly every row when a filter has a path, and AWS is trusted with it.
 */
const hasDots = ({ key, observed }: ConditionalDelete, isAws: boolean): boolean =>
  [...Object.entries(key), ...Object.entries(observed)].some(
    ([name, value]) => name.includes('.') && !(isAws && value === null),
  );

const units = (capacity: readonly { readonly CapacityUnits?: number | undefined }[] | undefined): number =>
  (capacity ?? []).reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);

/**
 * Conditional deletes as PartiQL statements, at most 25 in one BatchExecuteStatement, which answers HTTP 200 whatever
 * became of each. A statement that was throttled is tried again by itself. Outcomes are in the order of the deletes.
 * Throws ACCESS_DENIED where `dynamodb:PartiQLDelete` is not allowed; to delete again what was deleted changes nothing.
 */
export async function deleteByStatements(
  dynamo: Dynamo,
  table: string,
  deletes: readonly ConditionalDelete[],
  pace: WritePace,
): Promise<readonly DeleteOutcome[]> {
  const outcomes: DeleteOutcome[] = deletes.map(() => ({ kind: 'failed', code: 'NotTried', message: 'was not tried' }));
  for (const places of intoRequests(deletes)) {
    const part = places.flatMap((at) => deletes[at] ?? []);
    const answers = await deleteRequest(dynamo, table, part, pace);
    for (const [index, at] of places.entries()) outcomes[at] = answers[index] ?? NO_ANSWER;
  }
  return outcomes;
}

const NO_ANSWER: DeleteOutcome = {
  kind: 'failed',
  code: 'NoAnswer',
  message: 'the endpoint did not say what became of it',
};

async function deleteRequest(
  dynamo: Dynamo,
  table: string,
  deletes: readonly ConditionalDelete[],
  pace: WritePace,
): Promise<readonly DeleteOutcome[]> {
  const statements = deletes.map((each) => toStatement(table, each));
  const outcomes: DeleteOutcome[] = deletes.map(() => NO_ANSWER);
  const single = deletes.flatMap((each, at) =>
    (statements[at]?.Statement?.length ?? 0) > STATEMENT_LENGTH || hasDots(each, dynamo.isAws) ? [at] : [],
  );
  await Promise.all(
    single.map(async (at) => {
      const each = deletes[at];
      if (each !== undefined) outcomes[at] = await deleteItem(dynamo, table, each, pace);
    }),
  );
  let backoff = new Backoff(dynamo.signal);
  for (let open = deletes.flatMap((_, at) => (single.includes(at) ? [] : [at])); open.length > 0; ) {
    const asked = open;
    const responses = await sendStatements(
      dynamo,
      table,
      asked.flatMap((at) => statements[at] ?? []),
      pace,
    );
    open = [];
    for (const [index, at] of asked.entries()) {
      const response = responses[index];
      const error = response?.Error;
      outcomes[at] = response === undefined ? NO_ANSWER : toOutcome(error);
      if (isDenied(error?.Code))
        throw new CliError('ACCESS_DENIED', `access denied: dynamodb:PartiQLDelete on table '${table}'`);
      if (PASSING.has(error?.Code ?? '')) open.push(at);
    }
    // What got through makes a new beginning: the pauses grow while nothing does.
    if (open.length < asked.length) backoff = new Backoff(dynamo.signal);
    if (!backoff.goesOn) break;
    if (open.length > 0) await backoff.wait();
  }
  return outcomes;
}

const isDenied = (code: string | undefined): boolean => code === 'AccessDenied' || code === 'AccessDeniedException';

async function sendStatements(
  dynamo: Dynamo,
  table: string,
  statements: BatchStatementRequest[],
  { governor, budget, cost }: WritePace,
): Promise<readonly BatchStatementResponse[]> {
  const expected = cost.of(statements.length);
  await budget.reserve(expected);
  try {
    const { answer, refused } = await governor.run(async () => {
      const value = await call(dynamo, 'BatchExecuteStatement', table, (client) =>
        client.send(new BatchExecuteStatementCommand({ Statements: statements, ReturnConsumedCapacity: 'TOTAL' })),
      );
      const count = (value.Responses ?? []).filter(({ Error: error }) => THROTTLED.has(error?.Code ?? '')).length;
      return { value: { answer: value, refused: count }, throttled: count > 0 || refusalsOf(value) > 0 };
    });
    const actual = units(answer.ConsumedCapacity);
    budget.settle(expected, actual, cost.of(refused) + expected * refusalsOf(answer));
    const responses = answer.Responses ?? [];
    cost.learn(actual, responses.filter(({ Error: error }) => error === undefined).length);
    return responses;
  } catch (error) {
    budget.settle(expected, 0, isThrottled(error) ? expected : 0);
    if (!isThrottled(error)) throw error;
    return statements.map(() => ({ Error: { Code: 'ThrottlingError', Message: error.message } }));
  }
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
  { governor, budget, cost }: WritePace,
): Promise<DeleteOutcome> {
  const names: Record<string, string> = {};
  const values: Record<string, Item[string]> = {};
  const conditions = Object.entries(observed).map(([name, value], at) => {
    names[`#c${at}`] = name;
    if (value === null) return `attribute_not_exists(#c${at})`;
    values[`:c${at}`] = value;
    return `#c${at} = :c${at}`;
  });
  const input: DeleteItemCommandInput = {
    TableName: table,
    Key: toSdk(key),
    ...(conditions.length > 0 && {
      ConditionExpression: conditions.join(' AND '),
      ExpressionAttributeNames: names,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: toSdk(values) }),
    ReturnConsumedCapacity: 'TOTAL',
  };
  for (const backoff = new Backoff(dynamo.signal); ; await backoff.wait()) {
    const expected = cost.of(1);
    await budget.reserve(expected);
    try {
      return await governor.run(async () => {
        const answer = await call(dynamo, 'DeleteItem', table, (client) => client.send(new DeleteItemCommand(input)));
        const actual = answer.ConsumedCapacity?.CapacityUnits ?? 0;
        const refusals = refusalsOf(answer);
        budget.settle(expected, actual, expected * refusals);
        cost.learn(actual, 1);
        return { value: { kind: 'deleted' }, throttled: refusals > 0 };
      });
    } catch (error) {
      budget.settle(expected, 0, isThrottled(error) ? expected : 0);
      if (!isThrottled(error) || !backoff.goesOn) return refusalOf(error);
    }
  }
}

/** A condition that failed, told apart from a call that failed. */
function refusalOf(error: unknown): DeleteOutcome {
  if (!(error instanceof CliError) || error.code === 'INTERRUPTED') throw error;
  if (error.cause instanceof ConditionalCheckFailedException)
    return error.cause.Item === undefined ? { kind: 'deleted' } : { kind: 'alive' };
  return { kind: 'failed', code: error.code, message: error.message };
}
