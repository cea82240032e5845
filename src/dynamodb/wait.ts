import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, type ErrorCode } from '../errors.js';

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** Said when time is up: "waiting for table 'x' to become ACTIVE". */
  readonly what: string;
  /** Milliseconds; no limit when left out. */
  readonly timeoutMs?: number;
  /** Milliseconds between the first two looks; grows by half each time. */
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
}

/** Sleeps for so many milliseconds, or throws INTERRUPTED at once when the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (cause) {
    throw new CliError('INTERRUPTED', 'interrupted', { cause });
  }
}

/** Failures of a look that need not be the end of a long wait. */
const BLIPS = new Set<ErrorCode>(['THROTTLED', 'AWS_ERROR', 'ENDPOINT_UNREACHABLE']);
const BLIPS_IN_A_ROW = 3;

/**
 * Looks until the look answers something other than undefined, and answers that. Once a look has been answered, the
 * network or AWS may fail a few: an index can take hours to build.
 * The SDK's own waiters throw when they are given less time than their fixed first delay of 20 s.
 */
export async function waitFor<T>(look: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const { signal, what, timeoutMs = Number.POSITIVE_INFINITY, firstDelayMs = 20, maxDelayMs = 5000 } = options;
  const started = performance.now();
  let delay = firstDelayMs;
  let blips = BLIPS_IN_A_ROW;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
      blips = 0;
    } catch (error) {
      if (!(error instanceof CliError) || !BLIPS.has(error.code) || blips >= BLIPS_IN_A_ROW) throw error;
      blips += 1;
    }
    if (performance.now() - started + delay > timeoutMs)
      throw new CliError('WAIT_TIMEOUT', `gave up after ${Math.round(timeoutMs / 1000)} s ${what}`, {
        hint: 'the change goes on in AWS: `mcp-sessions status` shows how far it is; run the command again later',
      });
    await pause(delay, signal);
    delay = Math.min(maxDelayMs, delay * 1.5);
  }
}
