import { describe, expect, it } from 'vitest';
import { answerOf } from '../../src/dynamodb/call.js';
import { deleteKeys } from '../../src/dynamodb/delete-keys.js';
import { describeTableId } from '../../src/dynamodb/extras.js';
import type { Item } from '../../src/schema/attribute-value.js';
import { closeAll, contextFor, startDouble } from '../operations/harness.js';
import { itemsOf } from '../operations/purge/harness.js';
import { useEngine } from '../support/engine.js';
import { numbered, paceOf, tableOf } from './delete-harness.js';

closeAll();
const engine = useEngine();

const silence = (): Error =>
  Object.assign(new Error('the request socket timed out after 5000 ms of inactivity'), { name: 'TimeoutError' });

describe('an endpoint that is slow', () => {
  it('is waited for longer once it has answered', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, numbered(5));
    const { dynamo } = context();
    await describeTableId(dynamo, table);
    double.inject({ operation: 'BatchWriteItem', delayMs: 6000 });
    const keys = numbered(5).map(({ id = { S: '' } }): Item => ({ id }));
    expect(await deleteKeys(dynamo, table, keys, paceOf())).toEqual({ failed: 0 });
    expect(double.calls.filter(({ operation }) => operation === 'BatchWriteItem')).toHaveLength(1);
    expect(await itemsOf(engine.raw, table)).toEqual([]);
  }, 30_000);

  it('and silent to one call while it answers others counts as throttling, which is tried again with fewer calls', async () => {
    const { dynamo } = contextFor(engine.endpoint);
    const site = { operation: 'BatchWriteItem', table: 't', region: 'eu-west-1', endpoint: engine.endpoint };
    const called = answerOf(dynamo, site, async () => {
      await answerOf(dynamo, site, async () => ({}));
      throw silence();
    });
    await expect(called).rejects.toMatchObject({ code: 'THROTTLED' });
  });

  it('and silent to all is not there any more', async () => {
    const { dynamo } = contextFor(engine.endpoint);
    const site = { operation: 'BatchWriteItem', table: 't', region: 'eu-west-1', endpoint: engine.endpoint };
    await answerOf(dynamo, site, async () => ({}));
    const called = answerOf(dynamo, site, async () => {
      throw silence();
    });
    await expect(called).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
  });
});
