/** Keeps the best `capacity` of any number of values in memory for that many: a heap with the worst on top. */
export class BoundedHeap<T> {
  readonly #values: T[] = [];
  readonly #capacity: number;
  readonly #compare: (a: T, b: T) => number;

  /** `compare` is negative where its first argument comes before the second. */
  constructor(capacity: number, compare: (a: T, b: T) => number) {
    this.#capacity = capacity;
    this.#compare = compare;
  }

  /** Whether a value would be taken in by now: not where as many better ones are there. */
  takes(value: T): boolean {
    if (this.#values.length < this.#capacity) return true;
    const worst = this.#values[0];
    return worst !== undefined && this.#compare(value, worst) < 0;
  }

  /** Takes a value in, unless as many better ones are there. */
  add(value: T): void {
    if (!this.takes(value)) return;
    if (this.#values.length < this.#capacity) {
      this.#values.push(value);
      this.#rise(this.#values.length - 1);
    } else {
      this.#values[0] = value;
      this.#sink();
    }
  }

  /** The kept values, the best first. */
  sorted(): T[] {
    return this.#values.toSorted(this.#compare);
  }

  #isWorse(a: number, b: number): boolean {
    const [left, right] = [this.#values[a], this.#values[b]];
    return left !== undefined && right !== undefined && this.#compare(left, right) > 0;
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#values[a], this.#values[b]];
    if (left === undefined || right === undefined) return;
    this.#values[a] = right;
    this.#values[b] = left;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let worst = this.#isWorse(left, at) ? left : at;
      if (this.#isWorse(right, worst)) worst = right;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }
}
