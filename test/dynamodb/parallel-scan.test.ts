import { describe, expect, it } from 'vitest';
import { Budget, Governor } from '../../src/dynamodb/governor.js';
import { scanSegments } from '../../src/dynamodb/parallel-scan.js';
import { closeAll, contextFor } from '../operations/harness.js';
import { useEngine } from '../support/engine.js';
import { numbered, tableOf } from './delete-harness.js';

closeAll();
const engine = useEngine();

describe('scanSegments', () => {
  it('has no more segments under way than calls can be in flight, and reads them all', async () => {
    const table = await tableOf(engine.raw, numbered(200));
    const { dynamo, signal } = contextFor(engine.endpoint);
    const begun = new Set<number>();
    let [most, items] = [0, 0];
    await scanSegments(
      dynamo,
      {
        table,
        segments: 16,
        pageItems: 3,
        governor: new Governor({ concurrency: 2, signal }),
        budget: new Budget(null, signal),
        expectedUnits: 1,
      },
      async (page) => {
        items += page.items.length;
        begun.add(page.segment);
        most = Math.max(most, begun.size);
        if (page.next === null) begun.delete(page.segment);
      },
    );
    expect({ items, most }).toEqual({ items: 200, most: 2 });
  });
});
