import type { Command, CommanderError } from 'commander';
import { CliError } from '../errors.js';
import { looksLikeFile } from './global-options.js';
import { nearest } from './nearest.js';

/** `mcp-sessions layouts detect`. */
export const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

/** The argument that stands right after `--local` and was not taken for its file. */
const wordAfterLocal = (argv: readonly string[]): string | undefined => argv[argv.indexOf('--local') + 1];

interface Told {
  readonly message: string;
  readonly hint?: string | undefined;
}

const INVALID = /^option '(.*?)' argument '([\s\S]*)' is invalid\. ([\s\S]*)$/;

function invalidValue(message: string, command: Command): Told {
  const [, flags = '', value = '', reason = ''] = INVALID.exec(message) ?? [];
  const flag = /--[\w-]+/.exec(flags)?.[0] ?? flags;
  if (flag === '') return { message };
  const options = [...command.options, ...(command.parent?.options ?? []), ...(command.parent?.parent?.options ?? [])];
  const choices = options.find(({ long }) => long === flag)?.argChoices ?? [];
  const meant = nearest(value, choices);
  return {
    message: `${flag} '${value}' is invalid: ${asReason(reason)}`,
    ...(meant !== undefined && { hint: `Did you mean ${flag} ${meant}?` }),
  };
}

const INVALID_ARGUMENT = /^command-argument value '([\s\S]*)' is invalid for argument '(.*?)'\. ([\s\S]*)$/;

function invalidArgument(message: string, command: Command): Told | undefined {
  const [, value = '', name, reason = ''] = INVALID_ARGUMENT.exec(message) ?? [];
  if (name === undefined) return undefined;
  const choices = command.registeredArguments.find((argument) => argument.name() === name)?.argChoices ?? [];
  const meant = nearest(value, choices);
  return {
    message: `<${name}> '${value}' is invalid: ${asReason(reason)}`,
    ...(meant !== undefined && { hint: `Did you mean ${pathOf(command)} ${meant}?` }),
  };
}

const asReason = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

function excess(command: Command): Told {
  const extra = command.args.slice(command.registeredArguments.length);
  return {
    message: `unexpected argument '${extra.join(' ')}' for ${pathOf(command)}`,
    hint: `usage: ${pathOf(command)} ${command.usage()}`,
  };
}

function told(code: string, message: string, command: Command, argv: readonly string[]): Told {
  switch (code) {
    case 'commander.invalidArgument':
      return invalidArgument(message, command) ?? invalidValue(message, command);
    case 'commander.excessArguments':
      return excess(command);
    case 'commander.missingArgument':
      return {
        message: message.replace(
          /^missing required argument '(.*)'$/,
          `the argument <$1> of ${pathOf(command)} is missing`,
        ),
        hint: `usage: ${pathOf(command)} ${command.usage()}`,
      };
    case 'commander.optionMissingArgument':
      return { message: message.replace(/^option '(.*)' argument missing$/, 'a value is missing: $1') };
    case 'commander.unknownOption':
      return command.registeredArguments.some(({ variadic }) => variadic)
        ? { message, hint: `options of the command go after --: ${pathOf(command)} -- <command> <its options>` }
        : { message };
    case 'commander.unknownCommand': {
      const word = wordAfterLocal(argv);
      return argv.includes('--local') && word !== undefined && !looksLikeFile(word) && message.includes(`'${word}'`)
        ? { message, hint: `a file after --local is a path with a / or ends in .db: --local ./${word}` }
        : { message, hint: `${pathOf(command)} --help shows the commands` };
    }
    default:
      return { message };
  }
}

/** commander's error in the words of the house, with what to do about it. */
export function usageError(error: CommanderError, command: Command, argv: readonly string[]): CliError {
  const text = error.message.replace(/^error: /, '');
  const suggestion = /\n\((Did you mean [^\n]*)\)$/.exec(text);
  const said = told(error.code, suggestion === null ? text : text.slice(0, suggestion.index), command, argv);
  return new CliError('USAGE', said.message, {
    hint: suggestion?.[1] ?? said.hint ?? `${pathOf(command)} --help shows what it takes`,
    cause: error,
  });
}
