import { CliError } from '../errors.js';
import { pause } from './wait.js';

const FIRST_MS = 50;
const MAX_MS = 5000;
const MAX_TRIES = 12;

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
    await pause(this.#ms, this.#signal);
    this.#ms = Math.min(MAX_MS, this.#ms * 2);
  }
}

export const isThrottled = (error: unknown): error is CliError =>
  error instanceof CliError && error.code === 'THROTTLED';
