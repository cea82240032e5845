import { pause } from './wait.js';

export interface GovernorOptions {
  /** The most calls in flight at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/**
 * Lets as many calls run at once as the table bears: one more after each round without throttling, half as many at the
 * first sign of it (additive increase, multiplicative decrease).
 */
export class Governor {
  readonly #most: number;
  readonly #signal: AbortSignal;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #running = 0;
  #calm = 0;
  #halvedAt = Number.NEGATIVE_INFINITY;

  constructor({ concurrency, signal }: GovernorOptions) {
    this.#most = concurrency;
    this.#limit = Math.min(concurrency, 4);
    this.#signal = signal;
  }

  /** How many calls may be in flight now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Runs a call when there is room. The call says whether it was throttled, also when a retry mended it. */
  async run<T>(call: () => Promise<{ readonly value: T; readonly throttled: boolean }>): Promise<T> {
    while (this.#running >= this.limit && !this.#signal.aborted)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    this.#running += 1;
    try {
      const { value, throttled } = await call();
      if (throttled) this.#halve();
      else this.#grow();
      return value;
    } finally {
      this.#running -= 1;
      this.#wake();
    }
  }

  #grow(): void {
    this.#calm += 1;
    if (this.#calm < this.#limit) return;
    this.#calm = 0;
    this.#limit = Math.min(this.#most, this.#limit + 1);
  }

  /** Calls that were in flight together report one and the same congestion: it halves once. */
  #halve(): void {
    const now = performance.now();
    if (now - this.#halvedAt < 100) return;
    this.#halvedAt = now;
    this.#calm = 0;
    this.#limit = Math.max(1, this.#limit / 2);
  }

  #wake(): void {
    for (let room = this.limit - this.#running; room > 0; room -= 1) this.#waiting.shift()?.();
  }
}

/** A budget of capacity units a second; null for none. */
export class Budget {
  readonly #perSecond: number | null;
  readonly #signal: AbortSignal;
  #balance = 0;
  #filledAt = performance.now();
  #spent = 0;

  constructor(perSecond: number | null, signal: AbortSignal) {
    this.#perSecond = perSecond;
    this.#signal = signal;
  }

  /** Units spent so far. */
  get spent(): number {
    return this.#spent;
  }

  /**
   * Waits until the budget allows a call, and reserves what it is expected to cost. Over any longer time no more than
   * the budget is spent; a call that costs more than was expected is paid for by the calls after it.
   */
  async reserve(expected: number): Promise<void> {
    const rate = this.#perSecond;
    if (rate === null) return;
    this.#fill(rate);
    const debt = -this.#balance;
    this.#balance -= expected;
    if (debt > 0) await pause((debt / rate) * 1000, this.#signal);
  }

  /** Books what a call did cost in place of what was reserved. */
  settle(expected: number, actual: number): void {
    this.#spent += actual;
    if (this.#perSecond !== null) this.#balance += expected - actual;
  }

  /** Nothing is saved up: after a pause the rate is the same as before it. */
  #fill(rate: number): void {
    const now = performance.now();
    this.#balance = Math.min(0, this.#balance + ((now - this.#filledAt) / 1000) * rate);
    this.#filledAt = now;
  }
}
