import { pause } from './wait.js';

/** How late timers are on a busy machine, and how long a waiting call goes without a look at what others have cost. */
const TIMER_LATE_MS = 30;
const LOOK_AGAIN_MS = 50;
/** How long a call takes as a rule, in which who makes one after the other does not wait. */
const CALL_MS = 15;

/** Lets units through at a rate; who waits takes turns. */
export class Turnstile {
  readonly #rate: () => number | null;
  readonly #signal: AbortSignal;
  #balance = 0;
  #filledAt = performance.now();
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();

  /** `rate` answers units a second, null for no limit; it may answer something else each time. */
  constructor(rate: () => number | null, signal: AbortSignal) {
    this.#rate = rate;
    this.#signal = signal;
  }

  /** Waits for the units. */
  pass(units: number): Promise<void> {
    const rate = this.#rate();
    if (rate === null) return Promise.resolve();
    // Nothing is saved up while nobody waits, but for the time that one call takes: after a pause the rate is the same as
    // before it.
    if (this.#waiting === 0) this.#fill(rate, (rate * CALL_MS) / 1000);
    this.#waiting += 1;
    const turn = this.#turn.then(() => this.#take(units)).finally(() => (this.#waiting -= 1));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Gives units back, or takes more where there are fewer than none: those that wait pay for it. */
  give(units: number): void {
    if (this.#rate() !== null) this.#balance += units;
  }

  async #take(units: number): Promise<void> {
    const first = this.#look();
    if (first === null) return;
    // Paid for before it is spent, the first call as any other: no second, not even the first, sees more than its units.
    this.#balance -= units;
    for (let rate: number | null = first; rate !== null && this.#balance < 0; rate = this.#look())
      await pause(Math.min(LOOK_AGAIN_MS, Math.ceil((-this.#balance / rate) * 1000)), this.#signal);
  }

  /** The rate, by which it has been filled until now. */
  #look(): number | null {
    const rate = this.#rate();
    // A timer that fires late must not cost the calls that wait for it.
    if (rate !== null) this.#fill(rate, (rate * TIMER_LATE_MS) / 1000);
    return rate;
  }

  #fill(rate: number, most: number): void {
    const now = performance.now();
    this.#balance = Math.min(most, this.#balance + ((now - this.#filledAt) / 1000) * rate);
    this.#filledAt = now;
  }
}

interface Sample {
  readonly at: number;
  readonly taken: number;
  readonly refused: number;
}

/** What counts for "now": throttling in DynamoDB is by the second. */
const WINDOW_MS = 1000;
/** The share of refused units that is let be: partitions never fill evenly, and what is refused costs nothing. */
const BORNE_SHARE = 0.05;
const CUT_EVERY_MS = 250;
/** The most that one look takes away: what is seen of the first moments may be far too little. */
const DEEPEST_CUT = 0.6;
/** Units a second below which calls are not spread any more: they are refused then, and come again after pauses. */
const LEAST = 100;
/** The first moments tell little: a table that refuses at once has not shown what it takes. */
const FIRST_LOOK_MS = 300;
/** Growth in a second, by how long nothing was refused: too much of it costs but a few refusals. */
const GROWTH: readonly (readonly [quietMs: number, growth: number])[] = [
  [3000, 1],
  [1000, 0.3],
  [0, 0.04],
];

/**
 * The pace that a table bears, found out from what it refuses: nothing is held back until it throttles, then as much is
 * sent a second as it took in the last one, and a little more again and again. Halving the number of calls alone swings
 * between a table that idles and one that refuses: a call takes milliseconds, and a partition fills over a second.
 */
export class Tempo {
  readonly #turnstile: Turnstile;
  readonly #samples: Sample[] = [];
  #rate: number | null = null;
  #grownAt = 0;
  #cutAt = Number.NEGATIVE_INFINITY;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(signal: AbortSignal) {
    this.#turnstile = new Turnstile(() => this.#grown(), signal);
  }

  /** Units a second; null while nothing was refused. */
  get rate(): number | null {
    return this.#rate;
  }

  pass(units: number): Promise<void> {
    return this.#turnstile.pass(units);
  }

  /** Units of one answer: those that were let through at first as so many, those that were consumed, and those refused. */
  learn(passed: number, taken: number, refused: number): void {
    const now = performance.now();
    this.#samples.push({ at: now, taken, refused });
    while ((this.#samples[0]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
    // What was refused had its turn all the same; what cost more or less than was thought is made up for.
    if (taken > 0) this.#turnstile.give(Math.max(0, passed - refused) - taken);
    if (refused <= 0) return;
    this.#refusedAt = now;
    const span = now - (this.#samples[0]?.at ?? now);
    if (now - this.#cutAt < CUT_EVERY_MS || span < FIRST_LOOK_MS) return;
    const all = this.#samples.reduce(
      (sum, sample) => ({ taken: sum.taken + sample.taken, refused: sum.refused + sample.refused }),
      { taken: 0, refused: 0 },
    );
    if (all.refused <= BORNE_SHARE * (all.taken + all.refused)) return;
    this.#cutAt = now;
    this.#grownAt = now;
    const seen = (all.taken * 1000) / span;
    const floor = this.#rate === null ? 0 : this.#rate * DEEPEST_CUT;
    this.#rate = Math.max(LEAST, floor, Math.min(this.#rate ?? Number.POSITIVE_INFINITY, seen));
  }

  #grown(): number | null {
    if (this.#rate === null) return null;
    const now = performance.now();
    const quietMs = now - this.#refusedAt;
    const [, growth] = GROWTH.find(([least]) => quietMs >= least) ?? [0, 0];
    this.#rate *= 1 + (growth * Math.min(1000, now - this.#grownAt)) / 1000;
    this.#grownAt = now;
    return this.#rate;
  }
}
