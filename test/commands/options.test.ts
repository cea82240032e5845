import { describe, expect, it } from 'vitest';
import { bindLocalFile, formatOf } from '../../src/commands/global-options.js';
import { commandLine, targetWords, withTarget } from '../../src/commands/equivalent.js';
import { type SetupFlags, toSetupRequest } from '../../src/commands/setup-options.js';
import { CliError } from '../../src/errors.js';
import { buildProgram } from '../../src/program.js';

/** What a command's run would get. */
async function parsed(argv: readonly string[]): Promise<{ name: string; args: readonly unknown[]; flags: object }> {
  const calls: { name: string; args: readonly unknown[]; flags: object }[] = [];
  const program = buildProgram({
    act: async (definition, command, args) => {
      calls.push({ name: definition.name, args, flags: command.optsWithGlobals() });
    },
  });
  await program.parseAsync([...bindLocalFile(argv)], { from: 'user' });
  const [call] = calls;
  if (call === undefined || calls.length > 1) throw new Error(`${calls.length} commands ran`);
  return call;
}

const GLOBAL = { color: true, input: true };
const LIST = { sort: 'activity', index: true, concurrency: 4 };

describe('global flags', () => {
  it('are the same before and after the command', async () => {
    const flags = ['--region', 'eu-west-1', '--profile', 'p', '--layout', 'turul', '--sessions-table', 's-1'];
    const more = [
      '--events-table',
      'e-1',
      '--environment',
      'production',
      '-o',
      'yaml',
      '--no-color',
      '-q',
      '--verbose',
    ];
    const all = [...flags, ...more, '-y', '--no-input', '--endpoint-url', 'http://localhost:1'];
    const expected = {
      region: 'eu-west-1',
      profile: 'p',
      layout: 'turul',
      sessionsTable: 's-1',
      eventsTable: 'e-1',
      environment: 'production',
      output: 'yaml',
      color: false,
      quiet: true,
      verbose: true,
      yes: true,
      input: false,
      endpointUrl: 'http://localhost:1',
    };
    expect((await parsed([...all, 'doctor'])).flags).toEqual(expected);
    expect((await parsed(['doctor', ...all])).flags).toEqual(expected);
    expect((await parsed(['layouts', ...all, 'list'])).flags).toEqual(expected);
  });

  it('has defaults that ask and colour', async () => {
    expect((await parsed(['doctor'])).flags).toEqual(GLOBAL);
    expect((await parsed(['doctor', '--json', '--quiet', '--yes'])).flags).toEqual({
      ...GLOBAL,
      json: true,
      quiet: true,
      yes: true,
    });
  });

  it.each([
    [['show', '--local', '0198c0ffee'], '', ['0198c0ffee']],
    [['--local', 'show', '0198c0ffee'], '', ['0198c0ffee']],
    [['show', '0198c0ffee', '--local'], '', ['0198c0ffee']],
    [['show', '--local', 'path/x.db', 'id'], 'path/x.db', ['id']],
    [['show', '--local', './x', 'id'], './x', ['id']],
    [['show', '--local=x', 'id'], 'x', ['id']],
    [['show', '--local', 'x.sqlite3', 'id'], 'x.sqlite3', ['id']],
    [['show', '--local', String.raw`C:\data\x`, 'id'], String.raw`C:\data\x`, ['id']],
    [['show', '--local', '--reveal', 'id'], '', ['id']],
    [['show', '--local', '--', 'a/b'], '', ['a/b']],
  ])('%j takes a path for the file of --local and nothing else', async (argv, local, args) => {
    const call = await parsed(argv);
    expect(call.args).toEqual(args);
    expect(call.flags).toMatchObject({ local });
  });

  it('leaves what follows -- alone', () => {
    expect(bindLocalFile(['local', 'exec', '--', 'x', '--local', 'a.db'])).toEqual(
      ['local', 'exec', '--', 'x', '--local', 'a.db'], // prettier-ignore
    );
  });

  it.each([
    [['--json'], 'json'],
    [['-o', 'csv'], 'csv'],
    [['-ocsv'], 'csv'],
    [['--output=yaml'], 'yaml'],
    [['--output', 'ndjson'], 'ndjson'],
    [['--output', 'xml'], 'table'],
    [['--output', 'xml', '--json'], 'json'],
    [['x', '--', '--json'], 'table'],
    [[], 'table'],
  ])('%j asks for errors in %s', (argv, format) => {
    expect(formatOf(argv)).toBe(format);
  });
});

describe('flags of the commands', () => {
  it.each([
    [['list'], LIST],
    [['list', '--where', 'a=b', '--where', 'c missing'], { ...LIST, where: ['a=b', 'c missing'] }],
    [['list', '--active'], { ...LIST, active: true }],
    [['list', '--expired', '--terminated'], { ...LIST, expired: true, terminated: true }],
    [['list', '--idle', '90s'], { ...LIST, idle: 90_000 }],
    [['list', '--idle', '2w'], { ...LIST, idle: 1_209_600_000 }],
    [['list', '--idle', '2h30m'], { ...LIST, idle: 9_000_000 }],
    [
      ['list', '--created-after', '7d', '--created-before', '2026-11-20'],
      { ...LIST, createdAfter: '7d', createdBefore: '2026-11-20' },
    ],
    [['list', '--sort', 'size', '--limit', '5'], { ...LIST, sort: 'size', limit: 5 }],
    [['list', '--all', '--columns', 'id, expiresAt'], { ...LIST, all: true, columns: ['id', 'expiresAt'] }],
    [
      ['list', '--no-index', '--max-rcu', '50', '--segments', '8', '--concurrency', '2'],
      { ...LIST, index: false, maxRcu: 50, segments: 8, concurrency: 2 },
    ],
    [['show'], { events: 10 }],
    [['show', 'id', '--reveal', '--events', '0'], { reveal: true, events: 0 }],
    [['seed'], { count: 10, events: 3, expired: 0.2 }],
    [
      ['seed', '--count', '7', '--events', '0', '--expired', '50%', '--random-seed', '3', '--dry-run'],
      { count: 7, events: 0, expired: 0.5, randomSeed: 3, dryRun: true },
    ],
    [['seed', '--expired', '0'], { count: 10, events: 3, expired: 0 }],
    [['status', '--check'], { check: true, streams: true, ttl: true }],
    [['local', 'start', '--port', '8000', '--memory'], { port: 8000, memory: true }],
    [['local', 'exec', '--no-setup', '--', 'npm', 'test', '--json'], { setup: false }],
    [['local', 'reset'], {}],
    [['layouts', 'list'], {}],
    [['layouts', 'show', 'mcp'], {}],
    [['layouts', 'detect', 'x'], {}],
    [['doctor'], {}],
  ])('%j', async (argv, flags) => {
    expect((await parsed(argv)).flags).toEqual({ ...GLOBAL, ...flags });
  });

  it('passes the arguments on', async () => {
    expect((await parsed(['local', 'exec', '--', 'npm', 'test', '--json'])).args).toEqual([['npm', 'test', '--json']]);
    expect((await parsed(['layouts', 'show', 'mcp'])).args).toEqual(['mcp']);
    expect((await parsed(['show'])).args).toEqual([undefined]);
  });

  it('takes every flag of setup', async () => {
    const schema = ['--tag', 'a=b', '--tag', 'c=d=e', '--no-streams', '--ttl-attribute', 'expires'];
    const billing = ['--billing', 'provisioned', '--read-capacity', '5', '--write-capacity', '6'];
    const rest = ['--pitr', '--no-deletion-protection', '--table-class', 'standard-infrequent-access'];
    const replicas = ['--kms-key', 'default', '--replica', 'eu-west-1', '--replica', 'us-gov-west-1'];
    const run = ['--check', '--dry-run', '--prune', '--no-wait', '--confirm', 't1', '--confirm', 't2'];
    expect((await parsed(['setup', ...schema, ...billing, ...rest, ...replicas, ...run])).flags).toEqual({
      ...GLOBAL,
      tag: ['a=b', 'c=d=e'],
      streams: false,
      ttl: true,
      ttlAttribute: 'expires',
      billing: 'provisioned',
      readCapacity: 5,
      writeCapacity: 6,
      pitr: true,
      deletionProtection: false,
      tableClass: 'standard-infrequent-access',
      kmsKey: 'default',
      replica: ['eu-west-1', 'us-gov-west-1'],
      check: true,
      dryRun: true,
      prune: true,
      wait: false,
      confirm: ['t1', 't2'],
    });
  });
});

describe('toSetupRequest', () => {
  const flags = { streams: true, ttl: true, wait: true } as const satisfies SetupFlags;

  it('leaves to the layout what no flag says', () => {
    expect(toSetupRequest(flags, 'staging')).toEqual({
      prune: false,
      overrides: { environment: 'staging', tags: {}, replicas: [] },
    });
  });

  it('says everything that flags say', () => {
    const given: SetupFlags = {
      ...flags,
      tag: ['Team=agents', 'empty='],
      streamView: 'KEYS_ONLY',
      ttlAttribute: 'expires',
      billing: 'provisioned',
      readCapacity: 1,
      writeCapacity: 2,
      pitr: false,
      deletionProtection: true,
      tableClass: 'standard',
      kmsKey: 'default',
      replica: ['eu-west-1'],
      prune: true,
    };
    expect(toSetupRequest(given, 'production')).toEqual({
      prune: true,
      overrides: {
        environment: 'production',
        tags: { Team: 'agents', empty: '' },
        replicas: ['eu-west-1'],
        stream: 'KEYS_ONLY',
        ttlAttribute: 'expires',
        billing: { mode: 'provisioned', readCapacityUnits: 1, writeCapacityUnits: 2 },
        pointInTimeRecovery: false,
        deletionProtection: true,
        tableClass: 'STANDARD',
        kmsKey: 'default',
      },
    });
    expect(toSetupRequest({ ...flags, streams: false, ttl: false }, 'x').overrides).toMatchObject({
      stream: false,
      ttlAttribute: false,
    });
  });

  it.each([
    [{ streams: false, streamView: 'KEYS_ONLY' }, /--no-streams and --stream-view/],
    [{ ttl: false, ttlAttribute: 'x' }, /--no-ttl and --ttl-attribute/],
    [{ billing: 'provisioned', readCapacity: 1 }, /needs --read-capacity and --write-capacity/],
    [{ billing: 'on-demand', readCapacity: 1 }, /go with --billing provisioned/],
    [{ writeCapacity: 1 }, /go with --billing provisioned/],
    [{ tag: ['novalue'] }, /--tag 'novalue' is not a tag/],
    [{ tag: ['=x'] }, /is not a tag/],
    [{ tag: ['aws:x=y'] }, /is not a tag/],
    [{ tag: [`k=${'x'.repeat(257)}`] }, /is not a tag/],
  ] satisfies [Partial<SetupFlags>, RegExp][])('refuses %j', (wrong, message) => {
    const call = (): unknown => toSetupRequest({ ...flags, ...wrong }, 'development');
    expect(call).toThrow(CliError);
    expect(call).toThrow(message);
  });
});

describe('equivalent commands', () => {
  it('quotes for a shell what needs it', () => {
    expect(commandLine(['show', "it's", '--local=a b.db', 'plain-1.x'])).toBe(
      String.raw`mcp-sessions show 'it'\''s' '--local=a b.db' plain-1.x`,
    );
  });

  it('points the commands of a hint to the same tables', () => {
    const flags = { local: '', region: 'eu-west-1' };
    expect(targetWords(flags)).toEqual(['--local', '--region', 'eu-west-1']);
    expect(withTarget('`mcp-sessions setup` creates it; see `mcp-sessions --help`', flags)).toBe(
      '`mcp-sessions setup --local --region eu-west-1` creates it; see `mcp-sessions --help`',
    );
    expect(withTarget('`mcp-sessions list --all` shows', { local: 'x.db' })).toBe(
      '`mcp-sessions list --all --local=x.db` shows',
    );
    expect(withTarget('`mcp-sessions setup` creates it', {})).toBe('`mcp-sessions setup` creates it');
  });
});
