import { CliError } from '../errors.js';
import type { SetupPlan } from '../operations/setup/setup.js';
import { isProduction } from '../schema/desired.js';
import type { Billing, Layout, ObservedTable } from '../schema/index.js';
import type { CommandSession } from './session.js';
import { type SetupFlags, STREAM_VIEWS, tagsOf } from './setup-options.js';

type Words = readonly string[];

export interface SettingsRequest {
  readonly flags: SetupFlags;
  readonly layout: Layout;
  /** What setup would do without another word. */
  readonly plan: SetupPlan;
  /** The same with --prune. */
  readonly pruned: SetupPlan;
  readonly environment: string;
  /** The embedded engine has no point-in-time recovery. */
  readonly offersRecovery: boolean;
}

const AS_IT_IS = 'as it is now';

/** The one value of all tables; undefined where they differ, or where there is none. */
function common<Value>(values: readonly Value[]): Value | undefined {
  const [first] = values;
  return values.every((value) => value === first) ? first : undefined;
}

const observedOf = ({ plan }: SettingsRequest): readonly ObservedTable[] =>
  plan.tables.flatMap(({ observed }) => observed ?? []);

const unitsOf = async (
  { prompts }: CommandSession,
  what: 'Read' | 'Write',
  preset: number,
): Promise<readonly [flag: string, units: string]> => {
  const flag = `--${what.toLowerCase()}-capacity`;
  const answer = await prompts.input({
    message: `${what} capacity units a second?`,
    flag: `${flag} <units>`,
    default: String(preset),
    validate: (text) => /^[1-9]\d{0,8}$/.test(text.trim()) || 'a whole number of at least 1',
  });
  return [flag, answer.trim()];
};

const billingText = (billing: Billing): string =>
  billing.mode === 'on-demand'
    ? 'on-demand'
    : `provisioned, ${billing.readCapacityUnits} read and ${billing.writeCapacityUnits} write units`;

async function askForBilling(session: CommandSession, request: SettingsRequest): Promise<Words> {
  if (request.flags.billing !== undefined) return [];
  const [now] = observedOf(request).map(({ billing }) => billing);
  // Without a word it is the layout's, or else what it is.
  const unsaid = request.layout.tables.map(({ billing }) => billing ?? now ?? { mode: 'on-demand' as const });
  const mode = await session.prompts.select<Billing['mode']>({
    message: now === undefined ? 'How are the tables billed?' : `Billing? (now ${billingText(now)})`,
    flag: '--billing <mode>',
    choices: [
      { value: 'on-demand', name: 'on-demand: by request' },
      { value: 'provisioned', name: 'provisioned: by capacity' },
    ],
    default: now?.mode ?? unsaid[0]?.mode ?? 'on-demand',
  });
  if (mode === 'on-demand') return unsaid.every((billing) => billing.mode === mode) ? [] : ['--billing', mode];
  const preset = now?.mode === 'provisioned' ? now : { readCapacityUnits: 5, writeCapacityUnits: 5 };
  const read = await unitsOf(session, 'Read', preset.readCapacityUnits);
  const write = await unitsOf(session, 'Write', preset.writeCapacityUnits);
  return ['--billing', mode, ...read, ...write];
}

interface Setting {
  /** What it is for each of the layout's tables that has it; null for off. */
  readonly layouts: readonly (string | null)[];
  /** What it is on the tables that are there; null for off. */
  readonly now: string | null | undefined;
}

/** `layout` for what the layout says, `off`, or a value. */
const presetOf = ({ layouts, now }: Setting, isAny: boolean): string => {
  if (!isAny || now === undefined || layouts.every((value) => value === now)) return 'layout';
  return now ?? 'off';
};

/** `ttl`, or the values where the layout has several. */
const layoutText = ({ layouts }: Setting): string =>
  [...new Set(layouts)].map((value) => value ?? 'none').join(' and ');

async function askForTtl({ prompts }: CommandSession, request: SettingsRequest): Promise<Words> {
  if (!request.flags.ttl || request.flags.ttlAttribute !== undefined) return [];
  const there = observedOf(request);
  const setting: Setting = {
    layouts: request.layout.tables.map(({ ttl }) => ttl?.attribute ?? null),
    now: common(there.map(({ ttl }) => (ttl.status.startsWith('ENABL') ? ttl.attribute : null))),
  };
  const preset = presetOf(setting, there.length > 0);
  const own = preset !== 'layout' && preset !== 'off' ? [{ value: preset, name: `${preset}, ${AS_IT_IS}` }] : [];
  const chosen = await prompts.select<string>({
    message: 'TTL?',
    flag: '--ttl-attribute <name> or --no-ttl',
    choices: [
      { value: 'layout', name: `${layoutText(setting)}, as the layout says` },
      ...own,
      { value: 'off', name: preset === 'off' ? `off, ${AS_IT_IS}` : 'off' },
      { value: '', name: 'another attribute' },
    ],
    default: preset,
  });
  if (chosen === 'layout') return [];
  if (chosen === 'off') return ['--no-ttl'];
  if (chosen !== '') return [`--ttl-attribute=${chosen}`];
  const attribute = await prompts.input({
    message: 'Which attribute does TTL read?',
    flag: '--ttl-attribute <name>',
    validate: (text) => (text.trim() !== '' && text.trim().length <= 255) || 'a name of 1 to 255 characters',
  });
  return [`--ttl-attribute=${attribute.trim()}`];
}

async function askForStream({ prompts }: CommandSession, request: SettingsRequest): Promise<Words> {
  if (!request.flags.streams || request.flags.streamView !== undefined) return [];
  const there = observedOf(request);
  const setting: Setting = {
    layouts: request.layout.tables.map(({ stream }) => stream),
    now: common(there.map(({ stream }) => (stream.enabled ? stream.viewType : null))),
  };
  const preset = presetOf(setting, there.length > 0);
  const says = common(setting.layouts) ?? null;
  const note = (value: string): string => (value === preset ? `, ${AS_IT_IS}` : '');
  const chosen = await prompts.select<string>({
    message: 'A stream of what changes?',
    flag: '--stream-view <type> or --no-streams',
    choices: [
      { value: 'layout', name: `${layoutText(setting)}, as the layout says` },
      { value: 'off', name: `off${note('off')}` },
      ...STREAM_VIEWS.filter((view) => view !== says).map((view) => ({ value: view, name: `${view}${note(view)}` })),
    ],
    default: preset,
  });
  if (chosen === 'layout') return [];
  return chosen === 'off' ? ['--no-streams'] : ['--stream-view', chosen];
}

/** A yes or no; without a word it is on in production, and else stays what it is. */
async function askForSwitch(
  { prompts }: CommandSession,
  { environment, plan }: SettingsRequest,
  {
    message,
    flag,
    isOn,
  }: { readonly message: string; readonly flag: string; readonly isOn: (table: ObservedTable) => boolean },
): Promise<Words> {
  const production = isProduction(environment);
  const unsaid = plan.tables.map(({ observed }) => production || (observed !== null && isOn(observed)));
  const there = plan.tables.flatMap(({ observed }) => observed ?? []);
  const preset = production || (there.length > 0 && there.every(isOn));
  const answer = await prompts.confirm({ message, flag: `--${flag} or --no-${flag}`, default: preset });
  if (unsaid.every((on) => on === answer)) return [];
  return [answer ? `--${flag}` : `--no-${flag}`];
}

async function askForRecovery(session: CommandSession, request: SettingsRequest): Promise<Words> {
  const { flags, offersRecovery } = request;
  const isUntold = observedOf(request).some(({ pointInTimeRecovery }) => pointInTimeRecovery === null);
  if (flags.pitr !== undefined || !offersRecovery || isUntold) return [];
  return askForSwitch(session, request, {
    message: 'Point-in-time recovery?',
    flag: 'pitr',
    isOn: ({ pointInTimeRecovery }) => pointInTimeRecovery?.enabled === true,
  });
}

async function askForProtection(session: CommandSession, request: SettingsRequest): Promise<Words> {
  if (request.flags.deletionProtection !== undefined) return [];
  return askForSwitch(session, request, {
    message: 'Protect the tables from deletion?',
    flag: 'deletion-protection',
    isOn: ({ deletionProtection }) => deletionProtection,
  });
}

/** AWS allows no comma in a tag. */
const pairsOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');

async function askForTags({ prompts }: CommandSession, { flags }: SettingsRequest): Promise<Words> {
  if (flags.tag !== undefined) return [];
  const answer = await prompts.input({
    message: "Tags beside the layout's? (key=value, key=value; Enter for none)",
    flag: '--tag <key=value>',
    default: '',
    validate: (text) => {
      try {
        tagsOf(pairsOf(text));
        return true;
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        return error.hint ?? error.message;
      }
    },
  });
  return pairsOf(answer).map((pair) => `--tag=${pair}`);
}

const changesOf = ({ tables }: SetupPlan): string => JSON.stringify(tables.map(({ changes }) => changes));

async function askForPrune({ prompts }: CommandSession, { flags, plan, pruned }: SettingsRequest): Promise<Words> {
  if (flags.prune === true || changesOf(plan) === changesOf(pruned)) return [];
  const message = 'Remove indexes that the layout does not have, and rebuild those that differ?';
  return (await prompts.confirm({ message, flag: '--prune' })) ? ['--prune'] : [];
}

/** Asks for each setting that has no flag yet; answers the flags that make the difference. */
export async function askForSettings(session: CommandSession, request: SettingsRequest): Promise<Words> {
  const words: string[] = [];
  const questions = [askForBilling, askForTtl, askForStream, askForRecovery, askForProtection, askForTags, askForPrune];
  for (const question of questions) words.push(...(await question(session, request)));
  return words;
}
