const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];
/** Where one bucket ends and the next begins, in seconds. */
const BOUNDS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY] as const;

export interface Bucket {
  readonly fromSeconds: number;
  /** Not included; null for the last bucket, which has no end. */
  readonly toSeconds: number | null;
  readonly count: number;
}

/** Counts lengths of time in buckets from a minute to a year. */
export class DurationHistogram {
  readonly #counts = Array.from({ length: BOUNDS.length + 1 }, () => 0);

  /** Milliseconds; what lies ahead, by a clock that differs, counts as just now. */
  add(ms: number): void {
    const found = BOUNDS.findIndex((bound) => ms < bound * 1000);
    const at = found === -1 ? BOUNDS.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  buckets(): readonly Bucket[] {
    return this.#counts.map((count, at) => ({
      fromSeconds: BOUNDS[at - 1] ?? 0,
      toSeconds: BOUNDS[at] ?? null,
      count,
    }));
  }
}
