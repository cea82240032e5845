import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { OperationContext } from '../../../src/operations/context.js';
import { recordFile } from '../../../src/operations/tables/record-file.js';
import { teardown, type TeardownResult } from '../../../src/operations/teardown/teardown.js';
import type { BackupOptions } from '../../../src/operations/teardown/backup.js';
import { planTeardown, type TeardownPlan } from '../../../src/operations/teardown/plan.js';
import type { TeardownRequest } from '../../../src/operations/teardown/table.js';
import { seed } from '../../../src/operations/sessions/seed.js';
import {
  freshName,
  type RunningDouble,
  type SetupOptions,
  setUp,
  startDouble,
  type TargetOptions,
  targetOf,
} from '../harness.js';

/** A new folder, removed when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Stage extends RunningDouble {
  readonly tables: { readonly sessions: string; readonly events: string };
  /** Where records are kept. */
  readonly folder: string;
}

/** Both tables on a double of AWS, with so many sessions, of two events each. */
export async function stageOn(endpoint: string, options: SetupOptions = {}, rows = 0): Promise<Stage> {
  const double = await startDouble(endpoint);
  const sessions = freshName('down');
  const tables = { sessions, events: `${sessions}-events` };
  const context = double.context();
  await setUp(context, { ...tables, ...options });
  if (rows > 0)
    await seed(context, await targetOf(context, tables), { count: rows, events: 2, expired: 0, randomSeed: 1 });
  double.double.forgetCalls();
  return { ...double, tables, folder: testFolder() };
}

export const PACE = { concurrency: 8, segments: null, maxReadUnits: null, maxWriteUnits: null } as const;

export function requestFor(folder: string, request: Partial<TeardownRequest>): TeardownRequest {
  return {
    steps: [],
    only: null,
    recreate: null,
    forceUnprotect: false,
    forceShared: false,
    production: false,
    pace: PACE,
    archiveTo: null,
    archiveFolder: (table) => path.join(folder, `${table}-archive`),
    recordFile: (table) => recordFile(folder, 'test', table),
    look: false,
    ...request,
  };
}

const backupOptions = (folder: string): BackupOptions => ({
  settle: true,
  timeoutMs: 10_000,
  recordFolder: path.join(folder, 'records'),
  segments: null,
  maxReadUnits: null,
  tool: 'test',
});

export interface TornDown {
  readonly plan: TeardownPlan;
  readonly result: TeardownResult;
}

/** Plans and carries out, as `teardown --yes` does. */
export async function tearDown(
  context: OperationContext,
  tables: TargetOptions,
  folder: string,
  request: Partial<TeardownRequest>,
  backup: Partial<BackupOptions> = {},
): Promise<TornDown> {
  const whole = requestFor(folder, request);
  const plan = await planTeardown(context, await targetOf(context, tables), whole);
  const { pace, forceUnprotect } = whole;
  return {
    plan,
    result: await teardown({ context, plan, pace, forceUnprotect, backup: { ...backupOptions(folder), ...backup } }),
  };
}

/** `delete mcp-sessions done` and so on. */
export const linesOf = ({ steps }: TeardownResult): readonly string[] =>
  steps.map(({ step, table, outcome }) => `${step} ${table} ${outcome}`);
