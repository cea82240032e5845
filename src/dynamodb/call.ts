import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { CallRecord, Dynamo } from './client.js';
import { overloaded, toCliError } from './errors.js';
import type { CallSite } from './failure.js';
import { isSilence } from './network-errors.js';

/**
 * Sends one call and tells it to the connection's `onCall`. Every failure comes out as a CliError that names the
 * operation, the table and the place; an aborted signal as INTERRUPTED, before the call or after it. A read is given up
 * at once when the signal fires; a write in flight is waited for, so that what it did is known.
 */
export async function call<T>(
  dynamo: Dynamo,
  operation: string,
  table: string | null,
  send: (client: DynamoDBClient) => Promise<T>,
): Promise<T> {
  const { sdk, region, endpoint } = dynamo;
  if (!(sdk instanceof DynamoDBClient)) throw new TypeError('the connection was not made by connect()');
  return answerOf(dynamo, { operation, table, region, endpoint }, () => send(sdk));
}

/** What {@link call} does, for any client of the connection. */
export async function answerOf<T>(dynamo: Dynamo, site: CallSite, send: () => Promise<T>): Promise<T> {
  const { signal } = dynamo;
  const { operation, table } = site;
  if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted');
  const started = performance.now();
  const record = (answer: unknown, error: string | null): void => {
    dynamo.onCall({ operation, table, ms: performance.now() - started, ...callFacts(operation, answer), error });
  };
  try {
    const answer = await (READ.test(operation) ? unlessAborted(send(), signal) : send());
    dynamo.answers.note();
    record(answer, null);
    return answer;
  } catch (cause) {
    if (callFacts(operation, cause).status !== null) dynamo.answers.note();
    record(cause, cause instanceof Error ? cause.name : 'unknown');
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted', { cause });
    // Others were answered meanwhile: it has more to do than it can, and this call may be made again.
    if (isSilence(cause) && (dynamo.answers.lastAt ?? 0) > started) throw overloaded(cause, site);
    throw toCliError(cause, site);
  }
}

const READ = /^(?:Describe|List|Get|BatchGet|Query|Scan)/;

/** The answer, or a rejection as soon as the signal fires. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error('aborted'));
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

interface AnswerFacts {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly ConsumedCapacity?: Capacity | readonly Capacity[];
}

interface Capacity {
  readonly CapacityUnits?: number;
}

const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function callFacts(
  operation: string,
  answer: unknown,
): Pick<CallRecord, 'status' | 'retries' | 'readUnits' | 'writeUnits'> {
  const facts: AnswerFacts = isObject(answer) ? answer : {};
  const units = [facts.ConsumedCapacity ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
  return {
    status: facts.$metadata?.httpStatusCode ?? null,
    retries: (facts.$metadata?.attempts ?? 1) - 1,
    readUnits: READS.has(operation) ? units : 0,
    writeUnits: READS.has(operation) ? 0 : units,
  };
}
