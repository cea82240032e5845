import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { type CommandDefinition, GROUPS, type Outcome } from './commands/definition.js';
import { bindLocalFile, declareGlobalOptions, formatOf, type GlobalFlags } from './commands/global-options.js';
import { EPILOGUE, exampleText, HELP, helpOutput } from './commands/help.js';
import { REQUEST } from './commands/completion/shells.js';
import { COMMANDS } from './commands/index.js';
import type { CommandSession, Runtime } from './commands/session.js';
import { pathOf, usageError } from './commands/usage-error.js';
import { CliError, EXIT } from './errors.js';
import { version } from './version.js';

export type { Runtime };

type Act = (definition: CommandDefinition, command: Command, args: readonly unknown[]) => Promise<void>;

const DESCRIPTION =
  'Looks after the DynamoDB session tables of MCP servers and web apps: creates and converges them, ' +
  'shows, searches and purges sessions, backs tables up and restores them. ' +
  'Add --local to any command to try it without an AWS account.';

export interface ProgramOptions {
  readonly act: Act;
  /** The arguments, for what errors say about them. */
  readonly argv?: readonly string[];
  readonly output?: OutputConfiguration;
}

const asSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function addCommand(parent: Command, definition: CommandDefinition, options: ProgramOptions): void {
  const command = parent
    .command(definition.name, { isDefault: definition.isDefault === true })
    .summary(definition.summary)
    .description(asSentence(definition.summary));
  definition.declare(command);
  command.addHelpText('after', exampleText(definition));
  failAsCliError(command, options);
  for (const subcommand of definition.subcommands ?? []) addCommand(command, subcommand, options);
  if (definition.run !== undefined)
    command.action(async (...args: unknown[]) => {
      await options.act(definition, command, args.slice(0, command.registeredArguments.length));
    });
}

/** commander's errors are told in our words; that help was shown is no error. */
function failAsCliError(command: Command, { argv = [] }: ProgramOptions): void {
  command.exitOverride((error) => {
    throw error.exitCode === 0 || error.code === 'commander.help' ? error : usageError(error, command, argv);
  });
}

/** The whole command tree. Nothing is loaded for a command before it runs. */
export function buildProgram(options: ProgramOptions): Command {
  const program = new Command('mcp-sessions')
    .description(DESCRIPTION)
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .configureHelp(HELP)
    // Before the commands are added: they take it over when they are made.
    .configureOutput({ ...options.output, outputError: () => {} })
    .addHelpText('after', EPILOGUE);
  program.addHelpCommand(
    new Command('help').argument('[command...]').summary('show help for a command').helpGroup(GROUPS.tools),
  );
  failAsCliError(program, options);
  declareGlobalOptions(program);
  for (const definition of COMMANDS) {
    program.commandsGroup(GROUPS[definition.group]);
    addCommand(program, definition, options);
  }
  return program;
}

const HELP_FLAGS = new Set(['-h', '--help']);

/** The first word that names no command below the one before it; undefined when all do, or are arguments. */
function unknownWord(program: Command, words: readonly string[]): string | undefined {
  let command: Command = program;
  for (const word of words) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) return command.commands.length > 0 ? word : undefined;
    command = next;
  }
  return undefined;
}

/**
 * `help a b` becomes `a b --help`: commander looks at the first word only. And help for a command that does not exist
 * would be that of its parent, as if nothing were wrong: without the wish for help, commander says what is.
 */
function straightenHelp(program: Command, argv: readonly string[]): readonly string[] {
  const { operands } = program.parseOptions([...argv]);
  const isParent = program.commands.some((command) => command.name() === operands[0] && command.commands.length > 0);
  const helpAt = operands[0] === 'help' ? 0 : operands[1] === 'help' && isParent ? 1 : -1;
  const flags = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  if (helpAt < 0 && !flags.some((word) => HELP_FLAGS.has(word))) return argv;
  const words = helpAt < 0 ? operands : operands.toSpliced(helpAt, 1);
  if (unknownWord(program, words) !== undefined) return words;
  return helpAt < 0 ? argv : [...words, '--help'];
}

/** Whether a shell asks for what may follow in a command line that is being typed. */
export const isCompletion = ([first]: readonly string[]): boolean => first === REQUEST;

/** Runs one command line to its end; answers the exit code. Everything that a run needs comes in the runtime. */
export async function run(runtime: Runtime): Promise<number> {
  if (isCompletion(runtime.argv)) {
    const { complete } = await import('./commands/completion/complete.js');
    return complete(runtime, buildProgram({ act: async () => {} }));
  }
  const bound = bindLocalFile(runtime.argv);
  let exitCode: number = EXIT.done;
  let helpForError = '';
  const act: Act = async (definition, command, args) => {
    const { CommandSession } = await import('./commands/session.js');
    const name = pathOf(command).replace(/^\S+ /, '');
    const makesTables = definition.makesTables?.(command.opts()) === true;
    const session = new CommandSession(runtime, command.optsWithGlobals<GlobalFlags>(), name, makesTables);
    exitCode = await runCommand(session, async () => (await definition.run?.(session, args, command)) ?? {});
  };
  const output = helpOutput(runtime, (text) => {
    helpForError += text;
  });
  const program = buildProgram({ act, argv: runtime.argv, output });
  try {
    const argv = straightenHelp(program, bound);
    const { operands, unknown } = program.parseOptions([...argv]);
    if (operands.length === 0 && unknown.length === 0) return await runBare(program, runtime);
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    // `mcp-sessions layouts` alone: commander has made the help.
    if (error instanceof CommanderError && error.code === 'commander.help')
      return tellMissingCommand(runtime, helpForError);
    return tellError(runtime, error);
  }
}

/** Help for people; programs that asked for their format get an error in it. */
async function tellMissingCommand(runtime: Runtime, help: string): Promise<number> {
  if (formatOf(runtime.argv) === 'table') {
    runtime.stderr.write(help);
    return EXIT.usage;
  }
  const hint = 'mcp-sessions --help shows the commands';
  return tellError(runtime, new CliError('USAGE', 'no command was given', { hint }));
}

/** No command: a menu on a terminal; help and exit 2 where nobody can choose. */
async function runBare(program: Command, runtime: Runtime): Promise<number> {
  const { CommandSession } = await import('./commands/session.js');
  const session = new CommandSession(runtime, program.opts<GlobalFlags>(), 'menu');
  if (!session.terminal.isInteractive) return program.help({ error: true });
  const { runMenu } = await import('./commands/menu.js');
  return runCommand(session, async () => {
    return { childExitCode: await runMenu(session, COMMANDS, (argv, onLeft) => run({ ...runtime, argv, onLeft })) };
  });
}

/** The one error boundary: whatever a command ends with is written here, and nowhere else. */
async function runCommand(session: CommandSession, work: () => Promise<Outcome>): Promise<number> {
  const { writeFailure, writeOutcome } = await import('./commands/boundary.js');
  try {
    return await writeOutcome(session, await work());
  } catch (error) {
    return writeFailure(session, error);
  } finally {
    await session.close();
  }
}

async function tellError(runtime: Runtime, error: unknown): Promise<number> {
  const { CommandSession } = await import('./commands/session.js');
  const { writeFailure } = await import('./commands/boundary.js');
  const { argv } = runtime;
  const verbose = argv.includes('--verbose');
  const maskIds = argv.includes('--mask-ids') || (argv.includes('--no-mask-ids') ? false : undefined);
  const flags = {
    output: formatOf(argv),
    color: !argv.includes('--no-color'),
    input: false,
    verbose,
    ...(maskIds !== undefined && { maskIds }),
  };
  const session = new CommandSession(runtime, flags, 'mcp-sessions');
  // Nobody knows what the words mean that were not understood: what has the look of an id is taken for one.
  session.noteWordsLikeIds();
  return writeFailure(session, error);
}
