import { type Command, Option } from 'commander';
import { CliError, EXIT } from '../errors.js';
import type { SetupPlan, SetupResult } from '../operations/setup/setup.js';
import { isProduction } from '../schema/desired.js';
import type { CommandDefinition, Outcome } from './definition.js';
import { collect } from './global-options.js';
import type { CommandSession } from './session.js';
import { declareSchemaOptions, type SetupFlags, toSetupRequest } from './setup-options.js';
import { CONVERGE, FILL, FIND, OBSERVE, when } from './permissions.js';

const blockedTables = (plan: SetupPlan): readonly string[] =>
  plan.tables.filter(({ action }) => action === 'blocked').map(({ name }) => name);

/** Tables whose plan throws something away. */
const losing = (plan: SetupPlan): readonly string[] =>
  plan.tables.filter(({ changes }) => changes.some(({ loses }) => loses !== undefined)).map(({ name }) => name);

/** Asks for everything first, and goes on with what the answers come to on the command line. */
async function runInteractive(session: CommandSession): Promise<Outcome> {
  if (!session.terminal.isInteractive)
    throw new CliError('USAGE', 'setup --interactive asks questions, and there is no terminal to ask on', {
      hint: 'leave --interactive out: every question has a flag, see mcp-sessions setup --help',
    });
  const { askForSetup } = await import('./setup-wizard.js');
  return run(session, await askForSetup(session, setupCommand.declare));
}

async function run(session: CommandSession, flags: SetupFlags): Promise<Outcome> {
  const { environment } = await session.settings();
  const request = toSetupRequest(flags, environment.value);
  const [{ planSetup, hasDrift, hasWork, applySetup }, { tableVariables }, { setupView, planPage }, context] =
    await Promise.all([
      import('../operations/setup/setup.js'),
      import('../operations/target.js'),
      import('./setup-view.js'),
      session.context(),
    ]);
  const target = await session.target();
  const env = tableVariables(target);
  const plan = await planSetup(context, target, request);
  const place = await session.placeText(plan);
  const nothing = 'nothing to do: the tables are as the layout says';

  if (flags.check === true || flags.dryRun === true) {
    const drift = hasDrift(plan);
    const closing = drift ? 'nothing was changed; without --check and --dry-run, setup applies this' : nothing;
    return {
      view: setupView(plan, { place, env, dryRun: true, applied: false, closing }),
      exitCode: flags.check === true && drift ? EXIT.found : EXIT.done,
    };
  }
  if (!hasWork(plan)) {
    const blocked = blockedTables(plan);
    const closing = blocked.length === 0 ? nothing : 'nothing was changed';
    const view = setupView(plan, { place, env, dryRun: false, applied: false, closing });
    return blocked.length === 0 ? { view } : { view, exitCode: EXIT.failed, error: blockedError(blocked) };
  }

  const consent = {
    question: 'Apply this plan?',
    what: 'setup',
    losing: losing(plan),
    taggedProduction: plan.tables.some(({ observed }) => isProduction(observed?.tags?.Environment ?? '')),
    confirmed: flags.confirm ?? [],
  };
  const { willAsk } = await import('./consent.js');
  const planWasShown = await willAsk(session, consent);
  if (planWasShown) session.tell(`${planPage(session.page('stderr'), plan, place)}\n`);
  await session.requireConsent(consent);
  const result = await applySetup(context, plan, { wait: flags.wait });
  const { closing, applied, ...outcome } = outcomeOf(result, flags.wait);
  return { view: setupView(result, { place, env, dryRun: false, applied, closing, planWasShown }), ...outcome };
}

const blockedError = (tables: readonly string[]): CliError =>
  new CliError('TABLE_BLOCKED', `setup is blocked for ${tables.join(' and ')}`, {
    hint: 'the plan above says why, and the way out',
  });

interface Applied extends Omit<Outcome, 'view'> {
  readonly applied: boolean;
  /** The last line for people. */
  readonly closing: string;
}

function outcomeOf(result: SetupResult, waited: boolean): Applied {
  const outcomes = result.tables.flatMap(({ changes }) => changes.map(({ outcome }) => outcome));
  const has = (wanted: (typeof outcomes)[number]): boolean => outcomes.includes(wanted);
  const unfinished = has('pending') || has('failed') || has('blocked');
  const leftOut = has('unsupported') ? ', but for what this endpoint does not offer' : '';
  const applied = has('done');
  const closing =
    has('pending') || has('failed')
      ? 'run the same command again: it finds out what is left and goes on from there'
      : unfinished
        ? 'all done but what is blocked: above stands why, and the way out'
        : waited
          ? `done: the tables are as the layout says${leftOut}`
          : 'asked for, and not waited for: `mcp-sessions status` shows how far it is';
  const blocked = result.tables.filter(({ changes }) => changes.some(({ outcome }) => outcome === 'blocked'));
  const failure = result.error ?? (blocked.length > 0 ? blockedError(blocked.map(({ name }) => name)) : null);
  const error = result.interrupted ? new CliError('INTERRUPTED', 'interrupted', { hint: closing }) : failure;
  const done = unfinished ? (applied ? EXIT.partly : EXIT.failed) : EXIT.done;
  return {
    applied,
    closing,
    exitCode: result.interrupted ? EXIT.interrupted : done,
    warnings: result.warnings,
    ...(error !== null && { error }),
  };
}

export const setupCommand: CommandDefinition = {
  name: 'setup',
  group: 'tables',
  summary: "bring the tables to the layout's schema: create what is missing, converge what differs",
  interactive: 'the same, asking for place, layout, names and settings first',
  declare: (command: Command) => {
    command.description(
      "Brings the tables to the layout's schema: creates what is missing, converges what differs, in the order that AWS " +
        'allows, and waits. Shows the plan (+ add, ~ change, - remove, = right, ! blocked), asks, applies. ' +
        'Running it again changes nothing, or goes on where it was stopped.',
    );
    command.option('--interactive', 'ask for everything that is not given, and print the command that does the same');
    command.option('--check', 'only compare; exit 3 when something differs');
    command.option('--dry-run', 'show the plan and change nothing');
    declareSchemaOptions(command);
    command.addOption(new Option('--only <role>', 'only this table').choices(['sessions', 'events']));
    command.option('--no-wait', 'do not wait for AWS; what cannot be asked for yet is left for the next run');
    command.option(
      '--confirm <table>',
      'in production, unattended: consent to what this table loses; may be repeated',
      collect,
    );
  },
  needs: [
    ...FIND,
    ...OBSERVE,
    ...when('something is to be changed', CONVERGE, [{ on: 'table', actions: ['dynamodb:CreateTable'] }]),
    { on: 'table', actions: ['dynamodb:UpdateContinuousBackups'], when: '--pitr, --no-pitr, in production' },
    {
      on: 'replica',
      actions: ['dynamodb:CreateTable', 'dynamodb:CreateTableReplica', ...FILL],
      when: '--replica',
    },
    {
      on: 'key',
      actions: [
        'kms:CreateGrant',
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      when: '--kms-key',
    },
  ],
  examples: [
    { command: 'mcp-sessions setup --local', does: 'tables in the embedded engine, without an AWS account' },
    { command: 'mcp-sessions setup --interactive', does: 'asks for place, layout, names and settings' },
    { command: 'mcp-sessions setup --region eu-west-1 --check', does: 'exit 3 when the tables differ from the layout' },
    { command: 'mcp-sessions setup --environment production --yes', does: 'with recovery and deletion protection' },
    { command: 'mcp-sessions setup --tag Team=agents --billing on-demand --yes', does: 'from a pipeline' },
  ],
  makesTables: ({ check, dryRun }) => check !== true && dryRun !== true,
  run: async (session, _args, command) => {
    const flags = command.opts<SetupFlags>();
    return flags.interactive === true ? runInteractive(session) : run(session, flags);
  },
};
