import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startAwsDouble } from '../support/aws-double.js';
import { runCli, tempFolder } from '../support/cli.js';
import { rawClient, useEngine } from '../support/engine.js';

const engine = useEngine();

const recordsIn = (cwd: string): readonly string[] =>
  readdirSync(path.join(cwd, '.mcp-sessions')).filter((name) => /^recreate-.*\.json$/.test(name));

describe('teardown, the built command', () => {
  it('clears, and goes on after Ctrl-C with 130', async () => {
    const cwd = tempFolder();
    const tables = ['--sessions-table', 'stop-sessions', '--events-table', 'stop-events', '--layout', 'mcp'];
    const at = ['--endpoint-url', engine.endpoint, ...tables];
    expect((await runCli(['setup', '--no-streams', '--yes', '-q', ...at], { cwd })).code).toBe(0);
    await runCli(['seed', '--count', '2000', '--events', '0', '-q', ...at], { cwd, timeoutMs: 60_000 });
    const argv = ['teardown', '--clear-data', '--only', 'sessions', '--yes', '--json', ...at];
    const stopped = await runCli([...argv, '--max-wcu', '300'], {
      cwd,
      onStart: (child) => void setTimeout(() => child.kill('SIGINT'), 2500),
    });
    expect(stopped.code).toBe(130);
    const [step] = JSON.parse(stopped.stdout).steps;
    const { Count: left = 0 } = await engine.raw.call('Scan', { TableName: 'stop-sessions', Select: 'COUNT' });
    expect(step).toMatchObject({ outcome: 'failed', deleted: 2000 - left, left: null });
    expect(JSON.parse(stopped.stderr).error).toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining(`${2000 - left} rows are gone`),
      hint: expect.stringContaining('run the same command again'),
    });
    const resumed = await runCli(argv, { cwd, timeoutMs: 60_000 });
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(resumed.stdout).steps).toMatchObject([{ outcome: 'done', deleted: left, left: 0 }]);
  }, 120_000);

  it('has the table back as it was after kill -9 at any call of a re-creation', async () => {
    const double = await startAwsDouble({ engineEndpoint: engine.endpoint });
    const raw = rawClient(double.endpoint);
    try {
      const cwd = tempFolder();
      const at = ['--endpoint-url', double.endpoint, '--layout', 'mcp', '--only', 'sessions'];
      const setup = ['setup', '--endpoint-url', double.endpoint, '--layout', 'mcp', '--pitr', '--deletion-protection'];
      expect((await runCli([...setup, '--tag', 'Team=agents', '--yes', '-q'], { cwd })).code).toBe(0);
      const argv = ['teardown', '--clear-data', '--recreate', '--force-unprotect', '--yes', '--json', ...at];
      for (const operation of [
        'UpdateTable',
        'DeleteTable',
        'CreateTable',
        'UpdateTimeToLive',
        'UpdateContinuousBackups',
      ]) {
        await raw.call('PutItem', { TableName: 'mcp-sessions', Item: { session_id: { S: 'a' } } });
        // The call waits, and with it who would be told its answer.
        const lift = double.inject({ operation, times: 1, delayMs: 700 });
        double.forgetCalls();
        const killed = await runCli(argv, {
          cwd,
          onStart: (child) =>
            void (async () => {
              while (!double.calls.some((call) => call.operation === operation)) await sleep(5);
              child.kill('SIGKILL');
            })(),
        });
        expect({ operation, signal: killed.signal }).toEqual({ operation, signal: 'SIGKILL' });
        expect({ operation, files: recordsIn(cwd).length }).toEqual({ operation, files: 1 });
        // What had been asked for is done meanwhile.
        await sleep(900);
        lift();
        const second = await runCli(argv, { cwd });
        expect({ operation, code: second.code, stderr: second.stderr }).toEqual({ operation, code: 0, stderr: '' });
        expect({ operation, files: recordsIn(cwd) }).toEqual({ operation, files: [] });
        const check = await runCli([...setup, '--tag', 'Team=agents', '--check', '-q'], { cwd });
        expect({ operation, code: check.code, stdout: check.stdout }).toMatchObject({ operation, code: 0 });
        const { Count } = await engine.raw.call('Scan', { TableName: 'mcp-sessions' });
        expect({ operation, Count }).toEqual({ operation, Count: 0 });
      }
    } finally {
      await double.stop();
    }
  }, 120_000);
});
