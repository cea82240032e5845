import type { Argument, Command, Option } from 'commander';
import type { CommandDefinition } from '../definition.js';
import { looksLikeFile } from '../global-options.js';

/** Where in a command line the word stands that is to be completed, and what was said before it. */
export interface Position {
  /** The command that the words before name, as far as they do. */
  readonly command: Command;
  /** The subcommand that is meant when none is named; its flags may follow as well. */
  readonly standIn: Command | undefined;
  /** The flag whose value the word is. */
  readonly option: Option | undefined;
  /** The argument that the word is, or may be. */
  readonly argument: Argument | undefined;
  /** Whether the word may name a subcommand. */
  readonly takesCommand: boolean;
  /** Behind `--` nothing is a flag. */
  readonly isLiteral: boolean;
  /** Whether the word before it is `--local`, which takes a path, and nothing else, for its file. */
  readonly followsLocal: boolean;
  /** Values by the names that commander gives them; true for a flag without one. */
  readonly values: Readonly<Record<string, string | boolean>>;
  readonly given: ReadonlySet<Option>;
  /** The index of the first of the command's arguments among the words. */
  readonly firstArgument: number;
}

const ancestors = (command: Command): readonly Command[] =>
  command.parent === null ? [] : [command.parent, ...ancestors(command.parent)];

/** The subcommand of a command that commander runs when none is named. */
function standInOf(command: Command, definitions: readonly CommandDefinition[]): Command | undefined {
  if (command.parent?.parent !== null) return undefined;
  const definition = definitions.find(({ name }) => name === command.name());
  const name = definition?.subcommands?.find(({ isDefault }) => isDefault === true)?.name;
  return command.commands.find((child) => child.name() === name);
}

interface FlagWord {
  readonly option: Option;
  /** The value in the same word: `--output=json`, `-ojson`. */
  readonly value: string | undefined;
}

/** The flag that a word is, if it is one that the command takes. Of several short ones in a word, the last. */
function flagIn(word: string, options: readonly Option[]): FlagWord | undefined {
  if (word.startsWith('--')) {
    const [name = '', ...rest] = word.split('=');
    const option = options.find(({ long }) => long === name);
    return option && { option, value: rest.length > 0 ? rest.join('=') : undefined };
  }
  const [, first, ...others] = word;
  const option = options.find(({ short }) => short === `-${first ?? ''}`);
  if (option === undefined || others.length === 0) return option && { option, value: undefined };
  if (option.required || option.optional) return { option, value: others.join('').replace(/^=/, '') };
  return flagIn(`-${others.join('')}`, options) ?? { option, value: undefined };
}

/** Reads the words before the one to complete as commander would. */
export function positionAfter(
  program: Command,
  definitions: readonly CommandDefinition[],
  words: readonly string[],
): Position {
  let command = program;
  let pending: Option | undefined;
  let isLiteral = false;
  let isHelp = false;
  let count = 0;
  let firstArgument = words.length;
  const values: Record<string, string | boolean> = {};
  const given = new Set<Option>();
  const optionsNow = (): readonly Option[] =>
    [command, standInOf(command, definitions), ...ancestors(command)].flatMap((each) => each?.options ?? []);
  for (const [at, word] of words.entries()) {
    if (pending !== undefined) {
      values[pending.attributeName()] = word;
      pending = undefined;
    } else if (!isLiteral && word === '--') isLiteral = true;
    else if (!isLiteral && /^-./.test(word)) {
      const found = flagIn(word, optionsNow());
      if (found === undefined) continue;
      given.add(found.option);
      if (found.option.required && found.value === undefined) pending = found.option;
      else values[found.option.attributeName()] = found.value ?? !found.option.negate;
    } else if (!isLiteral && words[at - 1] === '--local' && looksLikeFile(word)) values['local'] = word;
    else if (command === program && count === 0 && !isHelp && word === 'help') isHelp = true;
    else {
      const next = count === 0 ? command.commands.find((child) => child.name() === word) : undefined;
      if (next === undefined) {
        if (count === 0) firstArgument = at;
        count += 1;
      } else command = next;
    }
  }
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  return {
    command,
    standIn: standInOf(command, definitions),
    option: pending,
    argument: isHelp ? undefined : (registeredArguments[count] ?? (last?.variadic === true ? last : undefined)),
    takesCommand: count === 0 && !isLiteral,
    isLiteral,
    followsLocal: !isLiteral && words.at(-1) === '--local',
    values,
    given,
    firstArgument,
  };
}
