import { lilconfig } from 'lilconfig';
import { CliError } from '../errors.js';
import type { ConfigFile } from './schema.js';

const NAME = 'mcp-sessions';

const message = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const loaders = {
  '.yaml': async (_path: string, content: string): Promise<unknown> => {
    const { parse } = await import('./yaml.js');
    return parse(content);
  },
  '.ts': async (path: string): Promise<unknown> => {
    const { createJiti } = await import('jiti');
    return createJiti(import.meta.url, { fsCache: false }).import(path, { default: true });
  },
};

export interface LoadedConfig {
  /** null when there is no configuration file. */
  readonly path: string | null;
  readonly config: ConfigFile;
}

/**
 * Reads `mcp-sessions.config.{json,yaml,js,ts}` or the key `mcp-sessions` of package.json, from the folder and those
 * above it; the nearest counts. Throws CONFIG_INVALID with the file's name when it cannot be read or is not valid.
 */
export async function loadConfigFile(folder: string): Promise<LoadedConfig> {
  const searcher = lilconfig(NAME, {
    searchPlaces: ['json', 'yaml', 'js', 'ts'].map((ending) => `${NAME}.config.${ending}`).concat('package.json'),
    loaders,
    stopDir: '/',
  });
  let found: Awaited<ReturnType<typeof searcher.search>>;
  try {
    found = await searcher.search(folder);
  } catch (cause) {
    throw new CliError('CONFIG_INVALID', `the configuration file cannot be read: ${message(cause)}`, { cause });
  }
  if (found === null) return { path: null, config: { layouts: [] } };
  // Validation is for those who have a file: it takes a while to load.
  const { readConfig } = await import('./schema.js');
  return { path: found.filepath, config: readConfig(found.isEmpty === true ? {} : found.config, found.filepath) };
}
