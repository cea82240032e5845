import { CliError } from '../../errors.js';

/**
 * Runs a worker so many times at once, to the end of each. Throws what the gravest of them threw: a bug before anything
 * else, and the signal before what it may have caused.
 */
export async function atOnce(workers: number, worker: () => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(Array.from({ length: workers }, worker));
  const reasons = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length === 0) return;
  throw (
    reasons.find((reason) => !(reason instanceof CliError)) ??
    reasons.find((reason) => reason instanceof CliError && reason.code === 'INTERRUPTED') ??
    reasons[0]
  );
}

/** The CliError that ended the work; null when none did. */
export async function errorOf(work: () => Promise<void>): Promise<CliError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
}
