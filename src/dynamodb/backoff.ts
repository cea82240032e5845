import { CliError } from '../errors.js';
import type { Dynamo } from './client.js';
import { pause } from './wait.js';

const FIRST_MS = 50;
const MAX_MS = 2000;
const MAX_TRIES = 20;

/** Growing pauses between the tries of what was throttled, until there have been enough of them. */
export class Backoff {
  readonly #signal: AbortSignal;
  #ms = FIRST_MS;
  #tries = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether there are tries left. */
  get goesOn(): boolean {
    return this.#tries < MAX_TRIES;
  }

  async wait(): Promise<void> {
    this.#tries += 1;
    // Not all at the same moment: what was refused together would be refused together again.
    await pause(this.#ms * (0.5 + Math.random() / 2), this.#signal);
    this.#ms = Math.min(MAX_MS, this.#ms * 2);
  }
}

/**
 * Asks for all of a list, and again for what came back, with growing pauses; what gets through makes a new beginning.
 * Answers what came back in the end, when nothing got through any more; nothing when all is done.
 */
export async function untilTaken<T>(
  signal: AbortSignal,
  all: readonly T[],
  attempt: (waiting: readonly T[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  let waiting = all;
  for (let backoff = new Backoff(signal); waiting.length > 0; await backoff.wait()) {
    const left = await attempt(waiting);
    if (left.length === 0) return left;
    if (left.length < waiting.length) backoff = new Backoff(signal);
    else if (!backoff.goesOn) return left;
    waiting = left;
  }
  return waiting;
}

export const isThrottled = (error: unknown): error is CliError =>
  error instanceof CliError && error.code === 'THROTTLED';

/** Refusals that pass when less is under way: too many calls a second, or too many operations at once. */
const PASSING = new Set(['THROTTLED', 'LIMIT_EXCEEDED']);

/** Makes a call again, with growing pauses, while AWS says that there are too many of them. */
export async function persistently<T>(dynamo: Pick<Dynamo, 'signal'>, work: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(dynamo.signal);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CliError) || !PASSING.has(error.code) || !backoff.goesOn) throw error;
    }
    await backoff.wait();
  }
}
