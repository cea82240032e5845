import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { CallRecord, Dynamo } from './client.js';
import { overloaded, toCliError } from './errors.js';
import type { CallSite } from './failure.js';
import { isSilence } from './network-errors.js';

/**
 * Sends one call and tells it to the connection's `onCall`. Every failure comes out as a CliError that names the
 * operation, the table and the place; an aborted signal as INTERRUPTED, before the call or after it. A read is given up
 * at once when the signal fires; a write in flight is waited for a moment, so that what it did is known, and then given
 * up as well: who stops a command does not wait for an endpoint that hangs. What such a write did is not known; callers
 * take it for not done, and do it again in the next run.
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
    const answer = await unlessAborted(send(), signal, READ.test(operation) ? 0 : WRITE_GRACE_MS);
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

/** How long a write that is in flight is waited for when the signal fires. */
const WRITE_GRACE_MS = 1000;

/** The answer, or a rejection so many milliseconds after the signal fires. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const giveUp = (): void => reject(new Error('aborted'));
    const abort = (): void => {
      if (graceMs === 0) giveUp();
      else timer = setTimeout(giveUp, graceMs);
    };
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    });
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
