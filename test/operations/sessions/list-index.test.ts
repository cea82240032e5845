import { describe, expect, it } from 'vitest';
import { indexFor } from '../../../src/operations/sessions/list-index.js';
import type { ObservedStructure } from '../../../src/operations/target.js';
import { DEFAULT_LAYOUT, type Layout, LAYOUTS } from '../../../src/schema/index.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, setUp, targetOf } from '../harness.js';
import { names } from './list-rows.js';

closeAll();
const engine = useEngine();

type Question = Parameters<typeof indexFor>[2];

const layoutNamed = (id: string): Layout => LAYOUTS.find((layout) => layout.id === id) ?? DEFAULT_LAYOUT;
const TEN: Question = { filter: {}, sort: 'activity', limit: 10 };

/** A million rows of 1 KB, its indexes at 60 bytes a row. */
async function observed(changes: Readonly<Record<string, unknown>> = {}): Promise<ObservedStructure> {
  const tables = names();
  const context = contextFor(engine.endpoint);
  await setUp(context, tables);
  const { sessions } = await targetOf(context, tables);
  if (sessions === null) throw new Error('the table is not there');
  const itemCount = 1_000_000;
  const indexes = sessions.indexes.map((index) => ({ ...index, itemCount, sizeBytes: 60 * itemCount, ...changes }));
  return { ...sessions, itemCount, sizeBytes: 1024 * itemCount, indexes };
}

describe('indexFor', () => {
  it.each<[string, Partial<Question>, string | null]>([
    ['the newest activity', {}, 'LastActivityIndex'],
    ['the newest', { sort: 'created' }, 'CreatedAtIndex'],
    ['idle ones by activity', { filter: { idle: 1 } }, 'LastActivityIndex'],
    ['new ones by creation', { sort: 'created', filter: { createdAfter: 1, createdBefore: 2 } }, 'CreatedAtIndex'],
    ['idle ones by creation', { sort: 'created', filter: { idle: 1 } }, null],
    ['new ones by activity', { filter: { createdAfter: 1 } }, null],
    ['both', { filter: { idle: 1, createdAfter: 1 } }, null],
    ['a state', { filter: { active: true } }, null],
    ['an attribute', { filter: { where: [{ path: 'a', operator: 'exists', value: '' }] } }, null],
    ['another order', { sort: 'expiry' }, null],
    ['the largest', { sort: 'size' }, null],
    ['so many that fetching them costs more', { limit: 200_000 }, null],
  ])('for %s', async (_, question, name) => {
    const choice = indexFor(layoutNamed('mcp'), await observed(), { ...TEN, ...question });
    expect(choice?.index.name ?? null).toBe(name);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string | null]>([
    ['is being created', { status: 'CREATING' }, null],
    ['is being filled', { backfilling: true }, null],
    ['lacks rows that the table has', { itemCount: 900_000 }, null],
    ['was counted a little earlier', { itemCount: 995_000 }, 'LastActivityIndex'],
    ['is empty, as AWS counts a new one', { itemCount: 0, sizeBytes: 0 }, null],
    ['is as large as the table', { sizeBytes: 1_024_000_000 }, null],
    [
      'has the attribute as its sort key',
      { partitionKey: { name: 'tenant', type: 'S' }, sortKey: { name: 'last_activity', type: 'N' } },
      'LastActivityIndex',
    ],
    ['has another name for the attribute as its key', { partitionKey: { name: 'lastActivity', type: 'N' } }, null],
  ])('of a table whose index %s', async (_, change, name) => {
    const choice = indexFor(layoutNamed('mcp'), await observed(change), TEN);
    expect(choice?.index.name ?? null).toBe(name);
  });

  it('is none for a table of one page, and none where other things share the table', async () => {
    const table = await observed();
    const small = { ...table, itemCount: 1000, sizeBytes: 1_000_000 };
    expect(indexFor(layoutNamed('mcp'), small, TEN)).toBeNull();
    const mcp = layoutNamed('mcp');
    const shared = { ...mcp, session: { ...mcp.session, filter: [[{ attribute: 'kind', equals: 's' }]] } };
    expect(indexFor(shared, table, TEN)).toBeNull();
    expect(indexFor(layoutNamed('express'), table, TEN)).toBeNull();
  });
});
