import { CliError } from '../errors.js';
import { isStreamFormat, renderRows, type StreamFormat } from '../output/render.js';
import type { DecodedSession } from '../schema/decode.js';
import type { Outcome } from './definition.js';
import { filterOf, warnOfNames } from './filter-options.js';
import { DEFAULT_LIMIT, type ListFlags } from './list.js';
import { listView, sessionRows } from './list-view.js';
import { maskedRows } from './masked-ids.js';
import type { CommandSession } from './session.js';

function limitOf({ all, limit }: ListFlags): number | null {
  if (all === true && limit !== undefined) throw new CliError('USAGE', '--all and --limit exclude each other');
  return all === true ? null : (limit ?? DEFAULT_LIMIT);
}

/**
 * Lists sessions. What can be written bit by bit and is wanted whole is written as it is read, unless an order was asked
 * for by name: that needs all of them at once.
 */
export async function runList(session: CommandSession, flags: ListFlags, isSortGiven: boolean): Promise<Outcome> {
  const limit = limitOf(flags);
  const { format } = session;
  const reading = {
    filter: await filterOf(flags, session.runtime.now()),
    // Sizes and problems are those of whole rows.
    sizes: flags.columns?.some((field) => field === 'sizeBytes' || field === 'problems') ?? true,
    segments: flags.segments ?? null,
    concurrency: flags.concurrency,
    maxReadUnits: flags.maxRcu ?? null,
  };
  const [{ list, streamSessions }, context] = await Promise.all([
    import('../operations/sessions/list.js'),
    session.context(),
  ]);
  const target = await session.target();
  await warnOfNames(session, target.layout, reading.filter);
  if (limit === null && !isSortGiven && isStreamFormat(format)) {
    await streamSessions(context, target, reading, rowWriter(session, format, flags));
    return {};
  }
  const result = await list(context, target, { ...reading, sort: flags.sort, limit, index: flags.index });
  const sessions = maskedRows(session.ids, result.sessions);
  return { view: listView({ ...result, sessions }, flags.columns, session.advise) };
}

/** Writes pages of sessions one after the other, also where several segments hand them over at the same time. */
function rowWriter(
  session: CommandSession,
  format: StreamFormat,
  { columns }: ListFlags,
): (sessions: readonly DecodedSession[]) => Promise<void> {
  const page = session.page('stdout');
  let isFirst = true;
  let last: Promise<void> = Promise.resolve();
  return (sessions) => {
    const rows = sessionRows(maskedRows(session.ids, sessions), columns);
    const begins = isFirst;
    isFirst = false;
    last = last.then(async () => session.write(await renderRows(rows, format, page, begins)));
    return last;
  };
}
