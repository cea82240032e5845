import {
  type Argument,
  type Command,
  Help,
  type HelpConfiguration,
  type Option,
  type OutputConfiguration,
} from 'commander';
import { createTerminal } from '../terminal/io.js';
import type { CommandDefinition } from './definition.js';
import type { Runtime } from './session.js';

const NARROW = 80;
const WIDE = 100;

/** Columns that help is written in: those of the terminal, but lines beyond 100 are hard to read. */
const helpWidth = (columns: number | undefined): number => Math.min(columns ?? NARROW, WIDE);

const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;

const ancestors = (command: Command): readonly Command[] =>
  command.parent === null ? [] : [command.parent, ...ancestors(command.parent)];

/** Options that every command takes stand below their own headings, also on a subcommand's page. */
function visibleOptions(this: Help, command: Command): Option[] {
  const own = Help.prototype.visibleOptions.call(this, command);
  const inherited = ancestors(command)
    .flatMap(({ options }) => options)
    .filter((option) => !option.hidden && option.long !== '--version');
  return [...own, ...inherited];
}

/** Without the ends of lines that a text has in the source: help wraps to its own width. Empty lines part paragraphs. */
const flowing = (text: string): string => text.replaceAll(/(?<!\n)\n(?!\n)/g, ' ');

function commandDescription(command: Command): string {
  return flowing(command.description());
}

/** `order (activity, created; default: activity)`: a text and what is declared beside it, in one pair of brackets. */
function withRemarks(text: string, { argChoices, defaultValue, defaultValueDescription }: Option | Argument): string {
  // A default that is no value of the flag's is told by the text itself.
  const [, told, ownDefault] = /^(.*) \((default: [^()]*)\)$/s.exec(flowing(text)) ?? [];
  const remarks = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(ownDefault === undefined ? [] : [ownDefault]),
    ...(defaultValue === undefined || typeof defaultValue === 'boolean'
      ? []
      : [`default: ${defaultValueDescription ?? String(defaultValue)}`]),
  ];
  return remarks.length === 0 ? flowing(text) : `${told ?? flowing(text)} (${remarks.join('; ')})`;
}

const argumentDescription = (argument: Argument): string => withRemarks(argument.description, argument);

const optionDescription = (option: Option): string => withRemarks(option.description, option);

/** A command's subcommands; the one that shows help is named once, on the page of all commands. */
function visibleCommands(this: Help, command: Command): Command[] {
  const visible = Help.prototype.visibleCommands.call(this, command);
  return command.parent === null ? visible : visible.filter((child) => child.name() !== 'help');
}

/** How help looks. Colour is taken out again by commander where the stream takes none. */
export const HELP: HelpConfiguration = {
  visibleOptions,
  visibleCommands,
  commandDescription,
  argumentDescription,
  optionDescription,
  styleTitle: bold,
};

/** Where help goes and how wide and colourful it is there. Help that belongs to an error is given to `writeErr`. */
export function helpOutput(runtime: Runtime, writeErr: (text: string) => void): OutputConfiguration {
  const { stdout, stderr, argv } = runtime;
  const terminal = createTerminal({ ...runtime, noColor: argv.includes('--no-color') });
  return {
    writeOut: (text) => stdout.write(text),
    writeErr,
    getOutHelpWidth: () => helpWidth(stdout.columns),
    getErrHelpWidth: () => helpWidth(stderr.columns),
    getOutHasColors: () => terminal.color(stdout),
    getErrHasColors: () => terminal.color(stderr),
  };
}

/** The examples of a command, for below its options. */
export function exampleText({ examples }: CommandDefinition): string {
  return `\n${bold('Examples:')}\n${examples.map(({ command, does }) => `  $ ${command}\n      ${does}`).join('\n')}`;
}

/** What stands below the options of `mcp-sessions --help`. */
export const EPILOGUE = `
${bold('Examples:')}
  $ mcp-sessions setup --local --yes
      tables in the embedded engine: no AWS account, no network
  $ mcp-sessions seed --local
      a few sessions in them
  $ mcp-sessions list --local
      look at them
  $ mcp-sessions status --region eu-west-1
      the tables on AWS, and how they differ from the layout

Run mcp-sessions <command> --help for a command's options and examples.

${bold('Exit codes:')}
  0    done, or nothing to do       4    not confirmed; nothing was changed
  1    failed: AWS, network, disk   5    partly done; the result says the rest
  2    usage                        130  interrupted; the same command goes on
  3    a check found something`;
