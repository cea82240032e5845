import { describeTable } from '../../dynamodb/describe.js';
import { describeImport, findImport, startImport, type TableExport, type TableImport } from '../../dynamodb/exports.js';
import { waitFor } from '../../dynamodb/wait.js';
import { CliError } from '../../errors.js';
import type { DesiredTable } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { dataOf } from './export-s3.js';

/** Starts to import an export into a new table, with its keys, indexes, billing and key. */
export async function beginImport(
  context: OperationContext,
  source: TableExport,
  desired: DesiredTable,
): Promise<void> {
  const { keys, name } = desired;
  if (keys === null)
    throw new CliError('LAYOUT_MISMATCH', `nothing tells the keys of table '${name}', which an import has to create`, {
      hint: 'name the layout with --layout, or the file with the recorded settings with --record',
    });
  await startImport(context.dynamo, desired, keys, dataOf(source));
}

/** The import of an export into a table; null when there is none. */
export async function importInto(
  context: OperationContext,
  source: TableExport,
  target: string,
): Promise<string | null> {
  // A table that a failed import did not leave has no description to take the ARN from: the export's has the same account.
  const described = await describeTable(context.dynamo, target);
  const arn = described?.arn ?? source.arn.replace(/:table\/.*$/, `:table/${target}`);
  return findImport(context.dynamo, arn, dataOf(source));
}

/** Waits until an import is over, however long that takes. Throws AWS_ERROR with AWS's reason when it failed. */
export async function untilImported(
  context: OperationContext,
  source: TableExport,
  target: string,
): Promise<TableImport> {
  const arn = await importInto(context, source, target);
  if (arn === null) throw new CliError('TABLE_NOT_FOUND', `there is no import into table '${target}' to wait for`);
  return waitFor(
    async () => {
      const now = await describeImport(context.dynamo, arn);
      if (now.status === 'COMPLETED') return now;
      if (now.status !== 'IN_PROGRESS')
        throw new CliError('AWS_ERROR', `the import into table '${target}' is ${now.status}: ${now.failure ?? ''}`, {
          hint:
            now.logGroup === null
              ? 'the bucket has to be readable for these credentials'
              : `the log group ${now.logGroup} tells more`,
        });
      context.onProgress({
        step: 'importing from S3',
        table: target,
        done: now.processedItems,
        ...(source.itemCount !== null && { total: source.itemCount }),
        unit: 'items',
      });
      return undefined;
    },
    { signal: context.signal, what: `waiting for the import into table '${target}'`, maxDelayMs: 15_000 },
  );
}
