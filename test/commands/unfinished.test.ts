import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { awsFaults } from '../support/aws-double.js';
import { useTeardown } from './teardown-harness.js';

const stage = useTeardown();

const GOES_ON = '`mcp-sessions teardown --clear-data --recreate --only sessions';
let file = '';

/** Drops the sessions table and cannot create it again. */
beforeEach(async () => {
  const error = awsFaults.accessDenied('CreateTable', 'mcp-sessions');
  stage.aws.double.inject({ operation: 'CreateTable', times: 1, error });
  const { code } = await stage.run(['teardown', '--clear-data', '--recreate', '--only', 'sessions', '--yes', '--json']);
  expect(code).toBe(5);
  const name = readdirSync(path.join(stage.cwd, '.mcp-sessions')).find((each) => each.endsWith('.json')) ?? '';
  file = path.join(stage.cwd, '.mcp-sessions', name);
});

const findingIn = (stdout: string): object | undefined =>
  JSON.parse(stdout).findings.find(({ check }: { check: string }) => check === 'sessions table');

describe('a table that an interrupted teardown has dropped', () => {
  it('is named by status, with the command that goes on, which does', async () => {
    const { code, stdout } = await stage.run(['status'], { columns: 400 });
    expect(code).toBe(0);
    expect(stdout).toContain(`an interrupted teardown dropped it: its settings are kept in '${file}'`);
    expect(stdout).not.toContain('does not exist');
    expect(stdout).not.toContain('mcp-sessions setup');
    const json = JSON.parse((await stage.run(['status', '--json'])).stdout);
    expect(
      json.tables.map(({ name, exists, unfinished }: Record<string, unknown>) => [name, exists, unfinished]),
    ).toEqual([
      ['mcp-sessions', false, file],
      ['mcp-session-events', true, null],
    ]);
    const command = /`mcp-sessions (teardown [^`]*)` goes on from there/.exec(stdout)?.[1] ?? '';
    expect((await stage.runPrinted(`mcp-sessions ${command}`, ['--yes', '-q'])).code).toBe(0);
    expect((await stage.run(['status', '--check', '-q'])).code).toBe(0);
    expect(JSON.parse((await stage.run(['status', '--json'])).stdout).tables[0]).toMatchObject({
      exists: true,
      unfinished: null,
    });
  });

  it('is a finding of doctor, also when it was made anew meanwhile', async () => {
    const { code, stdout } = await stage.run(['doctor', '--json']);
    expect([code, findingIn(stdout)]).toMatchObject([
      3,
      { ok: false, detail: expect.stringContaining(`dropped it: its settings are kept in '${file}'`) },
    ]);
    expect(findingIn(stdout)).toMatchObject({ cure: expect.stringContaining(GOES_ON) });
    await stage.run(['setup', '--yes', '-q']);
    const again = await stage.run(['doctor', '--json']);
    expect([again.code, findingIn(again.stdout)]).toMatchObject([
      3,
      { ok: false, detail: expect.stringContaining('dropped it and has not put back all of it') },
    ]);
    const { stdout: text } = await stage.run(['status'], { columns: 400 });
    expect(text).toContain('has not put back all of it');
  });
});
