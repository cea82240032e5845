import { type Command, InvalidArgumentError, Option } from 'commander';
import type { TargetFlags } from '../config/settings.js';
import type { OutputFormat } from '../output/view.js';

/** The flags that every command has. */
export interface GlobalFlags extends TargetFlags {
  readonly output?: OutputFormat;
  readonly json?: boolean;
  /** false with --no-color. */
  readonly color: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** Left out: as the environment has it, see `isPipeline`. */
  readonly maskIds?: boolean;
  /** false with --no-input. */
  readonly input: boolean;
  readonly yes?: boolean;
}

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'yaml'] as const satisfies readonly OutputFormat[];

const TARGET = 'Target:';
const OUTPUT = 'Output:';
const CONSENT = 'Consent:';

/** Declares the flags that every command has, with their environment variables. */
export function declareGlobalOptions(program: Command): void {
  const add = (group: string, flags: string, description: string, refine?: (option: Option) => Option): void => {
    const option = new Option(flags, description).helpGroup(group);
    program.addOption(refine?.(option) ?? option);
  };
  add(TARGET, '--region <region>', 'AWS region (AWS_REGION, AWS_DEFAULT_REGION, the profile)');
  add(TARGET, '--profile <name>', 'profile of the AWS configuration files (AWS_PROFILE)');
  add(TARGET, '--endpoint-url <url>', 'another DynamoDB endpoint (AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL)');
  add(
    TARGET,
    '--local [file]',
    'the embedded engine: no AWS, no network; its data in .mcp-sessions/local.db, or a file: a path with a / or ending in .db (MCP_SESSIONS_LOCAL)',
  );
  add(TARGET, '--layout <id>', 'session layout (MCP_SESSIONS_LAYOUT; else what the tables are found to be, else mcp)');
  add(TARGET, '--sessions-table <name>', "sessions table (the layout's variables, for mcp DYNAMODB_SESSIONS_TABLE)");
  add(TARGET, '--events-table <name>', "events table (the layout's variables, for mcp DYNAMODB_EVENTS_TABLE)");
  add(TARGET, '--suffix <text>', "append -<text> to every table's name, such as a run's number (MCP_SESSIONS_SUFFIX)");
  add(TARGET, '--environment <name>', 'development, or production with its safeguards (ENVIRONMENT)');
  add(OUTPUT, '-o, --output <format>', 'output format', (option) => option.choices(FORMATS));
  add(OUTPUT, '--json', 'short for --output json', (option) => option.conflicts('output'));
  add(OUTPUT, '--no-color', 'no colour (NO_COLOR, FORCE_COLOR)');
  add(OUTPUT, '-q, --quiet', 'no progress and no notes');
  add(OUTPUT, '--verbose', 'each AWS call on stderr, with its time and capacity');
  add(OUTPUT, '--mask-ids', 'show ids of sessions shortened, in every format; so it is where CI is set');
  add(OUTPUT, '--no-mask-ids', 'show ids of sessions in full, also where CI is set');
  add(CONSENT, '-y, --yes', 'answer the question with yes');
  add(CONSENT, '--no-input', 'never ask: without --yes nothing is changed');
}

/** Whether a word after `--local` is its file and not an argument: it has a path's look. */
export const looksLikeFile = (word: string): boolean => /[/\\]|\.(?:db|sqlite3?)$/.test(word);

/**
 * Binds each `--local` to its file, if it has one: commander takes any word that follows for the value of an option
 * whose value is optional, also the id in `show --local <id>`.
 */
export function bindLocalFile(argv: readonly string[]): readonly string[] {
  const bound: string[] = [];
  let [at, literal] = [0, false];
  while (at < argv.length) {
    const word = argv[at] ?? '';
    const next = argv[at + 1];
    literal ||= word === '--';
    if (literal || word !== '--local') bound.push(word);
    else if (next !== undefined && !next.startsWith('-') && looksLikeFile(next)) {
      bound.push(`--local=${next}`);
      at += 1;
    } else bound.push('--local=');
    at += 1;
  }
  return bound;
}

/** The format that arguments ask for, before they are parsed: an error in them is to be told in it. */
export function formatOf(argv: readonly string[]): OutputFormat {
  for (const [at, word] of argv.entries()) {
    if (word === '--') break;
    if (word === '--json') return 'json';
    const value =
      /^(?:--output=|-o=?)(.+)$/.exec(word)?.[1] ?? (/^(?:--output|-o)$/.test(word) ? argv[at + 1] : undefined);
    const format = FORMATS.find((name) => name === value);
    if (format !== undefined) return format;
  }
  return 'table';
}

/** A whole number of at least `least`, for commander. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(
        most === Number.MAX_SAFE_INTEGER
          ? `It must be a whole number of at least ${least}.`
          : `It must be a whole number from ${least} to ${most}.`,
      );
    return value;
  };

/** A TCP port, for commander. */
export function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('It must be a port from 1 to 65535.');
  return value;
}

/** Collects the values of an option that may be given several times. */
export const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];
