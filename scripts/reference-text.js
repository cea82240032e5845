/** A commander program as Markdown: its commands in a list, the flags that all of them have, and those of each. */
export function referenceOf(program) {
  const commands = leaves(program);
  return [
    '### Commands',
    '',
    ...commands.map((command) => `- [\`${usageOf(command)}\`](#${anchorOf(command)}): ${command.summary()}`),
    '',
    '### Flags of every command',
    '',
    ...table(program.options),
    ...commands.flatMap((command) => ['', `### ${nameOf(command)}`, '', ...sectionOf(command)]),
    '',
  ].join('\n');
}

/** Commands that do something; those that only have subcommands are named by them. */
const leaves = (command) => command.commands.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]));

const nameOf = (command) => (command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name());

const anchorOf = (command) => nameOf(command).replaceAll(' ', '-');

const usageOf = (command) => [nameOf(command), ...command.registeredArguments.map(argumentTerm)].join(' ');

function argumentTerm(argument) {
  const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function sectionOf(command) {
  const visible = command.options.filter(({ hidden }) => !hidden);
  return [oneLine(command.description()), ...(visible.length > 0 ? ['', ...table(visible)] : [])];
}

const table = (options) => [
  '| flag | what it does |',
  '|---|---|',
  ...options.map((option) => `| \`${option.flags.replaceAll('|', '\\|')}\` | ${cell(describe(option))} |`),
];

function describe({ description, argChoices, defaultValue, defaultValueDescription }) {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.map((choice) => `\`${choice}\``).join(', ')]),
    ...(defaultValue === undefined || typeof defaultValue === 'boolean'
      ? []
      : [`default ${defaultValueDescription ?? defaultValue}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

const oneLine = (text) => text.replaceAll(/\s*\n\s*/g, ' ');

const cell = (text) => oneLine(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');
