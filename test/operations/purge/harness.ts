import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { OperationContext } from '../../../src/operations/context.js';
import { type DeleteShape, purge, type PurgeResult } from '../../../src/operations/purge/purge.js';
import { type PurgeFiles, purgeFiles } from '../../../src/operations/purge/files.js';
import { planPurge, type PurgeRequest, type PurgeSummary } from '../../../src/operations/purge/plan.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import type { Target } from '../../../src/operations/target.js';
import type { RawClient } from '../../support/engine.js';
import { contextFor, freshName, setUp, targetOf } from '../harness.js';

export const REQUEST: PurgeRequest = {
  filter: { expired: true },
  ids: null,
  shard: null,
  segments: null,
  concurrency: 8,
  maxReadUnits: null,
  maxWriteUnits: null,
  keepEvents: false,
};

export interface Stage {
  readonly context: OperationContext;
  readonly target: Target;
  readonly sessions: string;
  readonly events: string;
  readonly files: PurgeFiles;
}

/** Tables without streams (the engine's streams slow down as they fill) and seeded sessions in them. */
export async function stage(
  endpoint: string,
  options: { readonly count: number; readonly events: number; readonly expired: number; readonly signal?: AbortSignal },
): Promise<Stage> {
  const sessions = freshName('purge');
  const names = { sessions, events: `${sessions}-events` };
  const context = contextFor(endpoint, options.signal === undefined ? {} : { signal: options.signal });
  await setUp(context, { ...names, overrides: { stream: false } });
  const target = await targetOf(context, names);
  const { count, events, expired } = options;
  if (count > 0) await seed(context, target, { count, events, expired, randomSeed: 7 });
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { context, target, ...names, files: purgeFiles(folder, 'test') };
}

export async function planAndPurge(
  { context, target, files }: Stage,
  request: Partial<PurgeRequest> = {},
  shape: DeleteShape = 'statements',
): Promise<{ readonly summary: PurgeSummary; readonly result: PurgeResult }> {
  const whole = { ...REQUEST, ...request };
  const summary = await planPurge(context, target, whole, files);
  return { summary, result: await purge(context, target, whole, summary, files, shape) };
}

/** Every item of a table as another client reads it. */
export async function itemsOf(
  raw: RawClient,
  table: string,
): Promise<readonly Record<string, Record<string, unknown>>[]> {
  const items: Record<string, Record<string, unknown>>[] = [];
  let start: unknown;
  do {
    const page = await raw.call('Scan', {
      TableName: table,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    items.push(...JSON.parse(JSON.stringify(page.Items ?? [])));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return items;
}

export async function idsOf(raw: RawClient, table: string): Promise<ReadonlySet<string>> {
  return new Set((await itemsOf(raw, table)).map(({ session_id: id }) => String(id?.['S'])));
}
