import { Command, CommanderError } from 'commander';
import { type CommandDefinition, GROUPS, type Outcome } from './commands/definition.js';
import { bindLocalFile, declareGlobalOptions, formatOf, type GlobalFlags } from './commands/global-options.js';
import { COMMANDS } from './commands/index.js';
import type { CommandSession, Runtime } from './commands/session.js';
import { CliError, EXIT } from './errors.js';
import { version } from './version.js';

export type { Runtime };

type Act = (definition: CommandDefinition, command: Command, args: readonly unknown[]) => Promise<void>;

const DESCRIPTION =
  'Looks after the DynamoDB session tables of MCP servers and web apps: creates and converges them,\n' +
  'shows and searches sessions. Add --local to any command to try it without an AWS account.';

const EPILOGUE = `
Examples:
  $ mcp-sessions setup --local --yes     tables in the embedded engine
  $ mcp-sessions seed --local            a few sessions in them
  $ mcp-sessions list --local            look at them
  $ mcp-sessions status --region eu-west-1
                                         the tables on AWS, and how they differ

Run mcp-sessions <command> --help for a command's options and examples.
Exit codes: 0 done, 1 failed, 2 usage, 3 a check found something, 4 not confirmed,
5 partly done, 130 interrupted.`;

function exampleText({ examples = [] }: CommandDefinition): string {
  if (examples.length === 0) return '';
  return `\nExamples:\n${examples.map(({ command, does }) => `  $ ${command}\n      ${does}`).join('\n')}`;
}

function addCommand(parent: Command, definition: CommandDefinition, act: Act): void {
  const command = parent.command(definition.name).summary(definition.summary).description(definition.summary);
  definition.declare(command);
  command.addHelpText('after', exampleText(definition));
  for (const subcommand of definition.subcommands ?? []) addCommand(command, subcommand, act);
  if (definition.run !== undefined)
    command.action(async (...args: unknown[]) => {
      await act(definition, command, args.slice(0, command.registeredArguments.length));
    });
}

/** The whole command tree. Nothing is loaded for a command before it runs. */
export function buildProgram(act: Act): Command {
  const program = new Command('mcp-sessions')
    .description(DESCRIPTION)
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EPILOGUE)
    .exitOverride();
  declareGlobalOptions(program);
  for (const definition of COMMANDS) {
    program.commandsGroup(GROUPS[definition.group]);
    addCommand(program, definition, act);
  }
  return program;
}

const fullName = (command: Command): string =>
  command.parent?.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();

/** Runs one command line to its end; answers the exit code. Everything that a run needs comes in the runtime. */
export async function run(runtime: Runtime): Promise<number> {
  const argv = bindLocalFile(runtime.argv);
  let exitCode: number = EXIT.done;
  const program = buildProgram(async (definition, command, args) => {
    const { CommandSession } = await import('./commands/session.js');
    const session = new CommandSession(runtime, command.optsWithGlobals<GlobalFlags>(), fullName(command));
    exitCode = await runCommand(session, async () => (await definition.run?.(session, args, command)) ?? {});
  }).configureOutput({
    writeOut: (text) => runtime.stdout.write(text),
    writeErr: (text) => runtime.stderr.write(text),
    outputError: () => {},
    getOutHelpWidth: () => runtime.stdout.columns ?? 100,
    getErrHelpWidth: () => runtime.stderr.columns ?? 100,
  });
  try {
    const { operands, unknown } = program.parseOptions([...argv]);
    if (operands.length === 0 && !unknown.some((word) => ['-h', '--help', '-V', '--version'].includes(word)))
      return await runBare(program, runtime, argv, unknown);
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    // `mcp-sessions layouts` alone: commander has shown the help.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    return tellError(runtime, argv, error instanceof CommanderError ? usageError(error) : error);
  }
}

/** No command: a menu on a terminal; help and exit 2 where nobody can choose. */
async function runBare(
  program: Command,
  runtime: Runtime,
  argv: readonly string[],
  unknown: readonly string[],
): Promise<number> {
  if (unknown.length > 0) await program.parseAsync([...argv], { from: 'user' });
  const { CommandSession } = await import('./commands/session.js');
  const session = new CommandSession(runtime, program.opts<GlobalFlags>(), 'menu');
  if (!session.terminal.isInteractive) {
    program.outputHelp({ error: true });
    return EXIT.usage;
  }
  const { runMenu } = await import('./commands/menu.js');
  return runCommand(session, async () => {
    await runMenu(session, argv, (chosen) => run({ ...runtime, argv: chosen }));
    return {};
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

async function tellError(runtime: Runtime, argv: readonly string[], error: unknown): Promise<number> {
  const { CommandSession } = await import('./commands/session.js');
  const { writeFailure } = await import('./commands/boundary.js');
  const flags = { output: formatOf(argv), color: !argv.includes('--no-color'), input: false };
  return writeFailure(new CommandSession(runtime, flags, 'mcp-sessions'), error);
}

/** commander's message without its prefix; its suggestion becomes the hint. */
function usageError(error: CommanderError): CliError {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  return new CliError('USAGE', message, {
    hint:
      suggestion?.replace(/^\((.*)\)$/, '$1') ??
      'mcp-sessions --help shows the commands, <command> --help their options',
  });
}
