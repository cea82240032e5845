import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { observeTable } from '../../../src/dynamodb/describe.js';
import {
  type CreateBackupsRequest,
  createBackups,
  type CreateBackupsResult,
} from '../../../src/operations/backup/create.js';
import type { OperationContext } from '../../../src/operations/context.js';
import type { RestoreRequest } from '../../../src/operations/restore/from-backup.js';
import type { Target } from '../../../src/operations/target.js';
import type { AwsDoubleOptions } from '../../support/aws-double.js';
import type { EngineInFile } from '../../support/engine.js';
import { freshName, type RunningDouble, setUp, startDouble, targetOf } from '../harness.js';

export interface BackedUp {
  readonly running: RunningDouble;
  readonly names: { readonly sessions: string; readonly events: string };
  readonly context: OperationContext;
  readonly target: Target;
  /** A folder for records, removed with the file's tests. */
  readonly folder: string;
  readonly put: (table: string, id: string, more?: object) => Promise<unknown>;
  readonly ids: (table: string) => Promise<readonly string[]>;
  /** Backups of both tables, named after this instant. */
  readonly backUp: (at?: number, more?: Partial<CreateBackupsRequest>) => Promise<CreateBackupsResult>;
}

const folders: string[] = [];

/** A new empty folder, removed with the file's tests. */
export function freshFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-backup-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  afterAll(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}

/** Milliseconds of the first stamp, 2026-11-20 14:25:00 UTC. */
export const FIRST = Date.UTC(2026, 10, 20, 14, 25);

/** Both tables of the layout mcp on a double of AWS, with every setting that a restore drops, and a session each. */
export async function twoTables(engine: EngineInFile, options: Partial<AwsDoubleOptions> = {}): Promise<BackedUp> {
  const running = await startDouble(engine.endpoint, options);
  const sessions = freshName('bak');
  const names = { sessions, events: `${sessions}-events` };
  const context = running.context();
  const overrides = {
    tags: { Owner: 'agents' },
    pointInTimeRecovery: true,
    deletionProtection: true,
    tableClass: 'STANDARD_INFREQUENT_ACCESS',
  } as const;
  const { error } = await setUp(context, { ...names, overrides });
  if (error !== null) throw error;
  const { raw } = running;
  const put = (TableName: string, id: string, more: object = {}) =>
    raw.call('PutItem', {
      TableName,
      Item: { session_id: { S: id }, ...(TableName === names.events && { event_id: { N: '1' } }), ...more },
    });
  await put(names.sessions, 'first');
  await put(names.events, 'first');
  running.double.forgetCalls();
  const folder = freshFolder();
  return {
    running,
    names,
    context,
    target: await targetOf(context, names),
    folder,
    put,
    ids: async (TableName) =>
      ((await raw.call('Scan', { TableName })).Items ?? []).map(({ session_id: id }) => id?.S ?? '').toSorted(),
    backUp: (at = FIRST, more = {}) =>
      createBackups(context, {
        tables: [
          { name: names.sessions, role: 'sessions' },
          { name: names.events, role: 'events' },
        ],
        layout: 'mcp',
        at,
        wait: true,
        timeoutMs: 10_000,
        records: { folder },
        ...more,
      }),
  };
}

/** A restore of the newest pair into new tables. */
export const restoreOf = (
  { folder }: Pick<BackedUp, 'folder'>,
  more: Partial<RestoreRequest> = {},
): RestoreRequest => ({
  source: { backups: ['latest'] },
  inPlace: false,
  environment: 'development',
  targets: {},
  withoutEvents: false,
  overrides: { ttl: 'keep', noIndexes: false },
  count: true,
  recordFile: null,
  recordFolder: folder,
  ...more,
});

/** What a restore has to bring back of a table, as AWS tells it. */
export async function settingsOf({ context }: Pick<BackedUp, 'context'>, table: string): Promise<unknown> {
  const observed = await observeTable(context.dynamo, table);
  if (observed === null) return null;
  const { keys, indexes, ttl, stream, billing, pointInTimeRecovery, deletionProtection, tableClass, tags } = observed;
  return {
    keys,
    indexes: indexes.map(({ name, partitionKey, sortKey, projection }) => ({
      name,
      partitionKey,
      sortKey,
      projection,
    })),
    ttl,
    stream,
    billing,
    pointInTimeRecovery,
    deletionProtection,
    tableClass,
    tags,
  };
}

/** Deletes both tables, as somebody else would. */
export async function lose({ running, names }: BackedUp): Promise<void> {
  for (const TableName of [names.sessions, names.events]) {
    await running.raw.call('UpdateTable', { TableName, DeletionProtectionEnabled: false });
    await new Promise((resolve) => setTimeout(resolve, 30));
    await running.raw.call('DeleteTable', { TableName });
  }
  await new Promise((resolve) => setTimeout(resolve, 60));
}
