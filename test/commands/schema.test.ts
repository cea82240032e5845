import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LAYOUTS } from '../../src/schema/index.js';
import { answer, runCommand } from '../support/run-command.js';

const policyFor = async (argv: readonly string[]) => {
  const { code, stdout, stderr } = await runCommand(['schema', ...argv]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

const actionsOf = ({ Statement }: { Statement: { Action: string[] }[] }): string[] =>
  Statement.flatMap(({ Action }) => Action).toSorted();

const resourcesOf = ({ Statement }: { Statement: { Resource: string[] }[] }): string[] =>
  Statement.flatMap(({ Resource }) => Resource);

const CHANGES = /:(?:Create|Delete|Update|Put|Batch(?:Write)|Restore|Import|Export|Tag|PartiQLDelete)/;

describe('schema --format iam', () => {
  it.each(['admin', 'app', 'read-only'].flatMap((whom) => LAYOUTS.map(({ id }) => [whom, id])))(
    'for %s of %s is a policy that IAM takes',
    async (whom, layout) => {
      const policy = await policyFor(['--for', whom, '--layout', layout]);
      expect(Object.keys(policy)).toEqual(['Version', 'Statement']);
      for (const statement of policy.Statement) {
        expect(Object.keys(statement)).toEqual(['Sid', 'Effect', 'Action', 'Resource']);
        expect(statement.Action.length * statement.Resource.length).toBeGreaterThan(0);
        for (const action of statement.Action) expect(action).toMatch(/^[a-z0-9]+:[A-Za-z0-9]+$/);
        for (const resource of statement.Resource) expect(resource).toMatch(/^(?:\*|arn:aws:[a-z0-9]+:\S+)$/);
      }
      const sids = policy.Statement.map(({ Sid }: { Sid: string }) => Sid);
      expect(new Set(sids).size).toBe(sids.length);
      expect(new Set(actionsOf(policy)).size).toBe(actionsOf(policy).length);
      expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);
    },
  );

  it('lets who only looks change nothing', async () => {
    const actions = actionsOf(await policyFor(['--for', 'read-only']));
    expect(actions).toContain('dynamodb:Scan');
    expect(actions.filter((action) => CHANGES.test(action))).toEqual([]);
  });

  it('lets an application write items, and change no table', async () => {
    const actions = actionsOf(await policyFor(['--for', 'app']));
    expect(actions).toContain('dynamodb:PutItem');
    expect(actions.filter((action) => /(?:Create|Delete|Update)Table|Backup|TimeToLive|Tag/.test(action))).toEqual([]);
  });

  it('is for the tables, the region and the account that are named, and for no other', async () => {
    const resources = resourcesOf(
      await policyFor([
        '--for',
        'app',
        '--region',
        'eu-west-1',
        '--account',
        '123456789012',
        '--sessions-table',
        'mine',
        '--events-table',
        'my-events',
      ]),
    );
    for (const arn of resources)
      expect(arn).toMatch(/^arn:aws:dynamodb:eu-west-1:123456789012:table\/(?:mine|my-events)(?:\/index\/\*)?$/);
  });

  it('for an administrator knows tables that restore makes, the bucket, the key and the regions of replicas', async () => {
    const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012';
    const plain = await policyFor(['--for', 'admin']);
    expect([...new Set(resourcesOf(plain).filter((arn) => !arn.includes(':dynamodb:')))]).toEqual(['*']);
    const whole = await policyFor([
      '--for',
      'admin',
      '--also-table',
      'copy-*',
      '--bucket',
      's3://bucket/a/b/',
      '--kms-key',
      KEY,
      '--replica',
      'us-east-1',
    ]);
    const resources = resourcesOf(whole);
    for (const arn of [
      'arn:aws:dynamodb:*:*:table/copy-*',
      'arn:aws:s3:::bucket',
      'arn:aws:s3:::bucket/a/b/*',
      'arn:aws:dynamodb:us-east-1:*:table/mcp-sessions',
      KEY,
    ])
      expect(resources).toContain(arn);
  });

  it('is the same JSON for people and for programs, whole on a narrow terminal', async () => {
    const [plain, json, narrow] = await Promise.all([
      runCommand(['schema', '--for', 'app']),
      runCommand(['schema', '--for', 'app', '--json']),
      runCommand(['schema', '--for', 'app'], { columns: 30, env: { NO_COLOR: '1' } }),
    ]);
    expect(plain.stdout).toBe(json.stdout);
    expect(narrow.stdout).toBe(json.stdout);
  });

  it('asks on a terminal whom the policy is for, and says the command', async () => {
    const { code, stdout, stderr } = await runCommand(['schema'], {
      columns: 80,
      user: answer('Whom is the policy for?', '\u001b[B\r'),
    });
    expect(code).toBe(0);
    expect(actionsOf(JSON.parse(stripVTControlCharacters(stdout)))).toContain('dynamodb:PutItem');
    expect(stderr).toContain('$ mcp-sessions schema --for app');
  });

  it.each([
    [['--for', 'app', '--format', 'terraform'], /^--format 'terraform' is invalid: it comes in a later release/],
    [['--for', 'app', '--format', 'json'], /it comes in a later release/],
    [['--for', 'app', '--format', 'iamm'], /did you mean iam\?/],
    [[], /^--for is missing/],
    [['--for', 'me'], /^--for 'me' is invalid/],
    [['--for', 'app', '--account', '12'], /^--account '12' is invalid/],
    [['--for', 'app', '--bucket', 's3://b-b'], /^--bucket goes with --for admin$/],
    [['--for', 'admin', '--bucket', 'bucket'], /is not a place in S3/],
    [['--for', 'admin', '--bucket', 's3://b*b/x'], /is not a place in S3/],
    [['--for', 'admin', '--bucket', 's3://bbb/a?b'], /is not a place in S3/],
    [['--for', 'admin', '--kms-key', 'default'], /^--kms-key 'default' is invalid/],
    [['--for', 'admin', '--also-table', '*'], /^--also-table '\*' is invalid/],
    [['--for', 'admin', '--also-table', 'a*b'], /^--also-table 'a\*b' is invalid/],
    [['--for', 'app', '--sessions-table', 'a*'], /table name 'a\*'/],
    [['--for', 'app', '--layout', 'nothing'], /there is no layout 'nothing'/],
  ])('%j is refused', async (argv, message) => {
    const { code, stdout, stderr } = await runCommand(['schema', ...argv, '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error.message).toMatch(message);
  });
});
