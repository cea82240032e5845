import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { useEngine } from '../support/engine.js';
import { dropTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

const engine = useEngine();

beforeEach(() => dropTables(engine));

const setup = (argv: readonly string[] = [], options: RunCommandOptions = {}) =>
  runCommand(['setup', ...argv, ...at(engine.endpoint)], options);

const extraIndex = async (): Promise<void> => {
  await setup(['--yes']);
  await engine.raw.call('UpdateTable', {
    TableName: 'mcp-sessions',
    AttributeDefinitions: [{ AttributeName: 'mine', AttributeType: 'S' }],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: 'MineIndex',
          KeySchema: [{ AttributeName: 'mine', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      },
    ],
  });
};

const hasExtraIndex = async (): Promise<boolean> => {
  const { Table } = await engine.raw.call('DescribeTable', { TableName: 'mcp-sessions' });
  return Table?.GlobalSecondaryIndexes?.some(({ IndexName }) => IndexName === 'MineIndex') === true;
};

describe('setup in production', () => {
  const production = ['--environment', 'production'];
  const lossy = [...production, '--prune', '--stream-view', 'NEW_AND_OLD_IMAGES'];

  it('takes --yes where nothing is lost', async () => {
    expect((await setup([...production, '--yes'])).code).toBe(0);
  });

  it('does not take --yes for a table that loses something', async () => {
    await extraIndex();
    const { code, stderr } = await setup([...lossy, '--yes', '--json']);
    expect(code).toBe(4);
    const plan = JSON.parse((await setup([...lossy, '--dry-run', '--json'])).stdout);
    expect(plan.tables[0].changes).toContainEqual(
      expect.objectContaining({ property: 'index:MineIndex', kind: 'remove', loses: expect.any(String) }),
    );
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'NOT_CONFIRMED',
      hint: expect.stringContaining('--confirm mcp-sessions'),
    });
    expect(await hasExtraIndex()).toBe(true);
    expect((await setup([...lossy, '--confirm', 'mcp-session-events', '--yes'])).code).toBe(4);
    expect(await hasExtraIndex()).toBe(true);
  });

  it.each(['Production', 'prod', 'PROD'])('keeps its safeguards when production is written %s', async (name) => {
    await extraIndex();
    expect((await setup(['--prune', '--environment', name, '--yes'])).code).toBe(4);
    expect(await hasExtraIndex()).toBe(true);
  });

  it('keeps its safeguards for tables that are tagged as its own, whatever this command was told', async () => {
    await extraIndex();
    await setup([...production, '--yes']);
    expect((await setup(['--prune', '--yes'])).code).toBe(4);
    expect(await hasExtraIndex()).toBe(true);
  });

  it('takes --confirm with the name of the table', async () => {
    await extraIndex();
    expect((await setup([...lossy, '--confirm', 'mcp-sessions'])).code).toBe(0);
    expect(await hasExtraIndex()).toBe(false);
  });

  it('takes the name typed, and nothing else, even with --yes', async () => {
    await extraIndex();
    const declined = await setup([...lossy, '--yes'], {
      columns: 100,
      user: answer('Type mcp-sessions to go on', '\r'),
    });
    expect(declined.code).toBe(4);
    expect(await hasExtraIndex()).toBe(true);
    const given = await setup([...lossy, '--yes'], {
      columns: 100,
      user: answer('Type mcp-sessions to go on', 'mcp-sessions\r'),
    });
    expect(given.code).toBe(0);
    const told = stripVTControlCharacters(given.stderr);
    expect(told).toContain('-   index MineIndex');
    expect(told).toMatch(/^\$ mcp-sessions setup .* --confirm mcp-sessions$/m);
    expect(await hasExtraIndex()).toBe(false);
  });
});
