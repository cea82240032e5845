import type { Budget, Governor } from '../../dynamodb/governor.js';
import { scanSegments } from '../../dynamodb/parallel-scan.js';
import {
  type DecodedSession,
  type Layout,
  neededAttributes,
  pushDown,
  type SessionFilter,
  selectSession,
} from '../../schema/index.js';
import { readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { withRowFaults } from './row-faults.js';
import type { ObservedStructure } from '../target.js';

/** How hard a listing may read, and what it has read so far. */
export interface ListPace {
  readonly governor: Governor;
  readonly budget: Budget;
  /** Read units a second at the most; null for no limit. */
  readonly maxReadUnits: number | null;
}

export interface SessionScan {
  readonly layout: Layout;
  readonly table: ObservedStructure;
  readonly filter: SessionFilter;
  /** Epoch milliseconds: what states are judged by. */
  readonly now: number;
  /** Without it only what decides the other fields is fetched, and `sizeBytes` counts no more than that. */
  readonly sizes: boolean;
  /** Whether a session may be shown: only such a one has its payloads read for faults. All may when left out. */
  readonly isShown?: (session: DecodedSession) => boolean;
  /** null for as many as the table is worth. */
  readonly segments: number | null;
  readonly pace: ListPace;
}

/**
 * Reads the sessions table to its end and hands over the chosen sessions page by page, each segment's pages in their
 * order; waits for `onSessions` before that segment goes on. Answers how many items DynamoDB read.
 */
export async function scanSessions(
  context: OperationContext,
  scan: SessionScan,
  onSessions: (sessions: readonly DecodedSession[]) => Promise<void>,
): Promise<number> {
  const { layout, table, filter, now, segments, pace } = scan;
  const pushed = pushDown(layout, filter, now);
  let scanned = 0;
  await scanSegments(
    context.dynamo,
    {
      table: table.name,
      filter: pushed,
      ...(!scan.sizes && { attributes: attributesOf(scan) }),
      governor: pace.governor,
      budget: pace.budget,
      ...readingOf(context.dynamo, table, { segments, maxReadUnits: pace.maxReadUnits }),
    },
    async (page) => {
      // Not ScannedCount where it can be helped: the embedded engine counts the item that ended a page in both pages.
      scanned += pushed === undefined ? page.items.length : page.scanned;
      const sessions = page.items.flatMap((item) => {
        const session = selectSession(layout, item, filter, now);
        if (session === undefined) return [];
        return [scan.isShown?.(session) === false ? session : withRowFaults(session, item, layout, table, now)];
      });
      const total = table.itemCount >= scanned ? { total: table.itemCount } : {};
      context.onProgress({ step: 'reading sessions', table: table.name, done: scanned, ...total, unit: 'items' });
      await onSessions(sessions);
    },
  );
  return scanned;
}

/** Reads cost the same, answers are smaller. */
function attributesOf({ layout, table, filter }: SessionScan): readonly string[] {
  const { attribute } = table.ttl;
  return [...new Set([...neededAttributes(layout, filter), ...(attribute === null ? [] : [attribute])])];
}
