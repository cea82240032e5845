/**
 * A commander program as Markdown: its commands in a list, the flags that all of them have, and those of each with the
 * IAM actions it needs, which `needsOf` answers for a command's name.
 */
export function referenceOf(program, needsOf) {
  const commands = leaves(program);
  return [
    '### Commands',
    '',
    ...commands.map((command) => `- [\`${usageOf(command)}\`](#${anchorOf(command)}): ${command.summary()}`),
    '',
    '### Flags of every command',
    '',
    ...table(program.options),
    ...commands.flatMap((command) => [
      '',
      `### ${nameOf(command)}`,
      '',
      ...sectionOf(command, needsOf(nameOf(command))),
    ]),
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

function sectionOf(command, needs) {
  const visible = command.options.filter(({ hidden }) => !hidden);
  return [
    oneLine(command.description()),
    ...(visible.length > 0 ? ['', ...table(visible)] : []),
    ...(needs.length > 0 ? ['', `IAM: ${permissionsOf(needs)}.`] : []),
  ];
}

const ON = {
  table: (role) => (role === undefined ? 'the tables' : `the ${role} table`),
  index: (role) => (role === undefined ? 'their indexes' : `indexes of the ${role} table`),
  stream: (role) => (role === undefined ? 'their streams' : `the stream of the ${role} table`),
  backup: () => 'the backups',
  export: () => 'the exports',
  import: () => 'the imports',
  replica: () => 'the tables in the other region',
  bucket: () => 'the bucket',
  objects: () => 'what is in the bucket',
  log: () => 'the log groups of imports',
  key: () => 'the key',
  any: () => '`*`',
};

/** Whether an action is needed at any rate, so that another need of it says nothing new. */
function isSaid(needs, { on, role, when, optional }, action) {
  const isAlways = when === undefined && !optional;
  return needs.some(
    (other) =>
      other.on === on &&
      other.when === undefined &&
      !other.optional &&
      other.actions.includes(action) &&
      (other.role === role ? !isAlways : other.role === undefined),
  );
}

/** What is needed in one case on one thing, together. */
function permissionsOf(needs) {
  const groups = new Map();
  for (const need of needs) {
    const { on, role, when, optional } = need;
    const actions = need.actions.filter((action) => !isSaid(needs, need, action));
    if (actions.length === 0) continue;
    const remarks = [...(when === undefined ? [] : [when]), ...(optional ? ['optional'] : [])];
    const place = `on ${ON[on](role)}${remarks.length > 0 ? ` (${remarks.join('; ')})` : ''}`;
    groups.set(place, [...(groups.get(place) ?? []), ...actions]);
  }
  return [...groups]
    .map(([place, actions]) => `${[...new Set(actions)].map((action) => `\`${action}\``).join(', ')} ${place}`)
    .join('; ');
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
