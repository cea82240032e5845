import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { lilconfig } from 'lilconfig';
import { CliError } from '../errors.js';
import type { ConfigFile } from './schema.js';

const NAME = 'mcp-sessions';

const message = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

type Loader = (path: string, content: string) => Promise<unknown>;

/** A loader whose failures say which file: the parsers' own messages do not. */
const naming =
  (load: Loader): Loader =>
  async (path, content) => {
    try {
      return await load(path, content);
    } catch (cause) {
      throw new CliError('CONFIG_INVALID', `${path} cannot be read: ${message(cause)}`, { cause });
    }
  };

const readYaml = naming(async (_path, content) => {
  const { parse } = await import('./yaml.js');
  return parse(content);
});

const loaders = {
  '.json': naming(async (_path, content) => JSON.parse(content.replace(/^\uFEFF/, ''))),
  '.yaml': readYaml,
  '.yml': readYaml,
  '.js': naming(async (path) => {
    const { default: config } = await import(pathToFileURL(path).href);
    return config;
  }),
  // Node 20 reads no TypeScript.
  '.ts': naming(async (path) => {
    const { createJiti } = await import('jiti');
    return createJiti(import.meta.url, { fsCache: false }).import(path, { default: true });
  }),
};

const SEARCH = {
  searchPlaces: ['json', 'yaml', 'yml', 'js', 'ts'].map((ending) => `${NAME}.config.${ending}`).concat('package.json'),
  ignoreEmptySearchPlaces: false,
  stopDir: '/',
};

const unread: Loader = async () => ({});

/** Whether the file that counts is a program: to read it is to run it. Reads none of that kind. */
export async function isConfigCode(folder: string): Promise<boolean> {
  const searcher = lilconfig(NAME, { ...SEARCH, loaders: { ...loaders, '.js': unread, '.ts': unread } });
  const found = await searcher.search(folder);
  return /\.[jt]s$/.test(found?.filepath ?? '');
}

export interface LoadedConfig {
  /** null when there is no configuration file. */
  readonly path: string | null;
  readonly config: ConfigFile;
}

/** Of two spellings of one name nobody can know which was meant. */
function requireOneYaml(path: string): void {
  const other = path.endsWith('.yaml') ? path.replace(/yaml$/, 'yml') : null;
  if (other === null || !existsSync(other)) return;
  throw new CliError('CONFIG_INVALID', `there are two configuration files: ${path} and ${other}`, {
    hint: 'keep one of them',
  });
}

/**
 * Reads `mcp-sessions.config.{json,yaml,yml,js,ts}` or the key `mcp-sessions` of package.json, from the folder and those
 * above it; the nearest counts, even an empty one. Throws CONFIG_INVALID with the file's name when it cannot be read or
 * is not valid.
 */
export async function loadConfigFile(folder: string): Promise<LoadedConfig> {
  const searcher = lilconfig(NAME, { ...SEARCH, loaders });
  let found: Awaited<ReturnType<typeof searcher.search>>;
  try {
    found = await searcher.search(folder);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('CONFIG_INVALID', `the configuration file cannot be read: ${message(cause)}`, { cause });
  }
  if (found === null) return { path: null, config: { layouts: [] } };
  requireOneYaml(found.filepath);
  // A YAML file of nothing but comments is empty too: it parses to null.
  const isEmpty = found.isEmpty === true || (found.config === null && /\.ya?ml$/.test(found.filepath));
  // Validation is for those who have a file: it takes a while to load.
  const { readConfig } = await import('./schema.js');
  return { path: found.filepath, config: readConfig(isEmpty ? {} : found.config, found.filepath) };
}
