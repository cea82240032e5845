import type { Backup } from '../../dynamodb/backups.js';
import { describeTable, ifOffered } from '../../dynamodb/describe.js';
import {
  describeExport,
  EXPORT_SPAN,
  exportId,
  type ListedExport,
  listExports,
  type S3Place,
  startExport,
  type TableExport,
} from '../../dynamodb/exports.js';
import { recoveryWindow } from '../../dynamodb/restores.js';
import { waitFor } from '../../dynamodb/wait.js';
import { CliError } from '../../errors.js';
import type { BackupMaker } from '../backup/create.js';
import type { OperationContext } from '../context.js';

export type { S3Place } from '../../dynamodb/exports.js';

/** A place in S3 that was typed as `s3://bucket/prefix`. Throws USAGE. */
export function parseS3Url(text: string): S3Place {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined)
    throw new CliError('USAGE', `'${text}' is not a place in S3`, { hint: 'write s3://bucket or s3://bucket/prefix' });
  return { bucket, prefix: prefix.replace(/^\/+|\/+$/g, '') };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * Whether AWS exports what changed since an instant, which was typed as `text`: after a quarter of an hour and within a
 * day, and not from before recovery began. Throws USAGE. Where recovery is off, or may not be asked for, AWS says so.
 */
export async function requireSpan(
  context: OperationContext,
  tables: readonly string[],
  { since, text }: { readonly since: number; readonly text: string },
): Promise<void> {
  const span = context.now() - since;
  const hint = 'an incremental export spans 15 minutes at least and 24 hours at most';
  const problem = (why: string, what = hint): CliError =>
    new CliError('USAGE', `--changed-since '${text}' (${iso(since)}) ${why}`, { hint: what });
  if (span < 0) throw problem('is in the future');
  if (span < EXPORT_SPAN.least) throw problem('is less than 15 minutes ago');
  if (span > EXPORT_SPAN.most) throw problem('is more than 24 hours ago', `${hint}; without the flag all is exported`);
  for (const table of tables) {
    const window = await ifOffered(recoveryWindow(context.dynamo, table));
    if (window !== null && since < window.earliest)
      throw problem(
        `is before point-in-time recovery of table '${table}' began, ${iso(window.earliest)}`,
        'name a later instant, or leave the flag out: then all is exported',
      );
  }
}

/** What an export is called here: its table and its id. */
export const exportName = (one: Pick<TableExport, 'table' | 'arn'>): string => `${one.table}-export-${exportId(one)}`;

/** The folder of an export, as AWS lays it out below the prefix. */
function folderOf(one: Pick<TableExport, 'arn'>, { bucket, prefix }: S3Place): S3Place {
  return { bucket, prefix: `${prefix === '' ? '' : `${prefix}/`}AWSDynamoDB/${exportId(one)}/` };
}

/** Where the data of an export lies, for an import. */
export function dataOf(one: TableExport): S3Place {
  const { bucket, prefix } = folderOf(one, one);
  return { bucket, prefix: `${prefix}data/` };
}

const asBackup = (one: TableExport): Backup => ({
  table: one.table,
  name: exportName(one),
  arn: one.arn,
  status: one.status,
  type: one.type,
  createdAt: one.exportedAt,
  sizeBytes: one.billedBytes,
});

/** Waits until an export is COMPLETED, however long that takes: AWS writes large tables for hours. */
async function untilExported(context: OperationContext, { arn, table, name }: Backup): Promise<TableExport> {
  const started = performance.now();
  return waitFor(
    async () => {
      const one = await describeExport(context.dynamo, arn);
      if (one.status === 'COMPLETED') return one;
      if (one.status !== 'IN_PROGRESS')
        throw new CliError('BACKUP_NOT_SAFE', `the export of table '${table}' is ${one.status}: ${one.failure ?? ''}`, {
          hint: 'the bucket has to be writable for these credentials, and in the bucket nothing is whole without its manifest',
        });
      const detail = `${one.status}, ${Math.round((performance.now() - started) / 1000)} s`;
      context.onProgress({ step: 'exporting to S3', table, detail });
      return undefined;
    },
    { signal: context.signal, what: `waiting for ${name}`, maxDelayMs: 15_000 },
  );
}

/**
 * Exports by AWS itself, of whole tables or, with an instant, of what changed since: no row passes through this machine,
 * and no capacity is used. Point-in-time recovery has to be on. Those of `begun`, by table, are followed and not made.
 */
export function exportMaker(
  place: S3Place,
  changedSince: number | null,
  begun: ReadonlyMap<string, TableExport> = new Map(),
): BackupMaker {
  return {
    nameOf: (table) => `${table}-export`,
    make: async (context, table) => {
      const earlier = begun.get(table);
      if (earlier !== undefined) return { ...asBackup(earlier), requestedAt: earlier.exportedAt };
      const described = await describeTable(context.dynamo, table);
      if (described?.arn == null) throw new CliError('TABLE_NOT_FOUND', `table '${table}' does not exist`);
      context.onProgress({ step: 'asking for an export', table });
      const named = { name: table, arn: described.arn };
      return asBackup(await startExport(context.dynamo, named, place, changedSince, context.now()));
    },
    until: async (context, made) => {
      const { status, billedBytes } = await untilExported(context, made);
      return { status, sizeBytes: billedBytes };
    },
    placeOf: (made) => {
      const { bucket, prefix } = folderOf(made, place);
      return `s3://${bucket}/${prefix}`;
    },
  };
}

/** Exports of one run are asked for within seconds of each other. */
const TOGETHER_MS = 60_000;

/**
 * The exports that a run which was stopped has begun in a place, by table: the newest there, if they are under way, or
 * whole and made together with one that is. Throws BACKUP_NOT_FOUND where none is under way.
 */
export async function exportsUnderWay(
  context: OperationContext,
  tables: readonly string[],
  place: S3Place,
  changedSince: number | null,
): Promise<ReadonlyMap<string, TableExport>> {
  context.onProgress({ step: 'looking for exports' });
  const wanted = changedSince === null ? 'FULL_EXPORT' : 'INCREMENTAL_EXPORT';
  const listed = (await listExports(context.dynamo)).filter(
    ({ status, type }) => type === wanted && status !== 'FAILED',
  );
  const newest: TableExport[] = [];
  for (const table of tables) {
    const found = await firstIn(
      context,
      listed.filter((one) => one.table === table),
      place,
    );
    if (found !== null) newest.push(found);
  }
  const running = newest.filter(({ status }) => status === 'IN_PROGRESS');
  if (running.length === 0)
    throw new CliError('BACKUP_NOT_FOUND', `no export of ${tables.join(' and ')} is under way to ${urlOf(place)}`, {
      hint: `\`mcp-sessions restore ${urlOf(place)} --dry-run\` finds those that are whole; without --resume new ones are made`,
    });
  const isOfRun = (one: TableExport): boolean =>
    running.some(({ exportedAt }) => Math.abs(exportedAt - one.exportedAt) <= TOGETHER_MS);
  return new Map(newest.filter(isOfRun).map((one) => [one.table, one]));
}

export const urlOf = ({ bucket, prefix }: S3Place): string => `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;

/** The first of them that lies in a place; the list does not tell where they lie. */
async function firstIn(
  context: OperationContext,
  listed: readonly ListedExport[],
  { bucket, prefix }: S3Place,
): Promise<TableExport | null> {
  for (const { arn } of listed) {
    const one = await describeExport(context.dynamo, arn);
    if (one.bucket === bucket && one.prefix.replace(/^\/+|\/+$/g, '') === prefix) return one;
  }
  return null;
}

/**
 * The newest whole exports that lie in a place, those of both tables if they were made together. The place is what was
 * given to the backup, or the folder of one export (`…/AWSDynamoDB/<id>`). `tables` are the layout's, sessions first.
 */
export async function findExports(
  context: OperationContext,
  tables: readonly string[],
  url: string,
): Promise<readonly TableExport[]> {
  const { bucket, prefix } = parseS3Url(url);
  const [, before = '', id] = /^(?:(.*)\/)?AWSDynamoDB\/([^/]+)(?:\/.*)?$/.exec(prefix) ?? [];
  const base: S3Place = id === undefined ? { bucket, prefix } : { bucket, prefix: before };
  context.onProgress({ step: 'looking for exports' });
  const listed = (await listExports(context.dynamo)).filter(({ status }) => status === 'COMPLETED');
  const isWanted = (one: ListedExport): boolean => id === undefined || exportId(one) === id;
  const wanted = listed.filter((one) => tables.includes(one.table) && isWanted(one));
  const found: TableExport[] = [];
  for (const table of tables) {
    const newest = await newestIn(
      context,
      wanted.filter((one) => one.table === table),
      base,
      id !== undefined,
    );
    if (newest !== null) found.push(newest);
  }
  if (found.length === 0)
    throw new CliError('BACKUP_NOT_FOUND', `there is no whole export of ${tables.join(' and ')} in ${url}`, {
      hint: 'AWS lists the exports of the last 90 days; download an older one into a folder and restore that',
    });
  const [first, second] = found;
  if (first !== undefined && second !== undefined && Math.abs(first.exportedAt - second.exportedAt) > TOGETHER_MS)
    throw new CliError('BACKUP_NOT_FOUND', `the newest exports in ${url} were not made together`, {
      hint: `name one of them: s3://${bucket}/${folderOf(first, base).prefix} or s3://${bucket}/${folderOf(second, base).prefix}`,
    });
  return found;
}

async function newestIn(
  context: OperationContext,
  listed: readonly ListedExport[],
  place: S3Place,
  isNamed: boolean,
): Promise<TableExport | null> {
  const incremental = listed.find(({ type }) => type === 'INCREMENTAL_EXPORT');
  if (isNamed && incremental !== undefined)
    throw new CliError(
      'NOT_SUPPORTED',
      `the export of table '${incremental.table}' is incremental: AWS imports only whole ones`,
      { hint: 'name a full export' },
    );
  const full = listed.filter(({ type }) => type !== 'INCREMENTAL_EXPORT');
  return firstIn(context, full, place);
}
