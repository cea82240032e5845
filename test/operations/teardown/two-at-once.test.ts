import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { holdLock } from '../../../src/files/hold.js';
import { recordFile } from '../../../src/operations/tables/record-file.js';
import { awsFaults } from '../../support/aws-double.js';
import { useEngine } from '../../support/engine.js';
import { closeAll } from '../harness.js';
import { stageOn, tearDown } from './harness.js';

const engine = useEngine();
closeAll();

const ANEW = { steps: ['clear-data'], only: 'sessions', recreate: true } as const;

/** What a table is made of, and which one it is. */
const idOf = async (TableName: string): Promise<string | undefined> =>
  (await engine.raw.call('DescribeTable', { TableName }).catch(() => ({ Table: undefined }))).Table?.TableId;

/** Stands for another process that makes a table anew. */
function held(folder: string, table: string): () => void {
  mkdirSync(folder, { recursive: true });
  const hold = holdLock(`${recordFile(folder, 'test', table)}.lock`, 'mcp-sessions teardown');
  if (hold.kind !== 'taken') throw new Error('it is held');
  return hold.release;
}

const BUSY = {
  code: 'TABLE_BUSY',
  message: expect.stringMatching(/^table '.*' is being made anew by process \d+/),
  hint: expect.stringContaining('.json.lock'),
};

describe('a table that another process makes anew', () => {
  it('is left alone, whatever is to become of it', async () => {
    const { context, double, tables, folder } = await stageOn(engine.endpoint, {}, 2);
    const { sessions } = tables;
    double.inject({ operation: 'CreateTable', times: 1, error: awsFaults.accessDenied('CreateTable', sessions) });
    const cut = await tearDown(context(), tables, folder, ANEW);
    expect(cut.result.error).toMatchObject({ code: 'ACCESS_DENIED' });
    const release = held(folder, sessions);
    const before = await idOf(sessions);
    for (const steps of [['clear-data'], ['delete']] as const) {
      const { result } = await tearDown(context(), tables, folder, { steps, only: 'sessions' });
      expect(result.steps[0]).toMatchObject({ outcome: 'failed', error: BUSY });
    }
    expect([await idOf(sessions), existsSync(recordFile(folder, 'test', sessions))]).toEqual([before, true]);
    release();
    expect((await tearDown(context(), tables, folder, ANEW)).result.error).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is left alone also where nothing of it is written down yet', async () => {
    const { context, tables, folder } = await stageOn(engine.endpoint, {}, 2);
    const release = held(folder, tables.sessions);
    const before = await idOf(tables.sessions);
    expect((await tearDown(context(), tables, folder, ANEW)).result.steps[0]).toMatchObject({ error: BUSY });
    expect(await idOf(tables.sessions)).toBe(before);
    release();
  });

  it('of two that begin together, one makes it anew', async () => {
    const { context, tables, folder } = await stageOn(engine.endpoint, {}, 2);
    const ran = await Promise.all([1, 2].map(() => tearDown(context(), tables, folder, ANEW)));
    const outcomes = ran.map(({ result }) => result.error?.code ?? 'done').toSorted();
    expect(outcomes).toEqual(['TABLE_BUSY', 'done']);
    expect(readdirSync(folder)).toEqual([]);
  });
});
