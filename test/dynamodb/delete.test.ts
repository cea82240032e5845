import { describe, expect, it, vi } from 'vitest';
import type { WritePace } from '../../src/dynamodb/batch-write.js';
import { type ConditionalDelete, deleteByStatements, deleteItem } from '../../src/dynamodb/delete.js';
import type { Item } from '../../src/schema/attribute-value.js';
import type * as wait from '../../src/dynamodb/wait.js';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { closeAll, contextFor, startDouble } from '../operations/harness.js';
import { itemsOf } from '../operations/purge/harness.js';
import { numbered, paceOf, tableOf } from './delete-harness.js';

// The pauses between tries grow to seconds: here they are short.
vi.mock('../../src/dynamodb/wait.js', async (original) => ({
  ...(await original<typeof wait>()),
  pause: async (ms: number) => {
    await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)));
  },
}));

closeAll();
const engine = useEngine();

const ways = {
  statements: deleteByStatements,
  items: async (
    dynamo: Parameters<typeof deleteItem>[0],
    table: string,
    deletes: readonly ConditionalDelete[],
    pace: WritePace,
  ) => Promise.all(deletes.map((each) => deleteItem(dynamo, table, each, pace))),
} as const;

const asRead = ({ id = { S: '' }, ...observed }: Item): ConditionalDelete => ({ key: { id }, observed });

describe.each(['statements', 'items'] as const)('conditional deletes, by %s', (how) => {
  it('say of 25 in their order which were deleted, which live, and which were gone', async () => {
    const items = numbered(25);
    const table = await tableOf(
      engine.raw,
      items.filter((_, at) => at % 5 !== 3),
    );
    const deletes = items.map((item, at) => asRead(at % 3 === 1 ? { ...item, v: { N: '-1' } } : item));
    const outcomes = await ways[how](contextFor(engine.endpoint).dynamo, table, deletes, paceOf());
    expect(outcomes.map(({ kind }) => kind)).toEqual(
      items.map((_, at) => (at % 3 === 1 && at % 5 !== 3 ? 'alive' : 'deleted')),
    );
    expect(await itemsOf(engine.raw, table)).toHaveLength(outcomes.filter(({ kind }) => kind === 'alive').length);
  });

  it('heed a condition of every type, and of what is absent', async () => {
    const values: Item = {
      s: { S: '' },
      n: { N: '12345678901234567890123456789012345678' },
      b: { B: new Uint8Array([0, 39, 34, 255]) },
      bool: { BOOL: false },
      nothing: { NULL: true },
      map: { M: { "a'": { L: [{ N: '1' }, { S: '?' }] } } },
      ss: { SS: ['a', "b'"] },
      ns: { NS: ['1', '2.5'] },
      bs: { BS: [new Uint8Array([1])] },
    };
    const rows = Object.entries(values).map(([name, value]): Item => ({ id: { S: name }, v: value }));
    const table = await tableOf(engine.raw, rows);
    const { dynamo } = contextFor(engine.endpoint);
    const other = rows.map((item) => asRead({ ...item, v: { S: 'another' } }));
    expect((await ways[how](dynamo, table, other, paceOf())).map(({ kind }) => kind)).toEqual(rows.map(() => 'alive'));
    const absent = rows.map(({ id = { S: '' } }): ConditionalDelete => ({ key: { id }, observed: { v: null } }));
    expect((await ways[how](dynamo, table, absent, paceOf())).map(({ kind }) => kind)).toEqual(rows.map(() => 'alive'));
    const same = rows.map(
      (item): ConditionalDelete => ({ ...asRead(item), observed: { ...asRead(item).observed, w: null } }),
    );
    expect(await ways[how](dynamo, table, same, paceOf())).toEqual(rows.map(() => ({ kind: 'deleted' })));
  });

  it('take every odd character in ids, values and attribute names', async () => {
    const odd = [
      "'",
      '"',
      '""',
      "''",
      '?',
      '\\',
      '\n',
      '\u0001',
      '\u2028',
      '😀',
      '%',
      '--',
      ';',
      '`',
      '${x}',
      'é',
      '\u{10ffff}',
    ];
    const key = `k"'? ${odd.slice(4).join('')}`.slice(0, 60);
    const rows = odd.map(
      (text): Item => ({ [key]: { S: `id${text}` }, [`a${text}.b`]: { S: text }, __proto___: { S: text } }),
    );
    const table = await tableOf(engine.raw, rows, key);
    const deletes = rows.map((item): ConditionalDelete => {
      const { [key]: id = { S: '' }, ...observed } = item;
      return { key: { [key]: id }, observed: { ...observed, 'is "not" there': null } };
    });
    expect(await ways[how](contextFor(engine.endpoint).dynamo, table, deletes, paceOf())).toEqual(
      rows.map(() => ({ kind: 'deleted' })),
    );
    expect(await itemsOf(engine.raw, table)).toEqual([]);
  });
});

describe('deletes by statements', () => {
  it('split a batch whose conditions are too large for one request, in order', async () => {
    // 390,000 bytes that take twice as many in JSON text: 25 of them are 19.5 MB, and a request may have 16.
    const rows = Array.from(
      { length: 25 },
      (_, at): Item => ({ id: { S: `big${at}` }, state: { S: '"'.repeat(390_000) } }),
    );
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, rows);
    double.forgetCalls();
    const deletes = rows.map((row, at) => asRead(at === 24 ? { ...row, state: { S: 'refreshed' } } : row));
    const outcomes = await deleteByStatements(context().dynamo, table, deletes, paceOf(381));
    expect(outcomes.map(({ kind }) => kind)).toEqual(rows.map((_, at) => (at === 24 ? 'alive' : 'deleted')));
    const requests = double.calls.filter(({ operation }) => operation === 'BatchExecuteStatement');
    expect(requests.length).toBe(2);
  });

  it('take DeleteItem for a statement that would be longer than 8192 characters', async () => {
    const [name, item] = ['n'.repeat(250), numbered(2)];
    const table = await tableOf(engine.raw, item);
    const observed = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`${name}${at}`, null]));
    const calls: string[] = [];
    const { dynamo } = contextFor(engine.endpoint, { onCall: ({ operation }) => void calls.push(operation) });
    const deletes = [{ key: { id: { S: 's0' } }, observed }, asRead({ id: { S: 's1' }, v: { N: '1' } })];
    expect(await deleteByStatements(dynamo, table, deletes, paceOf())).toEqual([
      { kind: 'deleted' },
      { kind: 'deleted' },
    ]);
    expect(calls).toEqual(['DeleteItem', 'BatchExecuteStatement']);
  });

  it('try again only the statements that were throttled', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, numbered(25));
    let asked: number[] = [];
    double.inject({
      operation: 'BatchExecuteStatement',
      times: 2,
      answer: ({ Statements: statements }) => {
        const all = Array.isArray(statements) ? statements : [];
        asked = [...asked, all.length];
        return {
          Responses: all.map((_, at) =>
            at < 4 ? { Error: { Code: 'ProvisionedThroughputExceeded', Message: 'slow down' } } : { TableName: table },
          ),
        };
      },
    });
    const pace = paceOf();
    const outcomes = await deleteByStatements(context().dynamo, table, numbered(25).map(asRead), pace);
    expect(outcomes.every(({ kind }) => kind === 'deleted')).toBe(true);
    expect(asked).toEqual([25, 4]);
  });

  it('go on where whole calls are throttled for longer than the retries of one', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, numbered(3));
    double.inject({ operation: 'BatchExecuteStatement', times: 14, error: awsFaults.throughputExceeded });
    const pace = paceOf();
    expect(await deleteByStatements(context().dynamo, table, numbered(3).map(asRead), pace)).toHaveLength(3);
    expect(pace.governor.limit).toBeLessThan(4);
    expect(await itemsOf(engine.raw, table)).toEqual([]);
  });

  it.each(['AccessDenied', 'AccessDeniedException'])(
    'say %s of one statement as a refusal of permission',
    async (code) => {
      const { double, context } = await startDouble(engine.endpoint);
      const table = await tableOf(engine.raw, numbered(2));
      double.inject({
        operation: 'BatchExecuteStatement',
        answer: () => ({ Responses: [{ TableName: table }, { Error: { Code: code, Message: 'no' } }] }),
      });
      await expect(
        deleteByStatements(context().dynamo, table, numbered(2).map(asRead), paceOf()),
      ).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    },
  );

  it('do not take a missing answer for a deletion', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const table = await tableOf(engine.raw, numbered(2));
    double.inject({ operation: 'BatchExecuteStatement', answer: () => ({ Responses: [{ TableName: table }] }) });
    expect(await deleteByStatements(context().dynamo, table, numbered(2).map(asRead), paceOf())).toMatchObject([
      { kind: 'deleted' },
      { kind: 'failed', code: 'NoAnswer' },
    ]);
  });
});
