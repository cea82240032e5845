import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortId } from '../../src/output/id-mask.js';
import { freshFolder, removeFolders } from '../operations/backup/harness.js';
import { closeAll, type RunningDouble, startDouble } from '../operations/harness.js';
import { useEngine } from '../support/engine.js';
import { dropTables, fillTables, IDS, mcpItem, NOW, SECRETS, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

closeAll();
removeFolders();
const engine = useEngine();
const cwd = freshFolder();
const { active: ID } = IDS;
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';
/** In attributes whose names are innocent. */
const BY_FORM = [
  JWT,
  'AKIAIOSFODNN7EXAMPLE',
  'bearer-abcdef0123456789',
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
] as const;

let aws: RunningDouble;
beforeAll(async () => {
  await setUpTables(engine);
  await fillTables(engine);
  const note = [
    `the client sent ${JWT}`,
    `as AKIAIOSFODNN7EXAMPLE`,
    `Bearer ${BY_FORM[2]}`,
    `aws_secret_access_key=${BY_FORM[3]}`,
  ];
  const state = {
    self: ID,
    text: `resumes\n${ID}`,
    [ID]: 'as a key',
    note,
    apiToken: SECRETS[0],
    password: SECRETS[1],
  };
  const Item = mcpItem(ID, { created: -20, active: -5, expires: 25 }, state);
  await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item });
  await engine.raw.call('PutItem', {
    TableName: 'mcp-session-events',
    Item: {
      session_id: { S: ID },
      event_id: { N: '3' },
      timestamp: { N: String(NOW) },
      data: { S: JSON.stringify({ params: { sessionId: ID, note } }) },
    },
  });
  aws = await startDouble(engine.endpoint);
});
afterAll(() => dropTables(engine));

const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}, columns?: number) =>
  runCommand([...argv, '--layout', 'mcp', ...at(aws.double.endpoint)], {
    cwd,
    now: NOW,
    env: { AWS_REGION: 'eu-west-1', ...env },
    ...(columns !== undefined && { columns }),
  });

/** Every command, so that it comes to where it could show an id; those that delete come last. */
const COMMANDS: readonly (readonly string[])[] = [
  ['list'],
  ['list', '--all'],
  ['list', '--where', `session_id=${ID}`],
  ['list', '--where', `session_id~~${ID}`],
  ['list', ID],
  ['show', ID],
  ['show', ID, ID],
  ['show', `${ID}x`],
  ['show', '--evnts', ID],
  ['events', ID],
  ['events', ID, '--after', 'x'],
  ['events', `${ID}x`],
  ['events', ID, '--layout', 'express'],
  ['stats'],
  ['status'],
  ['doctor'],
  ['setup', '--check'],
  ['streams', 'status'],
  ['streams', 'tail', '--from', 'trim-horizon', '--limit', '5'],
  ['streams', 'tail', '--from', 'trim-horizon', '--limit', '2', '--session', ID],
  ['streams', 'tail', '--session', ''],
  ['layouts', 'detect', 'mcp-sessions'],
  ['seed', '--count', '2', '--yes'],
  ['backup', '--to', 'archive', '--yes'],
  ['backup', 'verify', 'archive'],
  ['backup', 'show', 'archive'],
  ['backup'],
  ['backup', 'list'],
  ['restore', 'archive', '--to-table', 'masked-copy', '--yes'],
  ['restore', 'archive', '--on-conflict', 'fail', '--yes'],
  ['restore', 'archive', '--on-conflict', 'skip', '--dry-run'],
  ['purge', '--id', ID, '--dry-run'],
  ['purge', '--expired', '--dry-run'],
  ['purge', '--id', ID],
  ['purge', '--id', ID, '--where', `session_id=${ID}`, '--restart', '--resume'],
  ['purge', '--idle', '1m', '--yes'],
  ['teardown', '--clear-data', '--dry-run'],
  ['teardown', '--clear-data', '--yes'],
];

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'yaml'] as const;
const whole = Object.values(IDS);

const found = (text: string, among: readonly string[]): readonly string[] => among.filter((one) => text.includes(one));

describe('where CI is set', () => {
  it.each(COMMANDS)('no output of `%s %s %s %s %s` holds an id, nor a secret', async (...argv) => {
    for (const format of ['table', 'json', 'csv'] as const) {
      const result = await run([...argv, '-o', format, '--verbose'], { CI: 'true' });
      const text = result.stdout + result.stderr;
      expect({ format, ids: found(text, whole), secrets: found(text, [...SECRETS, ...BY_FORM]) }).toEqual({
        format,
        ids: [],
        secrets: [],
      });
    }
    const onTerminal = await run([...argv, '--no-input'], { CI: 'true' }, 200);
    expect(found(onTerminal.stdout + onTerminal.stderr, whole)).toEqual([]);
  });
});

const listAll = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(['list', '--all', '--no-index', ...argv], env);

describe('ids', () => {
  beforeAll(async () => {
    await fillTables(engine);
  });

  it('are whole without CI, and with --no-mask-ids', async () => {
    for (const [argv, env] of [
      [[], {}],
      [['--no-mask-ids'], { CI: 'true' }],
      [[], { CI: 'false' }],
    ] as const)
      for (const format of FORMATS) expect((await listAll([...argv, '-o', format], env)).stdout).toContain(ID);
  });

  it('are short with --mask-ids, and the same each time', async () => {
    for (const format of FORMATS) {
      const { stdout } = await listAll(['--mask-ids', '-o', format]);
      expect(found(stdout, whole)).toEqual([]);
      expect(stdout).toContain(shortId(ID));
    }
    expect(JSON.parse((await run(['show', ID, '--mask-ids', '--json'])).stdout).id).toBe(shortId(ID));
  });

  it('of a session that is not there are short in the error, too', async () => {
    const { stderr } = await run(['show', 'f'.repeat(32), '--json'], { CI: '1' });
    expect(JSON.parse(stderr).error.message).toContain(`'${shortId('f'.repeat(32))}'`);
  });
});

describe('secrets by their form', () => {
  it('are masked in show, events and streams tail, and shown with --reveal', async () => {
    const item = mcpItem(
      'secretive',
      { created: -5, active: -1, expires: 20 },
      { note: `Bearer ${BY_FORM[2]}`, jwt_is: JWT },
    );
    await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item: item });
    await engine.raw.call('PutItem', {
      TableName: 'mcp-session-events',
      Item: { session_id: { S: 'secretive' }, event_id: { N: '1' }, data: { S: `text with ${JWT}` } },
    });
    for (const argv of [
      ['show', 'secretive'],
      ['events', 'secretive'],
      ['streams', 'tail', '--from', 'trim-horizon', '--session', 'secretive', '--limit', '2'],
    ])
      for (const format of ['table', 'json'] as const) {
        const masked = await run([...argv, '-o', format]);
        expect([masked.code, found(masked.stdout, BY_FORM)]).toEqual([0, []]);
        const revealed = await run([...argv, '-o', format, '--reveal']);
        expect({ argv, format, text: revealed.stdout }).toMatchObject({ text: expect.stringContaining(JWT) });
      }
  });
});
