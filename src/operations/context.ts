import type { Dynamo } from '../dynamodb/client.js';
import type { Progress } from '../progress.js';
import type { Layout } from '../schema/index.js';
import type { LargeScan } from './sessions/large-scan.js';

/** What every operation works with; nothing is global. */
export interface OperationContext {
  readonly dynamo: Dynamo;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Is told before a large table is read whole. */
  readonly onLargeScan?: (scan: LargeScan) => void;
  /** Whether PartiQL deletes are known to heed their conditions here: on AWS, and on the embedded engine. */
  readonly heedsStatements: boolean;
  /** The layouts that come with the product, and the configuration file's. */
  readonly layouts: readonly Layout[];
}

/** Where the result came from, for results. */
export interface Place {
  readonly region: string;
  /** null for AWS itself. */
  readonly endpoint: string | null;
}

export const placeOf = ({ dynamo }: OperationContext): Place => ({ region: dynamo.region, endpoint: dynamo.endpoint });
