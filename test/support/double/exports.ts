import { randomBytes } from 'node:crypto';
import { itemsOf } from './backups.js';
import { awsError, invalid } from './errors.js';
import { type Json, numberIn, objectIn, textIn } from './json.js';
import { backedUpTable, recoveryWindowOf } from './recovery.js';
import { type DoubleContext, type Handler, newTable, seconds, stateOf, tableArn } from './state.js';
import { createTable } from './tables.js';

/** The name of a table in the ARN of it, or of an export or import of it. */
const tableOf = (arn: string): string => /:table\/([^/]+)/.exec(arn)?.[1] ?? '';

const newArn = (double: DoubleContext, table: string, kind: 'export' | 'import'): string =>
  `${tableArn(double, table)}/${kind}/${String(double.now()).padStart(14, '0')}-${randomBytes(4).toString('hex')}`;

/** The object's key of a part of an export. */
const keyOf = (prefix: string | undefined, id: string, rest: string): string =>
  `${prefix === undefined ? '' : `${prefix}/`}AWSDynamoDB/${id}/${rest}`;

/**
 * "You must enable point-in-time recovery on a table to export its data." IN_PROGRESS for a while, then COMPLETED, with
 * counts and manifest only then. The bucket is a map from the data folder to the items.
 */
export const exportTable: Handler = async (double, body) => {
  const name = tableOf(textIn(body, 'TableArn') ?? '');
  const table = await backedUpTable(double, name);
  const window = recoveryWindowOf(double, table);
  if (window === undefined)
    throw awsError(
      'PointInTimeRecoveryUnavailableException',
      `Point in time recovery is not enabled for table '${name}'`,
    );
  const type = textIn(body, 'ExportType') ?? 'FULL_EXPORT';
  const period = objectIn(body, 'IncrementalExportSpecification') ?? {};
  const from = numberIn(period, 'ExportFromTime');
  const to = numberIn(period, 'ExportToTime') ?? seconds(double.now());
  if (type === 'INCREMENTAL_EXPORT') {
    if (from === undefined) throw invalid('ExportFromTime is required for incremental exports');
    const span = to - from;
    if (from * 1000 < window.earliest || span < 900 || span > 86_400)
      throw awsError('InvalidExportTimeException', 'The specified ExportFromTime and ExportToTime are not valid');
  }
  const arn = newArn(double, name, 'export');
  const id = arn.replace(/^.*\//, '');
  const prefix = textIn(body, 'S3Prefix');
  const items = await itemsOf(double, name);
  double.s3.set(`${textIn(body, 'S3Bucket') ?? ''}/${keyOf(prefix, id, 'data/')}`, type === 'FULL_EXPORT' ? items : []);
  const now = double.now();
  double.exports.push({
    arn,
    completedAt: now + double.delays.export,
    description: {
      ExportArn: arn,
      TableArn: tableArn(double, name),
      StartTime: seconds(now),
      ExportTime: type === 'FULL_EXPORT' ? seconds(now) : to,
      S3Bucket: body['S3Bucket'],
      ...(prefix !== undefined && { S3Prefix: prefix }),
      ExportFormat: body['ExportFormat'],
      ExportType: type,
    },
    result: {
      ExportManifest: keyOf(prefix, id, 'manifest-summary.json'),
      ItemCount: items.length,
      BilledSizeBytes: items.length * 100,
    },
  });
  return describeExport(double, { ExportArn: arn });
};

export const describeExport: Handler = async (double, body) => {
  const found = double.exports.find(({ arn }) => arn === body['ExportArn']);
  if (found === undefined) throw awsError('ExportNotFoundException', `Export not found: ${String(body['ExportArn'])}`);
  const isDone = double.now() >= found.completedAt;
  return {
    ExportDescription: {
      ...found.description,
      ExportStatus: isDone ? 'COMPLETED' : 'IN_PROGRESS',
      ...(isDone && { EndTime: seconds(found.completedAt), ...found.result }),
    },
  };
};

/** Exports of tables that are gone are listed too. */
export const listExports: Handler = async (double, body) => ({
  ExportSummaries: double.exports
    .filter(({ description }) => body['TableArn'] === undefined || description['TableArn'] === body['TableArn'])
    .map(({ arn, completedAt, description }) => ({
      ExportArn: arn,
      ExportStatus: double.now() >= completedAt ? 'COMPLETED' : 'IN_PROGRESS',
      ExportType: description['ExportType'],
    })),
});

/** A new table, CREATING until its items are there; an import that finds no object fails, and leaves no table. */
export const importTable: Handler = async (double, body) => {
  const parameters = objectIn(body, 'TableCreationParameters') ?? {};
  const name = textIn(parameters, 'TableName') ?? '';
  const source = objectIn(body, 'S3BucketSource') ?? {};
  const place = `${textIn(source, 'S3Bucket') ?? ''}/${textIn(source, 'S3KeyPrefix') ?? ''}`;
  const items = [...double.s3].find(([folder]) => folder.startsWith(place))?.[1];
  const arn = newArn(double, name, 'import');
  const now = double.now();
  const completedAt = now + double.delays.import;
  if (items !== undefined) {
    await createTable(double, parameters);
    for (let at = 0; at < items.length; at += 25) {
      const requests = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
      await double.engine('BatchWriteItem', { RequestItems: { [name]: requests } });
    }
    const created = stateOf(double, name);
    double.tables.set(name, { ...newTable(name, completedAt), ...(created.key !== undefined && { key: created.key }) });
  }
  double.imports.push({
    arn,
    completedAt,
    description: {
      ImportArn: arn,
      TableArn: tableArn(double, name),
      S3BucketSource: source,
      StartTime: seconds(now),
      InputFormat: body['InputFormat'],
      TableCreationParameters: parameters,
    },
    result:
      items === undefined
        ? {
            ImportStatus: 'FAILED',
            FailureCode: 'S3NoSuchKey',
            FailureMessage: 'No objects found under the key prefix',
          }
        : {
            ImportStatus: 'COMPLETED',
            ProcessedItemCount: items.length,
            ImportedItemCount: items.length,
            ErrorCount: 0,
          },
  });
  return describeImport(double, { ImportArn: arn });
};

export const describeImport: Handler = async (double, body) => {
  const found = double.imports.find(({ arn }) => arn === body['ImportArn']);
  if (found === undefined) throw awsError('ImportNotFoundException', `Import not found: ${String(body['ImportArn'])}`);
  const isDone = double.now() >= found.completedAt;
  return {
    ImportTableDescription: {
      ...found.description,
      ImportStatus: 'IN_PROGRESS',
      ...(isDone && { EndTime: seconds(found.completedAt), ...found.result }),
    },
  };
};

export const listImports: Handler = async (double, body) => ({
  ImportSummaryList: double.imports
    .filter(({ description }) => body['TableArn'] === undefined || description['TableArn'] === body['TableArn'])
    .map(
      ({ description: { ImportArn, TableArn, S3BucketSource, StartTime } }): Json => ({
        ImportArn,
        TableArn,
        S3BucketSource,
        StartTime,
      }),
    ),
});
