import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from '../errors.js';
import { parseDuration, parseInstant } from '../schema/duration.js';
import type { SessionFilter } from '../schema/filter.js';
import type { Where } from '../schema/where.js';
import type { Layout } from '../schema/types.js';
import { collect } from './global-options.js';
import type { CommandSession } from './session.js';

/** The flags that choose sessions; the same for `list`, `stats` and `purge`. */
export interface FilterFlags {
  readonly active?: boolean;
  readonly expired?: boolean;
  readonly terminated?: boolean;
  /** Milliseconds. */
  readonly idle?: number;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly where?: readonly string[];
}

/** A duration of the command line in milliseconds, for commander. */
export function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration such as 90s, 15m, 24h, 7d, 2w or 2h30m.');
  return ms;
}

/** Declares the flags that choose sessions; `--active` where living sessions may be chosen. */
export function declareFilterOptions(command: Command, { active }: { readonly active: boolean }): void {
  if (active) command.option('--active', 'only sessions that are alive');
  command
    .option('--expired', 'only sessions past their expiry that are still there')
    .option('--terminated', 'only sessions that were ended but not deleted')
    .addOption(
      new Option('--idle <duration>', 'without activity for so long: 90s, 15m, 24h, 7d, 2w').argParser(durationOf),
    )
    .option('--created-after <instant>', 'created at or after: ISO 8601, or how long ago')
    .option('--created-before <instant>', 'created before: ISO 8601, or how long ago')
    .option(
      '--where <condition>',
      "attribute, operator (= != < <= > >= ^= ~= exists missing) and value; the layout's times take instants as above; may be repeated",
      collect,
    );
}

function instantOf(flag: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseInstant(text, now);
  if (ms === undefined)
    throw new CliError('USAGE', `${flag} '${text}' is not an instant`, {
      hint: 'write ISO 8601 (2026-11-20, 2026-11-20T11:22:33Z) or how long ago (90s, 15m, 24h, 7d, 2w)',
    });
  return ms;
}

async function conditionsOf(texts: readonly string[]): Promise<readonly Where[]> {
  if (texts.length === 0) return [];
  const { parseWhere } = await import('../schema/where.js');
  return texts.map((text) => {
    const condition = parseWhere(text);
    if (condition !== undefined) return condition;
    throw new CliError('USAGE', `--where '${text}' is not a condition`, {
      hint: "for example --where state.userId=42, --where 'metadata.ip^=10.' (begins with), --where 'note~=urgent' (contains), --where 'created_at<30d', --where 'ttl missing'",
    });
  });
}

/** The flags as a filter. `now` is epoch milliseconds. Throws USAGE for flags that contradict each other. */
export async function filterOf(flags: FilterFlags, now: number): Promise<SessionFilter> {
  const { active, expired, terminated, idle } = flags;
  const where = await conditionsOf(flags.where ?? []);
  if (active === true && (expired === true || terminated === true))
    throw new CliError('USAGE', `--active and --${expired === true ? 'expired' : 'terminated'} exclude each other`);
  const createdAfter = instantOf('--created-after', flags.createdAfter, now);
  const createdBefore = instantOf('--created-before', flags.createdBefore, now);
  return {
    ...(active !== undefined && { active }),
    ...(expired !== undefined && { expired }),
    ...(terminated !== undefined && { terminated }),
    ...(idle !== undefined && { idle }),
    ...(createdAfter !== undefined && { createdAfter }),
    ...(createdBefore !== undefined && { createdBefore }),
    ...(where.length > 0 && { where }),
  };
}

/** Warns of conditions on names that sessions are shown under and rows do not have: they choose nothing, or everything. */
export async function warnOfNames(session: CommandSession, layout: Layout, filter: SessionFilter): Promise<void> {
  if (filter.where === undefined) return;
  const { strangeNames } = await import('../schema/where-names.js');
  for (const text of strangeNames(layout, filter)) session.warn(text);
}
