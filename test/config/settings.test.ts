import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Environment, readSettings, type Settings, type TargetFlags } from '../../src/config/settings.js';
import { CliError } from '../../src/errors.js';
import { LAYOUTS, tableNames } from '../../src/schema/index.js';
import { folderOf } from '../support/folder.js';

const FILE = 'mcp-sessions.config.json';

interface Given {
  readonly flags?: TargetFlags;
  readonly env?: Environment;
  readonly file?: object;
}

interface Read extends Settings {
  readonly folder: string;
}

async function read({ flags = {}, env = {}, file }: Given): Promise<Read> {
  const folder = await folderOf(file === undefined ? {} : { [FILE]: JSON.stringify(file) });
  return { ...(await readSettings(flags, env, folder)), folder };
}

async function failure(given: Given): Promise<CliError> {
  const outcome: unknown = await read(given).catch((error: unknown) => error);
  if (!(outcome instanceof CliError)) throw new Error('expected a CliError');
  return outcome;
}

async function namesOf(given: Given): Promise<readonly string[]> {
  const { tables } = await read(given);
  const [mcp] = LAYOUTS;
  return mcp === undefined
    ? []
    : tableNames(mcp, tables, given.env ?? {}).map(({ name, source }) => `${name} ${source.replace(/.*\//, '')}`);
}

describe('readSettings', () => {
  it('has defaults for everything', async () => {
    const none = { value: null, source: 'default' };
    expect(await read({})).toMatchObject({
      region: none,
      profile: none,
      endpoint: none,
      localFile: none,
      layout: none,
      environment: { value: 'development', source: 'default' },
      configFile: null,
      layouts: LAYOUTS,
    });
  });

  describe.each([
    {
      setting: 'region' as const,
      flag: { region: 'eu-west-1' },
      name: '--region',
      variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
      values: ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-north-1'],
    },
    {
      setting: 'profile' as const,
      flag: { profile: 'a' },
      name: '--profile',
      variables: ['AWS_PROFILE'],
      values: ['a', 'b', 'c', 'd'],
    },
    {
      setting: 'layout' as const,
      flag: { layout: 'mcp' },
      name: '--layout',
      variables: ['MCP_SESSIONS_LAYOUT'],
      values: ['mcp', 'turul', 'express', 'generic'],
    },
    {
      setting: 'suffix' as const,
      flag: { suffix: 'a.1' },
      name: '--suffix',
      variables: ['MCP_SESSIONS_SUFFIX'],
      values: ['a.1', 'B_2', 'c-3', 'd'],
    },
    {
      setting: 'environment' as const,
      flag: { environment: 'production' },
      name: '--environment',
      variables: ['ENVIRONMENT'],
      values: ['production', 'staging', 'test', 'ci'],
    },
  ])('$setting', ({ setting, flag, name, variables, values: [byFlag, byFirst, byFile, bySecond] }) => {
    const [first = '', second] = variables;
    const env = { [first]: byFirst, ...(second !== undefined && { [second]: bySecond }) };
    const file = { [setting]: byFile };

    it('takes the flag, then the environment, then the file, and says which', async () => {
      expect((await read({ flags: flag, env, file }))[setting]).toEqual({ value: byFlag, source: name });
      expect((await read({ env, file }))[setting]).toEqual({ value: byFirst, source: first });
      const settings = await read({ file });
      expect(settings[setting]).toEqual({ value: byFile, source: join(settings.folder, FILE) });
      expect(settings.configFile).toBe(join(settings.folder, FILE));
    });

    it('passes over a variable that is empty', async () => {
      expect((await read({ env: { ...env, [first]: '' }, file }))[setting].value).toBe(
        second === undefined ? byFile : bySecond,
      );
    });

    it('refuses an empty flag by its name', async () => {
      const { code, message } = await failure({ flags: { [setting]: '' } });
      expect([code, message]).toEqual(['USAGE', `${name} was given an empty value`]);
    });
  });

  describe('table names', () => {
    const flags = { sessionsTable: 'flag-sessions', eventsTable: 'flag-events' };
    const env = {
      DYNAMODB_SESSIONS_TABLE: 'env-sessions',
      MCP_SESSION_TABLE: 'env2-sessions',
      DYNAMODB_EVENTS_TABLE: 'env-events',
      MCP_SESSION_EVENT_TABLE: 'env2-events',
    };
    const file = { sessionsTable: 'file-sessions', eventsTable: 'file-events' };

    it('take the flag, then the first variable that is set, then the file, then the default', async () => {
      expect(await namesOf({ flags, env, file })).toEqual([
        'flag-sessions --sessions-table',
        'flag-events --events-table',
      ]);
      expect(await namesOf({ env, file })).toEqual([
        'env-sessions DYNAMODB_SESSIONS_TABLE',
        'env-events DYNAMODB_EVENTS_TABLE',
      ]);
      const second = { ...env, DYNAMODB_SESSIONS_TABLE: '', DYNAMODB_EVENTS_TABLE: undefined };
      expect(await namesOf({ env: second, file })).toEqual([
        'env2-sessions MCP_SESSION_TABLE',
        'env2-events MCP_SESSION_EVENT_TABLE',
      ]);
      expect(await namesOf({ file })).toEqual([`file-sessions ${FILE}`, `file-events ${FILE}`]);
      expect(await namesOf({})).toEqual(['mcp-sessions default', 'mcp-session-events default']);
    });

    it.each([
      [{ sessionsTable: 'a b' }, '--sessions-table'],
      [{ eventsTable: 'x'.repeat(256) }, '--events-table'],
      [{ sessionsTable: '' }, '--sessions-table'],
    ])('that DynamoDB refuses name the flag: %j', async (wrong, flag) => {
      const { code, message } = await failure({ flags: wrong });
      expect(code).toBe('USAGE');
      expect(message).toContain(flag);
    });
  });

  describe('engine and endpoint', () => {
    const url = 'http://localhost:8000';
    const place = async (given: Given): Promise<object> => {
      const { endpoint, localFile, folder } = await read(given);
      const file = localFile.value?.replace(`${folder}/`, '') ?? null;
      return {
        endpoint: endpoint.value,
        file,
        sources: [endpoint.source, localFile.source].map((s) => s.replace(/.*\//, '')),
      };
    };

    it.each<[string, Given, string | null, string | null, string]>([
      ['--local', { flags: { local: true } }, null, '.mcp-sessions/local.db', '--local'],
      ['--local file', { flags: { local: 'x/y.db' } }, null, 'x/y.db', '--local'],
      ['--endpoint-url', { flags: { endpointUrl: url } }, url, null, '--endpoint-url'],
      [
        '--local over the environment',
        { flags: { local: true }, env: { AWS_ENDPOINT_URL: url } },
        null,
        '.mcp-sessions/local.db',
        '--local',
      ],
      [
        '--endpoint-url over the environment',
        { flags: { endpointUrl: url }, env: { MCP_SESSIONS_LOCAL: '1' } },
        url,
        null,
        '--endpoint-url',
      ],
      [
        'MCP_SESSIONS_LOCAL=1',
        { env: { MCP_SESSIONS_LOCAL: '1' } },
        null,
        '.mcp-sessions/local.db',
        'MCP_SESSIONS_LOCAL',
      ],
      [
        'MCP_SESSIONS_LOCAL=true',
        { env: { MCP_SESSIONS_LOCAL: 'true' } },
        null,
        '.mcp-sessions/local.db',
        'MCP_SESSIONS_LOCAL',
      ],
      [
        'MCP_SESSIONS_LOCAL=TRUE',
        { env: { MCP_SESSIONS_LOCAL: 'TRUE' } },
        null,
        '.mcp-sessions/local.db',
        'MCP_SESSIONS_LOCAL',
      ],
      ['MCP_SESSIONS_LOCAL=path', { env: { MCP_SESSIONS_LOCAL: 'a/b.db' } }, null, 'a/b.db', 'MCP_SESSIONS_LOCAL'],
      ['MCP_SESSIONS_LOCAL empty', { env: { MCP_SESSIONS_LOCAL: '' } }, null, null, 'default'],
      [
        'MCP_SESSIONS_LOCAL empty over the file',
        { env: { MCP_SESSIONS_LOCAL: '' }, file: { local: true } },
        null,
        '.mcp-sessions/local.db',
        FILE,
      ],
      [
        'MCP_SESSIONS_LOCAL=0 over the file',
        { env: { MCP_SESSIONS_LOCAL: '0' }, file: { local: true } },
        null,
        null,
        'MCP_SESSIONS_LOCAL',
      ],
      [
        'MCP_SESSIONS_LOCAL=false over the file',
        { env: { MCP_SESSIONS_LOCAL: 'false' }, file: { local: 'x.db' } },
        null,
        null,
        'MCP_SESSIONS_LOCAL',
      ],
      [
        '--local over MCP_SESSIONS_LOCAL=0',
        { flags: { local: true }, env: { MCP_SESSIONS_LOCAL: '0' } },
        null,
        '.mcp-sessions/local.db',
        '--local',
      ],
      [
        'the environment over the file',
        { env: { AWS_ENDPOINT_URL: url }, file: { local: true } },
        url,
        null,
        'AWS_ENDPOINT_URL',
      ],
      [
        'the more special variable',
        { env: { AWS_ENDPOINT_URL: 'http://other', AWS_ENDPOINT_URL_DYNAMODB: url } },
        url,
        null,
        'AWS_ENDPOINT_URL_DYNAMODB',
      ],
      ["the file's endpoint", { file: { endpointUrl: url, local: false } }, url, null, FILE],
      ["the file's engine", { file: { local: 'x/y.db' } }, null, 'x/y.db', FILE],
    ])('%s', async (_, given, endpoint, file, source) => {
      const found = await place(given);
      expect(found).toMatchObject({ endpoint, file });
      expect(found).toHaveProperty('sources', expect.arrayContaining([source]));
    });

    it.each<[string, Given, string | null]>([
      ['the variable', {}, 'http://streams:1'],
      [
        'the variable, beside that of the tables',
        { env: { AWS_ENDPOINT_URL_DYNAMODB: 'http://tables:1' } },
        'http://streams:1',
      ],
      ['the variable, beside a file', { file: { endpointUrl: 'http://tables:1' } }, 'http://streams:1'],
      ['a flag beats it: streams are at the endpoint', { flags: { endpointUrl: 'http://tables:1' } }, null],
      ['an engine of our own has its streams', { flags: { local: true } }, null],
    ])('streams: %s', async (_, { flags = {}, env = {}, ...rest }, expected) => {
      const given = { flags, env: { AWS_ENDPOINT_URL_DYNAMODB_STREAMS: 'http://streams:1', ...env }, ...rest };
      const source = expected === null ? 'default' : 'AWS_ENDPOINT_URL_DYNAMODB_STREAMS';
      expect((await read(given)).streamsEndpoint).toEqual({ value: expected, source });
    });

    it.each<[string, Given, string | null]>([
      ['the variable', {}, 'http://alarms:1'],
      ['nowhere of its own where a flag names the endpoint', { flags: { endpointUrl: 'http://tables:1' } }, null],
      ['nowhere with an engine of our own', { flags: { local: true } }, null],
    ])('alarms: %s', async (_, given, expected) => {
      const { cloudWatchEndpoint } = await read({ env: { AWS_ENDPOINT_URL_CLOUDWATCH: 'http://alarms:1' }, ...given });
      expect(cloudWatchEndpoint.value).toBe(expected);
    });

    it('refuses an address of the streams that is none', async () => {
      expect(await failure({ env: { AWS_ENDPOINT_URL_DYNAMODB_STREAMS: 'streams' } })).toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('AWS_ENDPOINT_URL_DYNAMODB_STREAMS'),
      });
    });

    it.each([
      [true, '.mcp-sessions/local.db'],
      ['./x.db', 'x.db'],
    ])('local: %j of a file above means the folder of that file', async (local, expected) => {
      const folder = await folderOf({ [FILE]: JSON.stringify({ local }), 'app/deep/x': '' });
      const { localFile } = await readSettings({}, {}, join(folder, 'app/deep'));
      expect(localFile).toEqual({ value: join(folder, expected), source: join(folder, FILE) });
      const own = await readSettings({ local: true }, {}, join(folder, 'app/deep'));
      expect(own.localFile.value).toBe(join(folder, 'app/deep/.mcp-sessions/local.db'));
    });

    it('--local and --endpoint-url exclude each other', async () => {
      const { code, message } = await failure({ flags: { local: true, endpointUrl: url } });
      expect([code, message]).toEqual(['USAGE', '--local and --endpoint-url exclude each other']);
    });

    it.each([
      [{ flags: { endpointUrl: 'localhost:8000' } }, '--endpoint-url'],
      [{ flags: { endpointUrl: '' } }, '--endpoint-url'],
      [{ flags: { endpointUrl: 'ftp://host' } }, '--endpoint-url'],
      [{ env: { AWS_ENDPOINT_URL: 'nowhere' } }, 'AWS_ENDPOINT_URL'],
      [{ file: { endpointUrl: 'nowhere' } }, FILE],
    ])('an endpoint that is no URL names where it came from: %j', async (given, source) => {
      const { code, message } = await failure(given);
      expect(code).toBe('USAGE');
      expect(message).toContain(source);
    });
  });

  it.each([
    [{ flags: { region: 'Ireland' } }, '--region'],
    [{ env: { AWS_DEFAULT_REGION: 'eu-west-1a' } }, 'AWS_DEFAULT_REGION'],
    [{ file: { region: 'eu_west_1' } }, FILE],
  ])('a region that AWS cannot have names where it came from: %j', async (given, source) => {
    const { code, message } = await failure(given);
    expect(code).toBe('USAGE');
    expect(message).toContain(source);
  });

  it.each(['us-gov-west-1', 'cn-northwest-1', 'us-isob-east-1', 'eusc-de-east-1', 'ap-southeast-7'])(
    'takes the region %s',
    async (region) => {
      expect((await read({ flags: { region } })).region.value).toBe(region);
    },
  );

  it.each([
    [{ flags: { suffix: 'feature/x' } }, "the suffix 'feature/x' (--suffix)"],
    [{ env: { MCP_SESSIONS_SUFFIX: 'a b' } }, "the suffix 'a b' (MCP_SESSIONS_SUFFIX)"],
  ])('a suffix that no table name can hold names where it came from: %j', async (given, said) => {
    const { code, message } = await failure(given);
    expect([code, message]).toEqual(['USAGE', expect.stringContaining(said)]);
  });

  it('takes any region for an engine and another endpoint', async () => {
    expect((await read({ flags: { region: 'local', local: true } })).region.value).toBe('local');
    expect((await read({ flags: { region: 'local', endpointUrl: 'http://h' } })).region.value).toBe('local');
  });

  it('refuses a layout that nobody knows, by its source and with those that there are', async () => {
    const { code, message, hint } = await failure({ env: { MCP_SESSIONS_LAYOUT: 'django' } });
    expect(code).toBe('LAYOUT_UNKNOWN');
    expect(message).toContain('MCP_SESSIONS_LAYOUT');
    for (const { id } of LAYOUTS) expect(hint).toContain(id);
  });

  it("knows the configuration file's layouts", async () => {
    const file = {
      layout: 'ours',
      layouts: {
        ours: {
          title: 'Ours',
          tables: [{ role: 'sessions', defaultName: 'ours', keys: { partitionKey: { name: 'sid', type: 'S' } } }],
          session: {},
        },
      },
    };
    const { layout, layouts } = await read({ file });
    expect(layout.value).toBe('ours');
    expect(layouts.map(({ id }) => id)).toEqual([...LAYOUTS.map(({ id }) => id), 'ours']);
  });
});
