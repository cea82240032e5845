import { StandardRetryStrategy } from '@smithy/core/retry';

/** Attempts of one call, the first included: throttling and 5xx answers pass within a second or two, or last. */
const MAX_ATTEMPTS = 4;

/**
 * Attempts where trying again costs seconds and seldom helps. A silent endpoint is waited for twice; a host name that
 * does not exist is not looked up again.
 */
const FEWER: Readonly<Record<string, number>> = {
  TimeoutError: 2,
  ETIMEDOUT: 2,
  EAI_AGAIN: 2,
  EHOSTUNREACH: 2,
  ENETUNREACH: 2,
  ENOTFOUND: 1,
};

type Token = Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[0];
type Failure = Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[1];

/** The SDK's standard retries, but an endpoint that does not answer is given up within seconds, and Ctrl-C ends them. */
export class BriefRetries extends StandardRetryStrategy {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    super(MAX_ATTEMPTS);
    this.#signal = signal;
  }

  override async refreshRetryTokenForRetry(
    token: Token,
    failure: Failure,
  ): ReturnType<StandardRetryStrategy['refreshRetryTokenForRetry']> {
    const { error } = failure;
    // A dropped connection is called a TimeoutError as well, but has Node's code: that one is tried again in earnest.
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    const allowed = FEWER[typeof code === 'string' ? code : (error?.name ?? '')] ?? MAX_ATTEMPTS;
    if (this.#signal.aborted || token.getRetryCount() + 1 >= allowed)
      throw new Error('no more attempts', { cause: error });
    return super.refreshRetryTokenForRetry(token, failure);
  }
}
