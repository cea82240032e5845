/**
 * Runs up to so many tasks at once; who starts one more waits for room. The first failure is thrown by the next start,
 * or by the end: what runs already is waited for. Several may start tasks.
 */
export class Lanes {
  readonly #most: number;
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #failure: { readonly reason: unknown } | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  async start(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#most)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    if (this.#failure !== null) {
      // Who waits as well would wait for ever: nothing is started any more that could wake it.
      this.#waiting.shift()?.();
      throw this.#failure.reason;
    }
    const running = task()
      .catch((reason: unknown) => this.fail(reason))
      .finally(() => {
        this.#running.delete(running);
        this.#waiting.shift()?.();
      });
    this.#running.add(running);
  }

  /** Ends it as the failure of a task does; the first one counts. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
  }

  /** Waits until nothing runs any more; called also when whoever starts tasks has failed. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async end(): Promise<void> {
    await this.settle();
    if (this.#failure !== null) throw this.#failure.reason;
  }
}
