import { listTables } from '../../dynamodb/tables.js';
import type { OperationContext } from '../context.js';

/** Names of the tables in the region, in order, so many at the most. */
export const allTables = ({ dynamo }: OperationContext, limit: number): Promise<readonly string[]> =>
  listTables(dynamo, limit);
