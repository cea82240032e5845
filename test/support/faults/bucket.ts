import { chance } from './chance.js';

export interface BucketOptions {
  /** What a partition bears a second; 1,000 write and 3,000 read units on AWS. */
  readonly writeUnits: number;
  readonly readUnits: number;
  /** How many partitions a table has. */
  readonly partitions: number;
  /** The share of items, 0 to 1, that the first of them has beside its part of the others; none when left out. */
  readonly hot?: number;
}

export interface Spent {
  /** On the clock of `performance.now()`. */
  readonly at: number;
  readonly units: number;
}

type Way = 'read' | 'write';

/**
 * A bucket of units for each partition of a table, which fills by so many a second up to those of one second. As on AWS
 * a call is let in while the bucket is not empty, and pays what it did cost afterwards.
 */
export class PartitionBuckets {
  readonly spent: Record<Way, Spent[]> = { read: [], write: [] };
  /** Items that were turned away. */
  readonly refused: Record<Way, number> = { read: 0, write: 0 };
  readonly #options: BucketOptions;
  readonly #levels = new Map<string, { units: number; at: number }>();

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** The bucket of an item, by the text of its partition key. */
  bucketOf(table: string, key: string): string {
    const { partitions, hot = 0 } = this.#options;
    const place = Math.max(0, (chance('partition', key) - hot) / (1 - hot));
    return `${table} ${Math.floor(place * partitions)}`;
  }

  isOpen(way: Way, bucket: string): boolean {
    const isOpen = this.#level(way, bucket).units > 0;
    if (!isOpen) this.refused[way] += 1;
    return isOpen;
  }

  /** `many` are the buckets of the items of one call, which share its units. */
  pay(way: Way, many: readonly string[], units: number): void {
    if (many.length === 0) return;
    for (const bucket of many) this.#level(way, bucket).units -= units / many.length;
    this.spent[way].push({ at: performance.now(), units });
  }

  #level(way: Way, bucket: string): { units: number; at: number } {
    const rate = way === 'read' ? this.#options.readUnits : this.#options.writeUnits;
    const now = performance.now();
    const level = this.#levels.get(`${way} ${bucket}`) ?? { units: rate, at: now };
    this.#levels.set(`${way} ${bucket}`, level);
    level.units = Math.min(rate, level.units + ((now - level.at) / 1000) * rate);
    level.at = now;
    return level;
  }
}
