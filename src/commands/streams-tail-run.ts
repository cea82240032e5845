import { CliError } from '../errors.js';
import { tailStreams } from '../operations/tables/tail-streams.js';
import type { Outcome } from './definition.js';
import type { CommandSession } from './session.js';
import type { TailFlags } from './streams.js';
import { notedId } from './masked-ids.js';
import { changeWriter } from './streams-tail-view.js';

/** Writes changes as they come, until there are enough or Ctrl-C. */
export async function runTail(session: CommandSession, flags: TailFlags): Promise<Outcome> {
  if (session.format === 'csv' || session.format === 'yaml')
    throw new CliError('USAGE', `streams tail cannot write ${session.format}`, {
      hint: 'use --output ndjson, or the table',
    });
  const context = await session.context();
  const target = await session.target();
  const write = changeWriter(session, target.layout, flags.reveal === true);
  if (flags.session !== undefined) notedId(session.ids, target.layout, flags.session);
  const { from, only = null, session: sessionId = null, limit = null } = flags;
  const listener = {
    onStart: (tables: readonly string[]): void =>
      session.progress.note(`following ${tables.join(' and ')}; Ctrl-C ends it`),
    onWarning: (text: string): void => {
      session.progress.stop();
      session.warn(text);
    },
  };
  try {
    for await (const change of tailStreams(context, target, { from, only, sessionId, limit }, listener))
      await write(change);
  } catch (error) {
    // Ctrl-C is how following ends.
    if (!(error instanceof CliError) || error.code !== 'INTERRUPTED') throw error;
  }
  return {};
}
