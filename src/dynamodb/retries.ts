import { StandardRetryStrategy } from '@smithy/core/retry';
import { isFinal } from './repeats.js';
import { pause } from './wait.js';

/** How often a call is tried, the first time included, and from what pause on; pauses double, and are left to chance. */
interface Patience {
  readonly attempts: number;
  readonly firstMs: number;
  /** No pause is longer. */
  readonly mostMs?: number;
}

/** Lost connections and 5xx answers pass within a second, or last. */
const TRANSIENT: Patience = { attempts: 4, firstMs: 100 };
/** Of an account's calls as a rule, which are allowed again within seconds. */
const THROTTLED: Patience = { attempts: 4, firstMs: 1000 };
/**
 * Of a table or an index that has had too much. Those who write much spread it then, so that the next try comes soon;
 * a pause of seconds would leave unused what a partition gathers in one.
 */
const FULL: Patience = { attempts: 12, firstMs: 50, mostMs: 400 };

const BY_NAME: Readonly<Record<string, Patience>> = {
  ProvisionedThroughputExceededException: FULL,
  RequestLimitExceeded: FULL,
  // Where trying again costs seconds and seldom helps: a silent endpoint is waited for twice, and a host name that does
  // not exist is not looked up again.
  TimeoutError: { ...TRANSIENT, attempts: 2 },
  ETIMEDOUT: { ...TRANSIENT, attempts: 2 },
  EAI_AGAIN: { ...TRANSIENT, attempts: 2 },
  EHOSTUNREACH: { ...TRANSIENT, attempts: 2 },
  ENETUNREACH: { ...TRANSIENT, attempts: 2 },
  ENOTFOUND: { ...TRANSIENT, attempts: 1 },
};

type Token = Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[0];
type Failure = Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[1];

/**
 * The SDK's retries with our own patience: an endpoint that does not answer is given up within seconds, and Ctrl-C ends
 * them. There is no common store of retries, which a table that throttles would empty: the next lost connection, of
 * whatever call, would then end the command.
 */
export class BriefRetries extends StandardRetryStrategy {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    super(FULL.attempts);
    this.#signal = signal;
  }

  override async refreshRetryTokenForRetry(token: Token, { error, errorType }: Failure): Promise<Token> {
    // A dropped connection is called a TimeoutError as well, but has Node's code: that one is tried again in earnest.
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    const name = typeof code === 'string' ? code : (error?.name ?? '');
    const patience = BY_NAME[name] ?? (errorType === 'THROTTLING' ? THROTTLED : TRANSIENT);
    const tried = token.getRetryCount() + 1;
    const mayPass = errorType === 'THROTTLING' || errorType === 'TRANSIENT';
    if (!mayPass || tried >= patience.attempts || isFinal(error)) throw new Error('no more attempts', { cause: error });
    const { firstMs, mostMs = Number.POSITIVE_INFINITY } = patience;
    await pause(Math.random() * Math.min(mostMs, firstMs * 2 ** (tried - 1)), this.#signal);
    return { getRetryCount: () => tried, getRetryCost: () => 0, getRetryDelay: () => 0 };
  }
}
