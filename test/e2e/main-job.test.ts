import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type RunOptions, runCli, tempFolder } from '../support/cli.js';
import { processesNaming, until } from '../support/engines.js';

/** One folder for the file: its tests go on from one another, as a user's commands do. */
const folder = tempFolder();
const cli = (args: readonly string[], options: RunOptions = {}) => runCli(args, { cwd: folder, ...options });
const dataFile = path.join(folder, '.mcp-sessions', 'local.db');

async function countSessions(): Promise<number> {
  const { stdout } = await cli(['list', '--local', '--all', '--json']);
  return JSON.parse(stdout).sessions.length;
}

describe('the main job, with nothing but an empty folder', () => {
  it('is refused without consent, and nothing is there then', async () => {
    const { code, stdout, stderr } = await cli(['setup', '--local']);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toBe(
      'error: setup needs consent, and there is no terminal to ask on: nothing was changed\nhint: give --yes\n',
    );
    expect(JSON.parse((await cli(['status', '--local', '--json'])).stdout).tables[0].exists).toBe(false);
  });

  it('sets the tables up', async () => {
    const { code, stdout, stderr } = await cli(['setup', '--local', '--yes', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ applied: true, tables: [{ action: 'create' }, { action: 'create' }] });
    expect(existsSync(dataFile)).toBe(true);
    expect(readFileSync(path.join(folder, '.mcp-sessions', '.gitignore'), 'utf8').trim()).toBe('*');
  });

  it('finds nothing to do the second time', async () => {
    const { code, stdout } = await cli(['setup', '--local', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ applied: false, tables: [{ action: 'none' }, { action: 'none' }] });
    expect((await cli(['setup', '--local', '--check', '-q'])).code).toBe(0);
  });

  it('seeds, lists, shows', async () => {
    const seeded = await cli(['seed', '--local', '--count', '5', '--json']);
    expect(JSON.parse(seeded.stdout)).toMatchObject({ sessions: 5, events: 15 });
    const { sessions } = JSON.parse((await cli(['list', '--local', '--json'])).stdout);
    expect(sessions).toHaveLength(5);
    const [{ id }] = sessions;
    for (const argv of [
      ['show', '--local', id],
      ['--local', 'show', id],
      ['show', id, '--local'],
    ]) {
      const { code, stdout, stderr } = await cli([...argv, '--json']);
      expect([code, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toMatchObject({ id, events: [{}, {}, {}] });
    }
    expect((await cli(['status', '--local', '--json', '--check'])).code).toBe(0);
  });

  it('answers every command in every machine format, with nothing on stderr', async () => {
    const commands = [
      ['setup', '--dry-run'],
      ['status'],
      ['list'],
      ['seed', '--dry-run'],
      ['layouts', 'list'],
      ['layouts', 'show', 'mcp'],
      ['layouts', 'detect', 'mcp-sessions'],
      ['doctor'],
    ];
    for (const argv of commands) {
      const outputs = await Promise.all(
        ['json', 'ndjson', 'yaml'].map((format) =>
          cli([...argv, '--local', '-o', format], { env: { FORCE_COLOR: '3' } }),
        ),
      );
      for (const { code, stderr, stdout } of outputs) {
        expect({ argv, code, stderr }).toEqual({ argv, code: 0, stderr: '' });
        expect(stdout).not.toContain('\u001b');
      }
      const [json, ndjson, yaml] = outputs.map(({ stdout }) => stdout);
      expect(typeof JSON.parse(json ?? '')).toBe('object');
      for (const line of (ndjson ?? '').trimEnd().split('\n')) expect(typeof JSON.parse(line)).toBe('object');
      expect(typeof parse(yaml ?? '')).toBe('object');
    }
  });

  it('shares one engine between commands that run at once', async () => {
    const results = await Promise.all([
      cli(['list', '--local', '--json']),
      cli(['seed', '--local', '--count', '2', '--json']),
    ]);
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    expect(await countSessions()).toBe(7);
  });

  it('keeps the data when a running command is killed', async () => {
    const before = await countSessions();
    const killed = await cli(['seed', '--local', '--count', '5000'], {
      onStart: (child) => void setTimeout(() => child.kill('SIGKILL'), 700),
    });
    expect(killed.signal).toBe('SIGKILL');
    expect(await countSessions()).toBeGreaterThanOrEqual(before);
    expect(JSON.parse((await cli(['status', '--local', '--json'])).stdout).inSync).toBe(true);
    await until(() => processesNaming(dataFile).length === 0, 'no process is left on the data');
  });

  it('resets', async () => {
    expect((await cli(['local', 'reset'])).code).toBe(4);
    expect(existsSync(dataFile)).toBe(true);
    const { code, stdout } = await cli(['local', 'reset', '--yes', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).removed[0]).toContain('local.db');
    expect(existsSync(dataFile)).toBe(false);
    const again = await cli(['local', 'reset']);
    expect([again.code, again.stdout]).toEqual([
      0,
      expect.stringMatching(/^nothing to do: there is no .*local\.db\n$/),
    ]);
  });
});
