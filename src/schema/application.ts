import type { IamNeed } from './iam.js';
import type { Layout, TableCall, TableSpec } from './types.js';

/** Calls of an application that says nothing of them: what reads and writes items by their key. */
const BY_KEY: readonly TableCall[] = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'UpdateItem',
];

const QUERY: readonly TableCall[] = ['Query'];

/** A sort key is of use only to who may query. */
const callsOf = ({ calls, keys }: TableSpec): readonly TableCall[] =>
  calls ?? [...BY_KEY, ...(keys === null || keys.sortKey !== undefined ? QUERY : [])];

/**
 * What the application that uses a layout's tables needs to be allowed: its calls, a look at the tables, and queries of
 * the layout's indexes.
 */
export const applicationNeeds = ({ tables }: Layout): readonly IamNeed[] =>
  tables.flatMap((table): readonly IamNeed[] => [
    {
      on: 'table',
      role: table.role,
      actions: ['dynamodb:DescribeTable', ...callsOf(table).map((call) => `dynamodb:${call}` as const)],
    },
    ...(table.indexes.length > 0 ? [{ on: 'index', role: table.role, actions: ['dynamodb:Query'] } as const] : []),
  ]);
