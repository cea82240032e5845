import path from 'node:path';
import { archive, type ArchiveRequest, type ArchiveResult } from '../../../src/operations/archive/archive.js';
import { restoreArchive, type RestoreResult } from '../../../src/operations/restore/from-archive.js';
import { planRestore, type RestorePlan, type RestoreRequest } from '../../../src/operations/restore/plan.js';
import type { OperationContext } from '../../../src/operations/context.js';
import type { Target } from '../../../src/operations/target.js';
import type { RawClient } from '../../support/engine.js';
import { itemsOf } from '../purge/harness.js';

export function archiveRequest(folder: string, more: Partial<ArchiveRequest> = {}): ArchiveRequest {
  return {
    folder,
    filter: null,
    events: true,
    secret: null,
    resume: false,
    segments: null,
    concurrency: 4,
    maxReadUnits: null,
    fingerprint: 'test',
    resumeCommand: 'mcp-sessions backup --resume',
    tool: 'test',
    ...more,
  };
}

export const archiveTo = (
  context: OperationContext,
  target: Target,
  folder: string,
  more: Partial<ArchiveRequest> = {},
): Promise<ArchiveResult> => archive(context, target, archiveRequest(folder, more));

export function restoreRequest(folder: string, more: Partial<RestoreRequest> = {}): RestoreRequest {
  return {
    folder,
    secret: null,
    layout: null,
    environment: 'development',
    toTable: null,
    toEventsTable: null,
    events: true,
    onConflict: null,
    ttl: 'keep',
    shiftMs: null,
    indexes: true,
    billing: null,
    verify: (more.onConflict ?? null) === null ? 'full' : 'count',
    resume: false,
    concurrency: 4,
    maxWriteUnits: null,
    progressFolder: path.join(folder, '..', 'progress'),
    place: 'test',
    resumeCommand: 'mcp-sessions restore --resume',
    ...more,
  };
}

export async function restoreFrom(
  context: OperationContext,
  folder: string,
  more: Partial<RestoreRequest> = {},
): Promise<RestoreResult & { readonly plan: RestorePlan }> {
  const request = restoreRequest(folder, more);
  const plan = await planRestore(context, request);
  return { ...(await restoreArchive(context, request, plan)), plan };
}

/** Attributes in order, sets in order: what two readings of one item have in common. */
function ordered(value: unknown, within = ''): unknown {
  if (Array.isArray(value)) {
    const elements = value.map((element) => ordered(element));
    return /^(?:SS|NS|BS)$/.test(within) ? elements.map(String).toSorted() : elements;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, element]) => [key, ordered(element, key)]),
  );
}

/** Every item of a table as another client reads it, as texts that can be compared. */
export async function contentOf(raw: RawClient, table: string): Promise<readonly string[]> {
  return (await itemsOf(raw, table)).map((item) => JSON.stringify(ordered(item))).toSorted();
}
