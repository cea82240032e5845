/** Below this each value is counted by itself; an item has at most 409,600 bytes. */
const EXACT_BELOW = 2 ** 19;
/** Above, values within 1 % of each other are counted together. */
const STEP = Math.log(1.01);
const FIRST_COUNTS = 4096;

/**
 * Percentiles of any number of whole values in a few megabytes at the most: exact for values below 524,288 (so for all
 * sizes of items), at most 1 % too high above.
 */
export class Quantiles {
  #exact = new Float64Array(FIRST_COUNTS);
  readonly #buckets = new Map<number, number>();
  #count = 0;
  #total = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get total(): number {
    return this.#total;
  }

  /** 0 when nothing was added. */
  get max(): number {
    return this.#max;
  }

  /** Takes a whole number from 0 up in, once or several times. */
  add(value: number, times = 1): void {
    if (times <= 0) return;
    this.#count += times;
    this.#total += value * times;
    this.#max = Math.max(this.#max, value);
    if (value < EXACT_BELOW) {
      if (value >= this.#exact.length) this.#grow(value);
      this.#exact[value] = (this.#exact[value] ?? 0) + times;
    } else {
      const bucket = Math.ceil(Math.log(value / EXACT_BELOW) / STEP);
      this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + times);
    }
  }

  /** The smallest value that `share` (0 to 1) of all values do not exceed: nearest rank. 0 when nothing was added. */
  at(share: number): number {
    let rest = Math.max(1, Math.ceil(share * this.#count));
    if (this.#count === 0) return 0;
    for (const [value, times] of this.#exact.entries()) {
      rest -= times;
      if (rest <= 0) return value;
    }
    for (const [bucket, times] of [...this.#buckets].toSorted(([a], [b]) => a - b)) {
      rest -= times;
      if (rest <= 0) return Math.min(this.#max, Math.round(EXACT_BELOW * Math.exp(bucket * STEP)));
    }
    return this.#max;
  }

  #grow(value: number): void {
    const larger = new Float64Array(Math.min(EXACT_BELOW, 2 ** Math.ceil(Math.log2(value + 1))));
    larger.set(this.#exact);
    this.#exact = larger;
  }
}
