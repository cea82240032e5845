import { describeTable } from '../../dynamodb/describe.js';
import { listTables } from '../../dynamodb/tables.js';
import { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';

export interface ListedTable {
  readonly name: string;
  /** What DescribeTable tells of it; null where it may not be read, or the table is gone by now. */
  readonly described: {
    readonly status: string;
    /** Epoch milliseconds. */
    readonly createdAt: number | null;
    /** As of DynamoDB's last count, up to six hours old. */
    readonly itemCount: number;
  } | null;
}

/** One page of ListTables. */
const MOST_TABLES = 100;
const AT_ONCE = 8;

/** The first hundred tables of the region in the order of their names, and whether there may be more. */
export async function tablesToChooseFrom(
  context: OperationContext,
): Promise<{ readonly tables: readonly ListedTable[]; readonly more: boolean }> {
  const names = await listTables(context.dynamo, MOST_TABLES);
  const tables: ListedTable[] = names.map((name) => ({ name, described: null }));
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < names.length; at = next++) {
      const name = names[at] ?? '';
      tables[at] = { name, described: await describedOf(context, name) };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { tables, more: names.length === MOST_TABLES };
}

/** To choose a table its name is enough. */
async function describedOf(context: OperationContext, name: string): Promise<ListedTable['described']> {
  try {
    return await describeTable(context.dynamo, name);
  } catch (error) {
    if (error instanceof CliError && error.code === 'ACCESS_DENIED') return null;
    throw error;
  }
}
