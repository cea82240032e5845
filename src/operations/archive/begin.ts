import { folderProblem } from '../../archive/folder.js';
import { EXPORTS, exportId } from '../../archive/format.js';
import type { StartedTable } from '../../archive/journal.js';
import { lockArchive } from '../../archive/lock.js';
import { ArchiveWriter } from '../../archive/write.js';
import { CliError } from '../../errors.js';
import type { TableRole } from '../../schema/index.js';
import { readingOf } from '../capacity.js';
import type { OperationContext } from '../context.js';
import { alarmsOn, readAlarms } from '../tables/alarms.js';
import { readRecord } from '../tables/put-back.js';
import type { ObservedStructure, Target } from '../target.js';
import type { ArchiveRequest } from './archive.js';
import { occupied } from './whole.js';

export interface OpenedWriter {
  readonly writer: ArchiveWriter;
  /** Files that an earlier run had finished and that were not as it had left them: they are written again. */
  readonly redone: readonly string[];
}

/** Begins an archive, or goes on with one that was stopped. Throws ARCHIVE_EXISTS, ARCHIVE_PARTIAL, ARCHIVE_BUSY. */
export async function openWriter(
  context: OperationContext,
  target: Target,
  request: ArchiveRequest,
  tables: readonly { readonly role: TableRole; readonly table: ObservedStructure }[],
): Promise<OpenedWriter> {
  const { folder, secret } = request;
  const partBytes = request.sizes?.partBytes;
  const problem = folderProblem(folder);
  if (problem === 'partial' && request.resume) {
    const writer = ArchiveWriter.resume(folder, secret, partBytes);
    if (writer !== null) return { writer, redone: await mend(writer, request) };
  } else if (problem !== null) {
    // Nobody is told to remove what is being written.
    if (problem === 'partial') lockArchive(folder)();
    throw occupied(folder, problem);
  }
  const now = context.now();
  const reading = readAlarms(context);
  const [alarms, ...records] = await Promise.all([
    reading,
    ...tables.map(async ({ role, table }) => {
      const record = await readRecord(context, { name: table.name, role, layout: target.layout.id });
      if (record === null)
        throw new CliError('TABLE_NOT_FOUND', `table '${table.name}' is gone: it was deleted meanwhile`);
      const { segments } = readingOf(context.dynamo, table, request);
      return { record, arn: table.arn, folder: `${role}/${EXPORTS}/${exportId(now)}`, segments };
    }),
  ]);
  const started = records.map(
    (table): StartedTable => ({
      ...table,
      record: { ...table.record, alarms: alarms === null ? null : alarmsOn(alarms, table.record.name) },
    }),
  );
  const facts = {
    id: exportId(now),
    request: request.fingerprint,
    command: request.resumeCommand,
    startedAt: new Date(now).toISOString(),
    tables: started,
  };
  return { writer: ArchiveWriter.begin(folder, facts, secret, partBytes), redone: [] };
}

/** Goes on only with what the same command began; what is not as that left it is given up, and written again. */
async function mend(writer: ArchiveWriter, { fingerprint, filter }: ArchiveRequest): Promise<readonly string[]> {
  try {
    const { request, command } = writer.started;
    if (request !== fingerprint)
      throw new CliError('ARCHIVE_PARTIAL', `the archive in '${writer.root}' was begun by another command`, {
        hint: command === null ? 'choose another folder' : `choose another folder, or go on with: ${command}`,
      });
    const broken = await writer.brokenParts();
    for (const part of broken) writer.giveUp(part);
    // Of chosen sessions the events are read by what was chosen, which may be others when it is read again.
    if (filter !== null && broken.some(({ role }) => role === 'sessions')) writer.giveUpAll('events');
    return broken.map(({ file, reason }) => `${file}: ${reason}`);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
