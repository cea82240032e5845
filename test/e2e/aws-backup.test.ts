import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idsOf } from '../operations/purge/harness.js';
import { type AwsDouble, startAwsDouble } from '../support/aws-double.js';
import { runCli } from '../support/cli.js';
import { type RawClient, rawClient, useEngine } from '../support/engine.js';
import { fewestKills, roundsOf, seededNumbers } from '../support/crashes.js';

const engine = useEngine();

let aws: AwsDouble;
let raw: RawClient;
beforeAll(async () => {
  const delays = { backup: 60, delete: 60, restore: 120, create: 20, update: 20, ttl: 20, ttlCooldown: 20, tags: 20 };
  aws = await startAwsDouble({ engineEndpoint: engine.endpoint, delays });
  raw = rawClient(aws.endpoint);
});
afterAll(() => aws.stop());

const settled = async (TableName: string): Promise<boolean> => {
  const { Table } = await raw.call('DescribeTable', { TableName });
  return Table?.TableStatus === 'ACTIVE' && Table.DeletionProtectionEnabled === true;
};

const ROUNDS = roundsOf(20);

describe('restore in place, the built command', () => {
  it(`ends as it should after kill -9 in each of ${ROUNDS} rounds, and nothing is lost on the way`, async () => {
    const random = seededNumbers(7);
    const common = ['--endpoint-url', aws.endpoint, '--layout', 'mcp', '--sessions-table', 'kill-place'];
    const env = { AWS_REGION: 'eu-west-1' };
    const cwd = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-place-'));
    const run = (argv: readonly string[], onStart?: Parameters<typeof runCli>[1]) =>
      runCli([...argv, ...common], { cwd, env, ...onStart });
    try {
      const setup = await run(['setup', '--deletion-protection', '--no-streams', '--yes', '-q', '--tag', 'Owner=me']);
      expect(setup.code).toBe(0);
      await raw.call('PutItem', { TableName: 'kill-place', Item: { session_id: { S: 'kept' } } });
      const made = await run(['backup', '--no-events', '--json']);
      expect(made.code).toBe(0);
      const { name } = JSON.parse(made.stdout).backups[0];
      let killed = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await raw.call('PutItem', { TableName: 'kill-place', Item: { session_id: { S: `later-${round}` } } });
        const argv = [
          'restore',
          name,
          '--in-place',
          '--force-unprotect',
          '--no-settle',
          '--confirm',
          'kill-place',
          '--json',
        ];
        const first = await run(argv, {
          onStart: (child) => void setTimeout(() => child.kill('SIGKILL'), 100 + random() * 900),
        });
        if (first.signal === 'SIGKILL') killed += 1;
        const isThere = await idsOf(raw, 'kill-place').then(
          (ids) => ids.has(`later-${round}`),
          () => false,
        );
        const isSafe = aws.state.backups.some(
          ({ type, items }) => type === 'USER' && JSON.stringify(items).includes(`"later-${round}"`),
        );
        expect({ round, kept: isThere || isSafe }).toEqual({ round, kept: true });
        const resumed = await run([...argv, '--resume']);
        // The signal may come before it has begun, and after its end.
        const hasNothing = resumed.code === 1 && JSON.parse(resumed.stderr).error.code === 'NOTHING_TO_RESUME';
        const second = hasNothing ? await run(argv) : resumed;
        expect({ round, code: second.code, stderr: second.stderr }).toEqual({ round, code: 0, stderr: '' });
        expect([...(await idsOf(raw, 'kill-place'))]).toEqual(['kept']);
        expect(await settled('kill-place')).toBe(true);
        expect(readdirSync(path.join(cwd, '.mcp-sessions'))).toEqual(['backups']);
      }
      expect(killed).toBeGreaterThanOrEqual(fewestKills(ROUNDS));
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  }, 240_000);
});
