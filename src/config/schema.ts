import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { CliError } from '../errors.js';
import { LAYOUTS, type Layout, nameProblem, validateLayout } from '../schema/index.js';

/** What a configuration file may hold; the flags of the same names beat it. */
export interface ConfigFile {
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  /** true for the default data file, or a path; both from the file's folder. */
  readonly local?: boolean | string;
  readonly layout?: string;
  readonly sessionsTable?: string;
  readonly eventsTable?: string;
  readonly suffix?: string;
  readonly environment?: string;
  readonly layouts: readonly Layout[];
}

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const tableName = v.pipe(
  text,
  v.check((name) => nameProblem(name) === undefined, 'is no table name: 3 to 255 of a–z A–Z 0–9 _ - .'),
);

const file = v.strictObject({
  region: v.exactOptional(text),
  profile: v.exactOptional(text),
  endpointUrl: v.exactOptional(text),
  local: v.exactOptional(v.union([v.boolean(), text], 'must be true, false or a path')),
  layout: v.exactOptional(text),
  sessionsTable: v.exactOptional(tableName),
  eventsTable: v.exactOptional(tableName),
  suffix: v.exactOptional(text),
  environment: v.exactOptional(text),
  layouts: v.optional(
    v.union(
      [v.array(v.unknown()), v.record(v.string(), v.unknown())],
      'must be a list of layouts, or an object of them by id',
    ),
    [],
  ),
});

/** Checks the content of a configuration file; one error names every key that is wrong, and why. */
export function readConfig(content: unknown, path: string): ConfigFile {
  if (Array.isArray(content)) throw invalid(path, ['the whole file: must be Object, not Array']);
  const parsed = v.safeParse(file, content);
  if (!parsed.success)
    throw invalid(
      path,
      parsed.issues.map((issue) => {
        const key = v.getDotPath(issue) ?? 'the whole file';
        if (issue.kind === 'schema' && issue.expected === 'never') return `${key}: is not a setting`;
        if (issue.kind === 'schema' && issue.type !== 'union')
          return `${key}: must be ${issue.expected ?? 'something else'}, not ${issue.received}`;
        return `${key}: ${issue.message}`;
      }),
    );
  const { layouts, local, ...settings } = parsed.output;
  if (local !== undefined && local !== false && settings.endpointUrl !== undefined)
    throw invalid(path, ['local: excludes endpointUrl: one brings its own engine, the other names one that runs']);
  return {
    ...settings,
    // As everywhere, a path in a file is meant from that file's folder.
    ...(local !== undefined && { local: typeof local === 'string' ? resolve(dirname(path), local) : local }),
    layouts: readLayouts(layouts, path),
  };
}

function readLayouts(input: readonly unknown[] | Readonly<Record<string, unknown>>, path: string): readonly Layout[] {
  const entries: [string, unknown][] = Array.isArray(input)
    ? input.map((layout, at) => [`layouts.${at}`, layout])
    : Object.entries(input).map(([id, layout]) => [
        `layouts.${id}`,
        typeof layout === 'object' && layout !== null ? { id, ...layout } : layout,
      ]);
  const layouts: Layout[] = [];
  const problems: string[] = [];
  for (const [key, entry] of entries) {
    const result = validateLayout(entry);
    if (!result.ok) problems.push(...result.issues.map((issue) => `${key}.${issue.key}: ${issue.reason}`));
    else if ([...LAYOUTS, ...layouts].some(({ id }) => id === result.layout.id))
      problems.push(`${key}.id: '${result.layout.id}' is the name of another layout`);
    else layouts.push(result.layout);
  }
  if (problems.length > 0) throw invalid(path, problems);
  return layouts;
}

const invalid = (path: string, problems: readonly string[]): CliError =>
  new CliError('CONFIG_INVALID', `${path} is not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`, {
    hint: '`mcp-sessions layouts show mcp --output yaml` prints a whole layout to start from',
  });
