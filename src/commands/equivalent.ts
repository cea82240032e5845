import type { TargetFlags } from '../config/settings.js';
import { quoted } from '../operations/command-line.js';

export { commandLine, quoted } from '../operations/command-line.js';

/** A command line with more flags: before what stands behind `--`, which is no flag. */
export function withFlags(argv: readonly string[], flags: readonly string[]): readonly string[] {
  const at = argv.indexOf('--');
  return at < 0 ? [...argv, ...flags] : argv.toSpliced(at, 0, ...flags);
}

/** The flags that lead a command to its tables, as they were typed: what the environment says goes on saying it. */
export function targetWords(flags: TargetFlags): readonly string[] {
  const named = [
    ['--region', flags.region],
    ['--profile', flags.profile],
    ['--endpoint-url', flags.endpointUrl],
    ['--layout', flags.layout],
    ['--sessions-table', flags.sessionsTable],
    ['--events-table', flags.eventsTable],
    ['--suffix', flags.suffix],
    ['--environment', flags.environment],
  ] as const;
  return [
    ...(typeof flags.local === 'string' && flags.local !== '' ? [`--local=${flags.local}`] : []),
    ...(flags.local === true || flags.local === '' ? ['--local'] : []),
    ...named.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
  ];
}

/** Commands that work on tables; to the others the target's flags mean nothing. */
const COMMAND_IN_TEXT =
  /`mcp-sessions (setup|status|backup|restore|teardown|list|show|purge|seed|layouts detect)((?: [^`]*)?)`/g;

/** Adds the target to the commands that a text advises: `mcp-sessions setup` without it would go somewhere else. */
export function withTarget(text: string, flags: TargetFlags): string {
  const words = targetWords(flags);
  if (words.length === 0) return text;
  return text.replace(COMMAND_IN_TEXT, (_, name: string, rest: string) => {
    const given = words.map(quoted).join(' ');
    // What comes after `--` is no flag.
    const [before = '', ...operands] = rest.split(' -- ');
    return `\`mcp-sessions ${[`${name}${before} ${given}`, ...operands].join(' -- ')}\``;
  });
}
