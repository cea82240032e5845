import { createHash } from 'node:crypto';
import { CliError, EXIT } from '../../errors.js';
import type { ArchiveRequest, ArchiveResult } from '../../operations/archive/archive.js';
import type { Target } from '../../operations/target.js';
import { version } from '../../version.js';
import { plainWarnings, secretForWriting } from '../archive-secret.js';
import type { Outcome } from '../definition.js';
import { commandLine } from '../equivalent.js';
import { filterOf, warnOfNames } from '../filter-options.js';
import type { CommandSession } from '../session.js';
import { archivePlanView, archiveView } from './archive-view.js';
import { skippedText } from './backup-view.js';
import type { CreateBackupFlags } from './create.js';
import { defaultFolder } from './default-folder.js';

/** What makes a backup the same as an earlier one: where, which tables, and which of their sessions. */
async function fingerprint(session: CommandSession, target: Target, flags: CreateBackupFlags): Promise<string> {
  const { region, endpoint, localFile } = await session.settings();
  const { active, expired, terminated, idle, createdAfter, createdBefore, where, events } = flags;
  const choice = [active, expired, terminated, idle, createdAfter, createdBefore, where, events];
  // The embedded engine has another address each time.
  const place = [region.value, localFile.value ?? endpoint.value];
  const whole = JSON.stringify([place, target.layout.id, target.names.map(({ role, name }) => [role, name]), choice]);
  return createHash('sha256').update(whole).digest('hex');
}

/** The command that goes on with this one, into the same folder, wherever it is given. */
function resumeCommand({ runtime }: CommandSession, folder: string): string {
  const words = runtime.argv.filter(
    (word, at) =>
      word !== '--resume' && !word.startsWith('--to=') && word !== '--to' && runtime.argv[at - 1] !== '--to',
  );
  return commandLine([...words, '--to', folder, '--resume']);
}

const TAKEN: ReadonlySet<string> = new Set(['ARCHIVE_BUSY', 'ARCHIVE_EXISTS', 'ARCHIVE_PARTIAL']);

const isTaken = (error: unknown): boolean => error instanceof CliError && TAKEN.has(error.code);

const redoneWarnings = ({ redone }: ArchiveResult): readonly string[] =>
  redone.map((what) => `not as the earlier run had left it, so its part of the table was read again: ${what}`);

/** Writes a portable archive; `folder` is null for one below `.mcp-sessions/backups/`. */
export async function createArchive(
  session: CommandSession,
  flags: CreateBackupFlags,
  folder: string | null,
): Promise<Outcome> {
  const { runtime } = session;
  const [{ archive, tablesToArchive }, { existingTables }, context, filter] = await Promise.all([
    import('../../operations/archive/archive.js'),
    import('../../operations/target.js'),
    session.context(),
    filterOf(flags, runtime.now()),
  ]);
  const target = await session.target();
  await warnOfNames(session, target.layout, filter);
  const [sessions] = target.names;
  const ownPlace = (): string => defaultFolder(runtime.cwd, sessions?.name ?? 'tables', runtime.now());
  const place = folder ?? ownPlace();
  const choice = { events: flags.events, filter: Object.keys(filter).length === 0 ? null : filter };
  const { skipped } = await existingTables(context, target, flags.events);
  const warnings = skipped.map(skippedText);
  if (flags.dryRun === true) {
    const tables = await tablesToArchive(context, target, choice);
    return { view: archivePlanView(place, tables, skipped), warnings };
  }
  const secret = await secretForWriting(session, flags);
  const same = await fingerprint(session, target, flags);
  const requestFor = (where: string): ArchiveRequest => ({
    ...choice,
    folder: where,
    secret,
    resume: flags.resume === true,
    segments: flags.segments ?? null,
    concurrency: flags.concurrency,
    maxReadUnits: flags.maxRcu ?? null,
    fingerprint: same,
    resumeCommand: resumeCommand(session, where),
    tool: `mcp-sessions ${version}`,
  });
  let request = requestFor(place);
  let result: ArchiveResult;
  for (;;) {
    try {
      result = await archive(context, target, request);
      break;
    } catch (error) {
      // Another run has taken the name meanwhile: the next one is as good.
      if (folder !== null || !isTaken(error)) throw error;
      request = requestFor(ownPlace());
    }
  }
  return {
    view: archiveView(result, skipped, {
      resume: result.interrupted ? request.resumeCommand : null,
      isAws: context.dynamo.isAws,
    }),
    warnings: [...warnings, ...plainWarnings(session, secret), ...redoneWarnings(result)],
    exitCode: result.interrupted ? EXIT.interrupted : EXIT.done,
  };
}
