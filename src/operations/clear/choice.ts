import type { Structure } from '../../dynamodb/describe.js';
import { costOf, deleteUnits, scanUnits } from '../capacity.js';
import type { ClearPace } from './clear.js';

/** What deleting a table's rows is expected to take, by DynamoDB's own count of them. */
export interface ClearEstimate {
  readonly rows: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** At on-demand list prices. */
  readonly dollars: number;
  /** At the rate that the budget or the table allows; null on an engine, whose rate nobody knows. */
  readonly seconds: number | null;
}

export interface ClearChoice {
  readonly way: 'items' | 'recreate';
  /** Why this way, for people. */
  readonly why: string;
  readonly estimate: ClearEstimate;
}

/** Write units a second that a new table on demand bears [DG]. */
const ON_DEMAND_RATE = 4000;

export function estimateClear(table: Structure, pace: ClearPace, isAws: boolean): ClearEstimate {
  const writeUnits = table.itemCount * deleteUnits(table);
  const readUnits = table.itemCount === 0 ? 0 : scanUnits(table);
  const { billing } = table;
  const rate = Math.min(
    billing.mode === 'provisioned' ? Math.max(1, billing.writeCapacityUnits) : ON_DEMAND_RATE,
    pace.maxWriteUnits ?? Number.POSITIVE_INFINITY,
  );
  return {
    rows: table.itemCount,
    readUnits,
    writeUnits,
    dollars: costOf({ readUnits, writeUnits }),
    seconds: isAws ? Math.ceil(writeUnits / rate) : null,
  };
}

/** Write units from which on a table is made anew by itself, where nothing is lost by it. */
export const NOTICEABLE_UNITS = 1_000_000;

export interface ClearFacts {
  /** What was asked for; null: choose. */
  readonly recreate: boolean | null;
  /** What would be different, or gone, with a new table: a stream's ARN, recovery points, replicas. In words. */
  readonly losses: readonly string[];
}

/**
 * Deleting the rows unless told otherwise, or unless it costs noticeably and a new table would be the very same: the
 * drop is never chosen where anything but the rows would go.
 */
export function chooseWay(estimate: ClearEstimate, { recreate, losses }: ClearFacts): ClearChoice {
  if (recreate !== null)
    return { way: recreate ? 'recreate' : 'items', why: recreate ? '--recreate' : '--no-recreate', estimate };
  if (estimate.writeUnits < NOTICEABLE_UNITS)
    return { way: 'items', why: 'costs little, and the table stays up', estimate };
  if (losses.length === 0)
    return {
      way: 'recreate',
      why: 'free, where deleting the rows is not, and nothing but the rows is lost; --no-recreate deletes them',
      estimate,
    };
  return { way: 'items', why: `--recreate would be free, but: ${losses.join('; ')}`, estimate };
}
