import { observeStructure } from '../../dynamodb/describe.js';
import { CliError } from '../../errors.js';
import type { Detection } from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { detectTable } from '../target.js';

/** Says which layout a table has, how sure that is, and why. Throws TABLE_NOT_FOUND. */
export async function detect(context: OperationContext, table: string): Promise<Detection> {
  const { dynamo } = context;
  const structure = await observeStructure(dynamo, table);
  if (structure !== null) return detectTable(context, structure);
  const where = dynamo.endpoint === null ? dynamo.region : `${dynamo.region} at ${dynamo.endpoint}`;
  throw new CliError('TABLE_NOT_FOUND', `table '${table}' does not exist in ${where}`, {
    hint: 'check the name, --region and --endpoint-url',
  });
}
