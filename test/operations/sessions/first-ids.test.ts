import { describe, expect, it } from 'vitest';
import { firstIds } from '../../../src/operations/sessions/first-ids.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, freshName, sessionsDefinition, startDouble, targetOf } from '../harness.js';

closeAll();
const engine = useEngine();

async function tableOf(count: number): Promise<string> {
  const sessions = freshName();
  const { StreamSpecification: _, ...definition } = sessionsDefinition(sessions);
  await engine.raw.call('CreateTable', definition);
  for (let at = 0; at < count; at += 25)
    await engine.raw.call('BatchWriteItem', {
      RequestItems: {
        [sessions]: Array.from({ length: Math.min(25, count - at) }, (_unused, more) => ({
          PutRequest: {
            Item: { session_id: { S: `id-${at + more}` }, created_at: { N: '1' }, last_activity: { N: '1' } },
          },
        })),
      },
    });
  return sessions;
}

describe('firstIds', () => {
  it('are all ids of a small table, also of rows that no index has', async () => {
    const sessions = await tableOf(3);
    await engine.raw.call('PutItem', { TableName: sessions, Item: { session_id: { S: 'bare' } } });
    const context = contextFor(engine.endpoint);
    const ids = await firstIds(context, await targetOf(context, { sessions }));
    expect([...ids].toSorted()).toEqual(['bare', 'id-0', 'id-1', 'id-2']);
  });

  it('are some of a large one, read from an index of keys', async () => {
    const sessions = await tableOf(150);
    const { double, context: contextOf } = await startDouble(engine.endpoint);
    const context = contextOf();
    const target = await targetOf(context, { sessions });
    double.forgetCalls();
    const ids = await firstIds(context, target);
    expect(new Set(ids).size).toBe(150);
    expect(double.calls).toMatchObject([
      { operation: 'Scan', body: { IndexName: 'LastActivityIndex', Limit: 500, ProjectionExpression: '#a0' } },
    ]);
  });

  it('are those of sessions only, where a table holds other things beside them', async () => {
    const sessions = freshName();
    await engine.raw.call('CreateTable', {
      TableName: sessions,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'PK', KeyType: 'HASH' },
        { AttributeName: 'SK', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'PK', AttributeType: 'S' },
        { AttributeName: 'SK', AttributeType: 'S' },
      ],
    });
    for (const [PK, SK] of [
      ['OWNER#ann', 'TASK#1'],
      ['OWNER#ann', 'OTHER#1'],
    ])
      await engine.raw.call('PutItem', { TableName: sessions, Item: { PK: { S: PK }, SK: { S: SK } } });
    const context = contextFor(engine.endpoint);
    const target = await targetOf(context, { sessions, layout: 'pmcp-tasks' });
    expect(await firstIds(context, target)).toHaveLength(1);
  });

  it("are none without the table, or with keys that are not the layout's", async () => {
    const context = contextFor(engine.endpoint);
    expect(await firstIds(context, await targetOf(context, { sessions: freshName() }))).toEqual([]);
    const sessions = await tableOf(1);
    expect(await firstIds(context, await targetOf(context, { sessions, layout: 'turul' }))).toEqual([]);
  });
});
