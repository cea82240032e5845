// A commander program as a manual page, in mdoc, which man, mandoc and groff read.

const WIDTH = 78;
/** Of the page's own words; what is generated changes with the declarations. */
const DATED = 'November 20, 2026';

/**
 * The page. `definitions` are those of the commands, for their examples; `readme` has the tables of environment
 * variables and exit codes.
 */
export function manPageOf(program, { definitions, readme }) {
  const lines = [
    '.\\" Written by `npm run reference` from the declarations of the commands and from README.md.',
    `.Dd ${DATED}`,
    '.Dt MCP-SESSIONS 1',
    '.Os',
    '.Sh NAME',
    '.Nm mcp-sessions',
    '.Nd look after the DynamoDB session tables of MCP servers and web apps',
    '.Sh SYNOPSIS',
    '.Nm',
    '.Op Ar flags',
    '.Ar command',
    '.Op Ar arguments',
    '.Sh DESCRIPTION',
    ...text(program.description()),
    '.Pp',
    ...text('On a terminal, without a command, it opens a menu of them.'),
    ...text('stdout carries the result and nothing else; questions, progress, warnings and errors go to stderr.'),
    '.Pp',
    'Every command takes these flags:',
    ...flagList(program, program.options),
    '.Sh COMMANDS',
    ...leaves(program).flatMap(section),
    '.Sh ENVIRONMENT',
    'Flags beat the environment, which beats the configuration file.',
    ...tagList(
      tableOf(readme, 'variable').map(([names, meaning]) => [
        names
          .split(', ')
          .map((name) => `Ev ${word(plain(name))}`)
          .join(' , '),
        text(meaning),
      ]),
    ),
    '.Sh FILES',
    ...tagList(FILES.map(([name, meaning]) => [`Pa ${word(name)}`, text(meaning)])),
    '.Sh EXIT STATUS',
    ...tagList(tableOf(readme, 'exit code').map(([code, meaning]) => [code, text(meaning)])),
    '.Sh EXAMPLES',
    ...definitions.flatMap(firstExamples).flatMap(example).slice(1),
    '.Sh SEE ALSO',
    ...text(
      '`mcp-sessions help` and `mcp-sessions <command> --help` say the same with more examples; README.md of the package ' +
        'explains layouts, the configuration file, safeguards, and the permissions that each command needs.',
    ),
  ];
  return `${lines.join('\n')}\n`;
}

const FILES = [
  [
    'mcp-sessions.config.json',
    'Configuration, in the working folder or one above it; also `.yaml`, `.js`, `.ts`, or the key `mcp-sessions` of package.json. The nearest counts.',
  ],
  ['.mcp-sessions/local.db', 'Data of the embedded engine, below the working folder.'],
  ['.mcp-sessions/backups/', 'Archives and recorded settings of backups.'],
  ['.mcp-sessions/', 'Plans and progress of what can be resumed.'],
];

const leaves = (command) => command.commands.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]));

const nameOf = (command) => (command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name());

function section(command) {
  const args = command.registeredArguments;
  const flags = command.options.filter(({ hidden }) => !hidden);
  const synopsis = args.map((argument) => {
    const name = `Ar ${word(argument.name())}${argument.variadic ? ' ...' : ''}`;
    return argument.required ? name : `Op ${name}`;
  });
  return [
    `.Ss ${escape(nameOf(command))}`,
    ...(synopsis.length > 0 ? ['.Nm', `.Cm ${nameOf(command)}`, ...synopsis.map((each) => `.${each}`), '.Pp'] : []),
    ...text(command.description()),
    ...(args.length > 0
      ? tagList(args.map((each) => [`Ar ${word(each.name())}`, text(described(command, each))]))
      : []),
    ...(flags.length > 0 ? flagList(command, flags) : []),
  ];
}

const flagList = (command, options) =>
  tagList(options.map((option) => [flagsOf(option), text(described(command, option))]));

/** `-o, --output <format>` in the macros of mdoc. */
const flagsOf = (option) =>
  option.flags
    .replace(',', ' ,')
    .split(' ')
    .map((part) => {
      if (part.startsWith('-')) return `Fl ${word(part.slice(1))}`;
      if (part.startsWith('[')) return `Op Ar ${word(part.slice(1, -1))}`;
      return part.startsWith('<') ? `Ar ${word(part.slice(1, -1))}` : part;
    })
    .join(' ');

/** What help says of a flag or an argument: with its choices and its default. */
const described = (command, declared) => {
  const help = command.createHelp();
  return 'flags' in declared ? help.optionDescription(declared) : help.argumentDescription(declared);
};

const tagList = (entries) => [
  '.Bl -tag -width Ds',
  ...entries.flatMap(([tag, lines]) => [`.It ${tag}`, ...lines]),
  '.El',
];

/** The first example of each command that does something. */
const firstExamples = ({ examples, subcommands = [] }) => [
  ...(subcommands.length === 0 ? examples.slice(0, 1) : []),
  ...subcommands.flatMap(firstExamples),
];

const example = ({ command, does }) => [
  '.Pp',
  ...text(does.endsWith('?') ? capital(does) : `${capital(does)}:`),
  `.Dl ${escape(command, true)}`,
];

const capital = (line) => line.charAt(0).toUpperCase() + line.slice(1);

/** The rows of the Markdown table whose first column has this heading. */
function tableOf(markdown, heading) {
  const [, rows] = new RegExp(`^\\| ${heading} \\|.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, 'm').exec(markdown) ?? [];
  if (rows === undefined) throw new Error(`README.md has no table of '${heading}'`);
  return rows
    .trimEnd()
    .split('\n')
    .map((row) => row.slice(2, -2).split(' | '));
}

const plain = (code) => code.replaceAll('`', '');

/** A word in a line of macros: one that is named like a macro would be one. */
const word = (name) => (/^[A-Z][a-z]$/.test(name) ? `\\&${name}` : escape(name, true));

/** Running text: a sentence begins a line, no line is long, and none is taken for a macro. */
function text(source) {
  const sentences = source
    .replaceAll(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?]) (?=\S)/);
  return sentences.flatMap((sentence) => wrapped(marked(sentence)));
}

/** `code` in bold. */
const marked = (sentence) =>
  sentence
    .split('`')
    .map((part, at) => (at % 2 === 1 ? `\\fB${escape(part, true)}\\fP` : escape(part)))
    .join('');

function escape(part, isCode = false) {
  const safe = part
    .replaceAll('\\', '\\e')
    .replaceAll(
      /[^ -~]/gu,
      (character) => `\\[u${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
  // A dash of a flag is to be copied; one in running text is a hyphen.
  return isCode
    ? safe.replaceAll('-', '\\-').replaceAll('"', '\\(dq')
    : safe.replaceAll(/(?<![\w-])-+/g, (dashes) => dashes.replaceAll('-', '\\-'));
}

function wrapped(sentence) {
  const lines = [''];
  for (const part of sentence.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && line.length + part.length >= WIDTH) lines.push(part);
    else lines[lines.length - 1] = line === '' ? part : `${line} ${part}`;
  }
  return lines.map((line) => (/^[.']/.test(line) ? `\\&${line}` : line));
}
