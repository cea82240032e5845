import type { Command, Option } from 'commander';
import { COMMANDS } from '../index.js';
import { collect } from '../global-options.js';
import { FIELDS } from '../list-fields.js';
import { type Position, positionAfter } from './position.js';
import { kindOfArgument, kindOfOption, type ValueKind } from './values.js';

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** What may stand in a word, to be told to a shell. */
export interface Answer {
  readonly candidates: readonly Candidate[];
  /** What the shell knows itself: files, folders, or another program's words, from an index on. */
  readonly shell: 'nothing' | 'files' | 'folders' | `command ${number}`;
  /** What stands in the word before the values: `--output=`. */
  readonly prefix: string;
  /** Whether the word is not over with the candidate: an item of a list. */
  readonly goesOn: boolean;
}

/** What has to be looked up: in settings, files, or tables. */
export type LookedUp = Extract<ValueKind, 'backup' | 'archive' | 'layout' | 'profile' | 'session' | 'table'>;

export type LookUp = (kind: LookedUp, position: Position, text: string) => Promise<readonly Candidate[]>;

const NOTHING: Answer = { candidates: [], shell: 'nothing', prefix: '', goesOn: false };

const LIST_END = /^(.*,)?([^,]*)$/;

/** Whether a word is on its way to be a path. */
export const looksLikePath = (text: string): boolean => /^[.~/\\]|[/\\]/.test(text);

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

async function valuesOf(
  kind: ValueKind | undefined,
  position: Position,
  text: string,
  lookUp: LookUp,
): Promise<Omit<Answer, 'prefix'>> {
  switch (kind) {
    case undefined:
    case 'text':
      return NOTHING;
    case 'file':
      return { ...NOTHING, shell: 'files' };
    case 'folder':
      return { ...NOTHING, shell: 'folders' };
    case 'command':
      return { ...NOTHING, shell: `command ${position.firstArgument}` };
    case 'environment':
      return { ...NOTHING, candidates: [{ value: 'development' }, { value: 'production' }] };
    case 'columns': {
      const [, before = ''] = LIST_END.exec(text) ?? [];
      const named = before.split(',');
      const candidates = FIELDS.filter((field) => !named.includes(field)).map((field) => ({ value: before + field }));
      return { ...NOTHING, candidates, goesOn: true };
    }
    case 'backup':
    case 'archive':
      return { ...NOTHING, candidates: await lookUp(kind, position, text), shell: 'folders' };
    default:
      return { ...NOTHING, candidates: await lookUp(kind, position, text) };
  }
}

async function optionValues(option: Option, position: Position, text: string, lookUp: LookUp) {
  if (option.argChoices === undefined) return valuesOf(kindOfOption(option), position, text, lookUp);
  return { ...NOTHING, candidates: option.argChoices.map((value) => ({ value })) };
}

const isRepeatable = ({ parseArg, variadic }: Option): boolean => variadic || parseArg === collect;

/** The flags that a command takes, those that were given left out unless they can be given again. */
function flagsOf({ command, standIn, given }: Position): readonly Candidate[] {
  const taken = new Set([...given].filter((option) => !isRepeatable(option)).map((option) => option.attributeName()));
  const visible = [standIn, command].flatMap((each) => (each ? each.createHelp().visibleOptions(each) : []));
  const flags = visible.flatMap((option) =>
    option.long == null || taken.has(option.attributeName())
      ? []
      : [[option.long, oneLine(option.description)] as const],
  );
  return [...new Map(flags)].map(([value, description]) => ({ value, description }));
}

const commandsOf = (command: Command): readonly Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((child) => ({ value: child.name(), description: oneLine(child.summary()) }));

/** A value that starts with a dash is a flag to commander, and a path behind `--local` is that one's file. */
const mayStandAlone =
  ({ isLiteral, followsLocal }: Position) =>
  ({ value }: Candidate): boolean =>
    isLiteral || !(value.startsWith('-') || (followsLocal && (looksLikePath(value) || value.endsWith('.db'))));

/** What may stand where a word is, the words before it known. The word itself does not choose among them. */
export async function answerFor(
  program: Command,
  words: readonly string[],
  text: string,
  lookUp: LookUp,
): Promise<Answer> {
  const position = positionAfter(program, COMMANDS, words);
  const { command, option, argument, isLiteral, takesCommand, followsLocal } = position;
  // A word that is no command, where one has to be: nothing that follows makes sense.
  if (command.commands.length > 0 && !takesCommand) return NOTHING;
  if (option !== undefined) return { ...NOTHING, ...(await optionValues(option, position, text, lookUp)) };
  if (!isLiteral && text.startsWith('-')) {
    const [, flag = '', value] = /^(--[^=]+)=(.*)$/s.exec(text) ?? [];
    if (value === undefined) return { ...NOTHING, candidates: flagsOf(position) };
    const named = optionNamed(position, flag);
    if (named === undefined || !(named.required || named.optional)) return NOTHING;
    return { ...(await optionValues(named, position, value, lookUp)), prefix: `${flag}=` };
  }
  if (followsLocal && looksLikePath(text)) return { ...NOTHING, shell: 'files' };
  const subcommands = takesCommand ? commandsOf(command) : [];
  if (argument !== undefined) {
    const choices = argument.argChoices?.map((value) => ({ value }));
    if (choices !== undefined) return { ...NOTHING, candidates: [...subcommands, ...choices] };
    const found = await valuesOf(kindOfArgument(command, argument), position, text, lookUp);
    return {
      ...NOTHING,
      ...found,
      candidates: [...subcommands, ...found.candidates.filter(mayStandAlone(position))],
    };
  }
  // Nothing but a flag can follow: they are shown without the dashes typed first.
  return { ...NOTHING, candidates: subcommands.length > 0 || isLiteral ? subcommands : flagsOf(position) };
}

const optionNamed = ({ command, standIn }: Position, flag: string): Option | undefined =>
  [standIn, command]
    .flatMap((each) => (each ? each.createHelp().visibleOptions(each) : []))
    .find(({ long }) => long === flag);
