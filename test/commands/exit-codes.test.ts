import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsDouble, awsFaults, startAwsDouble } from '../support/aws-double.js';
import { rawClient, useEngine } from '../support/engine.js';
import { dropTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();
let double: AwsDouble;

beforeEach(async () => {
  await dropTables(engine);
  double = await startAwsDouble({ engineEndpoint: engine.endpoint });
});

afterEach(() => double.stop());

const setup = (...argv: string[]) => runCommand(['setup', '--yes', ...argv, ...at(double.endpoint)]);

async function untilActive(): Promise<void> {
  const raw = rawClient(double.endpoint);
  for (;;) {
    const { Table } = await raw.call('DescribeTable', { TableName: 'mcp-sessions' });
    if (Table?.TableStatus === 'ACTIVE') return;
    await sleep(10);
  }
}

describe('exit codes and streams', () => {
  it('1: failed with nothing done; nothing on stdout where there is no result', async () => {
    double.inject({ operation: 'DescribeTable', error: awsFaults.accessDenied('DescribeTable', 'mcp-sessions') });
    const { code, stdout, stderr } = await setup('--json');
    expect([code, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr).error.code).toBe('ACCESS_DENIED');
  });

  it('1: every change failed, which the result says', async () => {
    double.inject({ operation: 'CreateTable', error: awsFaults.accessDenied('CreateTable', 'mcp-sessions') });
    const { code, stdout, stderr } = await setup('--json');
    expect(code).toBe(1);
    const { applied, tables } = JSON.parse(stdout);
    expect(applied).toBe(false);
    expect(tables[0].changes[0]).toMatchObject({ outcome: 'failed', error: expect.stringContaining('denied') });
    expect(JSON.parse(stderr).error.code).toBe('ACCESS_DENIED');
  });

  it('5: partly done; the result says what, and the next run goes on', async () => {
    const lift = double.inject({
      operation: 'UpdateTimeToLive',
      error: awsFaults.accessDenied('UpdateTimeToLive', 't'),
    });
    const { code, stdout, stderr } = await setup('--json');
    expect(code).toBe(5);
    const [sessions] = JSON.parse(stdout).tables;
    const outcomes = sessions.changes.map(({ property, outcome }: Record<string, string>) => `${property} ${outcome}`);
    expect(outcomes).toEqual(expect.arrayContaining(['table done', 'ttl failed']));
    expect(JSON.parse(stderr).error.code).toBe('ACCESS_DENIED');
    lift();
    const again = await setup('--json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout).tables[0].changes).toMatchObject([{ property: 'ttl', outcome: 'done' }]);
  });

  it('5: in words', async () => {
    double.inject({ operation: 'UpdateTimeToLive', error: awsFaults.accessDenied('UpdateTimeToLive', 't') });
    const { code, stdout, stderr } = await setup('-q');
    expect(code).toBe(5);
    expect(stdout).toContain('+ mcp-sessions (sessions): created in part');
    expect(stdout).toMatch(/^\+ {3}TTL +ttl\n {6}failed: /m);
    expect(stdout).toContain('run the same command again: it finds out what is left and goes on from there');
    expect(stderr).toMatch(/^error: /);
  });

  it('130: interrupted at work; the result says what is left, and the same command goes on', async () => {
    const interruption = new AbortController();
    double.inject({ operation: 'UpdateTimeToLive', delayMs: 600 });
    const running = runCommand(['setup', '--yes', '--json', ...at(double.endpoint)], { signal: interruption.signal });
    while (!double.calls.some(({ operation }) => operation === 'CreateTable')) await sleep(5);
    interruption.abort();
    const { code, stdout, stderr } = await running;
    expect(code).toBe(130);
    const outcomes = JSON.parse(stdout).tables.flatMap(({ changes }: { changes: { outcome: string }[] }) =>
      changes.map(({ outcome }) => outcome),
    );
    expect(outcomes).toContain('pending');
    expect(outcomes).not.toContain('failed');
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'INTERRUPTED', hint: expect.stringContaining('run the same command again') },
    });
    // What was begun goes on by itself.
    await untilActive();
    expect(await setup('--json')).toMatchObject({ code: 0, stderr: '' });
  });

  it('130: interrupted before there is a result', async () => {
    const interruption = new AbortController();
    interruption.abort();
    const { code, stdout, stderr } = await runCommand(['list', '--json', ...at(double.endpoint)], {
      signal: interruption.signal,
    });
    expect([code, stdout]).toEqual([130, '']);
    expect(JSON.parse(stderr).error.code).toBe('INTERRUPTED');
  });

  it('0 with warnings, each one JSON line on stderr, for what an endpoint does not offer', async () => {
    double.inject({
      operation: 'TagResource',
      error: { name: 'UnknownOperationException', message: 'An unknown operation was requested.' },
    });
    await setup('-q');
    const { code, stdout, stderr } = await setup('--tag', 'Team=agents', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).warnings).toHaveLength(2);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(JSON.parse(line)).toEqual({ warning: { message: expect.stringContaining('tag:Team') } });
    expect((await setup('--tag', 'Team=agents', '--json', '--quiet')).stderr).toBe('');
    expect((await setup('--tag', 'Team=agents')).stderr).toMatch(/^warning: mcp-sessions: tag:Team was left out/m);
  });

  it('1: a bug is told as one, its stack with --verbose only', async () => {
    double.inject({ operation: 'DescribeTable', answer: () => ({ Table: { KeySchema: 7 } }) });
    const status = (...flags: string[]) => runCommand(['status', ...flags, ...at(double.endpoint)]);
    const { code, stdout, stderr } = await status('--json');
    expect([code, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'INTERNAL', hint: expect.stringContaining('--verbose') });
    expect((await status('-q')).stderr).not.toMatch(/^ +at /m);
    expect((await status('--verbose')).stderr).toMatch(/^ +at .*\.ts:/m);
  });
});
