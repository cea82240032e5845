import type { RunningDouble } from './harness.js';

/** What DescribeTable is to tell of a table and its indexes, in place of what the engine does, which measures nothing. */
export interface Described {
  readonly itemCount: number;
  readonly sizeBytes: number;
  /** By index name; those not named keep what the engine says. */
  readonly indexes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Index extends Record<string, unknown> {
  readonly IndexName?: string;
}

const indexesOf = (table: object): readonly Index[] => {
  const indexes: unknown = Reflect.get(table, 'GlobalSecondaryIndexes');
  return Array.isArray(indexes) ? indexes : [];
};

/** From now on DescribeTable tells this of a table: sizes that nobody could fill a table to in a test. */
export async function describeAs({ double, raw }: RunningDouble, name: string, described: Described): Promise<void> {
  const { Table: table } = await raw.call('DescribeTable', { TableName: name });
  const { itemCount, sizeBytes, indexes = {} } = described;
  double.inject({
    operation: 'DescribeTable',
    table: name,
    answer: () => ({
      Table: {
        ...Object(table),
        ItemCount: itemCount,
        TableSizeBytes: sizeBytes,
        GlobalSecondaryIndexes: indexesOf(Object(table)).map((index) => ({
          ...index,
          ...indexes[index.IndexName ?? ''],
        })),
      },
    }),
  });
}
