import type { Argument, Command, Option } from 'commander';

/** What a value is, as far as completion can help with it. `text` is what only the user knows. */
export type ValueKind =
  | 'archive'
  | 'backup'
  | 'columns'
  | 'command'
  | 'environment'
  | 'file'
  | 'folder'
  | 'layout'
  | 'profile'
  | 'session'
  | 'table'
  | 'text';

/** By the placeholder that a flag or an argument is declared with. */
const BY_PLACEHOLDER: Readonly<Record<string, ValueKind>> = {
  arn: 'text',
  backup: 'backup',
  command: 'command',
  condition: 'text',
  duration: 'text',
  event: 'text',
  file: 'file',
  folder: 'folder',
  'i/n': 'text',
  id: 'session',
  instant: 'text',
  key: 'text',
  'key=value': 'text',
  n: 'text',
  name: 'text',
  names: 'columns',
  place: 'folder',
  region: 'text',
  share: 'text',
  table: 'table',
  text: 'text',
  units: 'text',
  url: 'text',
};

/** Where the placeholder alone does not tell. */
const BY_NAME: Readonly<Record<string, ValueKind>> = {
  '--layout': 'layout',
  '--profile': 'profile',
  '--environment': 'environment',
  '--sessions-table': 'table',
  '--events-table': 'table',
  '--also-table': 'table',
  '--account': 'text',
  '--format': 'text',
  'layouts show': 'layout',
  'backup verify': 'archive',
};

/** `layouts show`, without the program's name. */
export const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();

/** The kind of a flag's value; undefined for one that completion was not told of. */
export const kindOfOption = ({ long, flags }: Option): ValueKind | undefined =>
  BY_NAME[long ?? ''] ?? BY_PLACEHOLDER[/[<[](.*?)(?:\.\.\.)?[>\]]$/.exec(flags)?.[1] ?? ''];

/** The kind of a command's argument; undefined for one that completion was not told of. */
export const kindOfArgument = (command: Command, argument: Argument): ValueKind | undefined =>
  BY_NAME[nameOf(command)] ?? BY_PLACEHOLDER[argument.name()];
