import { Command } from 'commander';
import type { Settings } from '../config/settings.js';
import { CliError } from '../errors.js';
import { hasDrift, planSetup, type SetupPlan } from '../operations/setup/setup.js';
import { nameProblem, tableNames, type Layout } from '../schema/index.js';
import type { CommandDefinition } from './definition.js';
import { bindLocalFile, declareGlobalOptions, type GlobalFlags } from './global-options.js';
import type { CommandSession } from './session.js';
import { type SetupFlags, toSetupRequest } from './setup-options.js';
import { askForSettings } from './setup-settings.js';
import { planPage } from './setup-view.js';

type Words = readonly string[];

/** The command line as commander reads it: what was answered is taken as it would be from whoever types it. */
function parsed(argv: Words, declare: CommandDefinition['declare']): { flags: SetupFlags; all: GlobalFlags } {
  const program = new Command('mcp-sessions').exitOverride().configureOutput({ outputError: () => {} });
  declareGlobalOptions(program);
  const setup = program.command('setup').action(() => {});
  declare(setup);
  program.parse([...bindLocalFile(argv)], { from: 'user' });
  return { flags: setup.opts<SetupFlags>(), all: setup.optsWithGlobals<GlobalFlags>() };
}

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/;

const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

async function askForRegion({ prompts }: CommandSession, { region }: Settings): Promise<Words> {
  const answer = await prompts.input({
    message: 'Which region?',
    flag: '--region <region>',
    ...(region.value !== null && { default: region.value }),
    validate: (text) => REGION.test(text.trim()) || 'the name of an AWS region, such as eu-west-1',
  });
  return ['--region', answer.trim()];
}

async function askForEndpoint({ prompts }: CommandSession): Promise<Words> {
  const answer = await prompts.input({
    message: 'At which address?',
    flag: '--endpoint-url <url>',
    default: 'http://localhost:8000',
    validate: (text) => isUrl(text.trim()) || 'an http or https URL, such as http://localhost:8000',
  });
  return ['--endpoint-url', answer.trim()];
}

/** Where the tables are, unless the command line says it; what the environment or the file says is offered first. */
async function askForPlace(session: CommandSession): Promise<Words> {
  const { flags, prompts } = session;
  if (flags.region !== undefined || flags.endpointUrl !== undefined || flags.local !== undefined) return [];
  const settings = await session.settings();
  const { localFile, endpoint } = settings;
  const set = localFile.value !== null ? localFile : endpoint.value !== null ? endpoint : null;
  const place = await prompts.select<'set' | 'aws' | 'local' | 'endpoint'>({
    message: 'Where are the tables?',
    flag: '--region <region>, --local or --endpoint-url <url>',
    choices: [
      ...(set === null ? [] : [{ value: 'set' as const, name: `${set.value ?? ''}  (${set.source})` }]),
      {
        value: 'aws',
        name: 'on AWS',
        // No flag leads back to AWS.
        disabled: set === null ? false : `(not while ${set.source} names another place)`,
      },
      { value: 'local', name: 'in the embedded engine, on this machine' },
      { value: 'endpoint', name: 'at another endpoint' },
    ],
    default: set === null ? 'aws' : 'set',
  });
  switch (place) {
    case 'set':
      return [];
    case 'aws':
      return askForRegion(session, settings);
    case 'local':
      return ['--local'];
    case 'endpoint':
      return askForEndpoint(session);
  }
}

/** The layout that is meant without a word: null where that is not certain. */
async function layoutThere(session: CommandSession): Promise<{ readonly id: string; readonly note: string } | null> {
  try {
    const { layout, layoutSource, sessions } = await session.target();
    const note = layoutSource === 'detected' && sessions !== null ? `what ${sessions.name} is found to be` : '';
    return { id: layout.id, note };
  } catch (error) {
    if (error instanceof CliError && (error.code === 'LAYOUT_AMBIGUOUS' || error.code === 'LAYOUT_MISMATCH'))
      return null;
    throw error;
  }
}

async function askForLayout(session: CommandSession): Promise<Words> {
  if (session.flags.layout !== undefined) return [];
  const there = await layoutThere(session);
  const { layouts } = await session.settings();
  session.progress.stop();
  const width = Math.max(...layouts.map(({ id }) => id.length));
  const noteOf = (id: string): string => (there?.id === id && there.note !== '' ? `  (${there.note})` : '');
  const id = await session.prompts.select({
    message: 'Which layout?',
    flag: '--layout <id>',
    choices: layouts.map((layout) => ({
      value: layout.id,
      short: layout.id,
      name: `${layout.id.padEnd(width)}  ${layout.title}${noteOf(layout.id)}`,
    })),
    ...(there !== null && { default: there.id }),
  });
  return ['--layout', id];
}

const FLAG_OF = { sessions: '--sessions-table', events: '--events-table' } as const;

/** The tables' names; those that come without a flag are not repeated on the command line. */
async function askForNames({ flags, prompts, runtime }: CommandSession, settings: Settings): Promise<Words> {
  const layout = settings.layouts.find(({ id }) => id === settings.layout.value);
  if (layout === undefined) return [];
  const words: string[] = [];
  const given = { ...settings.tables.flags };
  for (const { role } of layout.tables) {
    const isTyped = (role === 'sessions' ? flags.sessionsTable : flags.eventsTable) !== undefined;
    if (isTyped) continue;
    const preset = nameIn(layout, role, given, settings, runtime.env);
    const other = role === 'events' ? nameIn(layout, 'sessions', given, settings, runtime.env) : undefined;
    const answer = await prompts.input({
      message: `Name of the ${role} table?`,
      flag: `${FLAG_OF[role]} <name>`,
      ...(preset !== undefined && { default: preset }),
      validate: (text) => {
        const problem = nameProblem(text.trim());
        if (problem !== undefined) return `the name ${problem}`;
        return text.trim() !== other || 'the sessions table has this name';
      },
    });
    const name = answer.trim();
    if (name === preset) continue;
    given[role] = { name, source: FLAG_OF[role] };
    words.push(FLAG_OF[role], name);
  }
  return words;
}

const nameIn = (
  layout: Layout,
  role: keyof typeof FLAG_OF,
  flags: Settings['tables']['flags'],
  { tables }: Settings,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined =>
  tableNames(layout, { flags, file: tables.file }, env).find((table) => table.role === role)?.name;

/** Says what is there, and what of it is not as the layout says. */
async function tellWhatIsThere(session: CommandSession, plan: SetupPlan): Promise<void> {
  const there = plan.tables.filter(({ observed }) => observed !== null);
  if (there.length === 0) return;
  const page = session.page('stderr');
  const found = there.map(({ name }) => name).join(' and ');
  const be = there.length === 1 ? 'is' : 'are';
  if (!hasDrift(plan)) return session.tell(page.note(`${found} ${be} there, as the layout says`));
  session.tell(`${page.note(`${found} ${be} there; the layout says to change this:`)}\n`);
  session.tell(`${planPage(page, plan, await session.placeText(plan))}\n`);
}

/**
 * Asks for all that is not on the command line, with what is there for defaults; says the command line that the answers
 * come to, and answers its flags. The session goes on with that command line. Changes nothing.
 */
export async function askForSetup(session: CommandSession, declare: CommandDefinition['declare']): Promise<SetupFlags> {
  let argv: Words = session.runtime.argv.filter((word) => word !== '--interactive');
  const add = async (words: Words): Promise<SetupFlags> => {
    argv = [...argv, ...words];
    const { flags, all } = parsed(argv, declare);
    await session.goOnWith(argv, all);
    return flags;
  };
  await add(await askForPlace(session));
  await add(await askForLayout(session));
  const flags = await add(await askForNames(session, await session.settings()));
  const { environment, localFile } = await session.settings();
  const [context, target] = [await session.context(), await session.target()];
  const planWith = async (more: Partial<SetupFlags>): Promise<SetupPlan> =>
    planSetup(context, target, toSetupRequest({ ...flags, ...more }, environment.value));
  const plan = await planWith({});
  session.progress.stop();
  await tellWhatIsThere(session, plan);
  const words = await askForSettings(session, {
    flags,
    layout: target.layout,
    plan,
    pruned: flags.prune === true ? plan : await planWith({ prune: true }),
    environment: environment.value,
    offersRecovery: localFile.value === null,
  });
  const answered = await add(words);
  session.tellCommand(argv);
  return answered;
}
