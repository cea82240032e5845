import { CliError } from '../errors.js';
import { Tempo, Turnstile } from './tempo.js';

export interface GovernorOptions {
  /** The most calls in flight at once. */
  readonly concurrency: number;
  /** Calls in flight at the beginning; 4 when left out. */
  readonly initial?: number;
  readonly signal: AbortSignal;
}

/**
 * Lets as many calls run at once as the endpoint bears: one more after each round without throttling, no more while some
 * are throttled, which {@link Budget} spreads over time, and half as many when one was throttled to the end.
 */
export class Governor {
  readonly #most: number;
  readonly #signal: AbortSignal;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #running = 0;
  #calm = 0;
  #halvedAt = Number.NEGATIVE_INFINITY;

  constructor({ concurrency, initial = 4, signal }: GovernorOptions) {
    this.#most = concurrency;
    this.#limit = Math.min(concurrency, initial);
    this.#signal = signal;
  }

  /** How many calls may ever be in flight at once. */
  get most(): number {
    return this.#most;
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
      if (throttled) this.#calm = 0;
      else this.#grow();
      return value;
    } catch (error) {
      if (error instanceof CliError && error.code === 'THROTTLED') this.#halve();
      throw error;
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

/** A budget of capacity units a second, null for none; and below it what the table turns out to bear. */
export class Budget {
  readonly #perSecond: number | null;
  readonly #turnstile: Turnstile;
  readonly #tempo: Tempo;
  #spent = 0;

  constructor(perSecond: number | null, signal: AbortSignal) {
    this.#perSecond = perSecond;
    this.#turnstile = new Turnstile(() => perSecond, signal);
    this.#tempo = new Tempo(signal);
  }

  /** Units a second at the most; null for no limit. */
  get perSecond(): number | null {
    return this.#perSecond;
  }

  /** Units spent so far. */
  get spent(): number {
    return this.#spent;
  }

  /**
   * Waits until the budget and the table allow a call, and reserves what it is expected to cost. Over any longer time no
   * more than the budget is spent; a call that costs more than was expected is paid for by the calls after it, those
   * that wait already among them: each takes its turn when the one before it has been let through.
   */
  async reserve(expected: number): Promise<void> {
    await this.#tempo.pass(expected);
    await this.#turnstile.pass(expected);
  }

  /**
   * Books what a call did cost in place of what was reserved. `refused` are the units of what the table would not take,
   * each try counted.
   */
  settle(expected: number, actual: number, refused = 0): void {
    this.#spent += actual;
    this.#turnstile.give(expected - actual);
    this.#tempo.learn(expected, actual, refused);
  }
}

/** What one item of many is expected to cost: a guess until answers tell, then what they told. */
export class UnitCost {
  #each: number;
  #told = 0;

  constructor(guess: number) {
    this.#each = guess;
  }

  /** Of so many items together. */
  of(count: number): number {
    return this.#each * count;
  }

  /** The first answers count in full, later ones less and less, down to a twentieth: items differ, and differ over time. */
  learn(units: number, count: number): void {
    if (units <= 0 || count === 0) return;
    this.#told = Math.min(20, this.#told + 1);
    this.#each += (units / count - this.#each) / this.#told;
  }
}
