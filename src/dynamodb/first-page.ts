import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../schema/attribute-value.js';
import { call } from './call.js';
import type { Dynamo } from './client.js';
import { fromSdk } from './items.js';

/** The first items of a table or one of its indexes, so many at the most, with some of their attributes: one Scan. */
export async function firstItems(
  dynamo: Dynamo,
  table: string,
  {
    index,
    attributes,
    limit,
  }: { readonly index: string | null; readonly attributes: readonly string[]; readonly limit: number },
): Promise<readonly Item[]> {
  // Aliased, as every attribute name: about 570 words are reserved.
  const projection = attributes.map((name, at) => [`#a${at}`, name] as const);
  const { Items = [] } = await call(dynamo, 'Scan', table, (client) =>
    client.send(
      new ScanCommand({
        TableName: table,
        Limit: limit,
        ...(index !== null && { IndexName: index }),
        ...(projection.length > 0 && {
          ProjectionExpression: projection.map(([alias]) => alias).join(', '),
          ExpressionAttributeNames: Object.fromEntries(projection),
        }),
      }),
    ),
  );
  return Items.map(fromSdk);
}
