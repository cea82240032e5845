import type { Item } from '../schema/attribute-value.js';
import { type WritePace, writeBatch } from './batch-write.js';
import type { Dynamo } from './client.js';
import { toSdk } from './items.js';

/** Unconditional deletes, at most 25. Answers how many keys could not be deleted after all tries. */
export async function deleteKeys(
  dynamo: Dynamo,
  table: string,
  keys: readonly Item[],
  pace: WritePace,
): Promise<{ readonly failed: number }> {
  const requests = keys.map((key) => ({ DeleteRequest: { Key: toSdk(key) } }));
  return { failed: (await writeBatch(dynamo, table, requests, pace)).length };
}
