import {
  DescribeExportCommand,
  DescribeImportCommand,
  type ExportDescription,
  ExportTableToPointInTimeCommand,
  ImportTableCommand,
  ListExportsCommand,
  ListImportsCommand,
} from '@aws-sdk/client-dynamodb';
import { CliError } from '../errors.js';
import type { DesiredTable } from '../schema/desired.js';
import type { KeySchema } from '../schema/types.js';
import { persistently } from './backoff.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { creationInput } from './tables.js';

/** A place in S3. */
export interface S3Place {
  readonly bucket: string;
  /** Without a slash at either end; empty for the whole bucket. */
  readonly prefix: string;
}

/** An export of one table to S3. */
export interface TableExport extends S3Place {
  readonly table: string;
  readonly arn: string;
  /** IN_PROGRESS, COMPLETED, FAILED. */
  readonly status: string;
  /** FULL_EXPORT or INCREMENTAL_EXPORT. */
  readonly type: string;
  /** As of when the table was exported; epoch milliseconds. */
  readonly exportedAt: number;
  /** null until it is COMPLETED. */
  readonly itemCount: number | null;
  readonly billedBytes: number | null;
  /** Key of the manifest in the bucket; null until it is COMPLETED. */
  readonly manifest: string | null;
  /** Why it failed, or null. */
  readonly failure: string | null;
}

/** The last part of an export's ARN, which is also the name of its folder in S3. */
export const exportId = ({ arn }: Pick<TableExport, 'arn'>): string => arn.replace(/^.*\//, '');

const failureOf = (code: string | undefined, message: string | undefined): string | null =>
  code === undefined && message === undefined ? null : [code, message].filter(Boolean).join(': ');

/** The table that an export's or an import's ARN names. */
const tableOf = (arn: string | undefined): string => /:table\/([^/]+)/.exec(arn ?? '')?.[1] ?? '';

function toExport(description: ExportDescription | undefined, operation: string): TableExport {
  const { ExportArn: arn } = description ?? {};
  if (description === undefined || arn === undefined)
    throw new CliError('AWS_ERROR', `${operation} was answered without an export's ARN`);
  return {
    table: tableOf(description.TableArn ?? arn),
    arn,
    status: description.ExportStatus ?? 'IN_PROGRESS',
    type: description.ExportType ?? 'FULL_EXPORT',
    bucket: description.S3Bucket ?? '',
    prefix: description.S3Prefix ?? '',
    exportedAt: (description.ExportTime ?? description.StartTime)?.getTime() ?? 0,
    itemCount: description.ExportStatus === 'COMPLETED' ? (description.ItemCount ?? null) : null,
    billedBytes: description.ExportStatus === 'COMPLETED' ? (description.BilledSizeBytes ?? null) : null,
    manifest: description.ExportManifest ?? null,
    failure: failureOf(description.FailureCode, description.FailureMessage),
  };
}

/** What an incremental export may span, in milliseconds [ExportTableToPointInTime]. */
export const EXPORT_SPAN = { least: 15 * 60_000, most: 24 * 3_600_000 } as const;

/** Starts to export a table into a bucket; it needs point-in-time recovery and costs no capacity. */
export async function startExport(
  dynamo: Dynamo,
  { name, arn }: { readonly name: string; readonly arn: string },
  { bucket, prefix }: S3Place,
  /** Epoch milliseconds: only what changed from here on; null for the whole table. */
  changedSince: number | null,
  now: number,
): Promise<TableExport> {
  const { ExportDescription: description } = await persistently(dynamo, () =>
    call(dynamo, 'ExportTableToPointInTime', name, (client) =>
      client.send(
        new ExportTableToPointInTimeCommand({
          TableArn: arn,
          S3Bucket: bucket,
          ...(prefix !== '' && { S3Prefix: prefix }),
          ExportFormat: 'DYNAMODB_JSON',
          ...(changedSince === null
            ? { ExportType: 'FULL_EXPORT' }
            : {
                ExportType: 'INCREMENTAL_EXPORT',
                IncrementalExportSpecification: {
                  ExportFromTime: new Date(changedSince),
                  // A day may have been exceeded by what it took to come here.
                  ExportToTime: new Date(Math.min(now, changedSince + EXPORT_SPAN.most)),
                  ExportViewType: 'NEW_AND_OLD_IMAGES',
                },
              }),
        }),
      ),
    ),
  );
  return toExport(description, 'ExportTableToPointInTime');
}

export async function describeExport(dynamo: Dynamo, arn: string): Promise<TableExport> {
  const { ExportDescription: description } = await persistently(dynamo, () =>
    call(dynamo, 'DescribeExport', tableOf(arn), (client) =>
      client.send(new DescribeExportCommand({ ExportArn: arn })),
    ),
  );
  return toExport(description, 'DescribeExport');
}

/** An export in AWS's list. */
export interface ListedExport {
  readonly table: string;
  readonly arn: string;
  readonly status: string;
  readonly type: string;
}

/** The exports of all tables in the last 90 days, paged; the tables may be gone. The newest is first. */
export async function listExports(dynamo: Dynamo): Promise<readonly ListedExport[]> {
  const exports: ListedExport[] = [];
  let token: string | undefined;
  do {
    const from = token;
    const page = await persistently(dynamo, () =>
      call(dynamo, 'ListExports', null, (client) =>
        client.send(new ListExportsCommand({ ...(from && { NextToken: from }) })),
      ),
    );
    for (const { ExportArn: arn, ExportStatus: status = '', ExportType: type = '' } of page.ExportSummaries ?? [])
      if (arn !== undefined) exports.push({ table: tableOf(arn), arn, status, type });
    token = page.NextToken;
  } while (token !== undefined);
  // An export's id begins with the instant.
  return exports.toSorted((a, b) => exportId(b).localeCompare(exportId(a)));
}

/** How far an import is. */
export interface TableImport {
  readonly arn: string;
  /** IN_PROGRESS, COMPLETED, CANCELLING, CANCELLED, FAILED. */
  readonly status: string;
  readonly processedItems: number;
  readonly importedItems: number;
  /** Items that were not imported; the log group says why. */
  readonly errors: number;
  readonly logGroup: string | null;
  readonly failure: string | null;
}

/** Starts to import a folder of gzipped DynamoDB JSON into a new table; answers the import's ARN. */
export async function startImport(
  dynamo: Dynamo,
  table: DesiredTable,
  keys: KeySchema,
  { bucket, prefix }: S3Place,
): Promise<string> {
  const { ImportTableDescription: description } = await persistently(dynamo, () =>
    call(dynamo, 'ImportTable', table.name, (client) =>
      client.send(
        new ImportTableCommand({
          S3BucketSource: { S3Bucket: bucket, S3KeyPrefix: prefix },
          InputFormat: 'DYNAMODB_JSON',
          InputCompressionType: 'GZIP',
          TableCreationParameters: creationInput(table, keys),
        }),
      ),
    ),
  );
  if (description?.ImportArn === undefined)
    throw new CliError('AWS_ERROR', `ImportTable of '${table.name}' was answered without an import's ARN`);
  return description.ImportArn;
}

export async function describeImport(dynamo: Dynamo, arn: string): Promise<TableImport> {
  const { ImportTableDescription: found } = await persistently(dynamo, () =>
    call(dynamo, 'DescribeImport', tableOf(arn), (client) =>
      client.send(new DescribeImportCommand({ ImportArn: arn })),
    ),
  );
  return {
    arn,
    status: found?.ImportStatus ?? 'IN_PROGRESS',
    processedItems: found?.ProcessedItemCount ?? 0,
    importedItems: found?.ImportedItemCount ?? 0,
    errors: found?.ErrorCount ?? 0,
    logGroup: found?.CloudWatchLogGroupArn ?? null,
    failure: failureOf(found?.FailureCode, found?.FailureMessage),
  };
}

/** The newest import into a table from a place, or null: how a run that was stopped finds its own again. */
export async function findImport(dynamo: Dynamo, tableArn: string, place: S3Place): Promise<string | null> {
  let newest: { readonly arn: string; readonly at: number } | null = null;
  let token: string | undefined;
  do {
    const from = token;
    const page = await persistently(dynamo, () =>
      call(dynamo, 'ListImports', tableOf(tableArn), (client) =>
        client.send(new ListImportsCommand({ TableArn: tableArn, ...(from && { NextToken: from }) })),
      ),
    );
    for (const { ImportArn: arn, S3BucketSource: source, StartTime: start } of page.ImportSummaryList ?? []) {
      const isSame = source?.S3Bucket === place.bucket && source.S3KeyPrefix === place.prefix;
      const at = start?.getTime() ?? 0;
      if (arn !== undefined && isSame && (newest === null || at > newest.at)) newest = { arn, at };
    }
    token = page.NextToken;
  } while (token !== undefined);
  return newest?.arn ?? null;
}
