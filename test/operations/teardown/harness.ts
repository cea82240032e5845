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
import { type TargetOptions, targetOf } from '../harness.js';

/** A new folder, removed when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
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
