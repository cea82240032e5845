import path from 'node:path';
import { CliError } from '../errors.js';
import { LAYOUTS } from '../schema/layouts/index.js';
import { type GivenNames, nameProblem } from '../schema/names.js';
import type { Layout } from '../schema/types.js';
import { type LoadedConfig, loadConfigFile } from './file.js';

/** The flags that every command takes to find its target. */
export interface TargetFlags {
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  /** true for the default data file, or a path. */
  readonly local?: boolean | string;
  readonly layout?: string;
  readonly sessionsTable?: string;
  readonly eventsTable?: string;
  readonly suffix?: string;
  readonly environment?: string;
}

/** A value and where it came from: a flag, an environment variable, the configuration file, or the default. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** What a command is to work on, before anything was asked of AWS. */
export interface Settings {
  /** null: to be found in the profile, or missing. */
  readonly region: Sourced<string | null>;
  readonly profile: Sourced<string | null>;
  /** null for AWS, or for the embedded engine, whose address is known once it runs. */
  readonly endpoint: Sourced<string | null>;
  /** Where DynamoDB Streams answers; null: at the endpoint, or for AWS at its own host for them. */
  readonly streamsEndpoint: Sourced<string | null>;
  /** Where CloudWatch answers, if it is told. */
  readonly cloudWatchEndpoint: Sourced<string | null>;
  /** The data file of the embedded engine, absolute; null when it is not wanted. */
  readonly localFile: Sourced<string | null>;
  /** null: what the tables are found to be. */
  readonly layout: Sourced<string | null>;
  readonly tables: { readonly flags: GivenNames; readonly file: GivenNames };
  /** What is appended to every table's name, after a `-`; null: nothing. */
  readonly suffix: Sourced<string | null>;
  readonly environment: Sourced<string>;
  readonly configFile: string | null;
  /** The layouts that come with the product, and the configuration file's. */
  readonly layouts: readonly Layout[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_DATA_FILE = path.join('.mcp-sessions', 'local.db');

/** Collects the settings of a command: flags beat the environment, the environment beats the file, the file beats defaults. */
export async function readSettings(flags: TargetFlags, env: Environment, folder: string): Promise<Settings> {
  const loaded = await loadConfigFile(folder);
  const { config } = loaded;
  const fileSource = loaded.path ?? 'configuration file';
  const first = pick(env, fileSource);

  const profile = first('--profile', flags.profile, ['AWS_PROFILE'], config.profile);
  const layout = first('--layout', flags.layout, ['MCP_SESSIONS_LAYOUT'], config.layout);
  const place = engineOrEndpoint(flags, env, loaded, folder);
  const settings: Settings = {
    region: first('--region', flags.region, ['AWS_REGION', 'AWS_DEFAULT_REGION'], config.region),
    profile,
    ...place,
    streamsEndpoint: besideEndpoint('AWS_ENDPOINT_URL_DYNAMODB_STREAMS', place, env),
    cloudWatchEndpoint: besideEndpoint('AWS_ENDPOINT_URL_CLOUDWATCH', place, env),
    layout,
    tables: {
      flags: {
        sessions: named(flags.sessionsTable, '--sessions-table'),
        events: named(flags.eventsTable, '--events-table'),
      },
      file: {
        sessions: named(config.sessionsTable, fileSource),
        events: named(config.eventsTable, fileSource),
      },
    },
    suffix: first('--suffix', flags.suffix, ['MCP_SESSIONS_SUFFIX'], config.suffix),
    environment: withDefault(
      first('--environment', flags.environment, ['ENVIRONMENT'], config.environment),
      'development',
    ),
    configFile: loaded.path,
    layouts: [...LAYOUTS, ...config.layouts],
  };
  checkRegion(settings);
  checkLayout(settings);
  checkSuffix(settings);
  return settings;
}

type First = (
  flag: string,
  given: string | undefined,
  variables: readonly string[],
  configured: string | undefined,
) => Sourced<string | null>;

const pick =
  (env: Environment, fileSource: string): First =>
  (flag, given, variables, configured) => {
    if (given === '')
      throw new CliError('USAGE', `${flag} was given an empty value`, {
        hint: `give ${flag} a value, or leave it out`,
      });
    if (given !== undefined) return { value: given, source: flag };
    for (const variable of variables) {
      const value = env[variable];
      if (value !== undefined && value !== '') return { value, source: variable };
    }
    return configured === undefined ? { value: null, source: 'default' } : { value: configured, source: fileSource };
  };

const withDefault = ({ value, source }: Sourced<string | null>, fallback: string): Sourced<string> => ({
  value: value ?? fallback,
  source,
});

function named(name: string | undefined, source: string): { name: string; source: string } | undefined {
  if (name === undefined) return undefined;
  checkTableName(name, source);
  return { name, source };
}

/** Throws USAGE, naming the source, where a text cannot be a table's name. */
function checkTableName(name: string, source: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new CliError('USAGE', `the table name '${name}' (${source}) ${problem}`);
}

type Place = Pick<Settings, 'endpoint' | 'localFile'>;

/** At the first level that names an engine or an endpoint, that one counts; a level can also rule the engine out. */
function engineOrEndpoint(flags: TargetFlags, env: Environment, loaded: LoadedConfig, folder: string): Place {
  const { config } = loaded;
  const fileSource = loaded.path ?? 'configuration file';
  if (flags.local !== undefined && flags.local !== false && flags.endpointUrl !== undefined)
    throw new CliError('USAGE', '--local and --endpoint-url exclude each other', {
      hint: '--local brings its own engine; --endpoint-url names one that runs already',
    });
  // Whoever sets the engine in a file means one for all folders below it.
  const fileFolder = loaded.path === null ? folder : path.dirname(loaded.path);
  const levels: readonly (readonly [boolean | string | undefined, string, string, string | undefined, string])[] = [
    [flags.local, '--local', folder, flags.endpointUrl, '--endpoint-url'],
    [localOf(env.MCP_SESSIONS_LOCAL), 'MCP_SESSIONS_LOCAL', folder, ...endpointOf(env)],
    [config.local, fileSource, fileFolder, config.endpointUrl, fileSource],
  ];
  let off: string | null = null;
  for (const [local, localSource, base, endpoint, endpointSource] of levels) {
    if (local === false) off ??= localSource;
    if (off === null && (local === true || typeof local === 'string')) {
      const file = path.resolve(base, local === true || local === '' ? DEFAULT_DATA_FILE : local);
      return { endpoint: { value: null, source: localSource }, localFile: { value: file, source: localSource } };
    }
    if (endpoint !== undefined) {
      checkEndpoint(endpoint, endpointSource);
      return {
        endpoint: { value: endpoint, source: endpointSource },
        localFile: { value: null, source: off ?? 'default' },
      };
    }
  }
  return { endpoint: { value: null, source: 'default' }, localFile: { value: null, source: off ?? 'default' } };
}

/** `1` or `true` for the default data file, `0` or `false` for none whatever the configuration file says, else a path. */
function localOf(value: string | undefined): boolean | string | undefined {
  switch (value?.toLowerCase()) {
    case undefined:
    case '':
      return undefined;
    case '0':
    case 'false':
      return false;
    case '1':
    case 'true':
      return true;
    default:
      return value;
  }
}

function endpointOf(env: Environment): readonly [string | undefined, string] {
  for (const variable of ['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL']) {
    const value = env[variable];
    if (value !== undefined && value !== '') return [value, variable];
  }
  return [undefined, 'default'];
}

/**
 * The variable's, unless a flag named the endpoint or an engine of our own is used: those have with them what else there
 * is of AWS.
 */
function besideEndpoint(variable: string, { endpoint, localFile }: Place, env: Environment): Sourced<string | null> {
  const value = env[variable];
  if (value === undefined || value === '' || localFile.value !== null || endpoint.source === '--endpoint-url')
    return { value: null, source: 'default' };
  checkEndpoint(value, variable);
  return { value, source: variable };
}

function checkEndpoint(endpoint: string, source: string): void {
  const protocol = URL.canParse(endpoint) ? new URL(endpoint).protocol : null;
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new CliError('USAGE', `the endpoint '${endpoint}' (${source}) is not an http or https URL`, {
      hint: 'for example --endpoint-url http://localhost:8000',
    });
}

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/;

/** Engines take any region; AWS has names of one form. */
function checkRegion({ region, endpoint, localFile }: Settings): void {
  if (region.value === null || endpoint.value !== null || localFile.value !== null || REGION.test(region.value)) return;
  throw new CliError('USAGE', `'${region.value}' (${region.source}) is not the name of an AWS region`, {
    hint: 'for example --region eu-west-1',
  });
}

function checkLayout({ layout, layouts }: Settings): void {
  const { value, source } = layout;
  if (value === null || layouts.some(({ id }) => id === value)) return;
  throw new CliError('LAYOUT_UNKNOWN', `there is no layout '${value}' (${source})`, {
    hint: `layouts: ${layouts.map(({ id }) => id).join(', ')}`,
  });
}

/** How long the names are with it is seen once they are known. */
function checkSuffix({ suffix: { value, source } }: Settings): void {
  if (value === null || /^[\w.-]+$/.test(value)) return;
  throw new CliError(
    'USAGE',
    `the suffix '${value}' (${source}) may hold only letters a–z and A–Z, digits, and the characters _ - .`,
    { hint: "a branch's name becomes one by tr -c 'a-zA-Z0-9_.-' '-'" },
  );
}
