import path from 'node:path';
import { CliError, EXIT } from '../errors.js';
import type { RestorePlan, RestoreRequest } from '../operations/restore/plan.js';
import { withSecret } from './archive-secret.js';
import type { Outcome } from './definition.js';
import { commandLine } from './equivalent.js';
import type { RestoreFlags } from './restore.js';
import { restorePlanText, restorePlanView, restoreView } from './restore-archive-view.js';
import type { CommandSession } from './session.js';
import { billingOf } from './setup-options.js';

function checkFlags(flags: RestoreFlags): void {
  if (flags.inPlace === true)
    throw new CliError('USAGE', '--in-place is for backups of AWS: an archive goes into new tables', {
      hint: 'give --on-conflict overwrite to restore into the tables that are there',
    });
  if (flags.shiftExpiry !== undefined && flags.shiftExpiry % 1000 !== 0)
    throw new CliError('USAGE', '--shift-expiry takes whole seconds: expiries are stored in seconds');
}

/** The command that goes on with this one. */
const resumeCommand = ({ runtime }: CommandSession): string =>
  commandLine([...runtime.argv.filter((word) => word !== '--resume'), '--resume']);

async function requestOf(
  session: CommandSession,
  folder: string,
  flags: RestoreFlags,
): Promise<Omit<RestoreRequest, 'secret'>> {
  const { layout, environment, region, endpoint, localFile } = await session.settings();
  return {
    folder,
    layout: layout.value,
    environment: environment.value,
    toTable: flags.toTable ?? null,
    toEventsTable: flags.toEventsTable ?? null,
    events: flags.events,
    onConflict: flags.onConflict ?? null,
    ttl: flags.ttl,
    shiftMs: flags.shiftExpiry ?? null,
    indexes: flags.indexes,
    billing: billingOf(flags) ?? null,
    verify: flags.verify,
    resume: flags.resume === true,
    concurrency: flags.concurrency,
    maxWriteUnits: flags.maxWcu ?? null,
    progressFolder: path.join(session.runtime.cwd, '.mcp-sessions'),
    // The embedded engine has another address each time.
    place: [region.value, localFile.value ?? endpoint.value],
    resumeCommand: resumeCommand(session),
  };
}

async function consent(session: CommandSession, plan: RestorePlan, flags: RestoreFlags): Promise<void> {
  const existing = plan.tables.filter(({ desired }) => desired === null);
  const items = plan.tables.reduce((total, { source }) => total + source.items, 0);
  const request = {
    question: `Restore ${items.toLocaleString('en-US')} items?`,
    what: 'restore',
    losing: flags.onConflict === 'overwrite' ? existing.map(({ target }) => target) : [],
    confirmed: flags.confirm ?? [],
  };
  const { willAsk } = await import('./consent.js');
  if (await willAsk(session, request)) session.tell(`${restorePlanText(session.page('stderr'), plan)}\n`);
  await session.requireConsent(request);
}

/** Restores a portable archive, or an export that was downloaded from S3. */
export async function restoreFolder(session: CommandSession, folder: string, flags: RestoreFlags): Promise<Outcome> {
  checkFlags(flags);
  const [{ planRestore }, { restoreArchive }, context, asked] = await Promise.all([
    import('../operations/restore/plan.js'),
    import('../operations/restore/from-archive.js'),
    session.context(),
    requestOf(session, folder, flags),
  ]);
  const { request, plan } = await withSecret(session, flags, async (secret) => {
    const whole: RestoreRequest = { ...asked, secret };
    return { request: whole, plan: await planRestore(context, whole) };
  });
  session.progress.stop();
  if (flags.dryRun === true) return { view: restorePlanView(plan) };
  await consent(session, plan, flags);
  const result = await restoreArchive(context, request, plan);
  const { error } = result;
  const wrote = result.tables.length > 0 || result.writeUnits > 0;
  return {
    // The same command would meet the same item: the error's hint names the ways out.
    view: restoreView(
      plan,
      result,
      error === null || error.code === 'RESTORE_CONFLICT' ? null : resumeCommand(session),
    ),
    warnings: result.tables.flatMap(({ target, missed }) =>
      missed.map(({ property, reason }) => `${target}: ${property} was left out: ${reason}`),
    ),
    ...(error !== null && { error }),
    exitCode:
      error === null
        ? EXIT.done
        : result.interrupted || error.code === 'RESTORE_MISMATCH' || !wrote
          ? error.exitCode
          : EXIT.partly,
  };
}
