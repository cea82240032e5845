import { ScanCommand, type ScanCommandInput, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { Item } from '../schema/attribute-value.js';
import type { Expression } from '../schema/expression.js';
import { Backoff, isThrottled } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import type { Budget, Governor } from './governor.js';
import { fromSdk, toSdk } from './items.js';
import { refusalsOf } from './refusals.js';

export interface ScanRequest {
  readonly table: string;
  /** A global secondary index to read in place of the table; its reads are eventually consistent. */
  readonly index?: string;
  /** How many parts the table is read in at once. */
  readonly segments: number;
  /** Only these of the segments; all when left out. */
  readonly only?: readonly number[];
  /** Attributes to answer, keys included; all when left out. Reads cost the same, answers are smaller. */
  readonly attributes?: readonly string[];
  readonly filter?: Expression | undefined;
  /** Strongly consistent, at twice the cost; not for an index. */
  readonly consistent?: boolean;
  /** Pages without their items: reads cost the same, answers are next to nothing. */
  readonly countOnly?: boolean;
  /** Items of a page at the most; DynamoDB's own limit is 1 MB. */
  readonly pageItems?: number;
  /** Where each segment goes on: the last key that was read, null for a segment that is done. */
  readonly from?: ReadonlyMap<number, Item | null>;
  readonly governor: Governor;
  readonly budget: Budget;
  /** Read units that a page is expected to cost, until the first page tells. */
  readonly expectedUnits: number;
}

export interface ScannedPage {
  readonly segment: number;
  readonly items: readonly Item[];
  /** Items of the page, also where they are only counted. */
  readonly count: number;
  /** Items that DynamoDB read for the page, before the filter. */
  readonly scanned: number;
  readonly readUnits: number;
  /** Where the segment goes on; null at its end. */
  readonly next: Item | null;
}

/**
 * Scan in parallel segments. Calls `onPage` with every page, each segment's in their order; while a page is worked on, the
 * segment's next one is on its way, and no other: what is held in memory is two pages a segment. An empty page is not the
 * end: only a missing LastEvaluatedKey is (Scan's Limit and 1 MB apply before the filter).
 */
export async function scanSegments(
  dynamo: Dynamo,
  request: ScanRequest,
  onPage: (page: ScannedPage) => Promise<void>,
): Promise<void> {
  const segments = request.only ?? Array.from({ length: request.segments }, (_, at) => at);
  const abort = new AbortController();
  const expected = { units: request.expectedUnits };
  const waiting = segments.values();
  // As many segments at a time as there can be calls in flight; what more there are waits without costing anything.
  const worker = async (): Promise<void> => {
    for (const segment of waiting) {
      if (abort.signal.aborted) return;
      try {
        await scanSegment(dynamo, request, segment, expected, abort.signal, onPage);
      } catch (error) {
        // The first failure ends the other segments after their current page.
        abort.abort();
        throw error;
      }
    }
  };
  const workers = Math.min(segments.length, request.governor.most);
  const results = await Promise.allSettled(Array.from({ length: workers }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function scanSegment(
  dynamo: Dynamo,
  request: ScanRequest,
  segment: number,
  expected: { units: number },
  stopped: AbortSignal,
  onPage: (page: ScannedPage) => Promise<void>,
): Promise<void> {
  const from = request.from?.get(segment);
  if (from === null) return;
  const input = scanInput(request, segment);
  const read = (start: Item | undefined): Promise<ScannedPage> => {
    const page = readPage(dynamo, request, segment, expected, {
      ...input,
      ...(start && { ExclusiveStartKey: toSdk(start) }),
    });
    // Whoever waits for it hears of a failure; until then it is not an unhandled one.
    page.catch(() => {});
    return page;
  };
  let coming: Promise<ScannedPage> | null = read(from);
  while (coming !== null) {
    const page: ScannedPage = await coming;
    if (dynamo.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted');
    if (stopped.aborted) return;
    coming = page.next === null ? null : read(page.next);
    // The request leaves before the page is worked on.
    if (coming !== null) await nextTurn();
    await onPage(page);
  }
}

/** Resolves when what has been started meanwhile has been given to the network. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function readPage(
  dynamo: Dynamo,
  request: ScanRequest,
  segment: number,
  expected: { units: number },
  input: ScanCommandInput,
): Promise<ScannedPage> {
  const { answer, readUnits } = await sendScan(dynamo, request, expected, input);
  expected.units = readUnits > 0 ? readUnits : expected.units;
  return {
    segment,
    items: (answer.Items ?? []).map(fromSdk),
    count: answer.Count ?? 0,
    scanned: answer.ScannedCount ?? 0,
    readUnits,
    next: answer.LastEvaluatedKey === undefined ? null : fromSdk(answer.LastEvaluatedKey),
  };
}

/** A page, also where the table throttles for longer than a call's own retries last. */
async function sendScan(
  dynamo: Dynamo,
  { governor, budget, table }: ScanRequest,
  expected: { readonly units: number },
  input: ScanCommandInput,
): Promise<{ readonly answer: ScanCommandOutput; readonly readUnits: number }> {
  for (const backoff = new Backoff(dynamo.signal); ; await backoff.wait()) {
    const reserved = expected.units;
    await budget.reserve(reserved);
    try {
      const answer = await governor.run(async () => {
        const value = await call(dynamo, 'Scan', table, (client) => client.send(new ScanCommand(input)));
        return { value, throttled: refusalsOf(value) > 0 };
      });
      const readUnits = answer.ConsumedCapacity?.CapacityUnits ?? 0;
      budget.settle(reserved, readUnits, reserved * refusalsOf(answer));
      return { answer, readUnits };
    } catch (error) {
      budget.settle(reserved, 0, isThrottled(error) ? reserved : 0);
      if (!isThrottled(error) || !backoff.goesOn) throw error;
    }
  }
}

function scanInput(request: ScanRequest, segment: number): ScanCommandInput {
  const { table, index, segments, attributes, filter, consistent, pageItems } = request;
  const names: Record<string, string> = { ...filter?.names };
  const projection = attributes?.map((attribute, at) => {
    names[`#p${at}`] = attribute;
    return `#p${at}`;
  });
  return {
    TableName: table,
    ...(index !== undefined && { IndexName: index }),
    ...(segments > 1 && { Segment: segment, TotalSegments: segments }),
    ...(projection !== undefined && { ProjectionExpression: projection.join(', ') }),
    ...(filter !== undefined && { FilterExpression: filter.expression }),
    ...(filter !== undefined &&
      Object.keys(filter.values).length > 0 && {
        ExpressionAttributeValues: toSdk(filter.values),
      }),
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(pageItems !== undefined && { Limit: pageItems }),
    ...(consistent === true && { ConsistentRead: true }),
    ...(request.countOnly === true && { Select: 'COUNT' as const }),
    ReturnConsumedCapacity: 'TOTAL',
  };
}
